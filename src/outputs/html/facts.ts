// Facts as a list of names and values.

import { html, type Html } from './html.ts';

/** A name with its value, which has a line of its own if it is wide. */
export type Fact = readonly [name: string, value: Html | string | number, width?: 'wide'];

/** Renders facts; undefined if there are none. */
export function factList(facts: readonly Fact[]): Html | undefined {
  if (facts.length === 0) return undefined;
  return html`<dl class="facts">
    ${facts.map(
      ([name, value, width = 'narrow']) => html`<div class="${width}"><dt>${name}</dt><dd>${value}</dd></div>
        `,
    )}
    </dl>`;
}

/** A count with the noun for it, as in `3 problems`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
