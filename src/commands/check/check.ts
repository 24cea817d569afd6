// `check`: checks documents, and makes the report and the exit code.

import type { DecisionPolicy, Finding } from '../../policy/finding.ts';
import type { GuardReport, Run } from '../../outputs/guard-report.ts';
import { renderJson } from '../../outputs/formats/json.ts';
import { countReported, reportRun } from '../../outputs/report.ts';
import { isSelected, missedNodes, type Selection } from '../../outputs/selection.ts';
import { concludeRun, exemptionsAt, type RunAnswer, type RunOptions } from '../../outputs/run.ts';
import { nothingSelected } from '../selection.ts';
import type { Baseline } from './baseline.ts';
import type { GeneratedExemptions, generateExemptions } from './exemptions.ts';
import type { RunOrigin } from '../run-origin.ts';
import { inspectDocuments, type InspectDeps, type InspectOptions } from './inspect-documents.ts';

/** What is checked, and how the result is shown. */
export interface CheckOptions extends RunOptions, InspectOptions {
  /** The configured actions and exemptions. Controls that are off are not shown. Without it supporting controls are not shown. */
  readonly policy?: Pick<DecisionPolicy, 'action' | 'exemptions'>;
  /** The part that counts and is reported. */
  readonly selection?: Selection | undefined;
  /** The name of the chosen benchmark. */
  readonly benchmark?: string | undefined;
  /** Print exemptions for what fails, as YAML for a GuardConfiguration, instead of the report. */
  readonly generateExemptions?: {
    /** The last day of the exemptions, as YYYY-MM-DD; 90 days from now if undefined. */
    readonly expires: string | undefined;
  };
  /** An earlier report: only what is worse is reported, and counts. */
  readonly baseline?: Baseline;
  /** Also return the report as a baseline. */
  readonly writesBaseline?: boolean;
}

export interface CheckDeps extends InspectDeps {
  readonly runId: string;
  /** The program and its configuration, for the report. */
  readonly origin?: RunOrigin;
  readonly now: () => Date;
}

export interface CheckAnswer extends RunAnswer {
  /** The exemptions to print instead of the report, as YAML, if they were wanted. */
  readonly exemptions?: string;
  /** The baseline to write, if one was wanted. Absent if this run cannot be one; `errors` then say why. */
  readonly baseline?: string;
}

const NOTHING = 'nothing to check: no kube-apiserver and no kubelet configuration was found; check what the paths hold';

/**
 * Checks documents one at a time, and keeps only their findings.
 *
 * @returns the report and the exit code; a document that cannot be checked is a problem of the run; it never throws
 */
export async function check(options: CheckOptions, deps: CheckDeps): Promise<CheckAnswer> {
  const { policy, generateExemptions, allowEmpty = false, selection, baseline } = options;
  const { runId, now, origin } = deps;
  const startedAt = now();
  const { findings: found, problems } = await inspectDocuments(deps, { ...options, named: selection?.controls });
  const inspection = {
    problems: [...problems, ...missedNodes(selection, found)],
    findings: found.filter((finding) => isSelected(finding, selection)),
  };
  const time = startedAt.toISOString();
  const run: Run = {
    ...{ id: runId, entrance: 'check' as const, startedAt: time, finishedAt: now().toISOString() },
    ...origin,
    ...(options.benchmark !== undefined && { benchmark: options.benchmark }),
    ...(selection && { selection }),
  };
  const exemptions = policy?.exemptions ?? [];
  const exemptionFor = exemptionsAt(exemptions, time);
  const whole = reportRun(run, inspection, exemptionFor, exemptions);
  const report = baseline === undefined ? whole : await compare(whole, selected(baseline, selection));
  const outcome = {
    report,
    counts: countReported(report.findings),
    checked: whole.findings.length,
    notes: changedSinceBaseline(report),
    nothing: allowEmpty ? undefined : nothingIn(found, selection),
  };
  const answer = concludeRun(outcome, options);
  if (generateExemptions !== undefined) {
    const isExempt = (finding: Finding): boolean => exemptionFor(finding) !== undefined;
    const { yaml, notes } = await exempt(inspection.findings, isExempt, startedAt, generateExemptions.expires);
    return withBaseline({ ...answer, exemptions: yaml, errors: [...answer.errors, ...notes] }, whole, options);
  }
  return withBaseline(answer, whole, options);
}

function selected(baseline: Baseline, selection: Selection | undefined): Baseline {
  return { ...baseline, findings: baseline.findings.filter((finding) => isSelected(finding, selection)) };
}

function nothingIn(found: readonly Finding[], selection: Selection | undefined): string {
  return selection === undefined || found.length === 0 ? NOTHING : nothingSelected(selection, found);
}

function withBaseline(answer: CheckAnswer, whole: GuardReport, { writesBaseline = false }: CheckOptions): CheckAnswer {
  if (!writesBaseline) return answer;
  const { errors, exitCode } = answer;
  const fault = whyNoBaseline(whole);
  if (fault !== undefined) return { ...answer, errors: [...errors, fault], exitCode: exitCode === 1 ? 1 : 3 };
  return { ...answer, baseline: renderJson(whole) };
}

/** Loaded only if it is needed: a plain check starts fast. */
async function compare(report: GuardReport, baseline: Baseline): Promise<GuardReport> {
  const { compareWithBaseline } = await import('./baseline.ts');
  return compareWithBaseline(report, baseline);
}

/** Loaded only if it is needed. */
async function exempt(...args: Parameters<typeof generateExemptions>): Promise<GeneratedExemptions> {
  const exemptions = await import('./exemptions.ts');
  return exemptions.generateExemptions(...args);
}

function changedSinceBaseline({ run: { baseline } }: GuardReport): string[] {
  if (baseline === undefined || baseline.mended + baseline.gone === 0) return [];
  const counts = `${baseline.mended} fixed, ${baseline.gone} no longer checked`;
  return [`since the baseline: ${counts}; if that is intended, update the baseline with --write-baseline`];
}

/** What an incomplete run did not see would count as new the next time, or as gone. */
function whyNoBaseline({ run, findings }: GuardReport): string | undefined {
  if (!run.complete)
    return 'the baseline is not written because the run is incomplete: fix the problems above, or leave those paths out';
  return findings.length === 0 ? 'the baseline is not written because nothing was checked' : undefined;
}
