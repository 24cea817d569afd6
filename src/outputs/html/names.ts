// Lists of names, as the filter of the page finds them.

import { sortNatural } from '../text/natural.ts';
import { html, type Html } from './html.ts';

/** Lists names in natural order. There are no blanks between them, which a browser would look at for each name that the filter hides. */
export function nameList(names: Iterable<string>): Html {
  return html`<ul class="names">${sortNatural([...names]).map((name) => html`<li><bdi>${name}</bdi></li>`)}</ul>`;
}
