// The files of `EnvironmentFile=` (systemd.exec(5); src/basic/env-file.c). Their syntax is neither that of unit files nor
// that of a shell: no expansion, no `export`, and quotes count only at the start of a value or after a closing quote.

import { trimEnd } from './syntax.ts';

/** The variables that an environment file assigns. */
export interface EnvironmentFile {
  readonly values: ReadonlyMap<string, string>;
  /** The line of a comment that ends in a backslash: before systemd 254 the next line belongs to the comment. */
  readonly joinedComment?: number;
}

type State =
  | 'before-key'
  | 'key'
  | 'before-value'
  | 'value'
  | 'value-escape'
  | 'single-quotes'
  | 'double-quotes'
  | 'double-quotes-escape'
  | 'comment'
  | 'comment-escape';

const BLANK = ' \t\n\r';
const LINE_END = '\n\r';
/** Inside double quotes a backslash escapes only these. */
const ESCAPABLE = '"\\`$';
/** The name of a variable. systemd ignores other names. */
export const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads the text of an environment file. */
export function parseEnvironmentFile(text: string): EnvironmentFile {
  const values = new Map<string, string>();
  let state: State = 'before-key';
  let key = '';
  let value = '';
  /** The start of the unquoted white space at the end of the value so far. */
  let kept = 0;
  let line = 1;
  let joinedComment: number | undefined;

  const finish = (whole: string) => {
    const name = trimEnd(key);
    if (NAME.test(name)) values.set(name, whole);
    key = '';
    value = '';
    kept = 0;
  };

  for (const character of text) {
    const ends = LINE_END.includes(character);
    switch (state) {
      case 'before-key':
        if (character === '#' || character === ';') state = 'comment';
        else if (!BLANK.includes(character)) {
          state = 'key';
          key = character;
        }
        break;
      case 'key':
        if (ends) state = 'before-key';
        else if (character === '=') state = 'before-value';
        else key += character;
        break;
      case 'before-value':
        if (ends) {
          state = 'before-key';
          finish(value);
        } else if (character === "'") state = 'single-quotes';
        else if (character === '"') state = 'double-quotes';
        else if (character === '\\') state = 'value-escape';
        else if (!BLANK.includes(character)) {
          state = 'value';
          value += character;
          kept = value.length;
        }
        break;
      case 'value':
        if (ends) {
          state = 'before-key';
          finish(value.slice(0, kept));
        } else if (character === '\\') {
          state = 'value-escape';
          kept = value.length;
        } else {
          value += character;
          if (!BLANK.includes(character)) kept = value.length;
        }
        break;
      case 'value-escape':
        state = 'value';
        if (!ends) value += character;
        kept = value.length;
        break;
      case 'single-quotes':
        if (character === "'") state = 'before-value';
        else value += character;
        break;
      case 'double-quotes':
        if (character === '"') state = 'before-value';
        else if (character === '\\') state = 'double-quotes-escape';
        else value += character;
        break;
      case 'double-quotes-escape':
        state = 'double-quotes';
        if (ESCAPABLE.includes(character)) value += character;
        else if (character !== '\n') value += `\\${character}`;
        break;
      case 'comment':
        if (character === '\\') state = 'comment-escape';
        else if (ends) state = 'before-key';
        break;
      case 'comment-escape':
        if (ends) joinedComment ??= line;
        state = ends ? 'before-key' : 'comment';
        break;
    }
    if (character === '\n') line++;
  }
  if (state === 'value') finish(value.slice(0, kept));
  else if (state !== 'before-key' && state !== 'key' && state !== 'comment' && state !== 'comment-escape')
    finish(value);
  return { values, ...(joinedComment !== undefined && { joinedComment }) };
}
