// What a shell script runs, as far as it can be told without running it: POSIX words, variables with known values,
// positional parameters, exec and exit. What a script may change behind our back is unknown from there on.

import type { Budget } from '../budget.ts';
import { readGrammar, type Grammar, type SimpleCommand, type WordToken } from './shell-grammar.ts';
import { ShellSyntaxError, type Part } from './shell-tokens.ts';
import { expandValue, expandWord, ShellParameters } from './shell-words.ts';
import { isKnown, readable, wordOf, type Word } from '../argv/words.ts';

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
/** An element of a bash array, of which the first one is the variable of the same name. */
const ELEMENT = /^([A-Za-z_]\w*)\[[^\]]*\]\+?=/;
/** A function of such a name would take the place of what we look for, or of what changes the shell. */
const TELLING_NAME =
  /^(?:kube|hyperkube|(?:exec|command|builtin|env|k3s|rke2|k0s|set|shift|eval|export|readonly|unset|exit|return|trap|source|\.|:)$)/;
/** Assignments in front of these stay in some shells (POSIX 2.14). */
const SPECIAL = new Set([
  ...['.', ':', 'break', 'continue', 'eval', 'exec', 'exit', 'export', 'readonly', 'return', 'set', 'shift', 'source'],
  ...['times', 'trap', 'unset'],
]);
/** Builtins that change variables by name. */
const CHANGES_NAMES = new Set([
  ...['declare', 'export', 'getopts', 'let', 'local', 'mapfile', 'printf', 'read', 'readarray', 'readonly', 'typeset'],
  ...['unset', 'wait'],
]);
/** What changes the shell in ways that are not followed. */
const CHANGES_ALL = new Set(['.', 'alias', 'enable', 'hash', 'shopt', 'source', 'unalias']);
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
  const runner = new Runner(new ShellParameters(variables, zero, positional, budget), pointer, budget);
  try {
    runner.run(readGrammar(script, budget), false);
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
  /** Variables whose value can not be told from any place of the script. */
  readonly #changing = new Set<string>();
  readonly #readonly = new Set<string>();
  #ended = false;
  #mayHaveEnded = false;
  #evals = 0;

  constructor(parameters: ShellParameters, pointer: string | undefined, budget: Budget) {
    this.#budget = budget;
    this.#parameters = parameters;
    this.#pointer = pointer;
  }

  run({ commands, functions, unknown }: Grammar, conditional: boolean): void {
    for (const name of functions) this.#functions.add(name);
    const telling = functions.find((name) => TELLING_NAME.test(name));
    if (telling !== undefined) this.doubt ??= `the script defines a function named ${telling}`;
    for (const name of unknown) this.#change(name);
    // A loop runs its commands again after what stands behind them, and a function wherever it is called.
    for (const command of commands) if (command.inLoop || command.inFunction) this.#runsAgain(command);
    for (const command of commands) {
      if (this.#ended) return;
      this.#budget.steps();
      this.#run({ ...command, conditional: conditional || command.conditional || this.#mayHaveEnded });
    }
  }

  #change(name: string): void {
    this.#changing.add(name);
    this.#parameters.forget(name);
  }

  #runsAgain({ words, inFunction }: SimpleCommand): void {
    const [program, ...args] = words.filter(({ raw }) => !ASSIGNMENT.test(raw));
    for (const { raw } of words) for (const name of changedIn(raw)) this.#change(name);
    if (program === undefined) return;
    const name = program.raw === 'command' || program.raw === 'builtin' ? (args[0]?.raw ?? '') : program.raw;
    if (CHANGES_NAMES.has(name)) for (const { raw } of args) this.#change(raw);
    else if (name === 'set' || name === 'shift')
      this.#parameters.positional = inFunction ? this.#parameters.positional : undefined;
    else if (!isPlain(name) || name === 'eval' || name === 'trap')
      this.doubt ??= `the script runs ${isPlain(name) ? name : 'a command whose name is not written out'} again and again, which may change everything`;
  }

  #run(command: SimpleCommand): void {
    const certain = !command.conditional && !command.apart;
    this.#parameters.certain = certain && !command.inFunction;
    const assignments = command.words.findIndex(({ raw }) => !ASSIGNMENT.test(raw));
    for (const { parts } of command.words)
      for (const name of assignedByArithmetic(parts)) this.#parameters.forget(name);
    if (assignments === -1) {
      for (const word of command.words) this.#assign(word, certain);
      return;
    }
    const tokens = command.words.slice(assignments);
    const parameters = command.inFunction
      ? new ShellParameters(new Map(), '', undefined, this.#budget)
      : this.#parameters;
    const words = tokens.flatMap(({ parts }) =>
      expandWord(parts, parameters).map((text) => wordOf(text, this.#pointer)),
    );
    const before = command.words.slice(0, assignments);
    const name = words[0]?.text ?? '';
    // they are for the command alone, but stay behind what is part of the shell
    if (name === '' || SPECIAL.has(name) || this.#functions.has(name))
      for (const word of before) this.#parameters.forget(nameOf(word));
    this.#command(tokens, words, command.conditional, certain);
  }

  #assign(word: WordToken, certain: boolean): void {
    const [, name = '', append = ''] = ASSIGNMENT.exec(word.raw) ?? [];
    if (name === 'IFS') this.#parameters.separatorsChanged = true;
    // to keep a value that may not be changed, some shells end
    if (this.#readonly.has(name)) this.#mayHaveEnded = true;
    const text = expandValue(word.parts, this.#parameters);
    // bash appends with `+=`; to other shells it is the name of a command.
    if (!certain || append !== '' || this.#changing.has(name) || this.#readonly.has(name))
      this.#parameters.forget(name);
    else this.#parameters.variables.set(name, text.slice(text.indexOf('=') + 1));
  }

  #command(tokens: readonly WordToken[], words: readonly Word[], conditional: boolean, certain: boolean): void {
    const [name, ...args] = words;
    if (name === undefined) return;
    if (!isKnown(name.text))
      this.doubt ??= 'the script runs a command whose name is not known, which may change everything after it';
    const element = ELEMENT.exec(name.text)?.[1];
    if (element !== undefined) this.#parameters.forget(element);
    else if (CHANGES_ALL.has(name.text))
      this.doubt ??= `the script runs ${name.text}, which may change everything after it`;
    else if (!this.#changesShell(name.text, tokens, args, conditional, certain)) {
      // The commands of a function are told where it is defined; a call of it may end the script.
      if (this.#functions.has(name.text)) this.#mayHaveEnded = true;
      else this.commands.push({ words, conditional, replaces: false });
    }
  }

  /** Runs what is part of the shell; tells whether it was that. */
  #changesShell(
    name: string,
    tokens: readonly WordToken[],
    args: readonly Word[],
    conditional: boolean,
    certain: boolean,
  ): boolean {
    switch (name) {
      case 'export':
      case 'readonly':
        this.#declare(name, tokens, args, certain);
        return true;
      case 'unset':
        this.#unset(args, certain);
        return true;
      case 'printf':
        if (args[0]?.text.startsWith('-v') === true)
          for (const { text } of args) this.#parameters.forget(text.replace(/^-v/, ''));
        return true;
      case 'let':
      case 'wait':
      case 'local':
      case 'declare':
      case 'typeset':
      case 'read':
      case 'getopts':
      case 'mapfile':
      case 'readarray':
        // some of these are no part of every shell, or do not do the same in each
        for (const { text } of args) this.#forgetIn(text);
        if (args.some(({ text }) => /^-[a-zA-Z]*n/.test(text)))
          this.doubt ??= 'the script gives a variable a second name';
        return true;
      case 'set':
        this.#set(args, certain);
        return true;
      case 'shift':
        this.#shift(args, certain);
        return true;
      case 'return':
      case 'exit':
        this.#end(certain && name === 'exit');
        return true;
      case 'eval':
        this.#eval(args, conditional || !certain);
        return true;
      case 'trap':
        this.#trap(args);
        return true;
      case 'exec':
        this.#exec(args, conditional, certain);
        return true;
      case 'time':
      case 'command':
      case 'builtin':
        return this.#within(name, tokens, args, conditional, certain);
      default:
        return false;
    }
  }

  /** What is part of the shell also behind these is so. */
  #within(
    wrapper: string,
    tokens: readonly WordToken[],
    args: readonly Word[],
    conditional: boolean,
    certain: boolean,
  ): boolean {
    const [name, ...rest] = args[0]?.text === '-p' ? args.slice(1) : args;
    if (name === undefined) return true;
    if (name.text.startsWith('-')) return false;
    if (wrapper === 'time' && (SPECIAL.has(name.text) || CHANGES_NAMES.has(name.text) || ASSIGNMENT.test(name.text))) {
      this.doubt ??= `the script runs ${name.text} by time, which is a part of some shells only`;
      return true;
    }
    if (CHANGES_ALL.has(name.text) || !isKnown(name.text))
      this.doubt ??= `the script runs ${readable(name.text)}, which may change everything after it`;
    return name.text === 'exec'
      ? this.#changesShell(name.text, tokens, rest, true, false)
      : name.text !== 'time' && this.#changesShell(name.text, tokens, rest, conditional, certain);
  }

  #forgetIn(text: string): void {
    if (isKnown(text)) for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) this.#parameters.forget(name);
    else this.doubt ??= 'the script changes a variable whose name is not known';
  }

  /** `export` and `readonly`: some shells split the value into words. */
  #declare(name: string, tokens: readonly WordToken[], args: readonly Word[], certain: boolean): void {
    for (const token of tokens) {
      const assigned = ASSIGNMENT.exec(token.raw)?.[1];
      if (assigned === undefined) continue;
      const splits = token.parts.some(({ kind, quoted }) => kind === 'parameter' && !quoted);
      const whole = !splits || expandWord(token.parts, this.#parameters).length === 1;
      this.#assign(token, certain && whole);
    }
    if (args.some(({ text }) => !isKnown(text.split('=', 1)[0] ?? '')))
      this.doubt ??= 'the script changes a variable whose name is not known';
    if (name === 'readonly') for (const { text } of args) this.#readonly.add(text.split('=', 1)[0] ?? '');
  }

  #unset(args: readonly Word[], certain: boolean): void {
    const [option] = args;
    if (option?.text === '-f') return;
    const known = args.every(
      ({ text }) => /^[A-Za-z_]\w*$/.test(text) && !this.#readonly.has(text) && !this.#changing.has(text),
    );
    for (const { text } of args) {
      if (!certain || !known) this.#forgetIn(text);
      else {
        this.#parameters.variables.set(text, undefined);
        if (text === 'IFS') this.#parameters.separatorsChanged = true;
      }
    }
    if (!known) this.#mayHaveEnded = true;
  }

  #set(args: readonly Word[], certain: boolean): void {
    // From now on any command that fails ends the script; options that not every shell has end it at once.
    if (
      args.some(
        ({ text }) =>
          /^-[a-zA-Z]*[^abCfhmuvxo-]/.test(text) || text === 'errexit' || text === 'pipefail' || !isKnown(text),
      )
    )
      this.#mayHaveEnded = true;
    const first = args.findIndex(({ text }) => !/^[-+]/.test(text) || text === '--' || text === '-');
    if (first === -1) return;
    // `set -o pipefail` takes the next word as its option's name.
    if (/^[-+][a-zA-Z]*o$/.test(args[first - 1]?.text ?? '')) {
      this.#set(args.slice(first + 1), certain);
      return;
    }
    const text = args[first]?.text ?? '';
    const rest = /^--?$/.test(text) ? args.slice(first + 1) : args.slice(first);
    // what is not known could be an option, and a dash alone does not mean the same to all shells
    const told =
      certain &&
      isKnown(text) &&
      !(text === '-' && rest.length === 0) &&
      !args.slice(0, first).some(({ text: option }) => /o./.test(option));
    this.#parameters.positional = told ? rest : undefined;
  }

  #shift(args: readonly Word[], certain: boolean): void {
    const { positional, count } = this.#parameters;
    const by = args[0]?.text ?? '1';
    const told = certain && args.length < 2 && /^\d{1,9}$/.test(by) && count !== undefined && Number(by) <= count;
    this.#parameters.positional = told ? positional?.slice(Number(by)) : undefined;
    // Where fewer are left, some shells end, and others go on with what there is.
    if (!told) this.#mayHaveEnded = true;
  }

  #eval(args: readonly Word[], conditional: boolean): void {
    const words = args[0]?.text === '--' ? args.slice(1) : args;
    const script = words.map(({ text }) => text).join(' ');
    this.#evals += 1;
    if (!isKnown(script) || this.#evals > MAX_EVALS) {
      this.doubt ??= 'the script runs eval on text that is not known';
      return;
    }
    this.run(readGrammar(script, this.#budget), conditional);
  }

  /** What a trap runs, it runs at any time. */
  #trap([action, ...conditions]: readonly Word[]): void {
    if (action === undefined || conditions.length === 0 || ['', '-'].includes(action.text)) return;
    this.#evals += 1;
    if (
      !isKnown(action.text) ||
      this.#evals > MAX_EVALS ||
      conditions.some(({ text }) => !/^(?:EXIT|0|(?:SIG)?(?:HUP|INT|QUIT|TERM|USR[12]|CHLD|PIPE)|[1-9]\d?)$/.test(text))
    ) {
      this.doubt ??= 'the script has a trap that can not be followed';
      return;
    }
    const { commands } = readGrammar(action.text, this.#budget);
    for (const command of commands) this.#runsAgain(command);
    const [ended, mayHaveEnded] = [this.#ended, this.#mayHaveEnded];
    for (const command of commands) this.#run({ ...command, conditional: true });
    [this.#ended, this.#mayHaveEnded] = [ended, mayHaveEnded];
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

/** The variables that a word of a script changes wherever it stands. */
function changedIn(raw: string): string[] {
  const assigned = ASSIGNMENT.exec(raw)?.[1] ?? ELEMENT.exec(raw)?.[1];
  const expanded = Array.from(raw.matchAll(/\$\{([A-Za-z_]\w*):?=/g), ([, name = '']) => name);
  return assigned === undefined ? expanded : [assigned, ...expanded];
}

function assignedByArithmetic(parts: readonly Part[]): string[] {
  return parts.flatMap((part) =>
    part.kind === 'unknown' && part.text !== ''
      ? Array.from(part.text.matchAll(/[A-Za-z_]\w*/g), ([name]) => name)
      : [],
  );
}

/** A word that is the same before and after expansion. */
function isPlain(raw: string): boolean {
  return /^[\w./:+,@%=!-]*$/.test(raw) || raw === '[';
}

function nameOf({ raw }: WordToken): string {
  return ASSIGNMENT.exec(raw)?.[1] ?? '';
}
