// kubelet-guard's answers to the oracle's queries, and whether they agree with the oracle's.

import { tmpdir } from 'node:os';
import { posix } from 'node:path';

import { asArray, asRecord, asString } from '../../src/json.ts';
import { findMismatchIn, rootType } from '../../src/facts/decoding/decode.ts';
import { parseStream, type ParsedDocument } from '../../src/facts/yaml/documents.ts';
import { environmentOf, expand } from '../../src/facts/argv/expansion.ts';
import { flagTable } from '../../src/facts/argv/flags.ts';
import { clusterConfigurationSettings } from '../../src/facts/kubeadm/api-server.ts';
import { isClusterConfiguration } from '../../src/facts/kubeadm/versions.ts';
import { neverServes } from '../../src/facts/argv/serving.ts';
import { kubeletSettings, type DropIn, type ConfigFile } from '../../src/facts/kubelet/kubelet.ts';
import { parseCommandLine, type CommandLine } from '../../src/facts/argv/pflag.ts';
import { apiServerReadings, readSetting } from '../../src/facts/readings.ts';
import { recognise } from '../../src/facts/inputs/recognise.ts';
import type { Problem, Reading } from '../../src/policy/reading.ts';
import type { ApiServerReadings } from '../../src/policy/settings.ts';
import type { Refusal } from '../../src/policy/subject.ts';
import type { Answer, Query } from './oracle.ts';
import { ample } from './budget.ts';

/** The newest minor version, which the oracle is built from. */
export const MINOR = 37;
/** Stands for the oracle's temporary folder, and is as deep. */
const DIR = posix.join(tmpdir(), 'oracle');

/** kubelet-guard's answer to a query, in the oracle's terms. */
export interface Verdict {
  readonly refusal?: Refusal;
  /** It prints its help or version and exits, which the oracle calls parsed. */
  readonly quits?: true;
  /** Something could not be read: correct only if the oracle rejects the query. */
  readonly unread?: string;
  readonly values: Readonly<Partial<Record<ValueName, string>>>;
  /** Each container's arguments, with the private-use characters of words.ts for unknown parts. */
  readonly containers?: Readonly<Record<string, readonly string[]>>;
}

const KUBELET_GLOBALS = new Set(['--help', '--version', '--housekeeping-interval', '--log-flush-frequency']);
/** Known limits: messages of kubelet-guard about what it cannot read although the components can, and the name of the limit. */
const LIMITS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\b__internal cannot be read/, "the kubelet's internal version"],
  [/ holds the placeholder /, 'a placeholder of a template'],
  [/it is no ClusterConfiguration/, 'kubeadm fills in a missing apiVersion or kind'],
];
const FORMER_KUBEADM = /registered for version "kubeadm\.k8s\.io\/v1(?:alpha\d|beta[123])"/;
const LOGGING = new Set(['--v', '--vmodule', '--log-flush-frequency']);

type ValueName =
  | 'kubeletClientCertificate'
  | 'kubeletClientKey'
  | 'kubeletCertificateAuthority'
  | 'clientCAFile'
  | 'anonymousEnabled'
  | 'authorizationMode';

/** kubelet-guard's answer to a query. */
export function verdictOf(query: Query): Verdict {
  switch (query.component) {
    case 'kube-apiserver':
      return apiServer(query.args);
    case 'kubelet':
      return kubelet(query.args, query.files ?? {});
    case 'kubeadm':
      return kubeadm(query.document);
    case 'pod':
      return pod(query.document);
  }
}

/**
 * Why a pair cannot be compared, because the oracle itself differs from the real component.
 *
 * @returns the rule's name
 */
export function incomparable(query: Query, answer: Answer): string | undefined {
  const { refusal, unread = '' } = verdictOf(query);
  const { setting } = refusal ?? {};
  const limit = LIMITS.find(([pattern]) => pattern.test(unread));
  if (answer.parses && limit) return limit[1];
  // The oracle gives the kubelet's global flags a value that accepts everything (addFakeGlobals); the kubelet itself
  // parses them first (cmd/kubelet/app/server.go:184).
  if (query.component === 'kubelet' && answer.parses && setting !== undefined && KUBELET_GLOBALS.has(setting))
    return "the kubelet's global flags";
  // The oracle registers -v and --vmodule twice, by chance of a map's order as klog's own flags, which accept more; the
  // real one leaves those out (cmd/kube-apiserver/app/server.go, logs.SkipLoggingConfigurationFlags).
  if (query.component !== 'kubelet' && answer.parses && setting !== undefined && LOGGING.has(setting))
    return "kube-apiserver's logging flags";
  // The oracle parses feature gates, and sets none; test/differential/feature-gates.test.ts asks the components themselves.
  if (answer.parses && (setting === '--feature-gates' || setting === 'featureGates')) return 'feature gates';
  // kubeadm 1.37 no longer has v1beta3; kubelet-guard checks it for older clusters.
  if (FORMER_KUBEADM.test(answer.error ?? '')) return 'a version that kubeadm 1.37 has no more';
  // Which patch release runs is not in a document, so that --version=v1.37.5 may be right.
  if (answer.error?.includes('must match major/minor/patch of default version') === true)
    return 'another patch release';
  return undefined;
}

/** What kubelet-guard and the oracle disagree on, or undefined if they agree. */
export function disagreement(query: Query, answer: Answer): string | undefined {
  return difference(verdictOf(query), answer);
}

function difference(verdict: Verdict, answer: Answer): string | undefined {
  const { refusal, quits, unread, values } = verdict;
  if (!answer.parses) {
    if (refusal !== undefined || unread !== undefined) return undefined;
    return `the oracle refuses (${answer.died ? 'it panicked' : (answer.error ?? '')}), we read ${JSON.stringify(values)}`;
  }
  if (quits) return undefined;
  if (refusal !== undefined) return `the oracle parses, we refuse: ${refusal.reason}`;
  if (unread !== undefined) return `the oracle parses, we cannot read: ${unread}`;
  for (const [name, value] of Object.entries(values)) {
    const expected = String(answer[name as ValueName] ?? (name === 'anonymousEnabled' ? false : ''));
    if (value !== expected)
      return `${name} is ${JSON.stringify(expected)} to the oracle, ${JSON.stringify(value)} to us`;
  }
  return verdict.containers && differentWords(verdict.containers, answer.containers ?? {});
}

function differentWords(
  ours: Readonly<Record<string, readonly string[]>>,
  theirs: Readonly<Record<string, readonly string[]>>,
): string | undefined {
  for (const name of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const words = ours[name] ?? [];
    // Go writes an empty list of words as null.
    const expected = (theirs[name] as readonly string[] | null | undefined) ?? [];
    if (words.length !== expected.length || !words.every((word, index) => fits(word, expected[index] ?? '')))
      return `container ${name} runs ${JSON.stringify(expected)} to the oracle, ${JSON.stringify(words)} to us`;
  }
  return undefined;
}

/** Unknown parts match anything: the oracle omits variables whose values come from elsewhere. */
function fits(word: string, expected: string): boolean {
  const parts = word.split(/[\uE000\uE001]/);
  if (parts.length === 1) return word === expected;
  const pattern = parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('[^]*');
  return new RegExp(`^${pattern}$`).test(expected);
}

function apiServer(args: readonly string[]): Verdict {
  const words = args.map((text) => ({ text }));
  const commandLine = parseCommandLine(words, flagTable('kube-apiserver', MINOR), {
    budget: ample(),
    emptyPositionals: true,
  });
  return settle(
    commandLine.refusal,
    quits('kube-apiserver', commandLine),
    ofApiServer(apiServerReadings((setting) => readSetting(commandLine, setting, { layer: 'default' }))),
    [...commandLine.doubts, ...(commandLine.unclear ? [commandLine.unclear] : [])],
  );
}

function kubelet(args: readonly string[], files: Readonly<Record<string, string>>): Verdict {
  const placed = new Map(
    Object.entries(files).map(([name, text]) => [posix.join(DIR, name), text.replaceAll('$DIR', DIR)] as const),
  );
  const words = args.map((arg) => ({ text: arg.replaceAll('$DIR', DIR) }));
  const commandLine = parseCommandLine(words, flagTable('kubelet', MINOR), {
    budget: ample(),
    emptyPositionals: false,
  });
  const { refusal, doubts, clientCAFile, anonymousAuth, authorizationMode } = kubeletSettings({
    budget: ample(),
    args: words,
    minor: MINOR,
    readFile: (path) => readFile(placed, path),
    readDropIns: (directory) => readDropIns(placed, directory),
  });
  const readings = { clientCAFile, anonymousEnabled: anonymousAuth, authorizationMode };
  const early = refusal && LATER.test(refusal.reason) ? undefined : refusal;
  return settle(early, commandLine.refusal ? undefined : quits('kubelet', commandLine), readings, doubts);
}

/** Rules that the kubelet checks when it has read its settings, which is where the oracle ends. */
const LATER = /^(?:invalid configuration|unknown authorization mode|no authorization mode|no client provided)/;

function readFile(files: ReadonlyMap<string, string>, path: string): ConfigFile {
  const text = path.endsWith('/') ? undefined : files.get(posix.normalize(path));
  return text === undefined ? { state: 'missing' } : { state: 'read', text };
}

/** The order of filepath.WalkDir: by name in each folder, with a folder's content right after its name. */
function readDropIns(files: ReadonlyMap<string, string>, directory: string): readonly DropIn[] | { state: 'missing' } {
  const root = posix.normalize(directory).replace(/(.)\/$/, '$1');
  const single = directory.endsWith('/') ? undefined : files.get(root);
  if (single !== undefined) return root.endsWith('.conf') ? [{ path: root, text: single }] : [];
  const inside = [...files].filter(([path]) => path.startsWith(`${root}/`));
  if (inside.length === 0 && root !== DIR) return { state: 'missing' };
  return inside
    .map(([path, text]) => ({ path, text }))
    .filter(({ path }) => path.endsWith('.conf'))
    .sort((one, other) => bySegments(one.path.split('/'), other.path.split('/')));
}

function bySegments(one: readonly string[], other: readonly string[]): number {
  const at = one.findIndex((segment, index) => segment !== other[index]);
  return Buffer.compare(Buffer.from(one[at] ?? ''), Buffer.from(other[at] ?? ''));
}

function kubeadm(document: string): Verdict {
  const [first] = parseStream(document, ample());
  if (first?.index !== 0) return { unread: 'it is no ClusterConfiguration', values: {} };
  if ('problem' in first) return { unread: first.problem.message, values: {} };
  if (!isClusterConfiguration(first.value)) return { unread: 'it is no ClusterConfiguration', values: {} };
  const settings = clusterConfigurationSettings(first, ample());
  return settle(settings.refusal, exits(settings.refusal), ofApiServer(settings), settings.doubts);
}

function pod(document: string): Verdict {
  const [first] = parseStream(document, ample());
  if (first?.index !== 0) return { refusal: { reason: 'it holds no document' }, values: {} };
  if ('problem' in first) return { unread: first.problem.message, values: {} };
  const fault = podFault(first);
  if (fault !== undefined) return { refusal: { reason: fault }, values: {} };
  const containers: Record<string, string[]> = {};
  for (const entry of asArray(asRecord(asRecord(first.value).spec).containers)) {
    const container = asRecord(entry);
    const environment = environmentOf(container, ample());
    const words = [...asArray(container.command), ...asArray(container.args)];
    const text = (word: unknown): string => expand(asString(word) ?? '', environment, ample());
    containers[asString(container.name) ?? ''] = words.map(text);
  }
  return { values: {}, containers };
}

/** The reason why a kubelet would not accept the document as a pod. */
function podFault(document: ParsedDocument): string | undefined {
  const { value, syntax } = document;
  const { apiVersion, kind } = asRecord(value);
  const type = rootType(asString(apiVersion) ?? '', asString(kind) ?? '');
  if (type !== 'Pod') return 'it is no pod';
  // kubectl accepts flow style that is not JSON, a kubelet does not. kubelet-guard checks it in both cases.
  if (syntax === 'broken-json') return 'it begins with a brace and is no JSON';
  return findMismatchIn(type, document)?.reason;
}

/**
 * What kubelet-guard, starting from a pod's text, and kube-apiserver disagree on.
 *
 * @param query the arguments with which the container starts kube-apiserver
 */
export function startDisagreement(
  document: string,
  container: string,
  query: Query,
  answer: Answer,
): string | undefined {
  const [first] = parseStream(document, ample());
  if (first === undefined || 'problem' in first || incomparable(query, answer) !== undefined) return undefined;
  // cobra's completion command serves nothing, so that there is no kube-apiserver; the oracle does not know it.
  if ('args' in query && query.args[0]?.startsWith('__complete')) return undefined;
  // The oracle omits variables whose values come from elsewhere.
  if (pod(document).containers?.[container]?.some((word) => /[\uE000\uE001]/.test(word))) return undefined;
  const { subjects } = recognise(first, {
    budget: ample(),
    source: { path: 'pod.yaml', document: 0 },
    vantage: 'declared',
  });
  const subject = subjects.find(({ name }) => name.container === container);
  if (subject?.component !== 'kube-apiserver') return `no kube-apiserver is seen in ${container}`;
  const { refusal, doubts } = subject;
  // The oracle parses feature gates, and sets none.
  if (answer.parses && refusal?.setting === '--feature-gates') return undefined;
  const verdict = settle(refusal, exits(refusal), ofApiServer(subject), doubts);
  return difference(verdict, answer);
}

/** The settings that the oracle answers. */
function ofApiServer(readings: ApiServerReadings): Readonly<Partial<Record<ValueName, Reading<string>>>> {
  const { kubeletClientCertificate, kubeletClientKey, kubeletCertificateAuthority } = readings;
  return { kubeletClientCertificate, kubeletClientKey, kubeletCertificateAuthority };
}

function quits(component: string, commandLine: CommandLine): Refusal | undefined {
  return commandLine.refusal ? undefined : neverServes(component, commandLine);
}

function exits(refusal: Refusal | undefined): Refusal | undefined {
  return refusal?.reason.endsWith('prints and exits') === true ? refusal : undefined;
}

function settle(
  refusal: Refusal | undefined,
  quitting: Refusal | undefined,
  readings: Readonly<Partial<Record<ValueName, Reading<string | boolean>>>>,
  doubts: readonly Problem[],
): Verdict {
  if (quitting) return { refusal: quitting, quits: true, values: {} };
  if (refusal) return { refusal, values: {} };
  const values: Partial<Record<ValueName, string>> = {};
  let unread = doubts[0]?.message;
  for (const [name, reading] of Object.entries(readings)) {
    if (reading.state === 'unreadable') unread ??= reading.problem.message;
    else values[name as ValueName] = reading.state === 'set' ? String(reading.value).replaceAll(DIR, '$DIR') : '';
  }
  return { values, ...(unread !== undefined && { unread }) };
}
