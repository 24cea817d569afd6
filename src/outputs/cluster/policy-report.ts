// Reports of the APIs wgpolicyk8s.io and openreports.io: findings to the objects that are written.

import { shownReference } from '../../policy/benchmarks/shown.ts';
import type { Exemption } from '../../policy/control.ts';
import type { StoredFinding, StoredFindings } from '../../policy/decision/drift.ts';
import { findingKey, type FindingKey } from '../../policy/finding-key.ts';
import type { Finding } from '../../policy/finding.ts';
import { timestampOf } from '../../policy/timestamp.ts';
import { absencesOf, describeAbsence } from '../absence.ts';
import {
  LAST_COMPLETE_SWEEP,
  MANAGED_BY,
  nodeReference,
  REPORT_RESOURCES,
  reportName,
  resourceOf,
  type Digest,
  type ObjectReference,
  type ReportApi,
  type ReportSubject,
} from './objects.ts';
import { isPass, record } from './remembered.ts';
import { contradictionsOf, describe, line, nameText, placeOf } from './words.ts';

/** A finding, and what the report stores of it. */
export interface ReportEntry {
  readonly finding: Finding;
  readonly remembered: StoredFinding;
  /** Absent if no exemption applies. */
  readonly exemption?: Exemption | undefined;
}

/** The most results of a report; one more row counts those that are cut. */
export const MAX_RESULTS = 200;

/** The policy of the row that counts what is cut. */
export const MORE = 'kubelet-guard';

/** An object of 1.5 MiB is too large for etcd; a character can take three bytes. */
const MAX_CHARACTERS = 400_000;

const RESULTS = { pass: 'pass', fail: 'fail', unknown: 'error' } as const;
const ORDER = { fail: 0, unknown: 1, pass: 2 } as const;

/** A report as it is written. */
export interface RenderedReport {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly ObjectReference[];
  };
  readonly scope?: ObjectReference;
  readonly summary: Readonly<Record<'pass' | 'fail' | 'warn' | 'error' | 'skip', number>>;
  readonly results: readonly Row[];
}

/**
 * Makes a report. The same findings make the same report, in any order: its only times are those since when results are
 * what they are.
 *
 * Exempted findings are `skip`, unknown ones are `error`. What does not pass comes first, so that it is cut last if the
 * report becomes too large. The summary counts all findings.
 *
 * @param sweptAt the start of the last complete sweep, RFC 3339 in UTC; only in the report of the control plane
 */
export function renderReport(
  api: ReportApi,
  about: ReportSubject,
  entries: readonly ReportEntry[],
  digest: Digest,
  sweptAt?: string,
): RenderedReport {
  const { apiVersion, kind } = REPORT_RESOURCES[api];
  const summary = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const entry of entries) summary[resultOf(entry)] += 1;
  const name = reportName(about, digest);
  const node = about.kind === 'node' ? nodeReference(about) : undefined;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      labels: { [MANAGED_BY.label]: MANAGED_BY.value },
      ...(sweptAt !== undefined && { annotations: { [LAST_COMPLETE_SWEEP]: sweptAt } }),
      ...(node && { ownerReferences: [node] }),
    },
    ...(node && { scope: node }),
    summary,
    results: fit(rowsOf(entries, about, digest), { about, digest, resource: node ?? { apiVersion, kind, name } }),
  };
}

/** A row of a report. */
interface Row {
  readonly result: string;
  readonly resources: readonly ObjectReference[];
  readonly properties: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/**
 * Makes the rows, each with an id of its own. Readers keep only one row of an id, in all reports of a cluster, and take a row
 * with a new id for news. So the id is that of the finding and of what is wrong, and does not depend on words or times.
 */
function rowsOf(entries: readonly ReportEntry[], about: ReportSubject, digest: Digest): Row[] {
  const used = new Map<string, number>();
  return sorted(entries).map((entry) => {
    const { finding, remembered } = entry;
    const violations = remembered.violations.map(({ code, setting }) => [code, setting]);
    const text = JSON.stringify([placeIn(about), findingKey(finding), resultOf(entry), violations]);
    const count = used.get(text) ?? 0;
    used.set(text, count + 1);
    return resultRow(entry, about, digest(count === 0 ? text : `${text} ${count}`));
  });
}

/** Distinguishes the reports of a cluster, also of two nodes that had the same name one after the other. */
function placeIn(about: ReportSubject): string {
  return about.kind === 'node' ? about.uid : about.kind;
}

/** What a report stores of findings, by key. If several have one key, the first that does not pass counts. */
export function rememberedOf(entries: readonly ReportEntry[]): StoredFindings {
  const remembered = new Map<FindingKey, StoredFinding>();
  for (const { finding, remembered: memory } of sorted(entries)) {
    const key = findingKey(finding);
    if (isPass(remembered.get(key))) remembered.set(key, memory);
  }
  return remembered;
}

function resultOf({ finding, exemption }: ReportEntry): 'pass' | 'fail' | 'error' | 'skip' {
  const { result } = finding.outcome;
  return exemption !== undefined && result !== 'pass' ? 'skip' : RESULTS[result];
}

function resultRow(entry: ReportEntry, about: ReportSubject, resultID: string): Row {
  const { control, subject, platform } = entry.finding;
  const shown = shownReference(control, platform);
  const timestamp = timestampOf(entry.remembered.since);
  return {
    source: MANAGED_BY.value,
    policy: control.slug,
    ...(shown && { rule: shown.id, category: shown.benchmark }),
    severity: control.supporting === true ? 'medium' : 'high',
    result: resultOf(entry),
    scored: true,
    message: describe(entry.finding),
    ...(timestamp && { timestamp }),
    resources: [resourceOf(subject, about)],
    properties: { resultID, ...propertiesOf(entry) },
  };
}

function propertiesOf({ finding, remembered, exemption }: ReportEntry): Readonly<Record<string, string>> {
  const { subject, source, vantage, outcome, evidence } = finding;
  const values = evidence.map(({ setting, value }) => `${setting}=${value}`);
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
    evidence: line([...values, ...absencesOf(finding).map(describeAbsence)].join('; ')),
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

/** What the row about rows that are cut needs. */
interface Cut {
  readonly about: ReportSubject;
  readonly digest: Digest;
  readonly resource: ObjectReference;
}

function fit(rows: readonly Row[], { about, digest, resource }: Cut): readonly Row[] {
  let room = MAX_CHARACTERS;
  const fits = rows.slice(0, MAX_RESULTS).findIndex((row) => (room -= JSON.stringify(row).length) < 0);
  const kept = fits === -1 ? rows.slice(0, MAX_RESULTS) : rows.slice(0, fits);
  if (kept.length === rows.length) return rows;
  const message = `... and ${rows.length - kept.length} more results; the whole report is at /api/v1/report`;
  const properties = { resultID: digest(JSON.stringify([placeIn(about), MORE])) };
  const more = { source: MANAGED_BY.value, policy: MORE, result: 'skip', scored: false, message };
  return [...kept, { ...more, resources: [resource], properties }];
}
