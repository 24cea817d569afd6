// The drawing of the time line: its axis, and the bar of one certificate. All positions are shares of the width, so that text
// keeps its size on narrow screens.

import { html, type Html } from '../html.ts';
import type { Scale, Tick } from './scale.ts';

/** A time span, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Draws the names of the ticks. */
export function axis({ now, ticks }: Scale): Html {
  return html`<svg class="axis" width="100%" height="20" aria-hidden="true">${[...ticks, { at: now, name: 'now' }].map(label)}</svg>`;
}

function label({ at, name }: Tick): Html {
  const anchor = at < 6 ? 'start' : at > 94 ? 'end' : 'middle';
  return html`<text x="${percent(at)}" y="14" text-anchor="${anchor}" class="${name === 'now' ? 'now' : 'tick'}">${name}</text>`;
}

/** Draws the lines of the ticks, and the bar of a span if there is one. A span that ends before it begins has no width. */
export function bar(scale: Scale, span: Span | undefined): Html {
  return html`<svg class="bar" width="100%" height="24" aria-hidden="true">${scale.ticks.map(({ at }) => line(at, 'tick'))}${span !== undefined && drawn(scale, span)}${line(scale.now, 'now')}</svg>`;
}

function line(at: number, name: string): Html {
  return html`<line class="${name}" x1="${percent(at)}" x2="${percent(at)}" y1="0" y2="100%"/>`;
}

function drawn(scale: Scale, { from, to }: Span): Html {
  const [start, end] = [scale.at(from), scale.at(to)];
  const width = Math.max(0, end - start);
  return html`<rect x="${percent(start)}" y="8" width="${percent(width)}" height="8"/><line class="end" x1="${percent(end)}" x2="${percent(end)}" y1="3" y2="21"/>`;
}

function percent(share: number): string {
  return `${share.toFixed(2)}%`;
}
