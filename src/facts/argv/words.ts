// The words of a command line, with marks for parts that are not known.

import type { Problem } from '../../policy/reading.ts';
import { placeholderIn } from '../values/placeholders.ts';

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

/** What placeholders of flags' names and of whole words have. */
const MAY_BE_FILLED_IN = /[{$<@%#[(]|__/;

/** Whether an unknown part could be a flag, a value or nothing, which decides what the words after it mean. */
export function isUnclear(text: string): boolean {
  if (text.includes(GAP)) return true;
  const hole = text.indexOf(HOLE);
  if (!text.startsWith('-')) return hole === 0;
  const equals = text.indexOf('=');
  return hole !== -1 && (equals === -1 || hole < equals);
}

/** Whether a template fills in a flag's name, or words: a positional word, or what is before the equals sign. */
export function isFilledIn(text: string): boolean {
  if (!MAY_BE_FILLED_IN.test(text)) return false;
  const equals = text.indexOf('=');
  const name = text.startsWith('-') && equals !== -1 ? text.slice(0, equals) : text;
  return placeholderIn(name, 'command line') !== undefined;
}

/** The last element of a path, with either separator, without `.exe`. */
export function basename(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return name.at(-4) === '.' && name.slice(-3).toLowerCase() === 'exe' ? name.slice(0, -4) : name;
}
