// Reports that make the page large: many nodes, many reasons, and the longest names.

import type { GuardReport, ReportedFinding } from '../../src/outputs/guard-report.ts';
import { summarise } from '../../src/outputs/report.ts';
import { sampleReport } from './sample-clusters.ts';

/** The longest name that Kubernetes allows a node. */
const longName = (index: number): string =>
  `${'very-long-'.repeat(25).slice(0, 253 - 7)}-${String(index).padStart(6, '0')}`;

/** The sample cluster, with the longest names. */
export function longNames(nodes: number): GuardReport {
  return sampleReport(nodes, { nameOf: longName });
}

/** The sample cluster, with so many different reasons among its nodes, and addresses in their messages. */
export function manyReasons(nodes: number, reasons: number): GuardReport {
  const { findings, ...head } = sampleReport(nodes);
  const made = findings.map((finding, index): ReportedFinding => {
    if (finding.result === 'pass') return finding;
    const reason = `reason ${String(index % reasons)} of 10.0.${String(index >> 8)}.${String(index & 255)}:10250`;
    const changed = <T extends { readonly message: string }>(fault: T): T => ({
      ...fault,
      message: `${fault.message}: ${reason}`,
    });
    return { ...finding, violations: finding.violations.map(changed), problems: finding.problems.map(changed) };
  });
  return { ...head, summary: summarise(made), findings: made };
}
