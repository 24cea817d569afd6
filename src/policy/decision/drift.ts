// Drift: how a finding differs from the same finding in earlier runs.

import type { Drift, Finding } from '../finding.ts';
import type { FindingKey } from '../finding-key.ts';
import { isWorse, type OutcomeSummary } from './worse.ts';

/** The part of a finding that is compared from run to run. */
export interface FindingSummary extends OutcomeSummary {
  /** The sources contradict each other. For example, a file was changed and the process was not restarted. */
  readonly disagrees?: true;
}

/** A finding as a report stores it. */
export interface StoredFinding extends FindingSummary {
  /** Since when the result is the same, RFC 3339 in UTC. */
  readonly since: string;
  /** The last result that was not `unknown`; only where the result is `unknown` now. */
  readonly decided?: OutcomeSummary & { readonly since: string };
  /** It did not pass and was exempt, so that it was not announced. */
  readonly exempted?: true;
  /** The sources contradicted each other in the run before too. A single time can be a restart that the API does not show yet. */
  readonly disagreed?: true;
}

/** The stored findings of one report. */
export type StoredFindings = ReadonlyMap<FindingKey, StoredFinding>;

/** Settings are names of flags and fields. Only a hostile document has longer names, or so many violations. */
const LIMITS = { violations: 16, text: 128 };

/** Summarises a finding: each violation once, in a fixed order, and no more than a report can store. */
export function summaryOf({ outcome, others = [] }: Pick<Finding, 'outcome' | 'others'>): FindingSummary {
  const violations = new Map<string, OutcomeSummary['violations'][number]>();
  for (const violation of outcome.result === 'fail' ? outcome.violations : []) {
    const code = violation.code.slice(0, LIMITS.text);
    const setting = violation.setting.slice(0, LIMITS.text);
    violations.set(`${code} ${setting}`, { code, setting });
  }
  const sorted = [...violations].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, LIMITS.violations);
  return {
    result: outcome.result,
    violations: sorted.map(([, violation]) => violation),
    // an object that only declares settings has its own findings; thousands of nodes need not repeat them
    ...(others.some(({ agrees, vantage }) => !agrees && vantage !== 'declared') && { disagrees: true }),
  };
}

/**
 * Compares a finding with the stored one. An unknown result resolves nothing: a fail that is unknown now persists, and
 * is the same fail when it is seen again.
 *
 * @param at the time of the run, RFC 3339 in UTC
 * @returns undefined if the finding passes, and passed before or is not stored
 */
export function driftOf(now: OutcomeSummary, before: StoredFinding | undefined, at: string): Drift | undefined {
  const wasGood = before === undefined || before.result === 'pass';
  if (now.result === 'pass') return wasGood ? undefined : { state: 'resolved', since: at };
  if (now.result === 'unknown') {
    return wasGood ? { state: 'new', since: at } : { state: 'persisting', since: before.since };
  }
  const last = before?.result === 'unknown' ? before.decided : before;
  return last === undefined || isWorse(now, [last])
    ? { state: 'new', since: at }
    : { state: 'persisting', since: last.since };
}

/** Makes what is stored of a finding, for the next run to compare with. */
export function toStoredFinding(now: FindingSummary, before: StoredFinding | undefined, at: string): StoredFinding {
  const { result, violations, disagrees } = now;
  const since = driftOf(now, before, at)?.since ?? before?.since ?? at;
  const decided = result === 'unknown' ? lastDecided(before) : undefined;
  const contradiction = disagrees && { disagrees, ...(before?.disagrees && { disagreed: true as const }) };
  return { result, violations, since, ...(decided && { decided }), ...contradiction };
}

/**
 * Merges the findings of two processes, of which the later one did not know those of the earlier one. A result that got
 * worse is taken from the later process. All others keep the time that the earlier process knows.
 */
export function mergeStoredFindings(earlier: StoredFindings, later: StoredFindings): StoredFindings {
  const merged = new Map(earlier);
  for (const [key, now] of later) {
    const before = earlier.get(key);
    if (driftOf(now, before, now.since)?.state === 'new') merged.set(key, toStoredFinding(now, before, now.since));
    else merged.set(key, before ?? now);
  }
  return merged;
}

function lastDecided(before: StoredFinding | undefined): StoredFinding['decided'] {
  if (before === undefined || before.result === 'unknown') return before?.decided;
  const { result, violations, since } = before;
  return { result, violations, since };
}
