// The output formats. A format is one file that exports a `Render`, and one line here.

import { renderJson } from './formats/json.ts';
import type { Render } from './render.ts';
import { renderText } from './text/text.ts';

/** The formats of `--output`. The first one is the default. */
export const outputs = [
  { name: 'text', render: renderText },
  { name: 'json', render: renderJson },
] as const satisfies readonly { readonly name: string; readonly render: Render }[];

export type OutputName = (typeof outputs)[number]['name'];

/** The render function of a format. */
export function renderOf(name: OutputName): Render {
  const [text, ...others] = outputs;
  return (others.find((output) => output.name === name) ?? text).render;
}
