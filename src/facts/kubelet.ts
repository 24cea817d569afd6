// The kubelet's effective settings: --config, then the drop-ins of --config-dir, then the command line once more
// (kubernetes cmd/kubelet/app/server.go:182-243, 338-400).

import type { Origin, Problem, Reading, Refusal } from '../policy/types.ts';
import { isFinite } from './yaml/conversion.ts';
import { findMismatch, findMismatchIn, fold, keepKnown } from './decoding/decode.ts';
import { parseStream, type ParsedDocument, type Syntax } from './yaml/documents.ts';
import { flagTable } from './argv/flags.ts';
import { parseBool } from './values/go-values.ts';
import { nodeLabelsFault } from './argv/labels.ts';
import { mergePatch } from './decoding/merge-patch.ts';
import { isAbsolute, joinPath } from './values/paths.ts';
import { originAt, parseCommandLine, readFlag, type Assignment, type CommandLine } from './argv/pflag.ts';
import { clientCAFile as selectClientCAFile } from './select.ts';
import { asRecord, isRecord } from './values/shape.ts';
import { HOLE, isKnown, type Word } from './argv/words.ts';

const API_VERSION = 'kubelet.config.k8s.io/v1beta1';
/** Kubelets accept it, with the names of Go's fields. */
const INTERNAL_VERSION = 'kubelet.config.k8s.io/__internal';
const TYPE = 'KubeletConfiguration';

/** A file, as far as it could be read. */
export type FileContent =
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'missing' }
  | { readonly state: 'unreadable'; readonly problem: Problem };

/** A drop-in's path and text. */
export interface DropIn {
  readonly path: string;
  readonly text: string;
}

/** What a kubelet is started with. */
export interface KubeletSetup {
  /** The words after `kubelet`. */
  readonly args: readonly Word[];
  /** The minor version of Kubernetes, where it is known. */
  readonly minor?: number;
  readonly readFile: (path: string) => FileContent;
  /** The `.conf` files of a --config-dir, in the order in which the kubelet walks it. */
  readonly readDropIns: (directory: string) => readonly DropIn[] | Exclude<FileContent, { state: 'read' }>;
}

/** What a kubelet makes of its setup. */
export interface KubeletSettings {
  readonly refusal?: Refusal;
  readonly doubts: readonly Problem[];
  readonly clientCAFile: Reading<string>;
  /** False where the kubelet opens no HTTPS server, so that no caller reaches it. */
  readonly serves: boolean;
}

type Known = Pick<ParsedDocument, 'value' | 'syntax' | 'attempts'>;

/** A configuration between two layers. */
interface Layered {
  /** A file that could not be understood: the kubelet may refuse it, whatever other layers say. */
  readonly malformed?: Problem;
  readonly config: Readonly<Record<string, unknown>>;
  readonly clientCAFile: Reading<string>;
}

type Step = Layered | { readonly refusal: Refusal };

/** The settings of a kubelet's whole setup. */
export function kubeletSettings(setup: KubeletSetup): KubeletSettings {
  const commandLine = parseCommandLine(setup.args, flagTable('kubelet', setup.minor), { emptyPositionals: false });
  const refusal = commandLine.refusal ?? neverServes('kubelet', commandLine) ?? badNodeLabels(commandLine);
  const doubts = commandLine.unclear ? [...commandLine.doubts, commandLine.unclear] : commandLine.doubts;
  if (refusal) return { refusal, doubts, clientCAFile: { state: 'unset' }, serves: true };
  const layered = applyDropIns(applyConfig(setup, commandLine), setup, commandLine);
  if ('refusal' in layered) return { refusal: layered.refusal, doubts, clientCAFile: { state: 'unset' }, serves: true };
  const flag = readFlag(commandLine, 'client-ca-file', { layer: 'flag' });
  const clientCAFile = flag.state === 'unset' ? layered.clientCAFile : flag;
  return {
    doubts: [
      ...commandLine.doubts,
      ...dropInDoubts(setup, commandLine),
      ...(layered.malformed && clientCAFile.state !== 'unreadable' ? [layered.malformed] : []),
    ],
    clientCAFile,
    serves: serves(layered.config, commandLine),
  };
}

/** Before 1.30 drop-ins needed an environment variable, which no argument shows (KEP-3983). */
function dropInDoubts({ minor }: KubeletSetup, { assignments }: CommandLine): Problem[] {
  const directory = assignments.get('config-dir');
  if (minor === undefined || minor >= 30 || directory === undefined || directory.value === '') return [];
  const message =
    'a kubelet before 1.30 refuses --config-dir unless KUBELET_CONFIG_DROPIN_DIR_ALPHA is set, which its arguments do not show; judge its /configz';
  return [{ code: 'unresolved', message, origin: originAt(directory.word.pointer) }];
}

/** The settings of one KubeletConfiguration, as a kubelet reads it from `--config`. */
export function configurationSettings(document: Known): KubeletSettings {
  const step = readConfiguration(document, undefined);
  if ('refusal' in step) return { refusal: step.refusal, doubts: [], clientCAFile: { state: 'unset' }, serves: true };
  return { doubts: [], clientCAFile: step.clientCAFile, serves: step.config.enableServer !== false };
}

/** The settings that one drop-in shows by itself: what it does not touch is up to files that are not at hand. */
export function dropInSettings(document: ParsedDocument, path: string): KubeletSettings {
  const message = `the drop-in ${path} leaves the client CA file to the configuration that it is merged into; judge the kubelet's /configz, or its host`;
  const step = applyDocument(unreadable({ code: 'not-visible', message }), document, path);
  if ('refusal' in step) return { refusal: step.refusal, doubts: [], clientCAFile: { state: 'unset' }, serves: true };
  return { doubts: [], clientCAFile: step.clientCAFile, serves: step.config.enableServer !== false };
}

/**
 * A flag with which a component prints something and exits instead of serving.
 *
 * Source: kubernetes cmd/kube-apiserver/app/server.go:95, component-base version/verflag/verflag.go:89.
 */
export function neverServes(component: string, { assignments }: CommandLine): Refusal | undefined {
  for (const name of ['help', 'version']) {
    const assignment = assignments.get(name);
    if (assignment === undefined || parseBool(assignment.value) === false || assignment.value.startsWith('v')) continue;
    return {
      reason: `with --${name}, ${component} prints and exits`,
      setting: `--${name}`,
      origin: originAt(assignment.word.pointer),
    };
  }
  return undefined;
}

function badNodeLabels({ assignments }: CommandLine): Refusal | undefined {
  const labels = assignments.get('node-labels');
  if (labels === undefined) return undefined;
  const values: string[] = [];
  for (let given: Assignment | undefined = labels; given; given = given.before) values.unshift(given.value);
  const reason = values.every(isKnown) ? nodeLabelsFault(values) : undefined;
  return reason === undefined ? undefined : { reason, setting: '--node-labels', origin: originAt(labels.word.pointer) };
}

function applyConfig(setup: KubeletSetup, commandLine: CommandLine): Step {
  const unset: Layered = { config: {}, clientCAFile: { state: 'unset', origin: { layer: 'default' } } };
  const path = readFlag(commandLine, 'config', { layer: 'flag' });
  if (path.state === 'unreadable') return unreadable(path.problem);
  if (path.state === 'unset' || path.value === '') return unset;
  const file = setup.readFile(path.value);
  if (file.state === 'unreadable') return unreadable(file.problem);
  if (file.state === 'missing') return refuse(`failed to read kubelet config file ${path.value}`, path.origin);
  const document = firstDocument(file.text, path.value);
  return 'state' in document ? document.step : readConfiguration(document, path.value);
}

function applyDropIns(base: Step, setup: KubeletSetup, commandLine: CommandLine): Step {
  if ('refusal' in base) return base;
  const directory = readFlag(commandLine, 'config-dir', { layer: 'flag' });
  if (directory.state === 'unreadable') return unreadable(directory.problem);
  if (directory.state === 'unset' || directory.value === '') return base;
  const dropIns = setup.readDropIns(directory.value);
  if ('state' in dropIns) {
    return dropIns.state === 'missing'
      ? refuse(`failed to read --config-dir ${directory.value}`, directory.origin)
      : unreadable(dropIns.problem);
  }
  let layered: Layered = { ...base, config: asRecord(keepKnown(TYPE, base.config)) };
  for (const dropIn of dropIns) {
    const step = applyDropIn(layered, dropIn);
    if ('refusal' in step) return step;
    const malformed = layered.malformed ?? step.malformed;
    layered = { ...step, ...(malformed && { malformed }) };
  }
  const found = findMismatch(TYPE, layered.config, true);
  return found
    ? refuse(`the merged drop-ins can not be decoded: ${found.reason} (${found.pointer})`, { layer: 'drop-in' })
    : layered;
}

function applyDropIn(base: Layered, { path, text }: DropIn): Step {
  const document = firstDocument(text, path);
  return 'state' in document ? document.step : applyDocument(base, document, path);
}

function applyDocument(base: Layered, document: ParsedDocument, path: string): Step {
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

/** encoding/json matches names in any case; keys are marshalled in order, so the last match wins. */
function readMerged(config: Readonly<Record<string, unknown>>, origin: Origin): Reading<string> {
  const value = foldedPath(config, ['authentication', 'x509', 'clientcafile']);
  const place = { ...origin, pointer: '/authentication/x509/clientCAFile' };
  return typeof value === 'string' ? { state: 'set', value, origin: place } : { state: 'unset', origin: place };
}

function foldedPath(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  let found: unknown;
  for (const key of Object.keys(asRecord(value)).sort()) {
    if (fold(key) !== name) continue;
    found = foldedPath(asRecord(value)[key], rest) ?? found;
  }
  return found;
}

function readConfiguration(document: Known, path: string | undefined): Step {
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

function firstDocument(
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

function serves(config: Readonly<Record<string, unknown>>, { assignments }: CommandLine): boolean {
  const flag = assignments.get('enable-server');
  return flag === undefined ? foldedPath(config, ['enableserver']) !== false : parseBool(flag.value) !== false;
}

function unreadable(problem: Problem): Layered {
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

function refuse(reason: string, origin: Origin): { readonly refusal: Refusal } {
  return { refusal: { reason, origin } };
}
