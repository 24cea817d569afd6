// KubeletConfiguration documents: how each is read, and how one is merged into another (kubernetes
// pkg/kubelet/kubeletconfig/configfiles, cmd/kubelet/app/server.go:338-400).

import { asRecord, isRecord } from '../../json.ts';
import type { Origin, Problem } from '../../policy/reading.ts';
import type { KubeletReadings } from '../../policy/settings.ts';
import type { Refusal } from '../../policy/subject.ts';
import { HOLE } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { findMismatchIn, fold } from '../decoding/decode.ts';
import { gatesOfConfiguration, mergedGates } from '../gates/configuration.ts';
import type { Gates } from '../gates/judge.ts';
import { mergePatch } from '../decoding/merge-patch.ts';
import { defaultReading, kubeletReadings, kubeletSettingNames, unreadableAs } from '../readings.ts';
import { isAbsolute, joinPath } from '../values/paths.ts';
import { placeholderProblem } from '../values/placeholders.ts';
import { isFinite } from '../yaml/conversion.ts';
import { FIELDS, fieldValue, foldedValue, readField, TYPE, withFields, withReadings } from './fields.ts';
import { parseFirst, type ParsedDocument, type Syntax } from '../yaml/documents.ts';

const API_VERSION = 'kubelet.config.k8s.io/v1beta1';
/** Kubelets accept this version too, with the names of Go's fields. */
const INTERNAL_VERSION = 'kubelet.config.k8s.io/__internal';

/** The parts of a document that decide how a kubelet reads it. */
export type KubeletDocument = Pick<ParsedDocument, 'value' | 'syntax' | 'attempts'>;

/** A configuration after some of its layers. */
export interface Layered {
  /** A layer that could not be parsed: the kubelet may exit because of it, whatever the other layers set. */
  readonly malformed?: Problem;
  readonly config: Readonly<Record<string, unknown>>;
  readonly gates: Gates;
  readonly readings: KubeletReadings;
}

/** The configuration after a layer, or why the kubelet exits. */
export type Step = Layered | { readonly refusal: Refusal };

/** Merges a drop-in into the layers before it. */
export function applyDocument(base: Layered, document: ParsedDocument, path: string, budget: Budget): Step {
  const { value, duplicate } = document;
  const origin: Origin = { layer: 'drop-in', file: path };
  const fault = headerFault(document, false);
  if (fault !== undefined) return refuse(`${path}: ${fault}`, origin);
  if (duplicate !== undefined)
    return refuse(`${path}: key ${duplicate} already set in map`, { ...origin, pointer: duplicate });
  if (!isFinite(value)) return refuse(`${path}: a number is out of range`, origin);
  const config = mergePatch(base.config, asRecord(value), budget);
  const readings = kubeletReadings((_setting, name) => {
    const merged = foldedValue(name, config);
    if (merged === foldedValue(name, base.config)) return base.readings[name];
    const place: Origin = { ...origin, pointer: FIELDS[name].pointer };
    return readField(name, merged, place, place);
  });
  const gates = mergedGates(
    gatesOfConfiguration(config, origin),
    gatesOfConfiguration(asRecord(value), origin),
    base.gates,
  );
  return { config, gates, readings };
}

/**
 * Reads a KubeletConfiguration as the file of `--config`.
 *
 * @param path the file's path; undefined if the document is not in a file of a known path
 */
export function readKubeletConfiguration(document: KubeletDocument, path: string | undefined): Step {
  const header = isRecord(document.value) ? findHeader(document.value, document.syntax) : undefined;
  if (header?.apiVersion === INTERNAL_VERSION && header.kind === TYPE)
    return unreadableLayer({
      code: 'malformed',
      message: `a configuration of ${INTERNAL_VERSION} cannot be read; write ${API_VERSION}`,
    });
  const { value } = document;
  const place: Origin = { layer: 'file', ...(path !== undefined && { file: path }) };
  const fault = headerFault(document, true);
  if (fault !== undefined) return refuse(fault, place);
  const found = findMismatchIn(TYPE, document);
  if (found?.placeholder)
    return unreadableLayer(placeholderProblem(found.pointer, found.placeholder, { ...place, pointer: found.pointer }));
  if (found)
    return refuse(`the configuration cannot be decoded: ${found.reason} (${found.pointer})`, {
      ...place,
      pointer: found.pointer,
    });
  const readings = kubeletReadings(({ type }, name) => {
    const written = fieldValue(name, value);
    const resolved = type === 'path' && typeof written === 'string' ? resolvePath(written, path) : written;
    return readField(name, resolved, { ...place, pointer: FIELDS[name].pointer }, { layer: 'default' });
  });
  return {
    config: withReadings(asRecord(value), readings),
    gates: gatesOfConfiguration(asRecord(value), place),
    readings,
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

/** encoding/json finds both fields in any case (apimachinery pkg/runtime/serializer/json/meta.go:55). */
function findHeader(
  value: Readonly<Record<string, unknown>>,
  syntax: Syntax,
): { readonly apiVersion: string; readonly kind: string } | undefined {
  const header = { apiversion: '', kind: '' };
  // the kubelet converts YAML to JSON with sorted keys first
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

/** The first document of a file, the only one that the kubelet reads. */
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
  return { state: 'no document', step: unreadableLayer(problem) };
}

/** Paths in the file of --config are relative to it (pkg/kubelet/kubeletconfig/configfiles/configfiles.go:100). */
function resolvePath(value: string, configPath: string | undefined): string {
  if (value === '' || configPath === undefined || isAbsolute(value)) return value;
  return joinPath(configPath.slice(0, configPath.lastIndexOf('/') + 1), value);
}

/** The configuration after a layer that cannot be read. */
export function unreadableLayer(problem: Problem): Layered {
  return {
    config: withFields({}, kubeletSettingNames, () => HOLE),
    gates: new Map(),
    readings: kubeletReadings(() => unreadableAs(problem)),
    ...(problem.code === 'malformed' && { malformed: problem }),
  };
}

/** The configuration of a kubelet without --config (cmd/kubelet/app/options/options.go:215-224). */
export function startingPoint(): Layered {
  const readings = kubeletReadings(({ defaults }) => defaultReading(defaults.flags, { layer: 'default' }));
  return { config: withReadings({}, readings), gates: new Map(), readings };
}

/** The kubelet exits for this reason. */
export function refuse(reason: string, origin: Origin): { readonly refusal: Refusal } {
  return { refusal: { reason, origin } };
}
