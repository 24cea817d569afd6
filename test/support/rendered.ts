// The answer of a run together with its report as text.

import { controls } from '../../src/controls/index.ts';
import type { StreamedReport } from '../../src/outputs/guard-report.ts';
import { renderOf, type OutputName } from '../../src/outputs/index.ts';
import type { RenderContext, TextStyle } from '../../src/outputs/render.ts';
import { digest } from '../../src/runtime/digest.ts';

/** How a report is shown. */
export interface Shown {
  readonly output?: OutputName;
  readonly style?: Partial<TextStyle>;
  readonly context?: Partial<RenderContext>;
}

/** Renders the report of an answer, as JSON unless the request has another format. */
export function rendered<T extends { readonly report: StreamedReport }>(
  answer: T,
  { output = 'json', style = {}, context = {} }: Shown = {},
): T & { readonly output: string } {
  const render = renderOf(output);
  const shown = { color: false, quiet: false, ...style };
  return { ...answer, output: render(answer.report, shown, { controls, digest, ...context }) };
}
