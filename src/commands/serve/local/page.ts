// The page and the report of the local port, from the last report of this process.

import { controls } from '../../../controls/index.ts';
import { renderJsonParts } from '../../../outputs/formats/json.ts';
import type { StreamedReport } from '../../../outputs/guard-report.ts';
import type { LiveState } from '../../../outputs/html/live.ts';
import { renderPage } from '../../../outputs/html/page.ts';
import { digest } from '../../../runtime/digest.ts';
import type { ReportAnswer } from './port.ts';

/** The last report, or why there is none. */
export type LastReport = { readonly report: StreamedReport } | { readonly reason: string };

/** The last report as JSON. */
export function reportChunks(last: LastReport): ReportAnswer {
  return 'reason' in last ? last : { chunks: renderJsonParts(last.report) };
}

/** The page about the last report, and about what this process does. */
export function pageOf(last: LastReport, state: Omit<LiveState, 'noReport'>): Iterable<string> {
  const context = { controls, digest };
  if ('reason' in last) return renderPage([], { head: undefined, context, live: { ...state, noReport: last.reason } });
  const { findings, ...head } = last.report;
  return renderPage(findings, { head, context, live: state });
}
