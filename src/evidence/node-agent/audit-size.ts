import type { GuardReport } from '../../outputs/guard-report.ts';
import { LIMITS } from './stored-audit.ts';

/** At three bytes a character below what an object in etcd can have by default; a usual report has a hundredth of it. */
const MOST_CHARACTERS = 256 * 1024;

/**
 * Cuts a report to what can be handed over. Without the findings that are cut off it is not complete.
 *
 * @param report the GuardReport, as JSON
 */
export function cutToFit(report: string): string {
  const { run, findings, ...rest } = JSON.parse(report) as GuardReport;
  let kept = Math.min(findings.length, LIMITS.findings);
  let cut = report;
  while (kept < findings.length || cut.length > MOST_CHARACTERS) {
    const message = `${findings.length - kept} of ${findings.length} findings are more than can be handed over: run the command node on the host`;
    const problem = { code: 'too-large', message, source: { path: '/' } } as const;
    const told = { ...run, complete: false, problems: [problem] };
    cut = JSON.stringify({ ...rest, run: told, findings: findings.slice(0, kept) });
    if (cut.length <= MOST_CHARACTERS || kept === 0) break;
    kept = Math.floor(kept / 2);
  }
  return cut;
}
