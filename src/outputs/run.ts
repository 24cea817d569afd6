// The end of every run of `check`, `node` and `sweep`: its lines for standard error, and its exit code.

import { findExemption, utcDay } from '../policy/decision/exempt.ts';
import type { Exemption } from '../policy/control.ts';
import type { ExitCode, FailOn, RunCounts } from './counts.ts';
import type { ReportedExemption, StreamedReport } from './guard-report.ts';
import { renderRunProblems } from './text/problems.ts';
import type { ExemptionFor } from './report.ts';

/** How a run counts. */
export interface RunOptions {
  readonly failOn: FailOn;
  /** List each problem of the run, also those that differ only in their source. */
  readonly all?: boolean;
}

/** What a run found. */
export interface RunOutcome {
  readonly report: StreamedReport;
  readonly counts: RunCounts;
  /** How many findings the run has, if the report does not show all of them. */
  readonly checked?: number;
  /** Lines for standard error. */
  readonly notes: readonly string[];
  /** The line for standard error if there is nothing to check. Undefined if that is no failure. */
  readonly nothing: string | undefined;
}

/** What a run ends with. */
export interface RunAnswer {
  readonly report: StreamedReport;
  /** Lines for standard error. Each one says what could not be checked, and what to do. */
  readonly errors: readonly string[];
  /** The line of `errors` that says that nothing was checked, if that is a failure. */
  readonly nothing?: string;
  readonly exitCode: ExitCode;
}

/** Says what a run prints on standard error, and which exit code it has. */
export function concludeRun(
  { report, counts, checked = counts.checked, notes, nothing }: RunOutcome,
  { failOn, all = false }: RunOptions,
): RunAnswer {
  const { problems, complete } = report.run;
  const empty = checked === 0 ? nothing : undefined;
  return {
    report,
    errors: [
      ...renderRunProblems(problems, all),
      ...notes,
      ...(empty === undefined ? [] : [empty]),
      ...expiredNotes(report.exemptions ?? []),
    ],
    ...(empty !== undefined && { nothing: empty }),
    exitCode: counts.exitCode(failOn, complete, empty === undefined),
  };
}

/** Makes what finds the exemption that applies to a finding at a time, RFC 3339 in UTC. */
export function exemptionsAt(exemptions: readonly Exemption[], time: string): ExemptionFor {
  const today = utcDay(time);
  return (finding) => findExemption(exemptions, finding, today);
}

function expiredNotes(exemptions: readonly ReportedExemption[]): string[] {
  return exemptions
    .filter(({ expired }) => expired)
    .map(
      ({ control, subject, expires }) =>
        `the exemption of ${control} for ${subject} expired on ${expires} and no longer applies: renew or remove it`,
    );
}
