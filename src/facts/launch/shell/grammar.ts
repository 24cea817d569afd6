// The simple commands of a shell script, each with its conditions (POSIX 2.9, 2.10). Expands nothing.

import type { Budget } from '../../budget.ts';
import { ShellSyntaxError } from './cursor.ts';
import type { Grammar, SimpleCommand, WordToken } from './simple-command.ts';
import { tokenize, type ShellToken } from './tokens.ts';

type Construct = 'branch' | 'loop' | 'case' | 'function' | 'group' | 'subshell';

/** A construct that has been opened. */
interface Open {
  readonly construct: Construct;
  /** The conditions of the commands inside. */
  readonly inside: Omit<SimpleCommand, 'words'>;
  /** The number of commands before it. */
  readonly commands: number;
  /** It follows `&&` or `||`. */
  readonly alternative: boolean;
}

const CLOSES: Readonly<Record<string, readonly Construct[]>> = {
  fi: ['branch'],
  done: ['loop'],
  esac: ['case'],
  '}': ['group', 'function'],
};

/**
 * Reads a script.
 *
 * @throws ShellSyntaxError if a shell would reject it
 */
export function readGrammar(script: string, budget: Budget): Grammar {
  const reader = new GrammarReader(tokenize(script, budget), budget);
  reader.read();
  return reader;
}

const OUTSIDE = { conditional: false, apart: false, inLoop: false, inFunction: false };
class GrammarReader implements Grammar {
  readonly commands: SimpleCommand[] = [];
  readonly functions: string[] = [];
  readonly unknown: string[] = [];
  readonly #tokens: readonly ShellToken[];
  readonly #budget: Budget;
  readonly #open: Open[] = [];
  #at = 0;
  #alternative = false;
  #piped = false;
  #functionAhead = false;

  constructor(tokens: readonly ShellToken[], budget: Budget) {
    this.#tokens = tokens;
    this.#budget = budget;
  }

  read(): void {
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.kind === 'redirection') this.#at += 1;
      else if (token.kind === 'operator') this.#operator(token.text);
      else if (!this.#reserved(token)) this.#simpleCommand();
    }
    if (this.#open.length > 0) throw new ShellSyntaxError('unexpected end of the script');
  }

  #operator(text: string): void {
    this.#at += 1;
    // A line may end after `&&`, `||` and `|`.
    if (text === '\n' && ['&&', '||', '|', '|&', '\n'].some((before) => this.#isOperator(this.#at - 2, before))) return;
    this.#piped = text === '|' || text === '|&';
    switch (text) {
      case '(':
        this.#begin(this.#functionAhead ? 'function' : 'subshell');
        return;
      case ')':
        this.#close(['subshell', 'function'], ')');
        return;
      case '&&':
      case '||':
        this.#alternative = true;
        return;
      case ';;':
      case ';&':
      case ';;&':
        this.#alternative = false;
        this.#casePattern();
        return;
      case '|':
      case '|&':
        return;
      default:
        this.#alternative = false;
    }
  }

  #begin(construct: Construct): void {
    const around = this.#around();
    const certain = construct === 'group' || construct === 'subshell';
    this.#open.push({
      construct,
      inside: {
        conditional: around.conditional || this.#alternative || !certain,
        apart: around.apart || this.#piped || construct === 'subshell',
        inLoop: around.inLoop || construct === 'loop',
        inFunction: around.inFunction || construct === 'function',
      },
      commands: this.commands.length,
      alternative: this.#alternative,
    });
    this.#functionAhead = false;
    this.#alternative = false;
    this.#piped = false;
  }

  #around(): Omit<SimpleCommand, 'words'> {
    return this.#open.at(-1)?.inside ?? OUTSIDE;
  }

  #close(kinds: readonly Construct[], word: string): void {
    const opened = this.#open.pop();
    if (!opened || !kinds.includes(opened.construct)) throw new ShellSyntaxError(`unexpected ${JSON.stringify(word)}`);
    this.#alternative = opened.alternative;
    if (!this.#endsApart()) return;
    this.#budget.steps(this.commands.length - opened.commands);
    for (let index = opened.commands; index < this.commands.length; index += 1) {
      const command = this.commands[index];
      if (command) this.commands[index] = { ...command, apart: true };
    }
  }

  /** Tells whether what ends here runs in its own process: before a pipe, or in the background. */
  #endsApart(): boolean {
    let at = this.#at;
    while (this.#tokens[at]?.kind === 'redirection') at += 1;
    return ['|', '|&', '&'].some((operator) => this.#isOperator(at, operator));
  }

  /** Reads a reserved word where a command may begin; tells whether there was one. */
  #reserved({ raw }: WordToken): boolean {
    const closes = Object.hasOwn(CLOSES, raw) ? CLOSES[raw] : undefined;
    if (closes !== undefined) {
      this.#at += 1;
      this.#close(closes, raw);
      return true;
    }
    switch (raw) {
      case 'if':
        this.#begin('branch');
        break;
      case 'while':
      case 'until':
        this.#begin('loop');
        break;
      case '{':
        this.#begin(this.#functionAhead ? 'function' : 'group');
        break;
      case 'then':
      case 'else':
      case 'elif':
      case 'do':
      case '!':
        break;
      case 'for':
      case 'select':
        this.unknown.push(this.#rawAt(this.#at + 1));
        this.#skipTo((token) => token.kind === 'operator');
        this.#begin('loop');
        break;
      case 'case':
        this.#skipTo((token) => token.kind === 'word' && token.raw === 'in');
        this.#begin('case');
        this.#at += 1;
        this.#casePattern();
        return true;
      case '[[':
        this.#skipTo((token) => token.kind === 'word' && token.raw === ']]');
        break;
      case 'function':
        this.#defineFunction(this.#rawAt(this.#at + 1));
        this.#at += this.#isOperator(this.#at + 2, '(') ? 3 : 1;
        break;
      default:
        if (!this.#isOperator(this.#at + 1, '(') || !this.#isOperator(this.#at + 2, ')')) return false;
        this.#defineFunction(raw);
        this.#at += 2;
    }
    this.#at += 1;
    return true;
  }

  #defineFunction(name: string): void {
    this.#functionAhead = true;
    this.functions.push(name);
  }

  /** Skips `pattern | pattern )` up to the commands of a case's branch. */
  #casePattern(): void {
    while (this.#isOperator(this.#at, '\n')) this.#at += 1;
    if (this.#rawAt(this.#at) === 'esac') return;
    if (this.#isOperator(this.#at, '(')) this.#at += 1;
    this.#skipTo((token) => token.kind === 'operator' && token.text === ')');
    this.#at += 1;
  }

  #skipTo(found: (token: ShellToken) => boolean): void {
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (found(token)) return;
      this.#at += 1;
    }
    throw new ShellSyntaxError('unexpected end of the script');
  }

  #rawAt(index: number): string {
    const token = this.#tokens[index];
    return token?.kind === 'word' ? token.raw : '';
  }

  #isOperator(index: number, text: string): boolean {
    const token = this.#tokens[index];
    return token?.kind === 'operator' && token.text === text;
  }

  /** `NAME=(…)` is an array of bash; to other shells it is an error. */
  #array(word: WordToken | undefined): void {
    const name = /^([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=$/.exec(word?.raw ?? '')?.[1];
    if (name === undefined || !this.#isOperator(this.#at, '(')) return;
    this.unknown.push(name);
    this.#skipTo((token) => token.kind === 'operator' && token.text === ')');
    this.#at += 1;
  }

  #simpleCommand(): void {
    const words: WordToken[] = [];
    let next = this.#tokens[this.#at];
    for (; next !== undefined && next.kind !== 'operator'; next = this.#tokens[this.#at]) {
      if (next.kind === 'word') words.push(next);
      this.#at += 1;
      this.#array(words.at(-1));
    }
    this.#budget.words(words.length);
    const around = this.#around();
    this.commands.push({
      ...around,
      words,
      conditional: this.#alternative || around.conditional,
      apart: this.#piped || this.#endsApart() || around.apart,
    });
    this.#piped = false;
  }
}
