// Writes one report if it differs from the stored one.

import type { Problem } from '../../policy/reading.ts';
import {
  MANAGED_BY,
  REPORT_RESOURCES,
  reportName,
  type Digest,
  type ReportApi,
  type ReportSubject,
} from '../../outputs/cluster/objects.ts';
import { rememberedOf, renderReport, type ReportEntry } from '../../outputs/cluster/policy-report.ts';
import { contentOf, readReport } from '../../outputs/cluster/stored-report.ts';
import type { ReportClient } from '../../kube/objects/reports.ts';
import type { CachedReport, ReportCache } from './cache.ts';

/** What the writer needs. */
export interface WriterDeps {
  readonly reports: ReportClient;
  readonly digest: Digest;
  readonly cache: ReportCache;
  /** Puts a report that somebody else wrote into the cache. */
  readonly acceptStored: (object: unknown, from: ReportApi) => void;
}

/** Makes the entries of a report, which depend on the previous findings. */
export type EntriesOf = (previous: CachedReport | undefined) => readonly ReportEntry[];

/** The label selector for our reports. */
export const SELECTOR = `${MANAGED_BY.label}=${MANAGED_BY.value}`;

/** A report that may have to be written. */
export interface NewReport {
  readonly about: ReportSubject;
  readonly entriesOf: EntriesOf;
  /** The start of the last complete sweep, for the report of the control plane. */
  readonly sweptAt?: string | undefined;
  /** It is written even if its content is the same. */
  readonly isNews: boolean;
}

/** Writes a report if it differs from the stored one, and updates the cache. Gives the problem if that fails. */
export async function writeReport(
  { reports, digest, cache, acceptStored }: WriterDeps,
  api: ReportApi,
  { about, entriesOf, sweptAt, isNews }: NewReport,
  signal: AbortSignal,
): Promise<Problem | 'written' | 'unchanged'> {
  const resource = REPORT_RESOURCES[api];
  const name = reportName(about, digest);
  let version = cache.version(about);
  for (let tries = 0; tries < 2; tries += 1) {
    const cached = cache.get(about);
    const entries = entriesOf(cached);
    const report = renderReport(api, about, entries, digest, sweptAt);
    const content = digest(contentOf(report));
    const findings = rememberedOf(entries);
    if (cached?.content === content && !isNews) {
      cache.set(about, { ...cached, findings });
      return 'unchanged';
    }
    const metadata = { ...report.metadata, ...(version !== '' && { resourceVersion: version }) };
    const answer = await reports[version === '' ? 'create' : 'update'](resource, { ...report, metadata }, signal);
    if (answer.outcome === 'refused') return answer.problem;
    if (answer.outcome === 'done') {
      cache.set(about, { version: readReport(answer.object).resourceVersion, content, findings });
      return 'written';
    }
    const stored = await reports.get(resource, name, signal);
    if (stored.outcome === 'refused') return stored.problem;
    version = '';
    if (stored.outcome !== 'done') continue;
    const { isOurs, resourceVersion } = readReport(stored.object);
    if (!isOurs) return notOurs(name);
    // another replica may have seen the same drift first
    acceptStored(stored.object, api);
    version = resourceVersion;
  }
  return {
    code: 'ambiguous',
    message: `${name} is written by another process at the same time; the next sweep retries`,
  };
}

function notOurs(name: string): Problem {
  const message = `the report ${name} exists without the label ${SELECTOR}; delete it, or set the label if kubelet-guard may replace it`;
  return { code: 'ambiguous', message };
}
