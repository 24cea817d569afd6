// KubeletConfiguration documents: how each is read, and how one is merged into another (kubernetes
// pkg/kubelet/kubeletconfig/configfiles, cmd/kubelet/app/server.go:338-400).

import { asRecord, asText, isRecord } from '../../json.ts';
import type { Origin, Problem } from '../../policy/reading.ts';
import type { Refusal } from '../../policy/subject.ts';
import { HOLE } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { findMismatchIn, fold } from '../decoding/decode.ts';
import { mergePatch } from '../decoding/merge-patch.ts';
import { kubeletReadings, unreadableAs, type KubeletReadings } from '../readings.ts';
import { select } from '../select.ts';
import { isAbsolute, joinPath } from '../values/paths.ts';
import { pointerOf, valueAt } from '../values/shape.ts';
import { isFinite } from '../yaml/conversion.ts';
import { parseFirst, type ParsedDocument, type Syntax } from '../yaml/documents.ts';

const API_VERSION = 'kubelet.config.k8s.io/v1beta1';
/** Kubelets accept it, with the names of Go's fields. */
const INTERNAL_VERSION = 'kubelet.config.k8s.io/__internal';
/** The Go type of the configuration. */
export const TYPE = 'KubeletConfiguration';
/** Where a configuration says whether anonymous requests are served. */
export const ANONYMOUS_AUTH = ['authentication', 'anonymous', 'enabled'];
/** Where it says who decides what a caller may do. */
export const AUTHORIZATION_MODE = ['authorization', 'mode'];
const FOLDED_CLIENT_CA_FILE = ['authentication', 'x509', 'clientcafile'];

/** A document, as far as it decides what a kubelet makes of it. */
export type KubeletDocument = Pick<ParsedDocument, 'value' | 'syntax' | 'attempts'>;

/** A configuration between two layers. */
export interface Layered {
  /** A file that could not be understood: the kubelet may refuse it, whatever other layers say. */
  readonly malformed?: Problem;
  readonly config: Readonly<Record<string, unknown>>;
  readonly readings: KubeletReadings;
}

/** A layer applied, or why the kubelet exits. */
export type Step = Layered | { readonly refusal: Refusal };

/** A drop-in merged into what stands before it. */
export function applyDocument(base: Layered, document: ParsedDocument, path: string, budget: Budget): Step {
  const { value, duplicate } = document;
  const origin: Origin = { layer: 'drop-in', file: path };
  const fault = headerFault(document, false);
  if (fault !== undefined) return refuse(`${path}: ${fault}`, origin);
  if (duplicate !== undefined)
    return refuse(`${path}: key ${duplicate} already set in map`, { ...origin, pointer: duplicate });
  if (!isFinite(value)) return refuse(`${path}: a number is out of range`, origin);
  const config = mergePatch(base.config, asRecord(value), budget);
  const merged = readMerged(config, origin);
  const keeps = (path: readonly string[]): boolean => foldedPath(config, path) === foldedPath(base.config, path);
  return {
    config,
    readings: {
      clientCAFile: keeps(FOLDED_CLIENT_CA_FILE) ? base.readings.clientCAFile : merged.clientCAFile,
      anonymousAuth: keeps(ANONYMOUS_AUTH) ? base.readings.anonymousAuth : merged.anonymousAuth,
      authorizationMode: keeps(AUTHORIZATION_MODE) ? base.readings.authorizationMode : merged.authorizationMode,
    },
  };
}

/** What is left out or taken out gets the defaults of a file (pkg/kubelet/apis/config/v1beta1/defaults.go:91-102). */
function readMerged(config: Readonly<Record<string, unknown>>, origin: Origin): KubeletReadings {
  const path = foldedPath(config, FOLDED_CLIENT_CA_FILE);
  const mode = foldedPath(config, AUTHORIZATION_MODE);
  const at = (pointer: string): Origin => ({ ...origin, pointer });
  const pathOrigin = at('/authentication/x509/clientCAFile');
  return {
    clientCAFile:
      typeof path === 'string'
        ? { state: 'set', value: path, origin: pathOrigin }
        : { state: 'unset', origin: pathOrigin },
    anonymousAuth: {
      state: 'set',
      value: foldedPath(config, ANONYMOUS_AUTH) === true,
      origin: at(pointerOf(ANONYMOUS_AUTH)),
    },
    authorizationMode: {
      state: 'set',
      value: typeof mode === 'string' && mode !== '' ? mode : 'Webhook',
      origin: at(pointerOf(AUTHORIZATION_MODE)),
    },
  };
}

/** The value at a path, with names in any case: keys are decoded in order, so the last match wins. Names are lower-case. */
export function foldedPath(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  let found: unknown;
  for (const key of Object.keys(asRecord(value)).sort()) {
    if (fold(key) !== name) continue;
    found = foldedPath(asRecord(value)[key], rest) ?? found;
  }
  return found;
}

/** A KubeletConfiguration as the file of `--config`, at a path if it has one. */
export function readConfiguration(document: KubeletDocument, path: string | undefined): Step {
  const header = isRecord(document.value) ? findHeader(document.value, document.syntax) : undefined;
  if (header?.apiVersion === INTERNAL_VERSION && header.kind === TYPE)
    return unreadable({
      code: 'malformed',
      message: `a configuration of ${INTERNAL_VERSION} cannot be read; write ${API_VERSION}`,
    });
  const { value } = document;
  const place: Origin = { layer: 'file', ...(path !== undefined && { file: path }) };
  const fault = headerFault(document, true);
  if (fault !== undefined) return refuse(fault, place);
  const found = findMismatchIn(TYPE, document);
  if (found)
    return refuse(`the configuration cannot be decoded: ${found.reason} (${found.pointer})`, {
      ...place,
      pointer: found.pointer,
    });
  const clientCAFile = select('clientCAFile', value);
  const enabled = valueAt(value, ANONYMOUS_AUTH);
  const mode = asText(valueAt(value, AUTHORIZATION_MODE));
  const caOrigin: Origin = { ...place, pointer: clientCAFile.pointer };
  const resolved = typeof clientCAFile.value === 'string' ? resolvePath(clientCAFile.value, path) : undefined;
  return {
    config: withSettings(asRecord(value), resolved ?? '', enabled === true, mode ?? 'Webhook'),
    readings: {
      clientCAFile:
        resolved === undefined
          ? { state: 'unset', origin: caOrigin }
          : { state: 'set', value: resolved, origin: caOrigin },
      anonymousAuth: {
        state: 'set',
        value: enabled === true,
        origin: typeof enabled === 'boolean' ? { ...place, pointer: pointerOf(ANONYMOUS_AUTH) } : { layer: 'default' },
      },
      authorizationMode: {
        state: 'set',
        value: mode ?? 'Webhook',
        origin: mode === undefined ? { layer: 'default' } : { ...place, pointer: pointerOf(AUTHORIZATION_MODE) },
      },
    },
  };
}

function headerFault(
  { value, syntax }: Pick<ParsedDocument, 'value' | 'syntax'>,
  anyCase: boolean,
): string | undefined {
  if (syntax === 'broken-json') return 'the configuration begins with a brace and is no JSON';
  if (!isRecord(value)) return 'the configuration is no object';
  const header = findHeader(value, syntax);
  if (header === undefined) return 'apiVersion and kind must be texts';
  const { apiVersion, kind } = anyCase ? header : value;
  if (typeof kind !== 'string' || kind === '') return "Object 'Kind' is missing";
  if (typeof apiVersion !== 'string' || apiVersion === '') return "Object 'apiVersion' is missing";
  if (apiVersion === API_VERSION && kind === TYPE) return undefined;
  return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
}

/** encoding/json finds them in any case (apimachinery pkg/runtime/serializer/json/meta.go:55). */
function findHeader(
  value: Readonly<Record<string, unknown>>,
  syntax: Syntax,
): { readonly apiVersion: string; readonly kind: string } | undefined {
  const header = { apiversion: '', kind: '' };
  // YAML was made JSON with sorted keys before.
  const names = syntax === 'json' ? Object.keys(value) : Object.keys(value).sort();
  for (const name of names) {
    const folded = fold(name);
    if (folded !== 'apiversion' && folded !== 'kind') continue;
    const entry = value[name];
    if (entry !== null && typeof entry !== 'string') return undefined;
    header[folded] = entry ?? header[folded];
  }
  return { apiVersion: header.apiversion, kind: header.kind };
}

/** The document of a file that the kubelet reads: the first. */
export function firstDocument(
  text: string,
  path: string,
  budget: Budget,
): ParsedDocument | { readonly state: 'no document'; readonly step: Step } {
  const origin: Origin = { layer: 'file', file: path };
  if (text === '') return { state: 'no document', step: refuse(`kubelet config file ${path} was empty`, origin) };
  const first = parseFirst(text, budget);
  if (first === undefined) return { state: 'no document', step: refuse(`${path}: Object 'Kind' is missing`, origin) };
  if (!('problem' in first)) return first;
  const problem: Problem = { ...first.problem, message: `${path} is ${first.problem.message}`, origin };
  return { state: 'no document', step: unreadable(problem) };
}

/** Paths in the file of --config are relative to it (pkg/kubelet/kubeletconfig/configfiles/configfiles.go:100). */
function resolvePath(value: string, configPath: string | undefined): string {
  if (value === '' || configPath === undefined || isAbsolute(value)) return value;
  return joinPath(configPath.slice(0, configPath.lastIndexOf('/') + 1), value);
}

/** A layer that cannot be read. */
export function unreadable(problem: Problem): Layered {
  return {
    config: withSettings({}, HOLE, HOLE, HOLE),
    readings: kubeletReadings(unreadableAs(problem)),
    ...(problem.code === 'malformed' && { malformed: problem }),
  };
}

/** What a kubelet with no --config begins with (cmd/kubelet/app/options/options.go:215-224). */
export function startingPoint(): Layered {
  const origin: Origin = { layer: 'default' };
  return {
    config: withSettings({}, '', true, 'AlwaysAllow'),
    readings: {
      clientCAFile: { state: 'unset', origin },
      anonymousAuth: { state: 'set', value: true, origin },
      authorizationMode: { state: 'set', value: 'AlwaysAllow', origin },
    },
  };
}

/** The configuration that drop-ins are merged into, as Go writes it: with its defaults, and without an empty path. */
function withSettings(
  config: Readonly<Record<string, unknown>>,
  path: string,
  anonymous: boolean | typeof HOLE,
  mode: string,
): Layered['config'] {
  const x509 = { clientCAFile: path === '' ? null : path };
  return mergePatch(config, { authentication: { x509, anonymous: { enabled: anonymous } }, authorization: { mode } });
}

/** A configuration without what could not be read of it, where that is no value of its field's type. */
export function withoutHoles(config: Layered['config']): Layered['config'] {
  const { anonymous } = asRecord(config.authentication);
  return asRecord(anonymous).enabled === HOLE
    ? mergePatch(config, { authentication: { anonymous: { enabled: null } } })
    : config;
}

/** Why the kubelet exits. */
export function refuse(reason: string, origin: Origin): { readonly refusal: Refusal } {
  return { refusal: { reason, origin } };
}
