// What a reported finding counts as for a reader.

import type { ReportedFinding } from './guard-report.ts';

/** A result, or exempt: an exempt finding is no fault. */
export type ShownResult = ReportedFinding['result'] | 'exempt';

/** These results, in the order of texts: what needs work first. */
export const SHOWN_RESULTS = ['fail', 'unknown', 'exempt', 'pass'] as const satisfies readonly ShownResult[];

/** Gives what a finding counts as. */
export function shownResultOf({ result, exempted }: Pick<ReportedFinding, 'result' | 'exempted'>): ShownResult {
  return exempted === undefined || result === 'pass' ? result : 'exempt';
}
