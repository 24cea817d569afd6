// Text from hostile files, made harmless for terminals and logs.

/**
 * What a terminal may act on, or what hides or reorders the text around it: control characters (C0 other than the line
 * feeds that we write ourselves, DEL, C1), marks of direction, separators of lines, invisible characters, blanks that look
 * like a space or like nothing, half characters.
 */
const ACTIVE =
  // eslint-disable-next-line no-control-regex -- control characters are the point
  /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u00ad\u061c\u115f\u1160\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff\uffa0\ufff9-\ufffb]|\u034f|[\u17b4\u17b5]|[\u180b-\u180f]|[\ufe00-\ufe0f]|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * Makes text harmless that may come from a hostile file: nothing in it can act on a terminal, or hide.
 *
 * @returns the text with such characters as `\uXXXX`, which JSON reads back; line feeds stay
 */
export function escapeForTerminal(text: string): string {
  return text.replace(ACTIVE, (match) =>
    Array.from({ length: match.length }, (_, at) => `\\u${match.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

/** As `escapeForTerminal`, but on one line: a line feed becomes `\n`, so that no value can forge a line of a report. */
export function escapeLine(text: string): string {
  return escapeForTerminal(text).replaceAll('\n', String.raw`\n`);
}
