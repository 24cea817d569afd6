// The words of a command line, with what is not known about them.

import type { Problem } from '../../policy/reading.ts';

/** Stands in a word for a part that is not known: any text, but no further word. */
export const HOLE = '\uE000';
/** Stands in a word for a part that is not known and may end the word and bring further ones. */
export const GAP = '\uE001';

/** One word of a command line. */
export interface Word {
  /** The text, with HOLE and GAP where a part is not known. */
  readonly text: string;
  /** A part is not known: HOLE and GAP in the text are no characters of it. */
  readonly holes?: true;
  /** JSON Pointer of where it was written. */
  readonly pointer?: string;
  /** Why a part is not known. */
  readonly problem?: Problem;
}

/** A word of a text that may have HOLE and GAP in it. */
export function wordOf(text: string, pointer: string | undefined): Word {
  return { text, ...(!isKnown(text) && { holes: true }), ...(pointer !== undefined && { pointer }) };
}

/** Tells whether every character of the text is known. */
export function isKnown(text: string): boolean {
  return !text.includes(HOLE) && !text.includes(GAP);
}

/** The text for a reader: unknown parts as an ellipsis. */
export function readable(text: string): string {
  return text.replace(/[\uE000\uE001]/g, '…');
}

/** The last element of a path, with either separator, without `.exe`. */
export function basename(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return name.at(-4) === '.' && name.slice(-3).toLowerCase() === 'exe' ? name.slice(0, -4) : name;
}
