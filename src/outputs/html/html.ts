// HTML as values: text that is put into a template is escaped, so that a name from a cluster can never be markup.

import { escapeForTerminal } from '../printable.ts';

/** Text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: HTML as it is, lists of it, and texts and numbers, which are escaped. Nothing is written for `undefined` and `false`. */
type HtmlPart = Html | string | number | false | undefined | readonly HtmlPart[];

/**
 * Makes HTML of a template. Values must stand between tags, or between the double quotes of an attribute. Lines of the template
 * can be indented: the blanks are not written.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  const fixed = withoutIndent(strings);
  let text = fixed[0] ?? '';
  for (const [index, part] of parts.entries()) text += textOf(part) + (fixed[index + 1] ?? '');
  return new Html(text);
}

const templates = new WeakMap<TemplateStringsArray, readonly string[]>();

/** A template is one object however often it is used. */
function withoutIndent(strings: TemplateStringsArray): readonly string[] {
  const known = templates.get(strings);
  if (known !== undefined) return known;
  const fixed = strings.map((text) => text.replace(/\n +/g, '\n'));
  templates.set(strings, fixed);
  return fixed;
}

/** A name or value from a cluster or file. The direction of its letters does not change the text around it. */
export function isolated(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** A flag, path or setting, to be read letter by letter. */
export function code(text: string): Html {
  return html`<code><bdi>${text}</bdi></code>`;
}

function textOf(part: HtmlPart): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  return part.map(textOf).join('');
}

const SPECIAL = /[&<>"']/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that would hide, or reorder the text around them, become visible escapes. */
function escapeText(text: string): string {
  return escapeForTerminal(text).replace(SPECIAL, (character) => ENTITIES[character] ?? character);
}
