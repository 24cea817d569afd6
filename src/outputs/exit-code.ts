/** What a run found that counts: what an exemption lets through does not. */
export interface Counted {
  readonly fail: number;
  readonly unknown: number;
  /** All findings, whether they count or not. */
  readonly judged: number;
  readonly complete: boolean;
}

/**
 * The exit code of a run; it does not depend on the format of its report. A violation is certain, whatever else could not
 * be told.
 *
 * @returns 0 all passed, 1 a violation, 3 could not tell or nothing to judge
 */
export function exitCodeOf(
  { fail, unknown, judged, complete }: Counted,
  failOn: 'fail' | 'unknown' | 'never',
): 0 | 1 | 3 {
  if (failOn === 'never') return 0;
  if (fail > 0) return 1;
  if (!complete || judged === 0) return 3;
  return failOn === 'unknown' && unknown > 0 ? 3 : 0;
}
