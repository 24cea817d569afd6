// Finds the components that a container's command line starts: through wrappers, shells, hyperkube and log runners.

import type { Component, Problem } from '../../policy/reading.ts';
import type { Environment } from '../argv/expansion.ts';
import type { Budget } from '../budget.ts';
import { readScript, type ShellCommand } from './shell/shell.ts';
import { GAP, HOLE, basename, isKnown, shown, wordOf, type Word } from '../argv/words.ts';
import { commandComponent, EMBEDDING, INERT, RUNS_TEXT, shellCommand, SHELLS } from './programs.ts';
import { unwrap } from './wrappers.ts';

/** One start of a component. */
export interface Invocation {
  readonly component: Component;
  /** The words after the component's name. */
  readonly args: readonly Word[];
  /** It starts only under a condition that is not known. */
  readonly conditional: boolean;
  readonly doubts: readonly Problem[];
}

/** What a command line starts. */
export interface Launch {
  readonly invocations: readonly Invocation[];
  /** A program that may start a component in a way that cannot be followed. */
  readonly suspects: readonly Suspect[];
  /** An unknown program that may run instead of a conditional start. */
  readonly alternative?: Problem;
}

/** A command that is not known. */
export interface Suspect {
  readonly problem: Problem;
  /** Its words name kube-apiserver. */
  readonly names: boolean;
  /** It runs text from its arguments, so the words of the script may be what it runs. */
  readonly runsText: boolean;
}

const MAX_DEPTH = 16;
/** The cost of each command, besides its words. */
const STEPS_OF_COMMAND = 4;

/**
 * Finds what a command line starts.
 *
 * @param words program and arguments, after the kubelet's expansion
 * @param environment the container's variables, for shells
 * @param isApiServerFlag tells whether a flag's name is one that only kube-apiserver has
 */
export function resolveLaunch(
  words: readonly Word[],
  environment: Environment,
  isApiServerFlag: (name: string) => boolean,
  budget: Budget,
): Launch {
  return new Resolver(isApiServerFlag, budget).resolve(
    { words, environment, fromShell: false, conditional: false, doubts: [] },
    0,
  );
}

interface Command {
  readonly words: readonly Word[];
  readonly environment: Environment;
  readonly fromShell: boolean;
  readonly conditional: boolean;
  readonly doubts: readonly Problem[];
}

const NOTHING: Launch = { invocations: [], suspects: [] };

class Resolver {
  readonly #isApiServerFlag: (name: string) => boolean;
  readonly #budget: Budget;

  constructor(isApiServerFlag: (name: string) => boolean, budget: Budget) {
    this.#isApiServerFlag = isApiServerFlag;
    this.#budget = budget;
  }

  resolve(command: Command, depth: number): Launch {
    const { words } = command;
    this.#budget.steps(STEPS_OF_COMMAND + words.length);
    const program = words[0];
    if (program === undefined) return NOTHING;
    if (!isKnown(program.text) || depth > MAX_DEPTH)
      return this.#suspect(command, `the program ${shown(program.text)} is not known`);
    const name = basename(program.text);
    const component = commandComponent(words);
    if (component !== undefined) return { invocations: [invocationOf(command, component)], suspects: [] };
    const shell = name === 'busybox' ? basename(words[1]?.text ?? '') : name;
    if (SHELLS.has(shell))
      return this.#shell({ ...command, words: name === 'busybox' ? words.slice(1) : words }, depth);
    const subcommands = Object.hasOwn(EMBEDDING, name) ? EMBEDDING[name] : undefined;
    if (subcommands?.every((subcommand) => words.some(({ text }) => text === subcommand)) === true) {
      const message = `${name} runs kube-apiserver inside its own process, with flags that the pod does not show; check its configuration or /flagz`;
      return {
        invocations: [],
        suspects: [{ names: true, runsText: false, problem: { code: 'not-visible', message } }],
      };
    }
    const unwrapped = unwrap(words);
    if (unwrapped === 'unclear') return this.#suspect(command, `the options of ${name} are not known`);
    if (unwrapped === undefined)
      return INERT.has(name) ? NOTHING : this.#suspect(command, `${name} is not a known wrapper`);
    const values = new Map([...(unwrapped.clears ? [] : command.environment.values), ...unwrapped.assignments]);
    return this.resolve(
      { ...command, words: unwrapped.words, environment: { ...command.environment, values } },
      depth + 1,
    );
  }

  #shell(command: Command, depth: number): Launch {
    const shell = shellCommand(command.words);
    if (shell === undefined) return this.#suspect(command, 'the shell runs a script that the document does not show');
    const { script, zero, positional } = shell;
    // another shell can put any text there
    if (command.fromShell ? !isKnown(script.text) : script.text.includes(GAP))
      return this.#suspect(command, 'a part of the script is not in the document');
    const values = command.fromShell ? new Map<string, string>() : command.environment.values;
    const { commands, doubt } = readScript(
      script.text,
      values,
      zero,
      command.fromShell ? positional : positional.map(single),
      script.pointer,
      this.#budget,
    );
    const doubts = doubt === undefined ? command.doubts : [...command.doubts, unresolved(doubt, script)];
    const launches = commands.map(({ words, conditional }) =>
      this.resolve(
        {
          words,
          environment: { values: new Map(), open: true },
          fromShell: true,
          conditional: command.conditional || conditional,
          doubts,
        },
        depth + 1,
      ),
    );
    const invocations = launches.flatMap((launch) => launch.invocations);
    const suspects = launches.flatMap((launch) => launch.suspects);
    const alternative = alternativeOf(commands, launches);
    if (doubt !== undefined && invocations.length === 0) {
      suspects.push({ names: false, runsText: true, problem: unresolved(doubt, script) });
    }
    const named = invocations.length === 0 && namesApiServer(script.text);
    return {
      invocations,
      ...(alternative && { alternative }),
      suspects: suspects.map((suspect) => (named && suspect.runsText ? { ...suspect, names: true } : suspect)),
    };
  }

  #suspect({ words }: Command, reason: string): Launch {
    const program = words[0]?.text ?? '';
    const at = words.findIndex(({ text }) => basename(text) === 'kube-apiserver');
    const absolute = words[at]?.text.startsWith('/') === true;
    const flagged = words
      .slice(at + 1)
      .some(({ text }) => text.startsWith('--') && this.#isApiServerFlag(text.slice(2).split('=', 1)[0] ?? ''));
    const inScript = words.some(({ text }) => /\s--[a-z]/.test(text) && namesApiServer(text));
    const names = (at !== -1 && (absolute || flagged)) || inScript;
    const { pointer } = words[0] ?? {};
    const message = `what the container runs is not known: ${reason}`;
    return {
      invocations: [],
      suspects: [
        {
          names,
          runsText: !isKnown(program) || SHELLS.has(basename(program)) || RUNS_TEXT.has(basename(program)),
          problem: {
            code: 'unknown-wrapper',
            message,
            ...(pointer !== undefined && { origin: { layer: 'flag', pointer } }),
          },
        },
      ],
    };
  }
}

function invocationOf(
  { words, fromShell, conditional, doubts }: Command,
  { component, skip }: { component: Component; skip: number },
): Invocation {
  const args = words.slice(skip);
  const whole = fromShell || args.every(({ holes }) => holes !== true);
  return { component, args: whole ? args : args.map(single), conditional, doubts };
}

/** Outside a shell, an unknown part of a word does not become more words. */
function single(word: Word): Word {
  if (word.holes !== true || !word.text.includes(GAP)) return word;
  const { pointer, problem } = word;
  return { ...wordOf(word.text.replaceAll(GAP, HOLE), pointer), ...(problem && { problem }) };
}

/** What may run instead of a conditional start: a program that replaces the shell, or that follows it. */
function alternativeOf(commands: readonly ShellCommand[], launches: readonly Launch[]): Problem | undefined {
  const first = launches.findIndex(({ invocations }) => invocations.some(({ conditional }) => conditional));
  if (first === -1) return undefined;
  const at = launches.findIndex(
    ({ suspects, alternative }, index) =>
      alternative !== undefined || (suspects.length > 0 && (index > first || commands[index]?.replaces === true)),
  );
  return launches[at]?.alternative ?? launches[at]?.suspects[0]?.problem;
}

function namesApiServer(text: string): boolean {
  return /(?:^|[\s/'"`;|&(=])kube-apiserver(?:$|[\s'"`;|&)])/.test(text);
}

function unresolved(doubt: string, { pointer }: Word): Problem {
  return {
    code: 'unresolved',
    message: `${doubt}; write the command line out, or check the running process`,
    ...(pointer !== undefined && { origin: { layer: 'flag', pointer } }),
  };
}
