// Facts as a list of names and values.

import { html, type Html } from './html.ts';

/** A name with its value. */
export type Fact = readonly [name: string, value: Html | string | number];

/** Renders facts; undefined if there are none. */
export function factList(facts: readonly Fact[]): Html | undefined {
  if (facts.length === 0) return undefined;
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
        `,
    )}
    </dl>`;
}

/** A count with the noun for it, as in `3 problems`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
