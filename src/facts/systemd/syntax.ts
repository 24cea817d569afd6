// The syntax of systemd's unit files: lines and sections (systemd.syntax(7)), and words with quotes and C escapes
// (systemd.service(5), "Command lines"; src/basic/extract-word.c). Compared with systemd 252 in test/facts/systemd.

import { HOLE } from '../argv/words.ts';

/** One `Key=Value` of a unit file or drop-in. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
  /** The lines that it is continued over, if there are several. */
  readonly continued?: Continued;
}

/** A text that was joined from several lines. */
interface Continued {
  /** Where the value begins in the joined text. */
  readonly offset: number;
  /** Where each further line begins in the joined text, and its number. */
  readonly breaks: readonly (readonly [at: number, line: number])[];
}

/** The line of a position in the value of a setting. It halves, because a hostile file can have a line for each word. */
export function lineAt({ line, continued }: Setting, position: number): number {
  if (continued === undefined) return line;
  const { offset, breaks } = continued;
  let [low, high] = [0, breaks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((breaks[middle]?.[0] ?? 0) <= position + offset) low = middle + 1;
    else high = middle;
  }
  return breaks[low - 1]?.[1] ?? line;
}

/** The content of a unit file or drop-in. */
export interface UnitText {
  readonly settings: readonly Setting[];
  /** The line at which systemd stops reading: a section header or a quote of a command has no end. */
  readonly brokenAt?: number;
}

const COMMAND = /^Exec(?:Condition|Start(?:Pre|Post)?|Reload|Stop(?:Post)?)$/;

/** Reads the text of a unit file or drop-in. */
export function parseUnitText(text: string, file: string): UnitText {
  const settings: Setting[] = [];
  let section = '';
  for (const { content, line, skipped, breaks } of logicalLines(text)) {
    if (content.startsWith('[')) {
      if (!content.endsWith(']')) return { settings, brokenAt: line };
      section = content.slice(1, -1);
      continue;
    }
    const equals = content.indexOf('=');
    if (equals <= 0 || section === '') continue;
    const key = trimEnd(content.slice(0, equals));
    const value = trimStart(content.slice(equals + 1));
    if (section === 'Service' && COMMAND.test(key)) {
      const { words, whole } = splitWords(value, 'command');
      // systemd ignores a command whose program cannot be read, or with the prefix `-`
      const overlooked = words[0] === undefined || /^[@:+!]*-/.test(words[0]);
      if (!whole && !overlooked) return { settings, brokenAt: line };
      if (!whole) continue;
    }
    const offset = skipped + content.length - value.length;
    settings.push({ section, key, value, file, line, ...(breaks && { continued: { offset, breaks } }) });
  }
  return { settings };
}

/** A line with its continuations. */
interface LogicalLine extends Partial<Pick<Continued, 'breaks'>> {
  readonly content: string;
  readonly line: number;
  /** How much white space was before the content. */
  readonly skipped: number;
}

/** Lines with their continuations; comments are left out, also between joined lines. */
function* logicalLines(text: string): Generator<LogicalLine> {
  let pieces: string[] = [];
  let breaks: [number, number][] = [];
  let length = 0;
  let first = 0;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n\r?|\0/)
    .entries()) {
    const content = trimStart(raw);
    if (/^[#;]/.test(content)) continue;
    if (pieces.length === 0) first = index + 1;
    else breaks.push([length, index + 1]);
    if (trailing(content, '\\') % 2 === 1) {
      pieces.push(`${content.slice(0, -1)} `);
      length += content.length;
      continue;
    }
    yield trimmed(pieces.join('') + content, first, breaks);
    pieces = [];
    breaks = [];
    length = 0;
  }
  if (pieces.length > 0) yield trimmed(pieces.join(''), first, breaks);
}

/** A joined line without the white space of systemd at both ends; String.trim would remove more. */
function trimmed(joined: string, line: number, breaks: Continued['breaks']): LogicalLine {
  const skipped = skipSpace(joined, 0);
  return { content: trimEnd(joined.slice(skipped)), line, skipped, ...(breaks.length > 0 && { breaks }) };
}

function trimStart(text: string): string {
  return text.slice(skipSpace(text, 0));
}

/** Without the white space of systemd at the end. */
export function trimEnd(text: string): string {
  return text.slice(0, text.length - trailing(text, ' \t\n\r'));
}

/** How many of these characters end the text. A pattern would take quadratic time on a hostile file. */
function trailing(text: string, characters: string): number {
  let count = 0;
  while (count < text.length && characters.includes(text.charAt(text.length - 1 - count))) count++;
  return count;
}

/** The rules for splitting words: of a command line, of an `Environment=`, of a variable's value. */
export type Splitting = 'command' | 'assignments' | 'value';

/** The words of a text. Not whole: systemd stopped at a quote without end, or at an unknown escape. */
export function splitWords(text: string, splitting: Splitting): { readonly words: string[]; readonly whole: boolean } {
  const words: string[] = [];
  for (let position = 0; ;) {
    const found = nextWord(text, position, splitting);
    if (typeof found === 'string') return { words, whole: found === 'end' };
    words.push(found.word);
    position = found.next;
  }
}

/** The word at or after a position, and the start of the next one. */
export function nextWord(
  text: string,
  position: number,
  splitting: Splitting,
): { readonly word: string; readonly next: number } | 'end' | 'invalid' {
  let at = skipSpace(text, position);
  if (at >= text.length) return 'end';
  let word = '';
  let quote = '';
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\') {
      const escape = readEscape(text, at + 1, splitting);
      if (escape === undefined) return 'invalid';
      word += escape.text;
      at = escape.last;
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") quote = character;
    else if (isSpace(character)) break;
    else word += character;
  }
  return quote !== '' && splitting !== 'value' ? 'invalid' : { word, next: skipSpace(text, at) };
}

function skipSpace(text: string, position: number): number {
  let at = position;
  while (at < text.length && isSpace(text.charAt(at))) at++;
  return at;
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
  s: ' ',
};

const NUMBERS = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})/y;

/** The text for an escape whose backslash is before `start`, and its last position. */
function readEscape(text: string, start: number, splitting: Splitting): { text: string; last: number } | undefined {
  const character = text.charAt(start);
  if (splitting === 'value') return { text: character, last: start };
  // a command line keeps an unknown escape as it is
  const literal = splitting === 'command' ? { text: `\\${character}`, last: start } : undefined;
  if (character === '') return literal;
  const letter = Object.hasOwn(LETTERS, character) ? LETTERS[character] : undefined;
  if (letter !== undefined) return { text: letter, last: start };
  NUMBERS.lastIndex = start;
  const match = NUMBERS.exec(text);
  if (match === null) return literal;
  const [all, byte, short, long, octal] = match;
  const code = octal === undefined ? parseInt(byte ?? short ?? long ?? '', 16) : parseInt(octal, 8);
  const isByte = byte !== undefined || octal !== undefined;
  if (code === 0 || code > (isByte ? 0xff : 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) return literal;
  // a byte above 127 is an unknown part of a character
  return { text: isByte && code > 0x7f ? HOLE : String.fromCodePoint(code), last: start + all.length - 1 };
}
