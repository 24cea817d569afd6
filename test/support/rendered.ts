// The answer of a run together with its report as text.

import type { StreamedReport } from '../../src/outputs/guard-report.ts';
import { renderOf, type OutputName } from '../../src/outputs/index.ts';
import type { TextStyle } from '../../src/outputs/render.ts';

/** How a report is shown. */
export interface Shown {
  readonly output?: OutputName;
  readonly style?: Partial<TextStyle>;
}

/** Renders the report of an answer, as JSON unless the request has another format. */
export function rendered<T extends { readonly report: StreamedReport }>(
  answer: T,
  { output = 'json', style = {} }: Shown = {},
): T & { readonly output: string } {
  return { ...answer, output: renderOf(output)(answer.report, { color: false, quiet: false, ...style }) };
}
