import { asArray, asRecord, stringOrEmpty } from '../../json.ts';
import type { StoredFinding, StoredFindings } from '../../policy/decision/drift.ts';
import { findingKey, type FindingKey } from '../../policy/finding-key.ts';
import type { Exemption } from '../../policy/control.ts';
import type { Finding } from '../../policy/finding.ts';
import type { Source } from '../../policy/reading.ts';
import type { SubjectName } from '../../policy/subject.ts';
import { cut } from '../admission/header-text.ts';
import { escapeLine } from '../printable.ts';
import { recall, record } from './remembered.ts';
import { timestampOf } from '../../policy/timestamp.ts';

/** What a report is about. */
export type ReportSubject =
  { readonly kind: 'node'; readonly name: string; readonly uid: string } | { readonly kind: 'control-plane' };

/** A finding, and what the report is to remember of it. */
export interface ReportEntry {
  readonly finding: Finding;
  readonly remembered: StoredFinding;
  /** Only where an exemption applies. */
  readonly exemption?: Exemption | undefined;
}

/** The APIs for reports that a cluster can have. Their payload is the same. */
export type ReportApi = 'wgpolicyk8s' | 'openreports';

/** Makes a short text of lower-case letters and digits that no other text has. */
export type Digest = (text: string) => string;

/** Where reports live in each API: the kinds that are not in a namespace, as nodes are not. */
export const REPORT_RESOURCES = {
  wgpolicyk8s: { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'ClusterPolicyReport', plural: 'clusterpolicyreports' },
  openreports: { apiVersion: 'openreports.io/v1alpha1', kind: 'ClusterReport', plural: 'clusterreports' },
} as const;

/** The label by which our reports are found, and nobody else's are touched. */
export const MANAGED_BY = { label: 'app.kubernetes.io/managed-by', value: 'kubelet-guard' } as const;

const CONTROL_PLANE = 'kubelet-guard-control-plane';
const NODE_PREFIX = 'kubelet-guard-node-';
const LONGEST_NAME = 253;

/** An object of 1.5 MiB is too large for etcd; a character can take three bytes. */
const LIMITS = { results: 200, characters: 400_000, text: 1024, name: 253 };

const RESULTS = { pass: 'pass', fail: 'fail', unknown: 'error' } as const;
const ORDER = { fail: 0, unknown: 1, pass: 2 } as const;

const API_VERSIONS: ReadonlyMap<string, string> = new Map([
  ...['Pod', 'ConfigMap', 'Node'].map((kind) => [kind, 'v1'] as const),
  ...['Deployment', 'DaemonSet', 'StatefulSet', 'ReplicaSet'].map((kind) => [kind, 'apps/v1'] as const),
  ...['Job', 'CronJob'].map((kind) => [kind, 'batch/v1'] as const),
]);

/** A report as it is written. */
export interface RenderedReport {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly ObjectReference[];
  };
  readonly scope?: ObjectReference;
  readonly summary: Readonly<Record<'pass' | 'fail' | 'warn' | 'error' | 'skip', number>>;
  readonly results: readonly object[];
}

/** A reference to an object of Kubernetes. */
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

/** The name of a report; always the same one for the same node. */
export function reportName(about: ReportSubject, digest: Digest): string {
  if (about.kind === 'control-plane') return CONTROL_PLANE;
  const name = `${NODE_PREFIX}${about.name}`;
  if (name.length <= LONGEST_NAME) return name;
  const tail = digest(about.name).slice(0, 16);
  return `${name.slice(0, LONGEST_NAME - 1 - tail.length).replace(/[-.]+$/, '')}-${tail}`;
}

/** Whether a report has a name that `reportName` gives. */
export function isReportName(name: string): boolean {
  return name === CONTROL_PLANE || name.startsWith(NODE_PREFIX);
}

/**
 * Makes a report. The same findings, in any order, make the same report: it holds no time but since when a result is
 * what it is.
 *
 * Exempted findings are `skip`, and what could not be told is `error`. What does not pass comes first, so that it is the
 * last to be cut where a report would become too large; the summary counts all.
 */
export function renderReport(
  api: ReportApi,
  about: ReportSubject,
  entries: readonly ReportEntry[],
  digest: Digest,
): RenderedReport {
  const { apiVersion, kind } = REPORT_RESOURCES[api];
  const summary = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const entry of entries) summary[resultOf(entry)] += 1;
  const node = about.kind === 'node' ? nodeReference(about) : undefined;
  return {
    apiVersion,
    kind,
    metadata: {
      name: reportName(about, digest),
      labels: { [MANAGED_BY.label]: MANAGED_BY.value },
      ...(node && { ownerReferences: [node] }),
    },
    ...(node && { scope: node }),
    summary,
    results: fit(sorted(entries).map((entry) => resultRow(entry, about))),
  };
}

/** What a stored report tells of earlier runs. Anybody with the right could have written it. */
export interface StoredReport {
  readonly name: string;
  readonly resourceVersion: string;
  /** The node that it is about; undefined where it is about the control plane, or says nothing that can be right. */
  readonly node: { readonly name: string; readonly uid: string } | undefined;
  /** It has our label. */
  readonly isOurs: boolean;
  readonly remembered: StoredFindings;
  /** How many of its results are ours and cannot be read back; they count as not remembered. */
  readonly unreadable: number;
}

/** Reads a report back. Total: what is not as we write it is not remembered. */
export function readReport(object: unknown): StoredReport {
  const { metadata, results } = asRecord(object);
  const { name, resourceVersion, labels, ownerReferences } = asRecord(metadata);
  const remembered = new Map<FindingKey, StoredFinding>();
  let unreadable = 0;
  for (const row of asArray(results).slice(0, LIMITS.results + 1)) {
    const { policy, properties } = asRecord(row);
    const { remembered: text } = asRecord(properties);
    if (policy === MORE) continue;
    const memory = typeof text === 'string' ? recall(text) : undefined;
    if (memory === undefined) unreadable += 1;
    else if (!passes(remembered.get(memory.key))) continue;
    else remembered.set(memory.key, memory.remembered);
  }
  return {
    name: stringOrEmpty(name),
    resourceVersion: stringOrEmpty(resourceVersion),
    node: nodeOf(asArray(ownerReferences)[0]),
    isOurs: asRecord(labels)[MANAGED_BY.label] === MANAGED_BY.value,
    remembered,
    unreadable,
  };
}

/** What findings leave behind, by key. Of several with one key the first that does not pass counts. */
export function rememberedOf(entries: readonly ReportEntry[]): StoredFindings {
  const remembered = new Map<FindingKey, StoredFinding>();
  for (const { finding, remembered: memory } of sorted(entries)) {
    const key = findingKey(finding);
    if (passes(remembered.get(key))) remembered.set(key, memory);
  }
  return remembered;
}

/** What a report says, as a text by which two are compared: without what the API server adds, in a fixed order of keys. */
export function contentOf(report: unknown): string {
  const { metadata, scope, summary, results } = asRecord(report);
  const { labels, ownerReferences } = asRecord(metadata);
  const label = asRecord(labels)[MANAGED_BY.label];
  return JSON.stringify(canonical({ label, ownerReferences, scope, summary, results }, 8));
}

/** The object of Kubernetes that a finding's subject is, if it is one. */
export function referenceOf({ kind, namespace, name }: SubjectName, about: ReportSubject): ObjectReference | undefined {
  if (kind === undefined) return undefined;
  if (kind === 'Node' && about.kind === 'node' && about.name === name) return nodeReference(about);
  const apiVersion = API_VERSIONS.get(kind);
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    kind: nameText(kind),
    ...(namespace !== undefined && { namespace: nameText(namespace) }),
    name: nameText(name),
  };
}

/** A finding in a sentence or two: what is wrong, or could not be told, or is worth attention. */
export function describe({ control, outcome }: Finding): string {
  const texts = [
    ...(outcome.result === 'fail' ? outcome.violations.map(({ message }) => message) : []),
    ...(outcome.result === 'pass'
      ? [control.title]
      : outcome.problems.map(({ message }) => `could not be told: ${message}`)),
    ...outcome.warnings.map(({ message }) => `warning: ${message}`),
  ];
  return line(texts.join('; '));
}

/** The places of evidence that contradicts that which decided, with what it says. */
export function contradictionsOf({ others = [] }: Finding): string {
  const places = others.filter(({ agrees }) => !agrees);
  return line(places.map(({ source, result }) => `${result} by ${placeOf(source)}`).join('; '));
}

/** Where a finding's evidence was found, in words. */
export function placeOf(source: Source): string {
  if ('object' in source) return source.object;
  return 'path' in source ? source.path : `${source.via} of ${source.node}`;
}

function nodeReference({ name, uid }: { name: string; uid: string }): ObjectReference {
  return { apiVersion: 'v1', kind: 'Node', name, uid };
}

function resultOf({ finding, exemption }: ReportEntry): 'pass' | 'fail' | 'error' | 'skip' {
  const { result } = finding.outcome;
  return exemption !== undefined && result !== 'pass' ? 'skip' : RESULTS[result];
}

function resultRow(entry: ReportEntry, about: ReportSubject): object {
  const { control, subject } = entry.finding;
  const [{ benchmark, id }] = control.benchmarks;
  const timestamp = timestampOf(entry.remembered.since);
  const reference = referenceOf(subject, about);
  return {
    source: MANAGED_BY.value,
    policy: control.slug,
    rule: id,
    category: benchmark,
    severity: control.supporting === true ? 'medium' : 'high',
    result: resultOf(entry),
    scored: true,
    message: describe(entry.finding),
    ...(timestamp && { timestamp }),
    ...(reference && { resources: [reference] }),
    properties: propertiesOf(entry),
  };
}

function propertiesOf({ finding, remembered, exemption }: ReportEntry): Readonly<Record<string, string>> {
  const { subject, source, vantage, outcome, evidence } = finding;
  const problems = outcome.result === 'pass' ? [] : outcome.problems.map(({ code }) => code);
  const violations = outcome.result === 'fail' ? outcome.violations : [];
  const faults = [...violations, ...outcome.warnings].map(({ code, setting }) => `${code} ${setting}`);
  const properties = {
    component: subject.component,
    subject: nameText(subject.name),
    node: nameText(subject.node ?? ''),
    container: nameText(subject.container ?? ''),
    vantage,
    evidenceFrom: line(placeOf(source)),
    evidence: line(evidence.map(({ setting, value }) => `${setting}=${value}`).join('; ')),
    codes: line([...faults, ...problems].join(', ')),
    contradictedBy: contradictionsOf(finding),
    ...(exemption && { exempted: line(exemption.reason), exemptedUntil: exemption.expires }),
    since: remembered.since,
    remembered: record(findingKey(finding), remembered) ?? '',
  };
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== ''));
}

function sorted(entries: readonly ReportEntry[]): ReportEntry[] {
  const ranked = entries.map((entry) => {
    const { finding } = entry;
    const rank = ORDER[finding.outcome.result];
    return { entry, order: [rank, findingKey(finding), placeOf(finding.source), describe(finding)].join('\n') };
  });
  return ranked.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)).map(({ entry }) => entry);
}

/** The policy of the row that counts what was cut. */
const MORE = 'kubelet-guard';

function fit(rows: readonly object[]): readonly object[] {
  let room = LIMITS.characters;
  const fits = rows.slice(0, LIMITS.results).findIndex((row) => (room -= JSON.stringify(row).length) < 0);
  const kept = fits === -1 ? rows.slice(0, LIMITS.results) : rows.slice(0, fits);
  if (kept.length === rows.length) return rows;
  const message = `... and ${rows.length - kept.length} more results; the whole report is at /api/v1/report`;
  return [...kept, { source: MANAGED_BY.value, policy: MORE, result: 'skip', scored: false, message }];
}

function passes(memory: StoredFinding | undefined): boolean {
  return memory === undefined || memory.result === 'pass';
}

function line(text: string): string {
  return escapeLine(cut(text, LIMITS.text));
}

function nameText(text: string): string {
  return escapeLine(cut(text, LIMITS.name));
}

/** Keys in order, nothing that JSON does not carry, and no deeper than a report is. */
function canonical(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '...';
  if (Array.isArray(value)) return value.map((item) => canonical(item, depth - 1));
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, item]) => [key, canonical(item, depth - 1)]);
}

function nodeOf(owner: unknown): StoredReport['node'] {
  const { kind, name, uid } = asRecord(owner);
  return kind === 'Node' && typeof name === 'string' && typeof uid === 'string' ? { name, uid } : undefined;
}
