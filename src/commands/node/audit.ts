import { combine } from '../../policy/link/combine.ts';
import type { Exemption } from '../../policy/control.ts';
import type { ProcessDocument, RawDocument } from '../../policy/document.ts';
import type { Finding, Inspection } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { RunCounts } from '../../outputs/counts.ts';
import { reportRun } from '../../outputs/report.ts';
import { concludeRun, exemptionsAt, type RunAnswer, type RunOptions } from '../../outputs/run.ts';
import { isSaid, willFail, withNext, type Next } from './next-start.ts';

/** A node audit, as it was asked for. */
export interface NodeRequest extends RunOptions {
  /** The findings of a document, as far as they are to be reported. */
  readonly inspect: (document: RawDocument) => Inspection;
  /** The processes of the host, the oldest first, and what kept some from being looked at. Each is open until the next is asked for. */
  readonly look: () => Iterable<ProcessDocument | SourceProblem>;
  /** Whether it is judged by what the host shows, or only by what kubelets answer. */
  readonly byHost: boolean;
  /** Asks a kubelet itself, where that is wanted and possible. Never rejects. */
  readonly ask: (kubelet: ProcessDocument) => Promise<RawDocument> | undefined;
  /** Since when a process would be started with something else than it runs with. */
  readonly changedSince: (document: ProcessDocument) => string | undefined;
  /** What is looked at, in words. */
  readonly places: string;
  readonly exemptions: readonly Exemption[];
  readonly runId: string;
  readonly now: () => Date;
}

/** A process, judged. */
interface Judged {
  readonly document: ProcessDocument;
  readonly running: readonly Finding[];
  readonly next: Next;
  readonly asked: Promise<readonly Finding[]>;
}

/** What was seen of a host. */
interface Seen {
  readonly processes: Judged[];
  /** By the files of kubelets that do not run. */
  readonly stopped: Finding[];
  readonly pods: Finding[];
  /** When the file of a static pod was changed, by its path. */
  readonly podFiles: Map<string, string>;
  readonly problems: SourceProblem[];
  readonly notes: string[];
}

/**
 * Judges the processes of a host: what they run with, which decides, and what they would be started with now.
 *
 * @returns the report and the exit code; what cannot be looked at is a problem of the run or an unknown, never a throw
 */
export async function auditNode(request: NodeRequest): Promise<RunAnswer> {
  const { runId, now, exemptions } = request;
  const startedAt = now().toISOString();
  const seen: Seen = { processes: [], stopped: [], pods: [], podFiles: new Map(), problems: [], notes: [] };
  for (const entry of request.look()) {
    if ('problem' in entry) seen.problems.push(entry);
    else judge(entry, request, seen);
  }
  const findings = await settle(seen);
  const run = { id: runId, entrance: 'node', startedAt, finishedAt: now().toISOString() } as const;
  const exemptionFor = exemptionsAt(exemptions, startedAt);
  const counts = new RunCounts();
  const notes = [...seen.notes];
  for (const finding of findings) {
    const isExempted = exemptionFor(finding) !== undefined;
    const isPending = willFail(finding);
    counts.add(finding.outcome.result, { isExempted, ...(isPending && { countsAs: 'fail' }) });
    if (isPending && !isExempted) notes.push(failsNextTime(finding));
  }
  const report = reportRun(run, { findings, problems: seen.problems }, exemptionFor);
  const nothing = `nothing to judge: ${request.places}`;
  return concludeRun({ report, counts, notes, nothing, exemptions }, request);
}

function judge(document: ProcessDocument, request: NodeRequest, seen: Seen): void {
  const { subject, view } = document;
  const inspect = (document: RawDocument): readonly Finding[] => {
    const { findings, problems } = request.inspect(document);
    seen.problems.push(...problems);
    return findings;
  };
  if (view === 'next') {
    if (!request.byHost) return;
    const findings = inspect(document);
    seen.stopped.push(...findings);
    if (findings.length > 0)
      seen.notes.push(`${subject.name}: its unit runs no kubelet; judged is what it would start`);
  } else {
    const running = inspect(document);
    // one that serves nobody has nothing to answer
    const asked = subject.component === 'kubelet' && running.length > 0 ? request.ask(document) : undefined;
    const findings = request.byHost ? inspect({ ...document, view: 'next' }) : [];
    seen.processes.push({
      document,
      running: request.byHost ? running : [],
      next: { findings, since: findings.length === 0 ? undefined : request.changedSince(document) },
      asked: asked === undefined ? Promise.resolve([]) : asked.then(inspect),
    });
  }
  if (subject.component === 'kubelet' && request.byHost) judgePods(document, inspect, seen);
}

function judgePods(
  document: ProcessDocument,
  inspect: (document: RawDocument) => readonly Finding[],
  { pods, podFiles }: Seen,
): void {
  for (const finding of inspect({ ...document, view: 'static-pods' })) {
    pods.push(finding);
    const status = 'path' in finding.source ? document.files.stat(finding.source.path) : undefined;
    if ('path' in finding.source && status?.state === 'present') {
      podFiles.set(finding.source.path, status.changed.toISOString());
    }
  }
}

/** One finding for each control and process, with what comes next; then what does not run, and pods without a process. */
async function settle(seen: Seen): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const started = new Set<Finding>();
  for (const process of seen.processes) {
    const { running, next, asked } = process;
    const { subject } = process.document;
    const live = (await asked).map((finding) => ({ ...finding, subject }));
    const manifest = manifestOf(process, seen);
    for (const finding of manifest) started.add(finding);
    for (const finding of combine([...running, ...live])) {
      const own = running.find(({ control }) => control.slug === finding.control.slug);
      const withUnit = withNext(finding, own, next);
      findings.push(manifest.length === 0 ? withUnit : withManifest(withUnit, own, manifest, seen));
    }
  }
  return [...findings, ...seen.stopped, ...seen.pods.filter((finding) => !started.has(finding))];
}

/** The findings of the static pod that a kube-apiserver is started from: where there is one of each on the node. */
function manifestOf({ document: { subject } }: Judged, { processes, pods }: Seen): readonly Finding[] {
  if (subject.component !== 'kube-apiserver') return [];
  const isAlike = (other: Finding['subject']): boolean =>
    other.component === 'kube-apiserver' && other.node === subject.node;
  const alike = processes.filter(({ document }) => isAlike(document.subject));
  const manifests = pods.filter((finding) => isAlike(finding.subject));
  const names = new Set(
    manifests.map(({ subject: { namespace, name, container } }) => [namespace, name, container].join()),
  );
  return alike.length === 1 && names.size === 1 ? manifests : [];
}

/** Under the name of its pod, by which the API knows it too. */
function withManifest(
  finding: Finding,
  running: Finding | undefined,
  manifest: readonly Finding[],
  { podFiles }: Seen,
): Finding {
  const [first] = manifest;
  const path = first && 'path' in first.source ? first.source.path : '';
  // a manifest shows settings, but no files: what is wrong with these it does not mend
  const findings = manifest.filter((next) => running === undefined || !isSaid(running, next));
  return {
    ...withNext(finding, running, { findings, since: podFiles.get(path) }),
    ...(first && { subject: first.subject }),
  };
}

/** The counts of the report do not show it. */
function failsNextTime({ control, subject }: Finding): string {
  return `${control.slug} of ${subject.name} fails with the next start of ${subject.component}, which counts as a violation`;
}
