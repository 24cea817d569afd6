// The output format `json`: the report as it is.

import type { StreamedReport } from '../guard-report.ts';
import { escapeForTerminal } from '../printable.ts';

/** Renders a report as JSON text in which nothing can act on a terminal. */
export function renderJson(report: StreamedReport): string {
  return [...renderJsonParts(report)].join('');
}

/** Renders the same text in small parts, for a report that is too large to hold. */
export function* renderJsonParts({ findings, ...head }: StreamedReport): Generator<string, void> {
  const text = (value: unknown) => escapeForTerminal(JSON.stringify(value, undefined, 2));
  yield text(head).slice(0, -2);
  yield ',\n  "findings": [';
  let separator = '\n';
  for (const finding of findings) {
    yield `${separator}    ${text(finding).replaceAll('\n', '\n    ')}`;
    separator = ',\n';
  }
  yield separator === '\n' ? ']\n}\n' : '\n  ]\n}\n';
}
