// A position in a shell script, and how to skip what is quoted or nested (POSIX Shell Command Language 2.2, 2.6).

/** Why the shell would reject the script. */
export class ShellSyntaxError extends Error {}

/** A position that moves forward through a script. */
export class ScriptCursor {
  protected readonly script: string;
  protected at = 0;

  constructor(script: string) {
    this.script = script;
  }

  /** The character at an offset from the position; empty past the end. */
  protected charAt(offset = 0): string {
    return this.script.charAt(this.at + offset);
  }

  /** What a sticky pattern matches at the position. */
  protected match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    return pattern.exec(this.script)?.[0] ?? '';
  }

  /** Skips from a quote to its other one; a backslash escapes the next character. */
  protected skipQuoted(quote: string, fault: string): void {
    for (this.at += 1; this.charAt() !== quote; this.at += this.charAt() === '\\' ? 2 : 1) {
      if (this.at >= this.script.length) throw new ShellSyntaxError(fault);
    }
    this.at += 1;
  }

  /** Skips a double-quoted text with the expansions in it. */
  protected skipDoubleQuoted(): void {
    this.at += 1;
    for (;;) {
      const char = this.charAt();
      if (char === '') throw new ShellSyntaxError('a double quote does not end');
      if (char === '$' && this.charAt(1) === '(') this.inParentheses(1);
      else if (char === '`') this.skipQuoted('`', 'a backquote does not end');
      else this.at += char === '\\' ? 2 : 1;
      if (char === '"') return;
    }
  }

  /** Skips to the parenthesis that closes the one `ahead`, and returns the text from that one on. */
  protected inParentheses(ahead: number): string {
    this.at += ahead;
    const start = this.at;
    let depth = 0;
    do {
      const char = this.charAt();
      if (char === '') throw new ShellSyntaxError('a parenthesis does not end');
      if (char === '"') {
        this.skipDoubleQuoted();
        continue;
      }
      if (char === '(') depth += 1;
      if (char === ')') depth -= 1;
      if (char === '\\') this.at += 1;
      if (char === "'") this.at = this.indexOf("'", this.at + 1, 'a single quote');
      this.at += 1;
    } while (depth > 0);
    return this.script.slice(start, this.at);
  }

  /** The index of the brace that closes `${`. */
  protected closingBrace(): number {
    let depth = 0;
    for (let index = this.at + 1; index < this.script.length; index += 1) {
      const char = this.script.charAt(index);
      if (char === '\\') index += 1;
      else if (char === '{') {
        // it opens nothing, but a reader cannot be sure that every shell agrees
        if (this.script.charAt(index - 1) !== '$') throw new ShellSyntaxError('a ${ holds another brace');
        depth += 1;
      } else if (char === '}') {
        depth -= 1;
        if (depth === 0) return index;
      }
    }
    throw new ShellSyntaxError('a ${ does not end');
  }

  /** The index of a text that must follow. */
  protected indexOf(text: string, from: number, what: string): number {
    const index = this.script.indexOf(text, from);
    if (index === -1) throw new ShellSyntaxError(`${what} does not end`);
    return index;
  }
}

/** The index of a text, or the end of the text that is searched. */
export function endOf(text: string, end: string, from: number): number {
  const index = text.indexOf(end, from);
  return index === -1 ? text.length : index;
}
