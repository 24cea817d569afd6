import type { Problem } from '../../policy/reading.ts';
import {
  contentOf,
  MANAGED_BY,
  readReport,
  rememberedOf,
  renderReport,
  REPORT_RESOURCES,
  reportName,
  type Digest,
  type ReportApi,
  type ReportEntry,
  type ReportSubject,
} from '../../outputs/cluster/policy-report.ts';
import type { ReportClient } from '../../kube/objects/reports.ts';
import type { Memories, Memory } from './stored.ts';

/** What a report is written with. */
export interface ReportWriting {
  readonly reports: ReportClient;
  readonly digest: Digest;
  readonly memories: Memories;
  /** Takes over what a stored report says. */
  readonly take: (object: unknown, from: ReportApi) => void;
}

/** What is written: what it is made of can change with what is remembered. */
export interface ReportDraft {
  readonly about: ReportSubject;
  readonly entriesOf: (memory: Memory | undefined) => readonly ReportEntry[];
}

/** What our reports are known by. */
export const SELECTOR = `${MANAGED_BY.label}=${MANAGED_BY.value}`;

/** Writes a report where it differs from what is stored, and remembers it; gives the problem where it cannot. */
export async function writeReport(
  { reports, digest, memories, take }: ReportWriting,
  api: ReportApi,
  { about, entriesOf }: ReportDraft,
  signal: AbortSignal,
): Promise<Problem | 'written' | 'unchanged'> {
  const resource = REPORT_RESOURCES[api];
  const name = reportName(about, digest);
  let version = memories.version(about);
  for (let tries = 0; tries < 2; tries += 1) {
    const memory = memories.get(about);
    const entries = entriesOf(memory);
    const report = renderReport(api, about, entries, digest);
    const content = digest(contentOf(report));
    const remembered = rememberedOf(entries);
    if (memory?.content === content) {
      memories.set(about, { ...memory, remembered });
      return 'unchanged';
    }
    const metadata = { ...report.metadata, ...(version !== '' && { resourceVersion: version }) };
    const answer = await reports[version === '' ? 'create' : 'update'](resource, { ...report, metadata }, signal);
    if (answer.outcome === 'refused') return answer.problem;
    if (answer.outcome === 'done') {
      memories.set(about, { version: readReport(answer.object).resourceVersion, content, remembered });
      return 'written';
    }
    const stored = await reports.get(resource, name, signal);
    if (stored.outcome === 'refused') return stored.problem;
    version = '';
    if (stored.outcome !== 'done') continue;
    const { isOurs, resourceVersion } = readReport(stored.object);
    if (!isOurs) return notOurs(name);
    // who wrote it may have been first to see what this sweep sees
    take(stored.object, api);
    version = resourceVersion;
  }
  return {
    code: 'ambiguous',
    message: `${name} is written to by others at the same time; the next sweep tries again`,
  };
}

function notOurs(name: string): Problem {
  const message = `there is a report ${name} without the label ${SELECTOR}: delete it, or set the label if it may be replaced`;
  return { code: 'ambiguous', message };
}
