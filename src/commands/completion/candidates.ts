// What can stand at the cursor of a command line: the tree of commands, options and arguments, read when it is asked for.

import type { Argument, Command, Option } from 'commander';

import { ListOption } from '../list-option.ts';

/** A word that can stand at the cursor. */
export interface Candidate {
  readonly word: string;
  readonly description?: string;
}

/** What can stand at the cursor. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether a file or folder can stand there as well: the shell itself completes those. */
  readonly files: boolean;
}

/** The values that a placeholder in the help stands for, as `<format>`. */
export type PlaceholderValues = (placeholder: string, words: readonly string[]) => readonly string[];

/** Placeholders that are paths. */
const PATHS: ReadonlySet<string> = new Set(['path', 'file', 'dir', 'report']);
const NOTHING: Completion = { candidates: [], files: false };

/**
 * Completes the last word.
 *
 * @param words the words behind the name of the program; the last one is the beginning of the word at the cursor
 */
export function complete(root: Command, words: readonly string[], valuesOf: PlaceholderValues): Completion {
  const current = words.at(-1) ?? '';
  const { command, expected, position, isOnlyArguments } = readWords(root, words.slice(0, -1));
  if (expected) return valueOf(expected, current, '', words, valuesOf);
  if (!isOnlyArguments && current.startsWith('-')) {
    const end = current.indexOf('=');
    if (!current.startsWith('--') || end < 0) return starting(current, optionsOf(command));
    const option = findOption(command, current.slice(0, end));
    return option?.required === true
      ? valueOf(option, current.slice(end + 1), current.slice(0, end + 1), words, valuesOf)
      : NOTHING;
  }
  if (command.commands.length > 0) return starting(current, commandsOf(command));
  const { registeredArguments: known } = command;
  const argument = known[position] ?? (known.at(-1)?.variadic === true ? known.at(-1) : undefined);
  return argument === undefined ? NOTHING : valueOf(argument, current, '', words, valuesOf);
}

interface Place {
  readonly command: Command;
  /** The option whose value comes next. */
  readonly expected: Option | undefined;
  /** How many arguments the command has so far. */
  readonly position: number;
  /** There was a `--`. */
  readonly isOnlyArguments: boolean;
}

/** Where the words before the cursor lead to, as commander reads them. */
function readWords(root: Command, words: readonly string[]): Place {
  let [command, position, isOnlyArguments] = [root, 0, false];
  let expected: Option | undefined;
  for (const word of words) {
    if (expected) {
      expected = undefined;
    } else if (isOnlyArguments) {
      position += 1;
    } else if (word === '--') {
      isOnlyArguments = true;
    } else if (word.startsWith('-') && word !== '-') {
      const option = findOption(command, word);
      if (option?.required === true) expected = option;
    } else {
      const nested = command.commands.find((candidate) => candidate.name() === word);
      if (nested) command = nested;
      else position += 1;
    }
  }
  return { command, expected, position, isOnlyArguments };
}

function findOption(command: Command, word: string): Option | undefined {
  return command.options.find(({ short, long }) => word === short || word === long);
}

function optionsOf(command: Command): Candidate[] {
  const options = command.createHelp().visibleOptions(command);
  return options.map(({ long, short, description }) => ({ word: long ?? short ?? '', description }));
}

function commandsOf(command: Command): Candidate[] {
  const commands = command.createHelp().visibleCommands(command);
  return commands.map((nested) => ({ word: nested.name(), description: nested.description() }));
}

function valueOf(
  thing: Option | Argument,
  current: string,
  before: string,
  words: readonly string[],
  placeholderValues: PlaceholderValues,
): Completion {
  const placeholder = placeholderOf(thing);
  const files = PATHS.has(placeholder);
  // as sarif=results.sarif
  if (placeholder === 'format' && current.includes('=')) return { candidates: [], files: true };
  const values = thing.argChoices ?? placeholderValues(placeholder, words);
  if (thing instanceof ListOption) {
    const start = current.slice(0, current.lastIndexOf(',') + 1);
    const chosen = start.split(',');
    const others = thing.items
      .filter((item) => !chosen.includes(item))
      .map((item) => ({ word: `${before}${start}${item}` }));
    return starting(`${before}${current}`, others);
  }
  const candidates = values.map((value) => ({ word: `${before}${value}` }));
  return { ...starting(`${before}${current}`, candidates), files };
}

/** What the help writes between angle brackets. */
function placeholderOf(thing: Option | Argument): string {
  const name = 'flags' in thing ? (thing.flags.split(' ').at(-1) ?? '').slice(1, -1) : thing.name();
  return name.replace(/\.\.\.$/, '');
}

function starting(current: string, candidates: readonly Candidate[]): Completion {
  return { candidates: candidates.filter(({ word }) => word.startsWith(current)), files: false };
}
