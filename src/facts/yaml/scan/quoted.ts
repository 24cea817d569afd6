// Scalars in quotes (scannerc.go of go.yaml.in/yaml v2.4.4).

import { folded, isBlankOrEnd, isBreak, type Cursor } from './cursor.ts';

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Reads a scalar in single or double quotes. */
export function scanQuoted(cursor: Cursor): string {
  const quote = cursor.peek();
  cursor.position += 1;
  let text = '';
  for (;;) {
    if (cursor.atAnyMarker()) cursor.fail('found unexpected document indicator');
    if (cursor.atEnd) cursor.fail('found unexpected end of stream');
    const { word, escapedBreak } = quote === QUOTE ? singleQuotedWord(cursor) : doubleQuotedWord(cursor);
    text += word;
    if (cursor.peek() === quote) break;
    text += escapedBreak ? breaks(cursor) : blanksOrBreaks(cursor);
  }
  cursor.position += 1;
  return text;
}

interface QuotedWord {
  readonly word: string;
  /** It ended with a backslash before a line break. */
  readonly escapedBreak: boolean;
}

function singleQuotedWord(cursor: Cursor): QuotedWord {
  let word = '';
  let start = cursor.position;
  for (let code = cursor.peek(); !isBlankOrEnd(code); code = cursor.peek()) {
    cursor.position += 1;
    if (code !== QUOTE) continue;
    if (cursor.peek() !== QUOTE) {
      cursor.position -= 1;
      break;
    }
    word += cursor.since(start);
    cursor.position += 1;
    start = cursor.position;
  }
  return { word: word + cursor.since(start), escapedBreak: false };
}

function doubleQuotedWord(cursor: Cursor): QuotedWord {
  let word = '';
  let start = cursor.position;
  for (let code = cursor.peek(); !isBlankOrEnd(code) && code !== DOUBLE_QUOTE; code = cursor.peek()) {
    if (code !== BACKSLASH) {
      cursor.position += 1;
      continue;
    }
    word += cursor.since(start);
    cursor.position += 1;
    if (isBreak(cursor.peek())) {
      cursor.readBreak();
      return { word, escapedBreak: true };
    }
    word += escaped(cursor);
    start = cursor.position;
  }
  return { word: word + cursor.since(start), escapedBreak: false };
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\x1b'],
  [' ', ' '],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['N', '\x85'],
  ['_', '\xa0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
]);
const ESCAPED_DIGITS: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

function escaped(cursor: Cursor): string {
  const start = cursor.position;
  cursor.position += 1;
  const sign = cursor.since(start);
  const text = ESCAPES.get(sign);
  if (text !== undefined) return text;
  const length = ESCAPED_DIGITS.get(sign) ?? cursor.fail('found unknown escape character');
  const from = cursor.position;
  cursor.position += length;
  const digits = cursor.since(from);
  if (!/^[0-9a-fA-F]+$/.test(digits)) cursor.fail('did not find expected hexdecimal number');
  const code = Number.parseInt(digits, 16);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) cursor.fail('found invalid Unicode character escape code');
  return String.fromCodePoint(code);
}

function blanksOrBreaks(cursor: Cursor): string {
  const start = cursor.position;
  cursor.skipBlanks();
  if (!isBreak(cursor.peek())) return cursor.since(start);
  const first = cursor.readBreak();
  return folded(first, breaks(cursor));
}

/** Breaks, without the blanks around them. */
function breaks(cursor: Cursor): string {
  let text = '';
  for (;;) {
    cursor.skipBlanks();
    if (!isBreak(cursor.peek())) return text;
    text += cursor.readBreak();
  }
}
