// Pages of reports, as the output format html writes them.

import { controls } from '../../src/controls/index.ts';
import type { StreamedReport } from '../../src/outputs/guard-report.ts';
import { renderReportPage } from '../../src/outputs/html/page.ts';
import { digest } from '../../src/runtime/digest.ts';

/** What pages of reports are rendered with. */
export const pageContext = { controls, digest };

/** The page of a report. */
export function pageOfReport(report: StreamedReport): string {
  return renderReportPage(report, pageContext);
}
