// The ratchet: whether a result is worse than an earlier one.

/** The part of an outcome that is compared with an earlier one. */
export interface OutcomeSummary {
  readonly result: 'pass' | 'fail' | 'unknown';
  /** Empty unless the result is `fail`. */
  readonly violations: readonly { readonly code: string; readonly setting: string }[];
}

/**
 * Tells whether a result is worse than before: it passed and does not pass now, or it has a violation that it did not have.
 * An unknown result before counts as not passed.
 *
 * @param before all earlier results of the same finding; if there are none, every result but `pass` is worse
 */
export function isWorse(now: OutcomeSummary, before: readonly OutcomeSummary[]): boolean {
  if (now.result === 'pass') return false;
  if (before.length === 0 || before.some(({ result }) => result === 'pass')) return true;
  const known = new Set(before.flatMap(violationKeys));
  return violationKeys(now).some((violation) => !known.has(violation));
}

/** Gives each violation as `code setting`: its place and its message do not matter when results are compared. */
export function violationKeys({ violations }: OutcomeSummary): string[] {
  return violations.map(({ code, setting }) => `${code} ${setting}`);
}
