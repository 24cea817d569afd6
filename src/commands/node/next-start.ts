import type { Finding, OtherEvidence } from '../../policy/finding.ts';

/** What a process is found to be, and what it would be if it were started now. */
export interface Next {
  readonly findings: readonly Finding[];
  /** Since when it would be, RFC 3339 in UTC, where that is known. */
  readonly since: string | undefined;
}

/**
 * Adds to a finding what comes with the next start of its process. What runs goes on deciding: that a file was mended helps
 * nobody yet, and one that was broken harms nobody yet.
 *
 * @param finding by all that shows what runs
 * @param running the same by the host alone, whose values can be compared with those of the next start
 */
export function withNext(finding: Finding, running: Finding | undefined, { findings, since }: Next): Finding {
  const next = findings.find(({ control }) => control.slug === finding.control.slug);
  if (next === undefined || next.outcome.result === 'unknown' || !isOther(finding, running, next)) return finding;
  const { source, vantage, outcome, evidence } = next;
  const pending: OtherEvidence = {
    source,
    vantage,
    result: outcome.result,
    agrees: finding.outcome.result === 'unknown',
    evidence,
    problems: [],
    pending: true,
    ...(outcome.result === 'fail' && { violations: outcome.violations }),
  };
  return {
    ...finding,
    others: [...(finding.others ?? []), pending],
    ...(since !== undefined && { drift: { state: 'pending', since } }),
  };
}

/** Tells whether a finding that does not fail will, as soon as its process is started again. */
export function willFail({ outcome, others = [] }: Finding): boolean {
  return outcome.result !== 'fail' && others.some(({ pending, result }) => pending === true && result === 'fail');
}

/** Tells whether what comes next has the same settings as what runs. */
export function isSaid(running: Finding, next: Finding): boolean {
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
