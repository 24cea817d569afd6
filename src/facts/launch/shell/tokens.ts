// A shell script's tokens by the POSIX rules (Shell Command Language 2.2 Quoting, 2.3 Token Recognition, 2.10 Grammar).

import type { Budget } from '../../budget.ts';
import { endOf, ScriptCursor, ShellSyntaxError } from './cursor.ts';

/** A piece of a word, before expansion. */
export type Part =
  | { readonly kind: 'literal'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'parameter'; readonly expression: string; readonly quoted: boolean }
  /** A text that is not expanded here. Names in it may be assigned. */
  | { readonly kind: 'unknown'; readonly text: string; readonly quoted: boolean };

/** A word with its pieces, or an operator. */
export type ShellToken =
  | { readonly kind: 'word'; readonly parts: readonly Part[]; readonly raw: string }
  | { readonly kind: 'operator'; readonly text: string }
  | { readonly kind: 'redirection' };

const OPERATORS = ['&&', '||', ';;&', ';;', ';&', '|&', '\n', ';', '&', '|', '(', ')'];
const REDIRECTIONS = ['<<<', '<<-', '<<', '&>>', '&>', '>>', '>&', '<&', '<>', '>|', '>', '<'];
const PARAMETER = /[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]/y;
const DESCRIPTOR = /(?:\d+|\{[A-Za-z_]\w*\})(?=[<>])/y;
const PLAIN = /[^"$`\\]+/y;
const LITERAL = /[^ \t\n;&|()<>'"\\$`]+/y;

/**
 * Splits a script into tokens. Leaves out redirections, here-documents and comments.
 *
 * @throws ShellSyntaxError if a quote or an expansion does not end
 */
export function tokenize(script: string, budget: Budget): ShellToken[] {
  // each character is read a few times at most
  budget.characters(script.length);
  return new Tokenizer(script, budget).tokens();
}

class Tokenizer extends ScriptCursor {
  readonly #budget: Budget;
  readonly #hereDocuments: { readonly end: string; readonly stripTabs: boolean }[] = [];

  constructor(script: string, budget: Budget) {
    super(script);
    this.#budget = budget;
  }

  tokens(): ShellToken[] {
    const tokens: ShellToken[] = [];
    for (;;) {
      this.#budget.steps();
      this.#skipBlanks();
      if (this.at >= this.script.length) return tokens;
      if (this.#redirection()) {
        tokens.push({ kind: 'redirection' });
        continue;
      }
      const operator = OPERATORS.find((text) => this.script.startsWith(text, this.at));
      if (operator === undefined) {
        tokens.push(this.#word());
        continue;
      }
      this.at += operator.length;
      if (operator === '\n') this.#skipHereDocuments();
      tokens.push({ kind: 'operator', text: operator });
    }
  }

  #skipBlanks(): void {
    for (;;) {
      const char = this.charAt();
      if (char === ' ' || char === '\t') this.at += 1;
      else if (this.script.startsWith('\\\n', this.at)) {
        const [before, after] = [this.charAt(-1), this.charAt(2)];
        if (isOperator(before) && (isOperator(after) || after === '\\')) throw new ShellSyntaxError(CONTINUED);
        this.at += 2;
      } else if (char === '#') this.at = endOf(this.script, '\n', this.at);
      else return;
    }
  }

  /** Reads `2>file`, `<<END` and the like with their target. */
  #redirection(): boolean {
    const digits = this.match(DESCRIPTOR).length;
    const operator = REDIRECTIONS.find((text) => this.script.startsWith(text, this.at + digits));
    if (operator === undefined) return false;
    // Process substitution is a word, not a redirection.
    if ((operator === '<' || operator === '>') && this.script.charAt(this.at + digits + 1) === '(') return false;
    this.at += digits + operator.length;
    this.#skipBlanks();
    const target = this.#word();
    if (operator === '<<' || operator === '<<-') {
      const end = target.parts.map((part) => (part.kind === 'literal' ? part.text : '')).join('');
      this.#hereDocuments.push({ end, stripTabs: operator === '<<-' });
    }
    return true;
  }

  #skipHereDocuments(): void {
    for (const { end, stripTabs } of this.#hereDocuments.splice(0)) {
      for (;;) {
        if (this.at >= this.script.length) break;
        const stop = endOf(this.script, '\n', this.at);
        const line = this.script.slice(this.at, stop);
        this.at = Math.min(stop + 1, this.script.length);
        if ((stripTabs ? line.replace(/^\t+/, '') : line) === end) break;
      }
    }
  }

  #word(): Extract<ShellToken, { kind: 'word' }> {
    const start = this.at;
    const parts: Part[] = [];
    while (this.at < this.script.length) {
      const char = this.charAt();
      if (' \t\n;&|()'.includes(char)) break;
      if ((char === '<' || char === '>') && this.charAt(1) !== '(') break;
      this.#part(char, parts);
    }
    if (this.at === start) throw new ShellSyntaxError(`unexpected ${JSON.stringify(this.script.charAt(start))}`);
    return { kind: 'word', parts, raw: this.script.slice(start, this.at) };
  }

  #part(char: string, parts: Part[]): void {
    this.#budget.steps();
    switch (char) {
      case "'": {
        const close = this.indexOf("'", this.at + 1, 'a single quote');
        parts.push({ kind: 'literal', text: this.script.slice(this.at + 1, close), quoted: true });
        this.at = close + 1;
        return;
      }
      case '"':
        this.at += 1;
        this.#doubleQuoted(parts);
        return;
      case '\\':
        if (this.charAt(1) === '\n' && !/^[ \t\n]?$/.test(this.charAt(2))) throw new ShellSyntaxError(CONTINUED);
        parts.push(...escaped(this.charAt(1)));
        this.at += 2;
        return;
      case '$':
      case '`':
        parts.push(this.#expansion(false));
        return;
      case '<':
      case '>':
        parts.push({ kind: 'unknown', text: this.inParentheses(1), quoted: true });
        return;
      default: {
        const text = this.match(LITERAL);
        parts.push({ kind: 'literal', text, quoted: false });
        this.at += text.length;
      }
    }
  }

  #doubleQuoted(parts: Part[]): void {
    const before = parts.length;
    let text = '';
    // An empty pair of quotes is a word; empty text beside an expansion is nothing.
    const flush = (keep: boolean): void => {
      if (text !== '' || keep) parts.push({ kind: 'literal', text, quoted: true });
      text = '';
    };
    for (;;) {
      const char = this.charAt();
      if (char === '') throw new ShellSyntaxError('a double quote does not end');
      if (char === '"') break;
      if (char === '$' || char === '`') {
        flush(false);
        parts.push(this.#expansion(true));
        continue;
      }
      if (char === '\\') {
        const next = this.charAt(1);
        if (next === '\n' && NAME_BEFORE.test(this.script.slice(Math.max(0, this.at - 64), this.at)))
          throw new ShellSyntaxError(CONTINUED);
        text += next === '\n' ? '' : '$`"\\'.includes(next) ? next : `\\${next}`;
        this.at += 2;
        continue;
      }
      const plain = this.match(PLAIN);
      text += plain;
      this.at += plain.length;
    }
    flush(parts.length === before);
    this.at += 1;
  }

  #expansion(quoted: boolean): Part {
    const rest = this.script.slice(this.at, this.at + 3);
    if (rest.startsWith('`')) {
      this.skipQuoted('`', 'a backquote does not end');
      return { kind: 'unknown', text: '', quoted };
    }
    // arithmetic is one word, and may assign
    if (rest === '$((') return { kind: 'unknown', text: this.inParentheses(1), quoted: true };
    if (rest.startsWith('$(')) {
      this.inParentheses(1);
      return { kind: 'unknown', text: '', quoted };
    }
    if (rest.startsWith('${')) {
      const close = this.closingBrace();
      const expression = this.script.slice(this.at + 2, close);
      if (!isBalanced(expression)) throw new ShellSyntaxError('a ${ holds quotes or parentheses that end after it');
      this.at = close + 1;
      return { kind: 'parameter', expression, quoted };
    }
    if (!quoted && (rest.startsWith("$'") || rest.startsWith('$"'))) {
      // bash and POSIX shells disagree about these quotes.
      this.at += 1;
      this.skipQuoted(rest.charAt(1), 'a quote does not end');
      return { kind: 'unknown', text: '', quoted: true };
    }
    this.at += 1;
    const name = this.match(PARAMETER);
    this.at += name.length;
    return name === '' ? { kind: 'literal', text: '$', quoted: true } : { kind: 'parameter', expression: name, quoted };
  }
}

/** A shell removes a continued line's break before it finds words, names and operators. */
const CONTINUED = 'a line is continued inside a word or an operator';

/** The name of a parameter, or what may be the end of a long one. */
const NAME_BEFORE = /(?:\$\w*|^\w{64})$/;

function isOperator(char: string): boolean {
  return char !== '' && ';&|<>('.includes(char);
}

/** Tells whether every quote and parenthesis that could hold a brace is closed. */
function isBalanced(expression: string): boolean {
  const count = (char: string): number => expression.split(char).length;
  return count('"') % 2 === 1 && count("'") % 2 === 1 && count('`') % 2 === 1 && count('(') === count(')');
}

/** A backslash and the next character. At the end of a script, bash may drop the backslash and dash keeps it. */
function escaped(next: string): Part[] {
  if (next === '') return [{ kind: 'unknown', text: '', quoted: true }];
  return next === '\n' ? [] : [{ kind: 'literal', text: next, quoted: true }];
}
