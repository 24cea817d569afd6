import { findExemption, isExpired } from '../../policy/decision/exempt.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { DecisionPolicy, Finding, Inspection } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import type { Baseline } from './baseline.ts';
import { renderJson, reportRun, type GuardReport } from '../../outputs/guard-report.ts';
import { renderSourceProblem, renderText, type TextStyle } from '../../outputs/text.ts';

/** What `check` judges, by what, and how it says so. */
export interface CheckRequest {
  /** Documents to findings. */
  readonly inspect: (document: RawDocument) => Inspection;
  /** The configured actions, of which `off` is not judged, and exemptions. Without it every control but the supporting ones is used. */
  readonly policy?: Pick<DecisionPolicy, 'action' | 'exemptions'>;
  readonly documents: AsyncIterable<RawDocument | SourceProblem>;
  readonly runId: string;
  readonly now: () => Date;
  /** `exemptions` is YAML for a GuardConfiguration, for whatever fails. */
  readonly output: 'text' | 'json' | 'exemptions';
  /** The last day of generated exemptions, as YYYY-MM-DD. */
  readonly expires?: string;
  /** What makes the exit code other than 0. */
  readonly failOn: 'fail' | 'unknown' | 'never';
  readonly style: TextStyle;
  /** What was before: only what is worse is reported, and counts. */
  readonly baseline?: Baseline;
  /** A baseline is wanted of this run. */
  readonly writesBaseline?: boolean;
}

/** What `check` has to say. */
export interface CheckAnswer {
  /** The report in the wanted format. */
  readonly output: string;
  /** Lines for standard error: each says what could not be judged, and what to do. */
  readonly errors: readonly string[];
  /** 0 all passed, 1 a violation, 3 could not tell or nothing to judge; does not depend on the format. */
  readonly exitCode: 0 | 1 | 3;
  /** The baseline that was wanted, to be written. Absent where the run can be none, which `errors` say. */
  readonly baseline?: string;
}

/**
 * Judges documents, one at a time: only their findings are kept.
 *
 * @returns the report and the exit code; a document that cannot be judged is a problem of the run, never a throw
 */
export async function check(request: CheckRequest): Promise<CheckAnswer> {
  const { runId, now, failOn, policy } = request;
  const startedAt = now();
  const inspection = await inspectAll(request);
  const run = {
    id: runId,
    entrance: 'check',
    startedAt: startedAt.toISOString(),
    finishedAt: now().toISOString(),
  } as const;
  const today = run.startedAt.slice(0, 10);
  const exemptions = policy?.exemptions ?? [];
  const whole = reportRun(run, inspection, (finding) => findExemption(exemptions, finding, today));
  const report = request.baseline === undefined ? whole : await compare(whole, request.baseline);
  const { output, notes } = await render(request, report, inspection, startedAt);
  const errors = [
    ...inspection.problems.map(renderSourceProblem),
    ...(whole.findings.length === 0 ? [NOTHING] : []),
    ...expiredOf(exemptions, today),
    ...resolvedOf(report),
    ...notes,
  ];
  const exitCode = exitCodeOf(report, whole.findings.length, failOn);
  if (request.writesBaseline !== true) return { output, errors, exitCode };
  const refusal = refusalOf(whole);
  if (refusal !== undefined) return { output, errors: [...errors, refusal], exitCode: exitCode === 1 ? 1 : 3 };
  return { output, errors, exitCode, baseline: renderJson(whole) };
}

const NOTHING = 'nothing to judge: no kube-apiserver and no kubelet configuration was found; check what the paths hold';

async function inspectAll({ documents, inspect, policy }: CheckRequest): Promise<Inspection> {
  const findings: Finding[] = [];
  const problems: SourceProblem[] = [];
  for await (const document of documents) {
    const inspected = 'problem' in document ? { findings: [], problems: [document] } : inspect(document);
    findings.push(...inspected.findings.filter((finding) => isJudged(finding, policy)));
    problems.push(...inspected.problems);
  }
  return { findings, problems };
}

function isJudged({ control, surface }: Finding, policy: CheckRequest['policy']): boolean {
  return policy === undefined ? control.supporting !== true : policy.action(control, surface) !== 'off';
}

/** Loaded only where it is needed: a plain check starts fast. */
async function compare(report: GuardReport, baseline: Baseline): Promise<GuardReport> {
  const { compareWithBaseline } = await import('./baseline.ts');
  return compareWithBaseline(report, baseline);
}

async function render(
  { output, style, policy, expires }: CheckRequest,
  report: GuardReport,
  { findings }: Inspection,
  today: Date,
): Promise<{ readonly output: string; readonly notes: readonly string[] }> {
  if (output === 'text') return { output: renderText(report, style), notes: [] };
  if (output === 'json') return { output: renderJson(report), notes: [] };
  const { generateExemptions } = await import('./exemptions.ts');
  const isExempt = (finding: Finding): boolean =>
    findExemption(policy?.exemptions ?? [], finding, report.run.startedAt.slice(0, 10)) !== undefined;
  const { yaml, notes } = generateExemptions(findings, isExempt, today, expires);
  return { output: yaml, notes };
}

function expiredOf(exemptions: DecisionPolicy['exemptions'], today: string): string[] {
  return exemptions
    .filter((exemption) => isExpired(exemption, today))
    .map(
      ({ control, subject, expires }) =>
        `the exemption of ${control} for ${subject} expired on ${expires} and no longer applies: renew or remove it`,
    );
}

function resolvedOf({ run: { baseline } }: GuardReport): string[] {
  if (baseline === undefined || baseline.mended + baseline.gone === 0) return [];
  const counts = `${baseline.mended} mended, ${baseline.gone} no longer judged`;
  return [`since the baseline: ${counts}; where that is meant, write the baseline anew with --write-baseline`];
}

/** What a partial run did not see would count as new the next time, or as gone. */
function refusalOf({ run, findings }: GuardReport): string | undefined {
  if (!run.complete)
    return 'the baseline is not written: the run is not complete; mend what is said above, or leave it out';
  return findings.length === 0 ? 'the baseline is not written: nothing was judged' : undefined;
}

/** A violation is certain, whatever else could not be told. What an exemption lets through is in the report, and no more. */
function exitCodeOf({ findings, run }: GuardReport, judged: number, failOn: CheckRequest['failOn']): 0 | 1 | 3 {
  if (failOn === 'never') return 0;
  const counting = findings.filter(({ exempted }) => exempted === undefined);
  if (counting.some(({ result }) => result === 'fail')) return 1;
  if (!run.complete || judged === 0) return 3;
  return failOn === 'unknown' && counting.some(({ result }) => result === 'unknown') ? 3 : 0;
}
