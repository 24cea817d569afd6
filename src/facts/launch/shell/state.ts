// The state of a shell at one point of a script.

import type { Budget } from '../../budget.ts';
import { wordOf, type Word } from '../../argv/words.ts';
import type { SimpleCommand, WordToken } from './simple-command.ts';
import { ASSIGNMENT, CHANGES_NAMES, changedIn, isPlain } from './names.ts';
import { expandValue, expandWord, ShellParameters } from './words.ts';

/** A command that a script runs. */
export interface ShellCommand {
  readonly words: readonly Word[];
  /** It runs only under a condition that is not known. */
  readonly conditional: boolean;
  /** It replaces the shell, by exec. */
  readonly replaces: boolean;
}

/** What is known about a shell, and the commands that it has run. */
export class Shell {
  readonly commands: ShellCommand[] = [];
  /** Why the script cannot be followed with certainty. */
  doubt: string | undefined;
  readonly parameters: ShellParameters;
  readonly budget: Budget;
  readonly functions = new Set<string>();
  readonly readonly = new Set<string>();
  ended = false;
  mayHaveEnded = false;
  evals = 0;
  /** Variables whose value is unknown everywhere in the script. */
  readonly #changing = new Set<string>();
  readonly #pointer: string | undefined;

  constructor(parameters: ShellParameters, pointer: string | undefined) {
    this.parameters = parameters;
    this.budget = parameters.budget;
    this.#pointer = pointer;
  }

  /** Makes a variable unknown, whatever is assigned to it later. */
  change(name: string): void {
    this.#changing.add(name);
    this.parameters.forget(name);
  }

  isChanging(name: string): boolean {
    return this.#changing.has(name);
  }

  /** A loop runs its commands again after those that follow them, and a function runs wherever it is called. */
  runsAgain({ words, inFunction }: SimpleCommand): void {
    const [program, ...args] = words.filter(({ raw }) => !ASSIGNMENT.test(raw));
    for (const { raw } of words) for (const name of changedIn(raw)) this.change(name);
    if (program === undefined) return;
    const name = program.raw === 'command' || program.raw === 'builtin' ? (args[0]?.raw ?? '') : program.raw;
    if (CHANGES_NAMES.has(name)) for (const { raw } of args) this.change(raw);
    else if ((name === 'set' || name === 'shift') && !inFunction) this.parameters.positional = undefined;
    else if (!isPlain(name) || name === 'eval' || name === 'trap')
      this.doubt ??= `the script runs ${isPlain(name) ? name : 'a command whose name is not written out'} again and again, which may change everything`;
  }

  /** The words of a command. Those of a function depend on its callers. */
  expand(tokens: readonly WordToken[], inFunction: boolean): Word[] {
    const parameters = inFunction ? new ShellParameters(new Map(), '', undefined, this.budget) : this.parameters;
    const words = tokens.flatMap(({ parts }) =>
      expandWord(parts, parameters).map((text) => wordOf(text, this.#pointer)),
    );
    this.parameters.mayFail ||= parameters.mayFail;
    return words;
  }

  assign(word: WordToken, certain: boolean): void {
    const [, name = '', append = ''] = ASSIGNMENT.exec(word.raw) ?? [];
    if (name === 'IFS') this.parameters.separatorsChanged = true;
    // some shells exit instead of changing a read-only variable
    if (this.readonly.has(name)) this.mayHaveEnded = true;
    const text = expandValue(word.parts, this.parameters);
    // bash appends with `+=`; to other shells it is the name of a command.
    if (!certain || append !== '' || this.#changing.has(name) || this.readonly.has(name)) this.parameters.forget(name);
    else this.parameters.variables.set(name, text.slice(text.indexOf('=') + 1));
  }

  /** Nothing runs after exec or exit. If exec or exit is conditional, the commands after it are too. */
  end(certain: boolean): void {
    this.ended ||= certain;
    this.mayHaveEnded = true;
  }
}
