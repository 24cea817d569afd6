// The variables that systemd gives to a unit's process (systemd.exec(5), "Environment"), and how they get into its command
// line (systemd.service(5), "Command lines"; src/basic/env-util.c, replace_env_argv).

import type { Problem } from '../../policy/reading.ts';
import type { Environment } from '../argv/expansion.ts';
import type { Budget } from '../budget.ts';
import { GAP, HOLE, wordOf, type Word } from '../argv/words.ts';
import { globPaths } from './glob.ts';
import { NAME, parseEnvironmentFile } from './environment-file.ts';
import { expandSpecifiers } from './specifiers.ts';
import { placeAt } from './places.ts';
import { splitWords, type Setting } from './syntax.ts';
import type { UnitFiles } from './unit.ts';

/** The variables of a unit's process, as far as the host's files show them. */
export interface Variables extends Environment {
  /** Why a variable's value is not known, by name. */
  readonly problems: ReadonlyMap<string, Problem>;
  /** Where each variable is set (places.ts), by name. */
  readonly places: ReadonlyMap<string, string>;
  /** Why there may be more variables. */
  readonly others?: Problem;
  readonly doubts: readonly Problem[];
  /** A required environment file that is missing: systemd does not start the unit. */
  readonly missingFile?: string;
}

/** Variables that systemd sets itself, or takes from the locale. They may have a value without the unit. */
const GIVEN =
  /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|HOME|USER|LOGNAME|SHELL|TERM|INVOCATION_ID|JOURNAL_STREAM|NOTIFY_SOCKET|MANAGERPID|SYSTEMD_EXEC_PID|WATCHDOG_(?:PID|USEC)|LISTEN_(?:FDS|PID|FDNAMES)|(?:RUNTIME|STATE|CACHE|LOGS|CONFIGURATION|CREDENTIALS)_DIRECTORY|MEMORY_PRESSURE_(?:WATCH|WRITE))$/;

/**
 * The variables of a unit. The last of these wins: the manager's, passed ones, `Environment=`, files in their order.
 *
 * @param manager the settings of system.conf
 * @param unit the settings of the unit
 */
export function variablesOf(
  manager: readonly Setting[],
  unit: readonly Setting[],
  name: string,
  files: UnitFiles,
  budget: Budget,
): Variables {
  const builder = new VariablesBuilder(name, files, budget);
  for (const value of lastList(manager, 'Manager', 'DefaultEnvironment')) builder.assign(value);
  for (const setting of unit) builder.mayBeSetBy(setting);
  for (const value of lastList(unit, 'Service', 'PassEnvironment')) builder.pass(value);
  for (const value of lastList(unit, 'Service', 'Environment')) builder.assign(value);
  for (const value of lastList(unit, 'Service', 'EnvironmentFile')) builder.load(value);
  for (const value of lastList(unit, 'Service', 'UnsetEnvironment')) builder.unset(value);
  return builder.result();
}

/** The values of a setting that can be given several times; an empty one resets it. */
export function lastList(settings: readonly Setting[], section: string, key: string): Setting[] {
  const values = settings.filter((setting) => setting.section === section && setting.key === key);
  return values.slice(values.findLastIndex(({ value }) => value === '') + 1);
}

class VariablesBuilder {
  readonly #name: string;
  readonly #files: UnitFiles;
  readonly #budget: Budget;
  readonly #values = new Map<string, string>();
  readonly #problems = new Map<string, Problem>();
  readonly #places = new Map<string, string>();
  readonly #doubts: Problem[] = [];
  #others: Problem | undefined;
  #missingFile: string | undefined;

  constructor(name: string, files: UnitFiles, budget: Budget) {
    this.#name = name;
    this.#budget = budget;
    this.#files = files;
  }

  assign({ value, file, line }: Setting): void {
    for (const word of splitWords(value, 'assignments').words) {
      const text = expandSpecifiers(word, this.#name);
      const equals = text.indexOf('=');
      if (equals === -1 || !NAME.test(text.slice(0, equals))) continue;
      const problem: Problem = {
        code: 'unresolved',
        message: `${file}:${String(line)} has a specifier whose value the files do not show; check the running process`,
      };
      this.#set(text.slice(0, equals), text.slice(equals + 1), problem);
      this.#places.set(text.slice(0, equals), placeAt(file, line));
    }
  }

  /** A command before the start can set variables of the manager, which it passes to the process. */
  mayBeSetBy({ value, file, line }: Setting): void {
    if (!value.includes('set-environment')) return;
    for (const [, name = ''] of value.matchAll(/\b([A-Za-z_][A-Za-z0-9_]*)=/g)) {
      const message = `${file}:${String(line)} sets the variable ${name} by a command, whose result no file shows; check the running process`;
      this.#set(name, GAP, { code: 'unresolved', message });
    }
  }

  pass({ value, file, line }: Setting): void {
    for (const name of splitWords(value, 'assignments').words) {
      const message = `${file}:${String(line)} passes the variable ${name} on from systemd's own environment, which no file shows; check the running process`;
      this.#set(name, GAP, { code: 'unresolved', message });
    }
  }

  load({ value, file, line }: Setting): void {
    const optional = value.startsWith('-');
    const pattern = expandSpecifiers(optional ? value.slice(1) : value, this.#name);
    // systemd ignores a path that is not absolute
    if (!pattern.startsWith('/')) return;
    const place = `${file}:${String(line)}`;
    if (pattern.includes(HOLE)) {
      this.#unknownFile(`${place} names a file with a specifier`, 'unresolved');
      return;
    }
    const found = globPaths(pattern, this.#files.list, this.#budget);
    if ('problem' in found) {
      this.#unknownFile(found.problem.message, found.problem.code);
      return;
    }
    let loaded = 0;
    for (const path of found.paths) {
      const content = this.#files.read(path);
      if (content.state === 'missing') continue;
      loaded++;
      if (content.state === 'unreadable') this.#unknownFile(content.problem.message, content.problem.code);
      else this.#take(path, content.text);
    }
    if (loaded === 0 && !optional) this.#missingFile ??= pattern;
  }

  unset({ value }: Setting): void {
    for (const word of splitWords(value, 'assignments').words) {
      const equals = word.indexOf('=');
      const name = equals === -1 ? word : word.slice(0, equals);
      if (equals === -1 || this.#values.get(name) === word.slice(equals + 1)) this.#set(name, undefined);
    }
  }

  result(): Variables {
    return {
      values: this.#values,
      open: this.#others !== undefined,
      problems: this.#problems,
      places: this.#places,
      doubts: this.#doubts,
      ...(this.#others && { others: this.#others }),
      ...(this.#missingFile !== undefined && { missingFile: this.#missingFile }),
    };
  }

  #take(path: string, text: string): void {
    this.#budget.characters(text.length);
    const { values, lines, joinedComment } = parseEnvironmentFile(text);
    for (const [name, value] of values) this.#set(name, value);
    for (const [name, line] of lines) this.#places.set(name, placeAt(path, line));
    if (joinedComment === undefined) return;
    const message = `${path}:${String(joinedComment)} is a comment that ends in a backslash: systemd before 254 reads the next line as a comment too; remove the backslash`;
    this.#doubts.push({ code: 'ambiguous', message });
  }

  #set(name: string, value: string | undefined, problem?: Problem): void {
    this.#problems.delete(name);
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
    if (problem !== undefined && value !== undefined && (value.includes(GAP) || value.includes(HOLE)))
      this.#problems.set(name, problem);
  }

  /** An unreadable file may set any variable to any value. */
  #unknownFile(reason: string, code: Problem['code']): void {
    const problem: Problem = { code, message: `the unit's variables are not known: ${reason}` };
    this.#others = problem;
    this.#budget.steps(this.#values.size);
    for (const name of this.#values.keys()) {
      this.#values.set(name, GAP);
      this.#problems.set(name, problem);
    }
  }
}

/** A word of a command line with its variables: `$NAME` as a whole word becomes as many words as its value has. */
export function expandVariables(word: Word, variables: Variables, budget: Budget): readonly Word[] {
  const { text } = word;
  if (text.startsWith('$') && text[1] !== '{' && text[1] !== '$') {
    const name = text.slice(1);
    const value = valueOf(name, variables);
    if (value === undefined) return [];
    budget.characters(value.text.length);
    const pointer = variables.places.get(name) ?? word.pointer;
    const inFile = { ...word, ...(pointer !== undefined && { pointer }) };
    if (value.text.includes(GAP)) return [withProblem(GAP, inFile, value.problem)];
    const { words } = splitWords(value.text, 'value');
    budget.words(words.length);
    return words.map((each) => withProblem(each, inFile, value.problem));
  }
  let problem: Problem | undefined;
  budget.characters(text.length);
  const expanded = text.replace(/\$\$|\$\{([A-Za-z0-9_]*)\}/g, (all, name: string | undefined) => {
    if (name === undefined) return '$';
    const value = valueOf(name, variables);
    problem ??= value?.problem;
    budget.steps();
    budget.characters(value?.text.length ?? 0);
    return value?.text.replaceAll(GAP, HOLE) ?? '';
  });
  return [withProblem(expanded, word, problem)];
}

/** Undefined if the variable is not set. */
function valueOf(name: string, variables: Variables): { text: string; problem: Problem | undefined } | undefined {
  const text = variables.values.get(name);
  if (text !== undefined) return { text, problem: variables.problems.get(name) };
  if (!NAME.test(name)) return undefined;
  if (variables.others) return { text: GAP, problem: variables.others };
  if (!GIVEN.test(name)) return undefined;
  const message = `systemd itself sets the variable ${name}, to a value that the files do not show; check the running process`;
  return { text: GAP, problem: { code: 'unresolved', message } };
}

function withProblem(text: string, { pointer, problem: before }: Word, problem: Problem | undefined): Word {
  const word = wordOf(text, pointer);
  const reason = before ?? problem;
  return word.holes === true && reason ? { ...word, problem: reason } : word;
}
