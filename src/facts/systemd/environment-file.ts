// The files of `EnvironmentFile=` (systemd.exec(5); src/basic/env-file.c). Their syntax is neither that of unit files nor
// that of a shell: no expansion, no `export`, and quotes count only at the start of a value or after a closing quote.

import { trimEnd } from './syntax.ts';

/** The variables that an environment file assigns. */
export interface EnvironmentFile {
  readonly values: ReadonlyMap<string, string>;
  /** The lines in which the names are written. */
  readonly lines: ReadonlyMap<string, number>;
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
/** States at the end of a text in which no value was read. */
const NO_VALUE: ReadonlySet<State> = new Set(['before-key', 'key', 'comment', 'comment-escape']);
/** The name of a variable. systemd ignores other names. */
export const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads the text of an environment file. */
export function parseEnvironmentFile(text: string): EnvironmentFile {
  const reader = new Reader();
  for (const character of text) reader.read(character);
  return reader.finish();
}

/** The state machine of parse_env_file_internal. */
class Reader {
  readonly #values = new Map<string, string>();
  readonly #lines = new Map<string, number>();
  #state: State = 'before-key';
  #key = '';
  #value = '';
  /** The start of the unquoted white space at the end of the value so far. */
  #kept = 0;
  #line = 1;
  #keyLine = 1;
  #joinedComment: number | undefined;

  read(character: string): void {
    this.#state = this.#next(character, LINE_END.includes(character));
    if (character === '\n') this.#line++;
  }

  finish(): EnvironmentFile {
    if (this.#state === 'value') this.#assign(this.#value.slice(0, this.#kept));
    else if (!NO_VALUE.has(this.#state)) this.#assign(this.#value);
    return {
      values: this.#values,
      lines: this.#lines,
      ...(this.#joinedComment !== undefined && { joinedComment: this.#joinedComment }),
    };
  }

  #next(character: string, ends: boolean): State {
    switch (this.#state) {
      case 'before-key':
        return this.#beforeKey(character);
      case 'key':
        if (ends) return 'before-key';
        if (character === '=') return 'before-value';
        this.#key += character;
        return 'key';
      case 'before-value':
        return this.#beforeValue(character, ends);
      case 'value':
        return this.#inValue(character, ends);
      case 'value-escape':
        if (!ends) this.#value += character;
        this.#kept = this.#value.length;
        return 'value';
      case 'single-quotes':
        if (character === "'") return 'before-value';
        this.#value += character;
        return 'single-quotes';
      case 'double-quotes':
        if (character === '"') return 'before-value';
        if (character === '\\') return 'double-quotes-escape';
        this.#value += character;
        return 'double-quotes';
      case 'double-quotes-escape':
        if (ESCAPABLE.includes(character)) this.#value += character;
        else if (character !== '\n') this.#value += `\\${character}`;
        return 'double-quotes';
      case 'comment':
        if (character === '\\') return 'comment-escape';
        return ends ? 'before-key' : 'comment';
      case 'comment-escape':
        if (ends) this.#joinedComment ??= this.#line;
        return ends ? 'before-key' : 'comment';
    }
  }

  #beforeKey(character: string): State {
    if (character === '#' || character === ';') return 'comment';
    if (BLANK.includes(character)) return 'before-key';
    this.#key = character;
    this.#keyLine = this.#line;
    return 'key';
  }

  #beforeValue(character: string, ends: boolean): State {
    if (ends) return this.#assign(this.#value);
    if (character === "'") return 'single-quotes';
    if (character === '"') return 'double-quotes';
    if (character === '\\') return 'value-escape';
    if (BLANK.includes(character)) return 'before-value';
    this.#value += character;
    this.#kept = this.#value.length;
    return 'value';
  }

  #inValue(character: string, ends: boolean): State {
    if (ends) return this.#assign(this.#value.slice(0, this.#kept));
    if (character === '\\') {
      this.#kept = this.#value.length;
      return 'value-escape';
    }
    this.#value += character;
    if (!BLANK.includes(character)) this.#kept = this.#value.length;
    return 'value';
  }

  /** Assigns a value, and begins a new line. */
  #assign(value: string): State {
    const name = trimEnd(this.#key);
    if (NAME.test(name)) {
      this.#values.set(name, value);
      this.#lines.set(name, this.#keyLine);
    }
    this.#key = '';
    this.#value = '';
    this.#kept = 0;
    return 'before-key';
  }
}
