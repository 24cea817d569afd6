// How a component stands, from its finding: its result, or that it passes only until its next start.

import type { ReportedFinding } from './guard-report.ts';
import { shownResultOf, type ShownResult } from './shown-result.ts';

/** A result, or `pending`: it passes, and fails after its next start. */
export type Standing = ShownResult | 'pending';

/** What needs work first. What fails after its next start counts as a violation. */
export const STANDINGS = ['fail', 'pending', 'unknown', 'exempt', 'pass'] as const satisfies readonly Standing[];

/** Says how a component stands by one finding. If it passes and its next start is unknown, it is unknown. */
export function standingOf(finding: Pick<ReportedFinding, 'result' | 'exempted' | 'otherEvidence'>): Standing {
  const result = shownResultOf(finding);
  if (result !== 'pass') return result;
  const next = finding.otherEvidence?.filter(({ pending }) => pending) ?? [];
  if (next.some((piece) => piece.result === 'fail')) return 'pending';
  return next.some((piece) => piece.result === 'unknown') ? 'unknown' : 'pass';
}
