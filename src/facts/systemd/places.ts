// Where the words of a unit's command line are written: in which of its files, in which line.

import type { Origin } from '../../policy/reading.ts';

/** The place of a word, in the form of a word's pointer. */
export function placeAt(file: string, line: number): string {
  return `${file}:${String(line)}`;
}

/** An origin whose pointer is such a place, as one that names the file and the line. */
export function withPlace(origin: Origin): Origin {
  const { pointer, ...rest } = origin;
  if (pointer === undefined || origin.layer !== 'flag') return origin;
  const colon = pointer.lastIndexOf(':');
  return { ...rest, file: pointer.slice(0, colon), line: Number(pointer.slice(colon + 1)) };
}
