// How wide a text is at most, so that it fits its box in every common font.

/** Upper limits of the widths of letters, in parts of the size, bold. */
const WIDTHS: readonly (readonly [characters: string, width: number])[] = [
  ["ijl.,:;'|! ", 0.42],
  ['frt()[]/\\-', 0.52],
  ['mwMW@%', 1.12],
  ['=+<>#~&', 0.9],
];
const ELSEWHERE = { lower: 0.73, upper: 0.88, digit: 0.71, wide: 1.25 } as const;
const REGULAR = 0.93;

const WIDTH_OF: ReadonlyMap<string, number> = new Map(
  WIDTHS.flatMap(([characters, width]) => Array.from(characters, (character) => [character, width] as const)),
);

/** How a text is set. */
export interface TextSize {
  readonly size: number;
  readonly isBold?: boolean;
}

/** The width of a text, at most. */
export function widthOf(text: string, { size, isBold = false }: TextSize): number {
  let width = 0;
  for (const character of text) width += widthOfCharacter(character);
  return width * size * (isBold ? 1 : REGULAR);
}

function widthOfCharacter(character: string): number {
  const known = WIDTH_OF.get(character);
  if (known !== undefined) return known;
  if (character >= 'a' && character <= 'z') return ELSEWHERE.lower;
  if (character >= '0' && character <= '9') return ELSEWHERE.digit;
  return character <= '~' ? ELSEWHERE.upper : ELSEWHERE.wide;
}

const ELLIPSIS = '\u2026';

/**
 * Shortens a text to a width. An ellipsis stands for what is left out.
 *
 * @param keep which end of the text says more
 */
export function shorten(text: string, width: number, size: TextSize, keep: 'start' | 'end' = 'start'): string {
  // no box is wide enough for more
  const characters = Array.from(keep === 'start' ? text.slice(0, 300) : text.slice(-300));
  if (characters.length <= text.length && text.length <= 300 && widthOf(text, size) <= width) return text;
  let left = width - widthOf(ELLIPSIS, size);
  const kept: string[] = [];
  for (const character of keep === 'start' ? characters : characters.toReversed()) {
    left -= widthOf(character, size);
    if (left < 0) break;
    kept.push(character);
  }
  return keep === 'start'
    ? `${kept.join('').trimEnd()}${ELLIPSIS}`
    : `${ELLIPSIS}${kept.toReversed().join('').trimStart()}`;
}
