// Reads XML as strictly as a parser of XML 1.0 does, as far as our reports use it: no comments, CDATA or DOCTYPE.

/** An element with its attributes, its child elements and its own text. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const TOKEN = /<(\/?)([A-Za-z][\w-]*)((?: [\w:-]+="[^"<]*")*)(\/?)>|([^<]+)/gy;
const ALLOWED = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

/** Parses a document, which must begin with an XML declaration. */
export function parseXml(document: string): XmlElement {
  if (!ALLOWED.test(document)) throw new Error('a character that XML 1.0 does not allow');
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
  if (!document.startsWith(declaration)) throw new Error('no XML declaration');
  const body = document.slice(declaration.length).trim();
  const root = { name: '', attributes: {}, children: [] as XmlElement[], text: '' };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < body.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(body);
    const parent = open.at(-1);
    if (token === null || parent === undefined) throw new Error(`not XML at ${body.slice(at, at + 60)}`);
    const [, closing, name = '', attributes = '', empty, text] = token;
    if (text !== undefined) parent.text += unescaped(text);
    else if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes another element`);
    } else {
      const element = { name, attributes: attributesOf(attributes), children: [] as XmlElement[], text: '' };
      parent.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  const [first, ...others] = root.children;
  if (open.length !== 1 || first === undefined || others.length > 0) throw new Error('not one element');
  return first;
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescaped(value)]),
  );
}

function unescaped(text: string): string {
  return text.replace(/&(\w*);?/g, (entity, name: string) => {
    const character = { amp: '&', lt: '<', gt: '>', quot: '"' }[name];
    if (character === undefined || !entity.endsWith(';')) throw new Error(`no entity: ${entity}`);
    return character;
  });
}
