// The regular expressions of the source, and the time that they take for costly texts.

import { readdirSync, readFileSync } from 'node:fs';
import { createContext, Script } from 'node:vm';

import ts from 'typescript';

/** A regular expression of the source. */
export interface Pattern {
  /** Its file and its text, which stay the same if lines are moved. */
  readonly name: string;
  /** Undefined if it is built at run time. */
  readonly regex: RegExp | undefined;
}

/** All regular expressions of a directory, also those that `RegExp` makes. */
export function patternsIn(directory: string): Pattern[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return files.toSorted().flatMap((file) => {
    const found: Pattern[] = [];
    const source = ts.createSourceFile(
      file,
      readFileSync(`${directory}/${file}`, 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) found.push({ name: `${file} ${node.text}`, regex: regexOf(node.text) });
      if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp')
        found.push({ name: `${file} ${node.getText()}`, regex: undefined });
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

function regexOf(literal: string): RegExp {
  const end = literal.lastIndexOf('/');
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
}

const SMALL = 256;
const LARGE = 4096;
/** A linear expression takes less for 4096 characters, also on a slow machine. */
const NOISE_MILLISECONDS = 0.4;
const SLOW_MILLISECONDS = 20;
/** A quadratic expression has the exponent 2. */
const MOST_EXPONENT = 1.6;

/**
 * Finds a text for which the time of a regular expression grows faster than the length.
 * A large text is tried only if a small one took little time. Nothing runs longer than half a second.
 */
export function superLinear(regex: RegExp): string | undefined {
  if (isPlainlyLinear(regex)) return undefined;
  const everywhere = regex.sticky ? regex : new RegExp(regex.source, [...new Set(`${regex.flags}g`)].join(''));
  const makers = makersFor(regex);
  const quick = screened(everywhere, makers, SMALL);
  if (quick !== undefined && isSlow(everywhere, quick, SMALL)) return quick.name;
  const slow = screened(everywhere, makers, LARGE);
  return slow !== undefined && isSlow(everywhere, slow, LARGE / 4) ? slow.name : undefined;
}

/**
 * Whether no measurement is needed: no part is repeated endlessly, or only one character is, in a pattern that begins at the
 * start of the text.
 */
export function isPlainlyLinear({ source, flags }: RegExp): boolean {
  // one character for each escape and each class
  const shape = source.replaceAll(/\\[^]/g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  const endless = shape.match(/[^](?:[*+]|\{\d+,\})/g) ?? [];
  if (endless.length === 0) return true;
  const isAnchored = shape.startsWith('^') && !shape.includes('|') && !flags.includes('m');
  return isAnchored && endless.length === 1 && !endless.some((part) => part.startsWith(')'));
}

interface Maker {
  readonly name: string;
  readonly make: (length: number) => string;
}

/** The text that takes longest, if one takes long. */
function screened(regex: RegExp, makers: readonly Maker[], length: number): Maker | undefined {
  let worst: Maker | undefined;
  let most = NOISE_MILLISECONDS;
  let current: Maker | undefined;
  const inTime = within(500, () => {
    for (const maker of makers) {
      current = maker;
      const text = maker.make(length);
      // a slow measurement is repeated, because the machine may have done something else
      const taken = Math.min(...repeated(3, most, () => timeOf(regex, text)));
      if (taken <= most) continue;
      most = taken;
      worst = maker;
      if (most > SLOW_MILLISECONDS / 4) return;
    }
  });
  return inTime ? worst : current;
}

/** Measured three times, because a measurement can be disturbed. */
function isSlow(regex: RegExp, maker: Maker, from: number): boolean {
  return [1, 2, 3].every(() => !isLinear(regex, maker, from));
}

function isLinear(regex: RegExp, { make }: Maker, from: number): boolean {
  const times: number[] = [];
  for (let length = from; length <= from * 64; length *= 2) {
    const text = make(length);
    let taken = Infinity;
    const inTime = within(300, () => {
      taken = Math.min(...repeated(5, 0, () => timeOf(regex, text)));
    });
    if (!inTime) return false;
    if (taken > NOISE_MILLISECONDS / 4) times.push(taken);
    if (times.length >= 3 && (times.length >= 4 || taken > SLOW_MILLISECONDS)) break;
    if (taken > 10 * SLOW_MILLISECONDS) break;
  }
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || times.length < 2) return true;
  return Math.log2(last / first) / (times.length - 1) <= MOST_EXPONENT;
}

/** The times of some runs. It stops at the first time that is not more than `enough`. */
function repeated(times: number, enough: number, measure: () => number): number[] {
  const measures = [measure()];
  while (measures.length < times && (measures.at(-1) ?? 0) > enough) measures.push(measure());
  return measures;
}

function timeOf(regex: RegExp, text: string): number {
  const before = performance.now();
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match !== null; match = regex.exec(text))
    if (match[0] === '') regex.lastIndex += 1;
  return performance.now() - before;
}

const sandbox: { run: () => void } = { run: () => undefined };
const context = createContext(sandbox);
const script = new Script('run()');

/** Whether `run` ends in time. If not, it is stopped. */
function within(timeout: number, run: () => void): boolean {
  sandbox.run = run;
  try {
    script.runInContext(context, { timeout });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw cause;
  }
}

const OFTEN = [' ', 'a', '@', '-', '.', '/', '\n', '"', '0', '\\'];

/** Texts that repeat a part, with something before it and a character at the end that no pattern accepts. */
function makersFor({ source }: RegExp): Maker[] {
  const words = [...new Set(source.match(/[\w "=:,;%<>@!~#&'-]{2,}/g))].slice(0, 8);
  const letters = [...new Set([...OFTEN, ...Array.from(source.replaceAll(/\\[a-zA-Z]/g, ''))])].slice(0, 40);
  const parts = [...letters, ...words];
  const pairs = letters.slice(0, 24).flatMap((one) => parts.map((other) => one + other));
  const before = ['', 'a', '0', ...words.slice(0, 2), letters[10] ?? '.'];
  const makers: Maker[] = [];
  const add = (start: string, part: string, end: string): void => {
    makers.push({
      name: JSON.stringify([start, part, end]),
      make: (length) => start + part.repeat(Math.ceil(length / part.length)) + end,
    });
  };
  for (const part of parts)
    for (const start of before) for (const end of ['\u0001', '\u0001\n!']) add(start, part, end);
  for (const part of pairs) add('', part, '\u0001');
  return makers;
}
