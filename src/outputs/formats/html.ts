// The output format `html`: one page that needs nothing else, for people.

import type { StreamedReport } from '../guard-report.ts';
import { renderReportPage } from '../html/page.ts';
import { withResults } from '../selection.ts';
import type { RenderContext, TextStyle } from '../render.ts';

/**
 * Renders a report as a page that opens from disk, and sends no request anywhere. Where only some results are listed, the
 * picture of the link shows all. What passed is always listed, for auditors.
 */
export function renderHtml(report: StreamedReport, { results }: TextStyle, context: RenderContext): string {
  return renderReportPage(withResults(report, results), context);
}
