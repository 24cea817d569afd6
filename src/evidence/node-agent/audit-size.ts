// Cuts the audit of a node agent to the size that a ConfigMap can hold.

import type { GuardReport } from '../../outputs/guard-report.ts';
import { LIMITS } from './stored-audit.ts';

/** At three bytes a character this is below etcd's default limit for an object. A usual report has a hundredth of it. */
const MOST_CHARACTERS = 256 * 1024;

/**
 * Cuts a report to what can be stored. A report that is cut is marked incomplete.
 *
 * @param report the GuardReport, as JSON
 * @returns the same or a shorter GuardReport, as JSON
 */
export function cutToFit(report: string): string {
  const { run, findings, ...rest } = JSON.parse(report) as GuardReport;
  let kept = Math.min(findings.length, LIMITS.findings);
  let cut = report;
  while (kept < findings.length || cut.length > MOST_CHARACTERS) {
    const message = `${findings.length - kept} of ${findings.length} findings do not fit into the stored audit: run \`kubelet-guard node\` on the host`;
    const problem = { code: 'too-large', message, source: { path: '/' } } as const;
    const incomplete = { ...run, complete: false, problems: [problem] };
    cut = JSON.stringify({ ...rest, run: incomplete, findings: findings.slice(0, kept) });
    if (cut.length <= MOST_CHARACTERS || kept === 0) break;
    kept = Math.floor(kept / 2);
  }
  return cut;
}
