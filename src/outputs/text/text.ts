// The output format `text`: the report for people.

import type { StreamedReport } from '../guard-report.ts';
import type { TextStyle } from '../render.ts';
import { counted, renderFinding, renderRemedies, summariseRun } from './lines.ts';
import { renderSweepText } from './sweep-text.ts';

/**
 * Renders a report for people: each finding with its reasons, how to fix each control that failed, and a summary. The
 * report of a cluster counts what passed instead.
 *
 * @returns lines of text, or nothing if there is nothing to say
 */
export function renderText(report: StreamedReport, style: TextStyle): string {
  return report.nodes === undefined ? renderFindings(report, style) : renderSweepText(report, style);
}

function renderFindings(report: StreamedReport, { color, quiet }: TextStyle): string {
  const { summary, run } = report;
  const shown = Array.from(report.findings).filter(({ result, otherEvidence = [] }) => {
    return !quiet || result !== 'pass' || otherEvidence.some(({ pending }) => pending);
  });
  const lines = shown.flatMap((finding) => renderFinding(finding, color));
  const remedies = renderRemedies(shown);
  if (remedies.length > 0) lines.push('', ...remedies);
  const total = counted(summary) + (run.baseline === undefined ? 0 : counted(run.baseline.notShown));
  if (quiet ? shown.length > 0 || !run.complete : total > 0 || !run.complete) {
    if (lines.length > 0) lines.push('');
    lines.push(summariseRun(report));
  }
  return lines.map((line) => `${line}\n`).join('');
}
