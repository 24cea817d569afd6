// The audit of a host: one finding for each control and process, with what the next start changes.

import { combine } from '../../policy/link/combine.ts';
import type { Exemption } from '../../policy/control.ts';
import type { ProcessDocument, RawDocument } from '../../policy/document.ts';
import type { Finding, Inspection } from '../../policy/finding.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import type { Run } from '../../outputs/guard-report.ts';
import { RunCounts } from '../../outputs/counts.ts';
import { reportRun } from '../../outputs/report.ts';
import { concludeRun, exemptionsAt, type RunAnswer, type RunOptions } from '../../outputs/run.ts';
import type { RunOrigin } from '../run-origin.ts';
import { isSelected, missedNodes, type Selection } from '../../outputs/selection.ts';
import { nothingSelected } from '../selection.ts';
import type { HostNote } from './units.ts';
import { hasSameSettings, unknownNextTime, willFail, withNext, type NextStart } from './next-start.ts';

/** How a host is checked, and how the result is shown. */
export interface NodeAuditOptions extends RunOptions {
  /** The part that counts and is reported. */
  readonly selection?: Selection | undefined;
  /** Whether the processes and files of the host count, or only the answers of kubelets. */
  readonly byHost: boolean;
  /** Names what is read, for the message that nothing was found. */
  readonly places: string;
  readonly exemptions: readonly Exemption[];
  /** The name of the chosen benchmark. */
  readonly benchmark?: string | undefined;
}

export interface NodeAuditDeps {
  /** The findings of a document that are shown. */
  readonly inspect: (document: RawDocument) => Inspection;
  /**
   * The processes of the host, the oldest first, and what kept others from being read. A process is open until the next one is
   * asked for.
   */
  readonly processes: () => Iterable<ProcessDocument | SourceProblem | HostNote>;
  /** Asks a kubelet itself; undefined if that is not wanted or not possible. Never rejects. */
  readonly ask: (kubelet: ProcessDocument) => Promise<RawDocument> | undefined;
  /** Since when a process would start with other settings than it runs with, RFC 3339 in UTC. */
  readonly changedSince: (document: ProcessDocument) => string | undefined;
  readonly runId: string;
  /** The program and its configuration, for the report. */
  readonly origin?: RunOrigin | undefined;
  readonly now: () => Date;
}

/** A process and its findings. */
interface Judged {
  readonly document: ProcessDocument;
  readonly running: readonly Finding[];
  readonly next: NextStart;
  readonly asked: Promise<readonly Finding[]>;
}

/** What was found on a host. */
interface Seen {
  readonly processes: Judged[];
  /** The findings of kubelets that do not run. */
  readonly stopped: Finding[];
  readonly pods: Finding[];
  /** When the file of a static pod was last changed, by its path. */
  readonly podFiles: Map<string, string>;
  readonly problems: SourceProblem[];
  readonly notes: string[];
}

/**
 * Checks the processes of a host: the running settings, which decide, and those of the next start.
 *
 * @returns the report and the exit code; what cannot be read is a problem of the run or unknown, never a throw
 */
export async function auditNode(options: NodeAuditOptions, deps: NodeAuditDeps): Promise<RunAnswer> {
  const { runId, now } = deps;
  const { exemptions } = options;
  const startedAt = now().toISOString();
  const seen: Seen = { processes: [], stopped: [], pods: [], podFiles: new Map(), problems: [], notes: [] };
  for (const entry of deps.processes()) {
    if ('note' in entry) seen.notes.push(entry.note);
    else if ('problem' in entry) seen.problems.push(entry);
    else checkProcess(entry, options, deps, seen);
  }
  const found = await settle(seen);
  const findings = found.filter((finding) => isSelected(finding, options.selection));
  const run: Run = {
    ...{ id: runId, entrance: 'node' as const, startedAt, finishedAt: now().toISOString() },
    ...deps.origin,
    ...(options.benchmark !== undefined && { benchmark: options.benchmark }),
    ...(options.selection && { selection: options.selection }),
  };
  const exemptionFor = exemptionsAt(exemptions, startedAt);
  const counts = new RunCounts();
  const notes = [...seen.notes];
  for (const finding of findings) {
    const isExempted = exemptionFor(finding) !== undefined;
    const isPending = willFail(finding);
    const open = unknownNextTime(finding);
    const countsAs = isPending ? 'fail' : open && 'unknown';
    counts.add(finding.outcome.result, { isExempted, ...(countsAs && { countsAs }) });
    if (isPending && !isExempted) notes.push(failsNextTime(finding));
    else if (open && !isExempted) notes.push(isUnknownNextTime(finding, open));
  }
  const problems = [...seen.problems, ...missedNodes(options.selection, found)];
  const report = reportRun(run, { findings, problems }, exemptionFor, exemptions);
  const nothing =
    options.selection === undefined || found.length === 0
      ? `nothing to check: ${options.places}`
      : nothingSelected(options.selection, found);
  return concludeRun({ report, counts, notes, nothing }, options);
}

function checkProcess(document: ProcessDocument, { byHost }: NodeAuditOptions, deps: NodeAuditDeps, seen: Seen): void {
  const { subject, view } = document;
  const inspect = (document: RawDocument): readonly Finding[] => {
    const { findings, problems } = deps.inspect(document);
    seen.problems.push(...problems);
    return findings;
  };
  if (view === 'next') {
    if (!byHost) return;
    const findings = inspect(document);
    seen.stopped.push(...findings);
    if (findings.length > 0)
      seen.notes.push(
        `${subject.name}: its unit runs no ${subject.component}; the ${subject.component} that it would start is checked`,
      );
  } else {
    const running = inspect(document);
    // a kubelet that serves nobody answers nothing
    const asked = subject.component === 'kubelet' && running.length > 0 ? deps.ask(document) : undefined;
    const findings = byHost ? inspect({ ...document, view: 'next' }) : [];
    seen.processes.push({
      document,
      running: byHost ? running : [],
      next: { findings, since: findings.length === 0 ? undefined : deps.changedSince(document) },
      asked: asked === undefined ? Promise.resolve([]) : asked.then(inspect),
    });
  }
  if (subject.component === 'kubelet' && byHost) judgePods(document, inspect, seen);
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

/** One finding for each control and process, with its next start; then kubelets that do not run, and pods without a process. */
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
      const since = changeOf(manifest[0], seen);
      const { startedAt } = process.document;
      findings.push(manifest.length === 0 ? withUnit : withManifest(withUnit, own, manifest, since, startedAt));
    }
  }
  return [...findings, ...seen.stopped, ...seen.pods.filter((finding) => !started.has(finding))];
}

/** The findings of the static pod that starts a kube-apiserver, if the node has exactly one of each. */
function manifestOf({ document: { subject } }: Judged, { processes, pods }: Seen): readonly Finding[] {
  if (subject.component !== 'kube-apiserver') return [];
  const isAlike = (other: Finding['subject']): boolean =>
    other.component === 'kube-apiserver' && other.node === subject.node;
  const alike = processes.filter(({ document }) => isAlike(document.subject));
  const manifests = pods.filter((finding) => isAlike(finding.subject));
  const names = new Set(
    manifests.map(({ subject: { namespace, name, container } }) => JSON.stringify([namespace, name, container])),
  );
  return alike.length === 1 && names.size === 1 ? manifests : [];
}

function changeOf(manifest: Finding | undefined, { podFiles }: Seen): string | undefined {
  return manifest && 'path' in manifest.source ? podFiles.get(manifest.source.path) : undefined;
}

/** Adds the next start by the static pod, and the name of the pod, which the API uses too. */
function withManifest(
  finding: Finding,
  running: Finding | undefined,
  manifest: readonly Finding[],
  since: string | undefined,
  startedAt: Date | undefined,
): Finding {
  const [first] = manifest;
  const isOld = since !== undefined && startedAt !== undefined && since < startedAt.toISOString();
  const findings = manifest.filter((next) => {
    // what an old manifest does not show, the process shows
    if (next.outcome.result === 'unknown' && isOld) return false;
    // a manifest shows settings but no files, so it cannot fix a fault of a file
    return running === undefined || !hasSameSettings(running, next);
  });
  return {
    ...withNext(finding, running, { findings, since }),
    ...(first && { subject: first.subject }),
  };
}

function isUnknownNextTime({ control, subject }: Finding, { code, message }: Problem): string {
  return `${control.slug} of ${subject.name} passes now, and is unknown for the next start of ${subject.component}: ${message} [${code}]`;
}

/** The counts of the report do not show it. */
function failsNextTime({ control, subject }: Finding): string {
  return `${control.slug} of ${subject.name} fails with the next start of ${subject.component}, which counts as a violation`;
}
