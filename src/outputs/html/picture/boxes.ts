// The boxes of the picture with their sizes. Texts are shortened to fit.

import { RESULT_WORDS } from '../marks.ts';
import { escapeLine } from '../../printable.ts';
import { shorten, widthOf, type TextSize } from './fit.ts';
import type { Item } from './items.ts';

/** A piece of text. */
export interface BoxText {
  readonly text: string;
  readonly role: 'title' | 'aside' | 'word' | 'line';
}

/** Texts side by side in a box. */
export interface BoxRow {
  readonly x: number;
  /** The place of the baseline. */
  readonly y: number;
  readonly texts: readonly BoxText[];
  /** How wide it is, at most. */
  readonly width: number;
}

/** A box without its place. */
export interface SizedBox {
  readonly item: Item;
  readonly width: number;
  readonly height: number;
  readonly rows: readonly BoxRow[];
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
/** The blank between texts side by side. */
export const BLANK = 7;
/** Room for the shape of the standing. */
const SHAPE = 42;
const PADDING = 14;
const MOST_NOTE_LINES = 5;

/** Gives a box its size and texts. */
export function sizedBox(item: Item, width: number): SizedBox {
  const x = item.standing === undefined ? PADDING : SHAPE;
  const rows = rowsOf(item, width - x - PADDING);
  const height = FIRST_BASELINE + (rows.length - 1) * LINE + BOTTOM;
  return { item, width, height, rows: rows.map((row, index) => ({ ...row, x, y: FIRST_BASELINE + index * LINE })) };
}

type Row = Omit<BoxRow, 'x' | 'y'>;

function rowsOf({ standing, title, aside = '', fact = '', lines, kind }: Item, room: number): readonly Row[] {
  const rows = [...sideBySide([textOf('title', title), textOf('aside', aside)], room)];
  if (standing !== undefined)
    rows.push(...sideBySide([textOf('word', RESULT_WORDS[standing]), textOf('line', fact)], room));
  for (const { texts, isPath, isOptional } of lines) {
    const shown = texts.map((text) => textOf('line', text));
    const [first] = shown;
    if (isOptional) rows.push(...[rowOf(shown)].filter(({ width }) => width <= room));
    else if (first !== undefined && kind === 'note') rows.push(...wrapped(first.text, room));
    else rows.push(...shown.map((text) => alone(text, room, isPath && 'end')));
  }
  return rows;
}

function textOf(role: BoxText['role'], text: string): BoxText {
  return { role, text: escapeLine(text) };
}

/** Texts side by side if there is room for all, or else below each other. */
function sideBySide(texts: readonly BoxText[], room: number): readonly Row[] {
  const shown = texts.filter(({ text }) => text !== '');
  const row = rowOf(shown);
  return row.width <= room ? [row] : shown.map((text) => alone(text, room));
}

function rowOf(texts: readonly BoxText[]): Row {
  const width = texts.reduce((sum, { role, text }) => sum + widthOf(text, TEXT_SIZES[role]), 0);
  return { texts, width: width + (texts.length - 1) * BLANK };
}

function alone({ role, text }: BoxText, room: number, keep?: 'end'): Row {
  return rowOf([{ role, text: shorten(text, room, TEXT_SIZES[role], keep) }]);
}

/** Breaks a text into lines between words. */
function wrapped(text: string, room: number): readonly Row[] {
  const lines: Row[] = [];
  let rest = text;
  while (rest !== '' && lines.length < MOST_NOTE_LINES) {
    const fits = lines.length === MOST_NOTE_LINES - 1 ? rest.length : fittingWords(rest, room);
    lines.push(alone({ role: 'line', text: rest.slice(0, fits).trim() }, room));
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
