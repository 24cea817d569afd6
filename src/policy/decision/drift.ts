import type { Drift, Finding } from '../finding.ts';
import { isWorse, type Judged } from './worse.ts';

/** What is compared of a finding from run to run. */
export interface Compared extends Judged {
  /** Its sources contradict each other: a file was changed and the process not restarted, say. */
  readonly disagrees?: true;
}

/** A finding as it is remembered. */
export interface Remembered extends Compared {
  /** Since when its result is what it is, RFC 3339 in UTC. */
  readonly since: string;
  /** The last that was known for certain; only where the result is `unknown` now and was not always. */
  readonly decided?: Judged & { readonly since: string };
}

/** Settings are names of flags and fields; only a hostile document makes them longer, or so many. */
const LIMITS = { violations: 16, text: 128 };

/** What is compared of a finding: each violation once, in a fixed order, and no more than can be stored. */
export function comparedOf({ outcome, others = [] }: Pick<Finding, 'outcome' | 'others'>): Compared {
  const violations = new Map<string, Judged['violations'][number]>();
  for (const violation of outcome.result === 'fail' ? outcome.violations : []) {
    const code = violation.code.slice(0, LIMITS.text);
    const setting = violation.setting.slice(0, LIMITS.text);
    violations.set(`${code} ${setting}`, { code, setting });
  }
  const sorted = [...violations].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, LIMITS.violations);
  return {
    result: outcome.result,
    violations: sorted.map(([, violation]) => violation),
    // what is written down for all is an object with findings of its own, and thousands of nodes need not repeat them
    ...(others.some(({ agrees, vantage }) => !agrees && vantage !== 'declared') && { disagrees: true }),
  };
}

/** Names what a finding is about, the same from run to run: its control and its subject. */
export function keyOf({ control, subject }: Pick<Finding, 'subject'> & { control: { readonly slug: string } }): string {
  const { component, kind = '', namespace = '', name, container = '' } = subject;
  return [control.slug, component, kind, namespace, name, container].join('|');
}

/**
 * How a finding compares with what is remembered of it. What can no longer be told is not resolved: a fail that is
 * unknown now persists, and is still the same one when it is seen again.
 *
 * @param at the time of the run, RFC 3339 in UTC
 * @returns undefined where it passes, and did before or was not known
 */
export function driftOf(now: Judged, before: Remembered | undefined, at: string): Drift | undefined {
  const isNews = before === undefined || before.result === 'pass';
  if (now.result === 'pass') return isNews ? undefined : { state: 'resolved', since: at };
  if (now.result === 'unknown')
    return isNews ? { state: 'new', since: at } : { state: 'persisting', since: before.since };
  const last = before?.result === 'unknown' ? before.decided : before;
  return last === undefined || isWorse(now, [last])
    ? { state: 'new', since: at }
    : { state: 'persisting', since: last.since };
}

/** What is to be remembered of a finding until the next run. */
export function remember(now: Compared, before: Remembered | undefined, at: string): Remembered {
  const { result, violations, disagrees } = now;
  const since = driftOf(now, before, at)?.since ?? before?.since ?? at;
  const decided = result === 'unknown' ? decidedOf(before) : undefined;
  return { result, violations, since, ...(decided && { decided }), ...(disagrees && { disagrees }) };
}

/**
 * What is remembered of the same findings by two, of whom the later one did not know the earlier: what is worse by its account
 * is so since it saw it, and of everything else the earlier one knows since when.
 */
export function mergeRemembered(
  earlier: ReadonlyMap<string, Remembered>,
  later: ReadonlyMap<string, Remembered>,
): ReadonlyMap<string, Remembered> {
  const merged = new Map(earlier);
  for (const [key, now] of later) {
    const before = earlier.get(key);
    if (driftOf(now, before, now.since)?.state === 'new') merged.set(key, remember(now, before, now.since));
    else merged.set(key, before ?? now);
  }
  return merged;
}

function decidedOf(before: Remembered | undefined): Remembered['decided'] {
  if (before === undefined || before.result === 'unknown') return before?.decided;
  const { result, violations, since } = before;
  return { result, violations, since };
}
