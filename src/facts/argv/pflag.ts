// Parses a command line as github.com/spf13/pflag v1.0.10 does (flag.go: parseLongArg, parseShortArg, parseArgs), with
// Kubernetes' normalisation of `_` to `-` in names (component-base cli/flag/flags.go).

import type { Origin, Problem, Reading } from '../../policy/reading.ts';
import type { Refusal } from '../../policy/subject.ts';
import { faultOf } from './flag-values.ts';
import type { Flag, FlagTable } from './flags.ts';
import type { Budget } from '../budget.ts';
import { placeholderIn, placeholderProblem } from '../values/placeholders.ts';
import { doubtOfFlag, refusalOfFlag } from './unknown-flags.ts';
import { GAP, HOLE, isFilledIn, isKnown, isUnclear, shown, type Word } from './words.ts';

/** A value that the command line gives to a flag; the last one counts. */
export interface Assignment {
  /** The value, with HOLE for a part that is not known. */
  readonly value: string;
  /** The word that contains the value. */
  readonly word: Word;
  /** The assignment to the same flag before this one. */
  readonly before: Assignment | undefined;
}

/** A command line after parsing. */
export interface CommandLine {
  /** The last assignment to each flag whose value is read. */
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** The component would exit with this command line. */
  readonly refusal?: Refusal;
  /** Why the result is uncertain, for instance a flag that no known version has. */
  readonly doubts: readonly Problem[];
  /** Why nothing is certain from some word on, not even which flags are set. */
  readonly unclear?: Problem;
}

interface Options {
  readonly emptyPositionals: boolean;
  readonly budget: Budget;
}

/**
 * Parses a command line.
 *
 * @param words the words after the program's name
 * @param table the component's flags
 * @param options `emptyPositionals`: whether the component accepts empty positional words; `budget` pays for the work
 */
export function parseCommandLine(words: readonly Word[], table: FlagTable, options: Options): CommandLine {
  options.budget.steps(words.length);
  const parser = new Parser(words, table, options);
  parser.parse();
  const { assignments, refusal, doubts, unclear } = parser;
  return { assignments, doubts, ...(refusal && { refusal }), ...(unclear && { unclear }) };
}

/** Reads a flag's effective value, which is the last assignment's. */
export function readFlag({ assignments, unclear }: CommandLine, name: string, place: Origin): Reading<string> {
  if (unclear) return { state: 'unreadable', problem: unclear };
  const assignment = assignments.get(name);
  if (assignment === undefined) return { state: 'unset', origin: place };
  const { value, word } = assignment;
  const origin = originAt(word.pointer);
  if (word.holes !== true || value === '') return { state: 'set', value, origin };
  if (value.replaceAll(HOLE, '') !== '') return { state: 'set', value: shown(value), origin };
  return { state: 'unreadable', problem: word.problem ?? unresolvedValue(name, origin, 'path') };
}

/** Reads a flag whose value must be known completely: a value with an unknown part is unreadable. */
export function readExactFlag(commandLine: CommandLine, name: string, place: Origin): Reading<string> {
  const reading = readFlag(commandLine, name, place);
  const { value = '', word } = commandLine.assignments.get(name) ?? {};
  if (reading.state !== 'set' || word?.holes !== true || isKnown(value)) return reading;
  return { state: 'unreadable', problem: word.problem ?? unresolvedValue(name, reading.origin, 'value') };
}

function unresolvedValue(name: string, origin: Origin, what: 'path' | 'value'): Problem {
  const message = `the value of --${name} comes from a variable that this document does not show; write the ${what} out, or check the running process`;
  return { code: 'unresolved', message, origin };
}

const DASH = 0x2d;
const EQUALS = 0x3d;
const MOST_REMEMBERED = 2000;
const LONGEST_REMEMBERED = 256;

class Parser {
  readonly assignments = new Map<string, Assignment>();
  readonly doubts: Problem[] = [];
  refusal: Refusal | undefined;
  unclear: Problem | undefined;
  readonly #words: readonly Word[];
  readonly #table: FlagTable;
  readonly #emptyPositionals: boolean;
  readonly #budget: Budget;
  #at = 0;
  constructor(words: readonly Word[], table: FlagTable, { emptyPositionals, budget }: Options) {
    this.#words = words;
    this.#table = table;
    this.#emptyPositionals = emptyPositionals;
    this.#budget = budget;
  }

  parse(): void {
    let positional: Word | undefined;
    while (this.#at < this.#words.length && this.refusal === undefined && this.unclear === undefined) {
      const word = this.#words[this.#at];
      if (word === undefined) break;
      this.#at += 1;
      const { text } = word;
      const known = word.holes === true ? undefined : this.#table.accepted.get(text);
      if (known) this.#assign(known.flag, known.value, word);
      else if (word.holes === true && isUnclear(text)) this.#giveUp(word);
      else if (isFilledIn(text)) this.#giveUpTemplate(word);
      else if (text.charCodeAt(0) !== DASH || text === '-') positional ??= this.#counts(text) ? word : undefined;
      else if (text === '--') {
        const rest = this.#words.slice(this.#at);
        this.#at = this.#words.length;
        const gap = rest.find(({ text: other, holes }) => holes === true && (other === HOLE || other.includes(GAP)));
        if (gap) this.#giveUp(gap);
        positional ??= rest.find((other) => this.#counts(other.text));
      } else if (text.charCodeAt(1) === DASH) this.#long(word);
      else this.#short(word);
    }
    // pflag collects positional words and the component refuses them afterwards, so a bad flag is reported first.
    if (positional && this.refusal === undefined && this.unclear === undefined) {
      this.#refuse(`it takes no arguments, got ${JSON.stringify(shown(positional.text))}`, positional);
    }
  }

  #counts(text: string): boolean {
    return text !== '' || !this.#emptyPositionals;
  }

  #giveUp({ text, pointer, problem }: Word): void {
    const message = `the value of ${shown(text)} is not in this document, and it decides how the words after it are read; write it out, or check the running process`;
    this.unclear = problem ?? { code: 'unresolved', message, origin: originAt(pointer) };
  }

  #giveUpTemplate({ text, pointer }: Word): void {
    const placeholder = placeholderIn(text, 'command line');
    if (placeholder) this.unclear = placeholderProblem('the command line', placeholder, originAt(pointer));
  }

  #refuse(reason: string, { pointer }: Word, setting?: string): void {
    this.refusal ??= { reason, origin: originAt(pointer), ...(setting !== undefined && { setting }) };
  }

  #long(word: Word): void {
    const { text } = word;
    const first = text.charCodeAt(2);
    if (first === DASH || first === EQUALS) {
      this.#refuse(`bad flag syntax: ${shown(text)}`, word);
      return;
    }
    const equals = text.indexOf('=');
    const spelling = equals === -1 ? text.slice(2) : text.slice(2, equals);
    const name = spelling.includes('_') ? spelling.replaceAll('_', '-') : spelling;
    const flag = this.#table.find(name) ?? this.#unknown(name, equals === -1, word);
    if (flag === undefined) return;
    if (equals !== -1) this.#setHere(flag, text.slice(equals + 1), word);
    else if (flag.noOptDefVal !== undefined) this.#set(flag, flag.noOptDefVal, word);
    else this.#setNext(flag, word);
  }

  /** `-v=2`, `-v2`, `-v 2` and clusters such as `-hv2`. */
  #short(word: Word): void {
    let letters = word.text.slice(1);
    while (letters !== '' && this.refusal === undefined) {
      // every binary leaves these to Go's own test flags (golangflag.go:19)
      if (letters.startsWith('test.')) return;
      this.#budget.steps(2);
      const letter = letters.charAt(0);
      const flag = this.#table.shorthand(letter);
      if (flag === undefined) {
        this.#refuse(`unknown shorthand flag: ${JSON.stringify(letter)} in ${shown(word.text)}`, word);
        return;
      }
      const rest = letters.slice(1);
      letters = '';
      if (rest.startsWith('=') && rest.length > 1) this.#set(flag, rest.slice(1), word);
      else if (flag.noOptDefVal !== undefined) {
        this.#set(flag, flag.noOptDefVal, word);
        letters = rest;
      } else if (rest !== '') this.#set(flag, rest, word);
      else this.#setNext(flag, word);
    }
  }

  #setNext(flag: Flag, word: Word): void {
    const next = this.#words[this.#at];
    if (next === undefined) {
      this.#refuse(`flag needs an argument: ${shown(word.text)}`, word, `--${flag.name}`);
      return;
    }
    this.#at += 1;
    if (next.holes === true && next.text.includes(GAP)) this.#giveUp(next);
    else this.#set(flag, next.text, next);
  }

  #set(flag: Flag, value: string, word: Word): void {
    // checking a number or list takes about one step for each character; real values are far shorter
    if (value.length > LONGEST_REMEMBERED) this.#budget.steps(value.length);
    const before = flag.kept ? this.assignments.get(flag.name)?.value : undefined;
    const fault = word.holes === true && !isKnown(value) ? undefined : faultOf(flag.type, value, before);
    const placeholder = fault === undefined ? undefined : placeholderIn(value, 'command line');
    // what is filled in may be right
    if (placeholder) this.doubts.push(placeholderProblem(`--${flag.name}`, placeholder, originAt(word.pointer)));
    else if (fault !== undefined) {
      const reason = `invalid argument ${JSON.stringify(value)} for "--${flag.name}" flag: ${fault}`;
      this.#refuse(reason, word, `--${flag.name}`);
      return;
    }
    this.#assign(flag, value, word);
  }

  #assign(flag: Flag, value: string, word: Word): void {
    if (flag.kept) this.assignments.set(flag.name, { value, word, before: this.assignments.get(flag.name) });
  }

  #setHere(flag: Flag, value: string, word: Word): void {
    this.#set(flag, value, word);
    const { text, holes } = word;
    const isSure = holes !== true && this.refusal === undefined && this.doubts.length === 0;
    if (!isSure || text.length > LONGEST_REMEMBERED || !flag.repeats) return;
    const { accepted } = this.#table;
    if (accepted.size >= MOST_REMEMBERED) accepted.clear();
    accepted.set(text, { flag, value });
  }

  /** A flag that this version does not have, or may not have. Returns it as another version has it. */
  #unknown(name: string, takesNext: boolean, word: Word): Flag | undefined {
    const found = this.#table.elsewhere(name);
    if (this.#table.complete) {
      this.#refuse(refusalOfFlag(name, found, this.#table), word);
      return undefined;
    }
    this.doubts.push(doubtOfFlag(name, found, this.#table, originAt(word.pointer)));
    if (found) return found.flag;
    const next = this.#words[this.#at];
    // It may take the next word as its value. If that word is a flag, the rest can be read in two ways.
    if (takesNext && next?.text.startsWith('-') === true) this.unclear = this.doubts.at(-1);
    if (takesNext && next !== undefined) this.#at += 1;
    return undefined;
  }
}

/** The origin of a word of a command line. */
export function originAt(pointer: string | undefined): Origin {
  return { layer: 'flag', ...(pointer !== undefined && { pointer }) };
}
