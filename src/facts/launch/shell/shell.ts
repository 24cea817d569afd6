// What a shell script runs, as far as its text shows: POSIX words, variables with known values, positional parameters, exec
// and exit. What a script may change in a way that is not followed is unknown from there on, and so is everything that sh, dash
// and bash do differently.

import type { Budget } from '../../budget.ts';
import { isKnown, type Word } from '../../argv/words.ts';
import { runBuiltin } from './builtins.ts';
import { ShellSyntaxError } from './cursor.ts';
import { readGrammar } from './grammar.ts';
import { ASSIGNMENT, assignedByArithmetic, CHANGES_ALL, ELEMENT, nameOf, SPECIAL } from './names.ts';
import type { Grammar, SimpleCommand } from './simple-command.ts';
import { Shell, type ShellCommand } from './state.ts';
import { expandValue, ShellParameters } from './words.ts';

export type { ShellCommand } from './state.ts';

/** What a script runs. */
export interface Script {
  readonly commands: readonly ShellCommand[];
  /** Why the effect of the script is not certain. */
  readonly doubt?: string;
}

/** A function of such a name would replace a component, a wrapper, or a builtin that changes the shell. */
const RELEVANT_NAME =
  /^(?:kube|hyperkube|(?:exec|command|builtin|env|k3s|rke2|k0s|set|shift|eval|export|readonly|unset|exit|return|trap|source|\.|:)$)/;

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
  const shell = new Shell(new ShellParameters(variables, zero, positional, budget), pointer);
  try {
    run(shell, readGrammar(script, budget), false);
  } catch (cause) {
    if (!(cause instanceof ShellSyntaxError)) throw cause;
    shell.doubt ??= `the script cannot be parsed: ${cause.message}`;
  }
  return { commands: shell.commands, ...(shell.doubt !== undefined && { doubt: shell.doubt }) };
}

function run(shell: Shell, { commands, functions, unknown }: Grammar, conditional: boolean): void {
  for (const name of functions) shell.functions.add(name);
  const relevant = functions.find((name) => RELEVANT_NAME.test(name));
  if (relevant !== undefined) shell.doubt ??= `the script defines a function named ${relevant}`;
  for (const name of unknown) shell.change(name);
  for (const command of commands) if (command.inLoop || command.inFunction) shell.runsAgain(command);
  for (const command of commands) {
    if (shell.ended) return;
    shell.budget.steps();
    runOne(shell, command, conditional || command.conditional || shell.mayHaveEnded);
  }
}

function runOne(shell: Shell, command: SimpleCommand, mayBeLeftOut: boolean): void {
  const { parameters } = shell;
  parameters.mayFail = false;
  parameters.certain = !mayBeLeftOut && !command.apart && !command.inFunction;
  const assignments = command.words.findIndex(({ raw }) => !ASSIGNMENT.test(raw));
  for (const { parts } of command.words) for (const name of assignedByArithmetic(parts)) parameters.forget(name);
  if (assignments === -1) {
    for (const word of command.words) shell.assign(word, !mayBeLeftOut && !command.apart);
    shell.mayHaveEnded ||= parameters.mayFail;
    return;
  }
  const tokens = command.words.slice(assignments);
  const words = shell.expand(tokens, command.inFunction);
  for (const { parts } of command.words.slice(0, assignments)) expandValue(parts, parameters);
  shell.mayHaveEnded ||= parameters.mayFail;
  const conditional = mayBeLeftOut || parameters.mayFail;
  const certain = !conditional && !command.apart;
  const name = words[0]?.text ?? '';
  // they are for this command only, but stay after a builtin
  if (name === '' || SPECIAL.has(name) || shell.functions.has(name))
    for (const word of command.words.slice(0, assignments)) parameters.forget(nameOf(word));
  if (words.length === 0) return;
  if (!isKnown(name))
    shell.doubt ??= 'the script runs a command whose name is not known, which may change everything after it';
  const element = ELEMENT.exec(name)?.[1];
  if (element !== undefined) parameters.forget(element);
  else if (CHANGES_ALL.has(name)) shell.doubt ??= `the script runs ${name}, which may change everything after it`;
  else if (!runBuiltin(shell, name, { tokens, args: words.slice(1), conditional, certain, run: runText })) {
    // The commands of a function are listed at its definition; a call of it may end the script.
    if (shell.functions.has(name)) shell.mayHaveEnded = true;
    else shell.commands.push({ words, conditional, replaces: false });
  }
}

/** The text of an eval, or of a trap, which runs at any time. */
function runText(shell: Shell, text: string, conditional: boolean, anyTime: boolean): void {
  const grammar = readGrammar(text, shell.budget);
  if (!anyTime) {
    run(shell, grammar, conditional);
    return;
  }
  for (const command of grammar.commands) shell.runsAgain(command);
  const { ended, mayHaveEnded } = shell;
  run(shell, grammar, true);
  shell.ended = ended;
  shell.mayHaveEnded = mayHaveEnded;
}
