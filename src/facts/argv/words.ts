// The words of a command line, with marks for parts that are not known.

import type { Problem } from '../../policy/reading.ts';

/** Marks an unknown part of a word that is any text, but no further word. */
export const HOLE = '\uE000';
/** Marks an unknown part that may end the word and add further words. */
export const GAP = '\uE001';

/** One word of a command line. */
export interface Word {
  /** The text, with HOLE and GAP for unknown parts. */
  readonly text: string;
  /** Present if a part is not known: HOLE and GAP in the text are then marks and not characters. */
  readonly holes?: true;
  /** JSON Pointer of the place where the word is written. */
  readonly pointer?: string;
  /** Why a part of the word is not known. */
  readonly problem?: Problem;
}

/** Makes a word of a text that may contain HOLE and GAP. */
export function wordOf(text: string, pointer: string | undefined): Word {
  return { text, ...(!isKnown(text) && { holes: true }), ...(pointer !== undefined && { pointer }) };
}

/** Whether every character of the text is known. */
export function isKnown(text: string): boolean {
  return !text.includes(HOLE) && !text.includes(GAP);
}

/** The text for messages, with an ellipsis for each unknown part. */
export function shown(text: string): string {
  return text.replace(/[\uE000\uE001]/g, '…');
}

/** The last element of a path, with either separator, without `.exe`. */
export function basename(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return name.at(-4) === '.' && name.slice(-3).toLowerCase() === 'exe' ? name.slice(0, -4) : name;
}
