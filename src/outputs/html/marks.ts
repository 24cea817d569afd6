// Results as words with a shape, so that no result is shown by its color alone.

import type { Html } from './html.ts';
import { html } from './html.ts';
import type { Standing } from '../standing.ts';

/** The word for each result. */
export const RESULT_WORDS: Readonly<Record<Standing, string>> = {
  fail: 'FAIL',
  unknown: 'UNKNOWN',
  exempt: 'EXEMPT',
  pending: 'passes until its next start',
  pass: 'PASS',
};

/** Octagon with a cross, square with a question mark, crossed ring, hourglass, disc with a tick. */
const SHAPES: Readonly<Record<Standing, string>> = {
  fail: 'M5 0h6l5 5v6l-5 5H5l-5-5V5zM4.6 3.5 3.5 4.6 6.9 8l-3.4 3.4 1.1 1.1L8 9.1l3.4 3.4 1.1-1.1L9.1 8l3.4-3.4-1.1-1.1L8 6.9z',
  unknown:
    'M1 1h14v14H1zM4.8 6.2h1.9c0-.8.5-1.3 1.3-1.3s1.2.5 1.2 1.1c0 1.3-2.2 1.5-2.2 3.6v.3h1.9v-.2c0-1.4 2.3-1.7 2.3-3.8 0-1.7-1.3-2.8-3.2-2.8S4.8 4.3 4.8 6.2zM7 11v2h1.9v-2z',
  exempt:
    'M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zm0 2a6 6 0 0 0-4.6 9.8l8.4-8.4A6 6 0 0 0 8 2zm4.6 2.2-8.4 8.4a6 6 0 0 0 8.4-8.4z',
  pending: 'M3 0h10v3L9.5 8l3.5 5v3H3v-3l3.5-5L3 3zm2 2v.4l3 4.3 3-4.3V2z',
  pass: 'M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zM6.9 12.2l6.3-6.3-1.4-1.4-4.9 4.9-2.5-2.5L3 8.3z',
};

/** The shapes, once in a page. */
export const SHAPES_OF_RESULTS: Html = html`<svg width="0" height="0" hidden>
    ${Object.entries(SHAPES).map(
      ([result, path]) =>
        html`<symbol id="mark-${result}" viewBox="0 0 16 16"><path fill-rule="evenodd" d="${path}" /></symbol>`,
    )}
  </svg>
  `;

/** The shape of a result, to stand before its word. */
export function mark(result: Standing): Html {
  return html`<svg class="mark" width="16" height="16" aria-hidden="true"><use href="#mark-${result}" /></svg>`;
}

/** The shape and the word. */
export function resultWord(result: Standing): Html {
  return html`<span class="result ${result}">${mark(result)} ${RESULT_WORDS[result]}</span>`;
}
