// What a reported finding counts as for a reader.

/** A result, or exempt: an exempt finding is no fault. */
export type ShownResult = 'pass' | 'fail' | 'unknown' | 'exempt';

/** These results, in the order of texts: what needs work first. */
export const SHOWN_RESULTS = ['fail', 'unknown', 'exempt', 'pass'] as const satisfies readonly ShownResult[];

/** The parts of a finding that decide. */
interface Counted {
  readonly result: 'pass' | 'fail' | 'unknown';
  readonly exempted?: object;
}

/** Whether a finding is listed where only some results are; undefined lists all. */
export function isListed(finding: Counted, results: readonly ShownResult[] | undefined): boolean {
  return results === undefined || results.includes(shownResultOf(finding));
}

/** Gives what a finding counts as. */
export function shownResultOf({ result, exempted }: Counted): ShownResult {
  return exempted === undefined || result === 'pass' ? result : 'exempt';
}
