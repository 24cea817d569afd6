// The counts of a sweep, as metrics show them.

import { controls } from '../../../controls/index.ts';
import { VANTAGES } from '../../../policy/reading.ts';
import type { FindingCounts, SweepCounts } from '../../../runtime/metrics/sweep.ts';
import type { SweepResult } from '../../../sweeper/run/sweep.ts';

/** Counts the findings of a sweep by control and vantage, each once. */
export function countsOf({ findings, nodes, exemptionFor }: SweepResult): SweepCounts {
  const zero = (): Record<keyof FindingCounts, number> => ({ pass: 0, fail: 0, unknown: 0, exempt: 0 });
  const counts = new Map(
    controls.map(({ slug }) => [slug, new Map(VANTAGES.map((vantage) => [vantage, zero()] as const))]),
  );
  for (const finding of findings.all()) {
    const { control, outcome, vantage } = finding;
    const results = counts.get(control.slug)?.get(vantage);
    const isExempt = outcome.result !== 'pass' && exemptionFor(finding) !== undefined;
    if (results !== undefined) results[isExempt ? 'exempt' : outcome.result] += 1;
  }
  const { pass, fail, unknown, exempted: exempt = 0, skipped } = nodes;
  return { findings: counts, nodes: { pass, fail, unknown, exempt, skipped } };
}
