// The output format `html`: one page that needs nothing else, for people.

import type { StreamedReport } from '../guard-report.ts';
import { renderReportPage } from '../html/page.ts';
import type { RenderContext, TextStyle } from '../render.ts';

/** Renders a report as a page that opens from disk, and sends no request anywhere. */
export function renderHtml(report: StreamedReport, _style: TextStyle, context: RenderContext): string {
  return renderReportPage(report, context);
}
