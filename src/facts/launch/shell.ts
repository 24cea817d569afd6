// What a shell script runs, as far as it can be told without running it: POSIX words, variables with known values,
// positional parameters, exec and exit. What a script may change behind our back is unknown from there on.

import type { Budget } from '../budget.ts';
import { readGrammar, type Grammar, type SimpleCommand, type WordToken } from './shell-grammar.ts';
import { ShellSyntaxError } from './shell-tokens.ts';
import { expandValue, expandWord, ShellParameters } from './shell-words.ts';
import { GAP, wordOf, type Word } from '../argv/words.ts';

/** A command that a script runs. */
export interface ShellCommand {
  readonly words: readonly Word[];
  /** Whether it runs at all depends on something that is not known. */
  readonly conditional: boolean;
  /** It takes the shell's place, by exec. */
  readonly replaces: boolean;
}

/** What a script runs. */
export interface Script {
  readonly commands: readonly ShellCommand[];
  /** Why the script can not be followed with certainty. */
  readonly doubt?: string;
}

const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?)=/;
/** A function of such a name would take the place of what we look for. */
const TELLING_NAME = /^(?:kube|hyperkube|exec$|command$|env$|k3s$|rke2$|k0s$)/;
const MAX_EVALS = 8;

/**
 * Follows a script.
 *
 * @param script its text
 * @param variables the container's variables; others may come from the image and are unknown
 * @param zero `$0`
 * @param positional `$1` and on
 * @param pointer where the script was written
 */
export function readScript(
  script: string,
  variables: ReadonlyMap<string, string>,
  zero: string,
  positional: readonly Word[],
  pointer: string | undefined,
  budget: Budget,
): Script {
  const runner = new Runner(new ShellParameters(variables, zero, positional), pointer, budget);
  try {
    runner.run(readGrammar(script), false);
  } catch (cause) {
    if (!(cause instanceof ShellSyntaxError)) throw cause;
    runner.doubt ??= `the script can not be parsed: ${cause.message}`;
  }
  return { commands: runner.commands, ...(runner.doubt !== undefined && { doubt: runner.doubt }) };
}

class Runner {
  readonly commands: ShellCommand[] = [];
  doubt: string | undefined;
  readonly #parameters: ShellParameters;
  readonly #pointer: string | undefined;
  readonly #budget: Budget;
  readonly #functions = new Set<string>();
  #ended = false;
  #mayHaveEnded = false;
  #evals = 0;

  constructor(parameters: ShellParameters, pointer: string | undefined, budget: Budget) {
    this.#budget = budget;
    this.#parameters = parameters;
    this.#pointer = pointer;
  }

  run({ commands, functions, loopVariables }: Grammar, conditional: boolean): void {
    for (const name of functions) this.#functions.add(name);
    const telling = functions.find((name) => TELLING_NAME.test(name));
    if (telling !== undefined) this.doubt ??= `the script defines a function named ${telling}`;
    // A loop runs its commands again after the assignments that stand behind them, and a function wherever it is called.
    const looped = commands
      .filter(({ inLoop, inFunction }) => inLoop || inFunction)
      .flatMap(({ words }) => assignedNames(words));
    const changing = new Set([...loopVariables, ...looped]);
    for (const name of changing) this.#forget(name);
    for (const command of commands) {
      if (this.#ended) return;
      this.#budget.steps();
      this.#run({ ...command, conditional: conditional || command.conditional || this.#mayHaveEnded }, changing);
    }
  }

  #run(command: SimpleCommand, changing: ReadonlySet<string>): void {
    const certain = !command.conditional && !command.apart;
    const assignments = command.words.findIndex(({ raw }) => !ASSIGNMENT.test(raw));
    if (assignments === -1) {
      for (const word of command.words) this.#assign(word, certain && !changing.has(nameOf(word)));
      return;
    }
    const tokens = command.words.slice(assignments);
    const parameters = command.inFunction ? new ShellParameters(new Map(), '', undefined) : this.#parameters;
    const words = tokens.flatMap(({ parts }) =>
      expandWord(parts, parameters).map((text) => wordOf(text, this.#pointer)),
    );
    this.#command(tokens, words, command.conditional, certain);
  }

  #assign(word: WordToken, certain: boolean): void {
    const [, name = '', append = ''] = ASSIGNMENT.exec(word.raw) ?? [];
    if (name === 'IFS') this.#parameters.separatorsChanged = true;
    // bash appends with `+=`; to other shells it is the name of a command.
    if (!certain || append !== '') {
      this.#forget(name);
      return;
    }
    const text = expandValue(word.parts, this.#parameters);
    this.#parameters.variables.set(name, text.slice(text.indexOf('=') + 1));
  }

  #forget(name: string): void {
    this.#parameters.variables.set(name, GAP);
  }

  #command(tokens: readonly WordToken[], words: readonly Word[], conditional: boolean, certain: boolean): void {
    const [name, ...args] = words;
    switch (name?.text) {
      case undefined:
        return;
      case 'export':
      case 'readonly':
      case 'local':
      case 'declare':
      case 'typeset':
        for (const token of tokens) if (ASSIGNMENT.test(token.raw)) this.#assign(token, certain);
        return;
      case 'unset':
        for (const { text } of args) {
          if (certain) this.#parameters.variables.set(text, undefined);
          else this.#forget(text);
        }
        return;
      case 'read':
      case 'getopts':
      case 'mapfile':
      case 'readarray':
        for (const { text } of args) this.#forget(text);
        return;
      case 'set':
        this.#set(args, certain);
        return;
      case 'shift':
        this.#shift(args[0]?.text ?? '1', certain);
        return;
      case 'exit':
        this.#end(certain);
        return;
      case 'eval':
        this.#eval(args, conditional || !certain);
        return;
      case '.':
      case 'source':
      case 'alias':
        this.doubt ??= `the script runs ${name.text}, which may change everything after it`;
        return;
      case 'exec':
        this.#exec(args, conditional, certain);
        return;
      default:
        // The commands of a function are told where it is defined; a call of it may end the script.
        if (name && this.#functions.has(name.text)) this.#mayHaveEnded = true;
        else this.commands.push({ words, conditional, replaces: false });
    }
  }

  #set(args: readonly Word[], certain: boolean): void {
    // From now on any command that fails ends the script.
    if (args.some(({ text }) => /^-[a-z]*e/.test(text) || text === 'errexit')) this.#mayHaveEnded = true;
    const first = args.findIndex(({ text }) => !/^[-+]/.test(text) || text === '--' || text === '-');
    if (first === -1) return;
    // `set -o pipefail` takes the next word as its option's name.
    if (/^[-+][a-zA-Z]*o$/.test(args[first - 1]?.text ?? '')) {
      this.#set(args.slice(first + 1), certain);
      return;
    }
    const rest = /^--?$/.test(args[first]?.text ?? '') ? args.slice(first + 1) : args.slice(first);
    this.#parameters.positional = certain ? rest : undefined;
  }

  #shift(count: string, certain: boolean): void {
    const { positional } = this.#parameters;
    // Some shells end where fewer parameters are left.
    if (!certain || positional === undefined || positional.length < Number(count)) this.#mayHaveEnded = true;
    this.#parameters.positional = certain && /^\d+$/.test(count) ? positional?.slice(Number(count)) : undefined;
  }

  #eval(args: readonly Word[], conditional: boolean): void {
    const script = args.map(({ text }) => text).join(' ');
    this.#evals += 1;
    if (script.includes(GAP) || this.#evals > MAX_EVALS) {
      this.doubt ??= 'the script runs eval on text that is not known';
      return;
    }
    this.run(readGrammar(script), conditional);
  }

  #exec(args: readonly Word[], conditional: boolean, certain: boolean): void {
    let first = 0;
    while (/^-[acl]+$|^--$/.test(args[first]?.text ?? '')) first += args[first]?.text.includes('a') === true ? 2 : 1;
    const words = args.slice(first);
    if (words.length === 0) return;
    this.commands.push({ words, conditional, replaces: true });
    this.#end(certain);
  }

  /** Nothing runs after exec or exit; where they only may run, what follows only may run too. */
  #end(certain: boolean): void {
    this.#ended ||= certain;
    this.#mayHaveEnded = true;
  }
}

function assignedNames(words: readonly WordToken[]): string[] {
  return words.filter(({ raw }) => ASSIGNMENT.test(raw)).map(nameOf);
}

function nameOf({ raw }: WordToken): string {
  return ASSIGNMENT.exec(raw)?.[1] ?? '';
}
