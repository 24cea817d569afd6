// The boxes of the picture with their sizes. Texts are shortened to fit.

import { RESULT_WORDS } from '../marks.ts';
import { escapeLine } from '../../printable.ts';
import { shorten, widthOf, type TextSize } from './fit.ts';
import type { Item } from './items.ts';

/** A piece of text in a box. Its place is that of its baseline in the box. */
export interface BoxText {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly role: 'title' | 'aside' | 'word' | 'line';
}

/** A box without its place. */
export interface SizedBox {
  readonly item: Item;
  readonly width: number;
  readonly height: number;
  readonly texts: readonly BoxText[];
}

/** A box at its place. */
export interface Box extends SizedBox {
  readonly x: number;
  readonly y: number;
}

/** How texts are set, by their role. */
export const TEXT_SIZES = {
  title: { size: 14, isBold: true },
  aside: { size: 12 },
  word: { size: 12, isBold: true },
  line: { size: 12 },
} as const satisfies Readonly<Record<BoxText['role'], TextSize>>;

const FIRST_BASELINE = 22;
const LINE = 17;
const BOTTOM = 12;
const BLANK = 7;
/** Room for the shape of the standing. */
const SHAPE = 42;
const PADDING = 14;
const MOST_NOTE_LINES = 5;

/** Gives a box its size and texts. */
export function sizedBox(item: Item, width: number): SizedBox {
  const x = item.standing === undefined ? PADDING : SHAPE;
  const room = width - x - PADDING;
  const rows = rowsOf(item, x, room);
  const texts = rows.flatMap((row, index) => row.map((text) => ({ ...text, y: FIRST_BASELINE + index * LINE })));
  return { item, width, height: FIRST_BASELINE + (rows.length - 1) * LINE + BOTTOM, texts };
}

type RowText = Omit<BoxText, 'y'>;

function rowsOf(item: Item, x: number, room: number): readonly (readonly RowText[])[] {
  const { standing, title, aside = '', fact = '', lines, kind } = item;
  const rows = [
    row(
      [
        { role: 'title', text: title },
        { role: 'aside', text: aside },
      ],
      x,
      room,
    ),
  ];
  if (standing !== undefined)
    rows.push(
      row(
        [
          { role: 'word', text: RESULT_WORDS[standing] },
          { role: 'line', text: fact },
        ],
        x,
        room,
      ),
    );
  for (const { text, isPath } of lines) {
    const shown = escapeLine(text);
    const fitting = kind === 'note' ? wrapped(shown, room) : [shorten(shown, room, TEXT_SIZES.line, isPath && 'end')];
    rows.push(...fitting.map((line) => [{ role: 'line', text: line, x } as const]));
  }
  return rows;
}

/** Texts side by side, as far as there is room. */
function row(texts: readonly Pick<BoxText, 'role' | 'text'>[], x: number, room: number): readonly RowText[] {
  const placed: RowText[] = [];
  let at = 0;
  for (const { role, text } of texts) {
    if (text === '') continue;
    const size = TEXT_SIZES[role];
    const shown = shorten(escapeLine(text), room - at, size);
    // an ellipsis alone says nothing
    if (placed.length > 0 && room - at < 4 * size.size) break;
    placed.push({ role, text: shown, x: x + at });
    at += widthOf(shown, size) + BLANK;
  }
  return placed;
}

/** Breaks a text into lines between words. */
function wrapped(text: string, room: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest !== '' && lines.length < MOST_NOTE_LINES) {
    const fits = lines.length === MOST_NOTE_LINES - 1 ? rest.length : fittingWords(rest, room);
    lines.push(shorten(rest.slice(0, fits).trim(), room, TEXT_SIZES.line));
    rest = rest.slice(fits).trim();
  }
  return lines;
}

/** How much of a text, to the end of a word, fits; a word that is too long counts as fitting. */
function fittingWords(text: string, room: number): number {
  let end = 0;
  while (end < text.length) {
    const blank = text.indexOf(' ', end + 1);
    const next = blank === -1 ? text.length : blank;
    if (end > 0 && (next > 300 || widthOf(text.slice(0, next), TEXT_SIZES.line) > room)) break;
    end = next;
  }
  return end;
}
