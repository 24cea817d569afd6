// The output formats. A format is one file that exports a `Render`, and one line here.

import { renderCsv } from './formats/csv.ts';
import { renderGitlabCodeQuality } from './formats/gitlab-code-quality.ts';
import { renderHtml } from './formats/html.ts';
import { renderJson } from './formats/json.ts';
import { renderJunit } from './formats/junit.ts';
import { renderMarkdown } from './formats/markdown.ts';
import { renderPolicyReport } from './formats/policy-report.ts';
import { renderSarif } from './formats/sarif/sarif.ts';
import type { Render } from './render.ts';
import { renderNames } from './formats/name.ts';
import { renderText } from './text/text.ts';
import { renderWide } from './formats/wide.ts';

/** The formats of `--output`. The first one is the default. */
export const outputs = [
  { name: 'text', render: renderText },
  { name: 'wide', render: renderWide },
  { name: 'name', render: renderNames },
  { name: 'json', render: renderJson },
  { name: 'sarif', render: renderSarif },
  { name: 'junit', render: renderJunit },
  { name: 'markdown', render: renderMarkdown },
  { name: 'html', render: renderHtml },
  { name: 'csv', render: renderCsv },
  { name: 'gitlab-code-quality', render: renderGitlabCodeQuality },
  { name: 'policy-report', render: renderPolicyReport },
] as const satisfies readonly { readonly name: string; readonly render: Render }[];

export type OutputName = (typeof outputs)[number]['name'];

/** The render function of a format. */
export function renderOf(name: OutputName): Render {
  const [text, ...others] = outputs;
  return (others.find((output) => output.name === name) ?? text).render;
}
