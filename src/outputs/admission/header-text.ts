// Warnings of an admission answer, made to fit the header `Warning`.
// The API server passes them on in that header (RFC 7234, 5.5). It rejects text with control characters, and cuts a warning
// over 256 characters and all of them together over 4096.

/** The longest warning, in characters. */
export const MOST_WARNING = 256;
const TOGETHER = 4096;

// eslint-disable-next-line no-control-regex -- control characters are what must go
const CONTROL = /[\u0000-\u001f\u007f]+/g;

/** Room for the line that counts what did not fit. */
const COUNT_LINE = 32;

/**
 * Makes a text safe for a header, whatever an object's author put into it.
 *
 * Quotes and backslashes are replaced, not escaped: the API server escapes once more, and the reader would see it.
 *
 * @returns printable ASCII on one line
 */
export function headerSafe(text: string): string {
  const oneLine = text.replace(CONTROL, ' ').replaceAll('"', "'");
  return oneLine.replace(/[^ -~]|\\/gu, '?');
}

/**
 * Fits warnings into what a response can carry.
 *
 * @returns warnings of at most 256 characters, 4096 together; the last one counts those that did not fit
 */
export function fitWarnings(texts: readonly string[]): string[] {
  const warnings: string[] = [];
  let room = TOGETHER;
  for (const [index, text] of texts.entries()) {
    const warning = cut(headerSafe(text), MOST_WARNING);
    const isLast = index === texts.length - 1;
    if (warning.length > room - (isLast ? 0 : COUNT_LINE)) {
      warnings.push(`... ${texts.length - index} more`);
      return warnings;
    }
    warnings.push(warning);
    room -= warning.length;
  }
  return warnings;
}

/** Shortens a text, and shows that it did. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
