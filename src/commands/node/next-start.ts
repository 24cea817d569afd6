// What the next start of a process changes.

import type { Finding, OtherEvidence } from '../../policy/finding.ts';
import type { Problem } from '../../policy/reading.ts';

/** The findings of a process if it were started now. */
export interface NextStart {
  readonly findings: readonly Finding[];
  /** Since when its files differ, RFC 3339 in UTC; undefined if that is unknown. */
  readonly since: string | undefined;
}

/**
 * Adds the next start of a process to its finding. The running process still decides: a fixed file does not help yet, and a
 * broken file does no harm yet.
 *
 * @param finding the finding of the running process, by all evidence
 * @param running the same by the host alone, whose values can be compared with those of the next start
 */
export function withNext(finding: Finding, running: Finding | undefined, { findings, since }: NextStart): Finding {
  const next = findings.find(({ control }) => control.slug === finding.control.slug);
  if (next === undefined || !isOther(finding, running, next)) return finding;
  const { source, vantage, outcome, evidence } = next;
  const pending: OtherEvidence = {
    source,
    vantage,
    result: outcome.result,
    agrees: finding.outcome.result === 'unknown',
    evidence,
    problems: outcome.result === 'unknown' ? outcome.problems : [],
    pending: true,
    ...(outcome.result === 'fail' && { violations: outcome.violations }),
  };
  return {
    ...finding,
    others: [...(finding.others ?? []), pending],
    ...(since !== undefined && { drift: { state: 'pending', since } }),
  };
}

/** Whether a finding that does not fail now fails after the next start of its process. */
export function willFail({ outcome, others = [] }: Finding): boolean {
  return outcome.result !== 'fail' && others.some(({ pending, result }) => pending === true && result === 'fail');
}

/** Why it is not known whether a finding that passes now fails after the next start of its process. */
export function unknownNextTime({ outcome, others = [] }: Finding): Problem | undefined {
  if (outcome.result !== 'pass') return undefined;
  return others.find(({ pending, result }) => pending === true && result === 'unknown')?.problems[0];
}

/** Whether the next start has the same settings as the running process. */
export function hasSameSettings(running: Finding, next: Finding): boolean {
  return running.evidence.length > 0 && hasSameValues(running, next);
}

function isOther(finding: Finding, running: Finding | undefined, next: Finding): boolean {
  if (finding.outcome.result !== next.outcome.result) return true;
  if (running === undefined || running.outcome.result === 'unknown') return false;
  return !hasSameValues(running, next);
}

function hasSameValues(running: Finding, next: Finding): boolean {
  const [before, after] = [running, next].map(({ evidence }) => JSON.stringify(evidence.map(({ value }) => value)));
  return before === after;
}
