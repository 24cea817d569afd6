/** What is compared of a finding, now and before: of a live one, or of one that a report kept. */
export interface Judged {
  readonly result: 'pass' | 'fail' | 'unknown';
  /** None unless it fails. */
  readonly violations: readonly { readonly code: string; readonly setting: string }[];
}

/**
 * The ratchet. Worse means that it passed before and does not now, or that there is a violation that was not there before.
 * What could not be read before did not pass before.
 *
 * @param before everything that is known of the same subject before; where that is nothing, whatever does not pass is worse
 */
export function isWorse(now: Judged, before: readonly Judged[]): boolean {
  if (now.result === 'pass') return false;
  if (before.length === 0 || before.some(({ result }) => result === 'pass')) return true;
  const known = new Set(before.flatMap(violationsOf));
  return violationsOf(now).some((violation) => !known.has(violation));
}

/** Violations as they are compared: by what is wrong with which setting, wherever that stands and however it is said. */
export function violationsOf({ violations }: Judged): string[] {
  return violations.map(({ code, setting }) => `${code} ${setting}`);
}
