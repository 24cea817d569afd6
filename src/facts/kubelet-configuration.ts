// KubeletConfiguration documents: how each is read, and how one is merged into another (kubernetes
// pkg/kubelet/kubeletconfig/configfiles, cmd/kubelet/app/server.go:338-400).

import type { Origin, Problem, Reading, Refusal } from '../policy/types.ts';
import { HOLE } from './argv/words.ts';
import { findMismatchIn, fold } from './decoding/decode.ts';
import { mergePatch } from './decoding/merge-patch.ts';
import { clientCAFile as selectClientCAFile } from './select.ts';
import { isAbsolute, joinPath } from './values/paths.ts';
import { asRecord, isRecord } from './values/shape.ts';
import { isFinite } from './yaml/conversion.ts';
import { parseStream, type ParsedDocument, type Syntax } from './yaml/documents.ts';

const API_VERSION = 'kubelet.config.k8s.io/v1beta1';
/** Kubelets accept it, with the names of Go's fields. */
const INTERNAL_VERSION = 'kubelet.config.k8s.io/__internal';
/** The Go type of the configuration. */
export const TYPE = 'KubeletConfiguration';

/** A document, as far as it decides what a kubelet makes of it. */
export type KubeletDocument = Pick<ParsedDocument, 'value' | 'syntax' | 'attempts'>;

/** A configuration between two layers. */
export interface Layered {
  /** A file that could not be understood: the kubelet may refuse it, whatever other layers say. */
  readonly malformed?: Problem;
  readonly config: Readonly<Record<string, unknown>>;
  readonly clientCAFile: Reading<string>;
}

/** A layer applied, or why the kubelet exits. */
export type Step = Layered | { readonly refusal: Refusal };

/** A drop-in merged into what stands before it. */
export function applyDocument(base: Layered, document: ParsedDocument, path: string): Step {
  const { value, duplicate } = document;
  const origin: Origin = { layer: 'drop-in', file: path };
  const fault = headerFault(document, false);
  if (fault !== undefined) return refuse(`${path}: ${fault}`, origin);
  if (duplicate !== undefined)
    return refuse(`${path}: key ${duplicate} already set in map`, { ...origin, pointer: duplicate });
  if (!isFinite(value)) return refuse(`${path}: a number is out of range`, origin);
  const config = mergePatch(base.config, asRecord(value));
  const reading = readMerged(config, origin);
  const same = valueOf(reading) === valueOf(readMerged(base.config, origin));
  return { config, clientCAFile: same ? base.clientCAFile : reading };
}

function valueOf(reading: Reading<string>): string | undefined {
  return reading.state === 'set' ? reading.value : undefined;
}

function readMerged(config: Readonly<Record<string, unknown>>, origin: Origin): Reading<string> {
  const value = foldedPath(config, ['authentication', 'x509', 'clientcafile']);
  const place = { ...origin, pointer: '/authentication/x509/clientCAFile' };
  return typeof value === 'string' ? { state: 'set', value, origin: place } : { state: 'unset', origin: place };
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
      message: `a configuration of ${INTERNAL_VERSION} can not be read; write ${API_VERSION}`,
    });
  const { value } = document;
  const place: Origin = { layer: 'file', ...(path !== undefined && { file: path }) };
  const fault = headerFault(document, true);
  if (fault !== undefined) return refuse(fault, place);
  const found = findMismatchIn(TYPE, document);
  if (found)
    return refuse(`the configuration can not be decoded: ${found.reason} (${found.pointer})`, {
      ...place,
      pointer: found.pointer,
    });
  const selected = selectClientCAFile(value);
  const config = asRecord(value);
  const origin: Origin = { ...place, pointer: selected.pointer };
  if (typeof selected.value !== 'string') return { config, clientCAFile: { state: 'unset', origin } };
  const resolved = resolvePath(selected.value, path);
  return {
    config: withClientCAFile(config, resolved === '' ? null : resolved),
    clientCAFile: { state: 'set', value: resolved, origin },
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
): ParsedDocument | { readonly state: 'no document'; readonly step: Step } {
  const origin: Origin = { layer: 'file', file: path };
  if (text === '') return { state: 'no document', step: refuse(`kubelet config file ${path} was empty`, origin) };
  const [first] = parseStream(text);
  if (first?.index !== 0) return { state: 'no document', step: refuse(`${path}: Object 'Kind' is missing`, origin) };
  if (!('problem' in first)) return first;
  const problem: Problem = { ...first.problem, message: `${path} is ${first.problem.message}`, origin };
  return { state: 'no document', step: unreadable(problem) };
}

/** Paths in the file of --config are relative to it (pkg/kubelet/kubeletconfig/configfiles/configfiles.go:100). */
function resolvePath(value: string, configPath: string | undefined): string {
  if (value === '' || configPath === undefined || isAbsolute(value)) return value;
  return joinPath(configPath.slice(0, configPath.lastIndexOf('/') + 1), value);
}

/** A layer that can not be read. */
export function unreadable(problem: Problem): Layered {
  const reading: Reading<string> = { state: 'unreadable', problem };
  return {
    config: withClientCAFile({}, HOLE),
    clientCAFile: reading,
    ...(problem.code === 'malformed' && { malformed: problem }),
  };
}

/** An empty path is not written into the configuration that drop-ins are merged into. */
function withClientCAFile(config: Readonly<Record<string, unknown>>, path: string | null): Layered['config'] {
  return mergePatch(config, { authentication: { x509: { clientCAFile: path } } });
}

/** Why the kubelet exits. */
export function refuse(reason: string, origin: Origin): { readonly refusal: Refusal } {
  return { refusal: { reason, origin } };
}
