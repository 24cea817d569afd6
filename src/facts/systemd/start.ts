// The command, variables and folder that systemd would start a service with. They decide for a stopped kubelet, and for the next start
// of a running one.

import type { Problem } from '../../policy/reading.ts';
import type { Environment } from '../argv/expansion.ts';
import type { Budget } from '../budget.ts';
import { wordOf, type Word } from '../argv/words.ts';
import { expandVariables, lastList, variablesOf, type Variables } from './environment.ts';
import { expandSpecifiers } from './specifiers.ts';
import { placeAt } from './places.ts';
import { lineAt, nextWord, type Setting } from './syntax.ts';
import { readManager, readUnit, type UnitFiles } from './unit.ts';

/** The start of a service. */
export type ServiceStart =
  | {
      readonly state: 'starts';
      /** The program and its arguments; a oneshot service can have several, which run one after the other. */
      readonly commands: readonly (readonly Word[])[];
      readonly environment: Environment;
      /** The folder of relative paths; undefined if the files do not show it. */
      readonly workingDirectory: string | undefined;
      /** The unit file and its drop-ins, in the order in which they apply. */
      readonly files: readonly string[];
      readonly doubts: readonly Problem[];
    }
  /** systemd would not start it. */
  | { readonly state: 'refused'; readonly reason: string }
  | { readonly state: 'missing' }
  | { readonly state: 'masked'; readonly file: string }
  | { readonly state: 'unreadable'; readonly problem: Problem };

/**
 * The start of a service by its unit file, drop-ins and environment files.
 *
 * @param name the unit's full name, as `kubelet.service`
 */
export function startedBy(name: string, files: UnitFiles, budget: Budget): ServiceStart {
  const unit = readUnit(name, files);
  if (unit.state !== 'loaded') return unit;
  const manager = readManager(files);
  const variables = variablesOf(manager.settings, unit.settings, name, files, budget);
  const doubts = [...unit.doubts, ...manager.doubts, ...variables.doubts, ...rootDoubts(unit.settings)];
  const commands: Word[][] = [];
  for (const setting of lastList(unit.settings, 'Service', 'ExecStart')) {
    budget.characters(setting.value.length);
    const read = readCommands(setting, name, variables, budget);
    for (const command of read.commands) commands.push(command);
    doubts.push(...read.doubts);
  }
  const type = lastValue(unit.settings, 'Type');
  const reason = refusalOf(commands, type, variables);
  if (reason !== undefined) return { state: 'refused', reason };
  const { values, open } = variables;
  return {
    state: 'starts',
    commands,
    environment: { values, open },
    workingDirectory: workingDirectoryOf(unit.settings, name),
    files: unit.files,
    doubts,
  };
}

function refusalOf(
  commands: readonly unknown[],
  type: Setting | undefined,
  { missingFile }: Variables,
): string | undefined {
  if (commands.length === 0) return 'the unit has no ExecStart=';
  if (commands.length > 1 && type?.value !== 'oneshot') {
    return 'the unit has more than one ExecStart=, which only Type=oneshot may have; a drop-in that replaces it begins with an empty ExecStart=';
  }
  return missingFile === undefined
    ? undefined
    : `the environment file ${missingFile} does not exist; create it, or put a \`-\` before its path`;
}

function lastValue(settings: readonly Setting[], key: string): Setting | undefined {
  return settings.findLast((setting) => setting.section === 'Service' && setting.key === key);
}

function workingDirectoryOf(settings: readonly Setting[], name: string): string | undefined {
  const value = lastValue(settings, 'WorkingDirectory')?.value ?? '';
  const path = expandSpecifiers(value.startsWith('-') ? value.slice(1) : value, name);
  if (path === '') return '/';
  return path.startsWith('/') && wordOf(path, undefined).holes !== true ? path : undefined;
}

/** A process with its own root reads other files than the host's at the same paths. */
function rootDoubts(settings: readonly Setting[]): Problem[] {
  return ['RootDirectory', 'RootImage'].flatMap((key) => {
    const setting = lastValue(settings, key);
    if (setting === undefined || setting.value === '' || setting.value === '/') return [];
    const message = `${setting.file}:${String(setting.line)} sets ${key}=, so the process does not see the host's files; check the running process`;
    return [{ code: 'not-visible', message }];
  });
}

interface Commands {
  readonly commands: readonly Word[][];
  readonly doubts: readonly Problem[];
}

/** One `ExecStart=`. A separate `;` starts another command. */
function readCommands(setting: Setting, name: string, variables: Variables, budget: Budget): Commands {
  const { value } = setting;
  const commands: Word[][] = [];
  const doubts: Problem[] = [];
  for (let position = 0; ;) {
    const first = nextWord(value, position, 'command');
    if (typeof first === 'string') return { commands, doubts };
    const place = placeAt(setting.file, lineAt(setting, position));
    position = first.next;
    if (first.word === ';') continue;
    const { prefix, program } = programOf(first.word);
    if (program.startsWith('|')) {
      // since systemd 257
      const message = `${place} starts its command through a shell with the prefix |; check the running process`;
      doubts.push({ code: 'unresolved', message });
    }
    const rest = readArguments(setting, position, name);
    position = rest.next;
    const words = prefix.includes(':')
      ? rest.words
      : rest.words.flatMap((word) => expandVariables(word, variables, budget));
    // the word after the program is its argv[0]
    const args = prefix.includes('@') ? words.slice(1) : words;
    commands.push([argument(program, name, place), ...args]);
  }
}

function programOf(word: string): { prefix: string; program: string } {
  const prefix = /^[-@:+!]*/.exec(word)?.[0] ?? '';
  return { prefix, program: word.slice(prefix.length) };
}

function readArguments(setting: Setting, start: number, name: string): { words: Word[]; next: number } {
  const { value, file } = setting;
  const words: Word[] = [];
  for (let position = start; ;) {
    // only an unquoted one separates; `\;` is a word
    const mark = /\\?;(?=[ \t\n\r]|$)[ \t\n\r]*/y;
    mark.lastIndex = position;
    const found = mark.exec(value)?.[0];
    if (found?.startsWith(';') === true) return { words, next: position + found.length };
    if (found !== undefined) {
      words.push({ text: ';' });
      position += found.length;
      continue;
    }
    const next = nextWord(value, position, 'command');
    if (typeof next === 'string') return { words, next: position };
    words.push(argument(next.word, name, placeAt(file, lineAt(setting, position))));
    position = next.next;
  }
}

function argument(text: string, name: string, place: string): Word {
  const word = wordOf(expandSpecifiers(text, name), place);
  if (word.holes !== true) return word;
  const message = `${place} has a specifier or byte whose value the files do not show; check the running process`;
  return { ...word, problem: { code: 'unresolved', message } };
}
