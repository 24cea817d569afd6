// Reads HTML strictly, as far as our page uses it: each element is closed by its own tag, and a text has no bare markup.

/** An element of the page, with its attributes. */
export interface HtmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A page that was read. */
export interface HtmlPage {
  /** All text but that of script and style, without the tags between. */
  readonly text: string;
  readonly elements: readonly HtmlElement[];
}

const TOKEN = /<(\/?)([a-z][a-z\d]*)((?: [\w:-]+(?:="[^"<]*")?)*) ?(\/?)>|<!doctype html>|([^<>]+)/gy;
const VOID = new Set(['meta', 'br', 'hr', 'input', 'wbr']);
const RAW = /(<(style|script)>)[^]*?(<\/\2>)/g;

/** Reads a page. It throws if a tag is not closed, or if there is markup that our templates do not write. */
export function parseHtml(page: string): HtmlPage {
  const source = page.replace(RAW, '$1$3');
  const elements: HtmlElement[] = [];
  const open: string[] = [];
  let text = '';
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(source);
    if (token === null) throw new Error(`not HTML of ours at ${source.slice(at, at + 80)}`);
    const [, closing, name, attributes = '', empty, own] = token;
    if (own !== undefined) text += unescaped(own);
    if (name === undefined) continue;
    if (closing === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes another element at ${source.slice(at - 200, at)}`);
      continue;
    }
    elements.push({ name, attributes: attributesOf(attributes) });
    if (empty !== '/' && !VOID.has(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`);
  return { text, elements };
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/ ([\w:-]+)(?:="([^"]*)")?/g)].map(([, name = '', value = '']) => [name, unescaped(value)]),
  );
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function unescaped(text: string): string {
  return text.replace(/&([^;]*);?/g, (entity, name: string) => {
    const character = ENTITIES[name];
    if (character === undefined) throw new Error(`no entity of ours: ${entity}`);
    return character;
  });
}
