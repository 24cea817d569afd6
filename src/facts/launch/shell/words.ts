// Expansion of a shell word (POSIX 2.6) with the variables and positional parameters that are known.

import { isServiceVariable } from '../../argv/expansion.ts';
import type { Budget } from '../../budget.ts';
import type { Part } from './tokens.ts';
import { GAP, HOLE, isKnown, type Word } from '../../argv/words.ts';

/** Expressions that all shells know and that never fail: the length of a value, and a value without its beginning or end. */
const CUTTING = /^(?:#(?:[A-Za-z_]\w*|\d+|[@*])|(?:[A-Za-z_]\w*|\d+|[@*?$!-])[%#][\s\S]*)$/;

/** The parameters of a shell at one point of its script. */
export class ShellParameters {
  /** Known variables; an undefined value is known to be unset. Any other variable may come from the image. */
  readonly variables = new Map<string, string | undefined>();
  readonly zero: string;
  /** Words of unquoted expansions are unknown once IFS has changed. */
  separatorsChanged = false;
  /** What is expanded is so in this shell and for certain, so that `${A:=word}` assigns. */
  certain = true;
  /** An expansion since this was last set may have failed: some shells end then, others leave out the command. */
  mayFail = false;
  readonly budget: Budget;
  #positional: readonly Word[] | undefined;
  /** How long all positional parameters are together. */
  #length = 0;

  constructor(
    variables: ReadonlyMap<string, string>,
    zero: string,
    positional: readonly Word[] | undefined,
    budget: Budget,
  ) {
    for (const [name, value] of variables) this.variables.set(name, value);
    this.zero = zero;
    this.budget = budget;
    this.positional = positional;
  }

  /** `$1` and on, or undefined if they are not known any more. */
  get positional(): readonly Word[] | undefined {
    return this.#positional;
  }

  set positional(words: readonly Word[] | undefined) {
    this.#positional = words;
    this.#length = words?.reduce((sum, { text }) => sum + text.length + 1, 0) ?? 0;
    this.budget.steps(words?.length ?? 0);
  }

  /** A variable has a value that is not known from here on. */
  forget(name: string): void {
    this.variables.set(name, GAP);
    if (name === 'IFS') this.separatorsChanged = true;
  }

  /** How many positional parameters there are; undefined if one of them may be none or several. */
  get count(): number | undefined {
    const words = this.#positional;
    this.budget.steps(words?.length ?? 0);
    return words === undefined || words.some(({ text }) => text.includes(GAP)) ? undefined : words.length;
  }

  /** The value of a parameter expression (the text in `${…}`); GAP where it is not known. */
  valueOf(expression: string, quoted: boolean): string {
    const match = /^(?:([A-Za-z_]\w*)|(\d+)|([@*#?$!-]))(?:(:?[-+=])([\s\S]*))?$/.exec(expression);
    if (match === null) {
      if (!CUTTING.test(expression)) this.mayFail = true;
      return expression.startsWith('#') ? HOLE : GAP;
    }
    const [, name, digits, special, operator, operand = ''] = match;
    const value = this.#plain(name, digits, special);
    this.budget.characters(value?.length ?? 0);
    if (operator === undefined || value === GAP) return value ?? '';
    const word = literalOperand(operand, quoted);
    const usable = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    if (operator.endsWith('+')) return usable ? word : '';
    if (usable) return value ?? '';
    if (operator.endsWith('=') && name !== undefined) {
      if (this.certain) this.variables.set(name, word);
      else this.forget(name);
      if (name === 'IFS') this.separatorsChanged = true;
    }
    return word;
  }

  #plain(name: string | undefined, digits: string | undefined, special: string | undefined): string | undefined {
    if (name !== undefined) return this.variables.has(name) ? this.variables.get(name) : unknownVariable(name);
    if (digits !== undefined) return Number(digits) === 0 ? this.zero : this.#at(Number(digits) - 1);
    switch (special) {
      case '@':
      case '*':
        this.budget.characters(this.#length);
        // the first character of IFS separates them
        return this.separatorsChanged ? GAP : (this.#positional?.map(({ text }) => text).join(' ') ?? GAP);
      case '#':
        return this.count === undefined ? HOLE : String(this.count);
      default:
        return HOLE;
    }
  }

  /** A word that may become none or several moves the words after it. */
  #at(index: number): string | undefined {
    const upTo = this.#positional?.slice(0, index + 1);
    this.budget.steps(upTo?.length ?? 0);
    return upTo === undefined || upTo.some(({ text }) => text.includes(GAP)) ? GAP : upTo[index]?.text;
  }
}

/** What the kubelet and the shell set by themselves has no white space; anything else may come from the image. */
function unknownVariable(name: string): string {
  return isServiceVariable(name) || /^(?:HOSTNAME|PPID|UID|EUID|RANDOM)$/.test(name) ? HOLE : GAP;
}

const PLAIN_OPERAND = /^[^"'$`\\~]*$/;
/** In quotes: what neither splits nor vanishes. */
const QUOTED_OPERAND = /^(["'])([^"'$`\\~\s*?[\]{}]+)\1$/;

/** The operand of `${A:-operand}` where it is plain text. */
function literalOperand(operand: string, quoted: boolean): string {
  if (PLAIN_OPERAND.test(operand)) return operand;
  return quoted ? GAP : (QUOTED_OPERAND.exec(operand)?.[2] ?? GAP);
}

/**
 * Expands one word of a command into the words that it becomes.
 *
 * @returns none where everything expands to nothing; a word with GAP where it may become any number of words
 */
export function expandWord(parts: readonly Part[], parameters: ShellParameters): string[] {
  const { budget } = parameters;
  const fields: string[] = [];
  let current: string | undefined;
  const append = (text: string): void => {
    budget.characters(text.length);
    current = (current ?? '') + text;
  };
  const finish = (): void => {
    if (current === undefined) return;
    budget.words();
    fields.push(current);
    current = undefined;
  };
  if (hasBraces(parts)) append(GAP);
  for (const [index, part] of parts.entries()) {
    budget.steps();
    if (part.kind === 'unknown') append(part.quoted ? HOLE : GAP);
    else if (part.kind === 'literal') append(part.quoted ? part.text : unquoted(part.text, index === 0, current));
    else if (part.quoted && part.expression === '@') {
      const words = parameters.positional;
      if (words === undefined) append(GAP);
      for (const [position, { text }] of (words ?? []).entries()) {
        if (position > 0) finish();
        append(text);
      }
    } else {
      const value = parameters.valueOf(part.expression, part.quoted);
      if (part.quoted) append(value.replaceAll(GAP, HOLE));
      else if (parameters.separatorsChanged && value !== '') append(GAP);
      else splitInto(value, append, finish);
    }
  }
  finish();
  return fields;
}

/** Expands the right side of an assignment, where no splitting happens. */
export function expandValue(parts: readonly Part[], parameters: ShellParameters): string {
  let value = '';
  for (const part of parts) {
    if (part.kind === 'parameter') value += parameters.valueOf(part.expression, part.quoted);
    else if (part.kind === 'unknown') value += GAP;
    // a home directory
    else value += !part.quoted && part.text.includes('~') ? GAP : part.text;
    parameters.budget.characters(part.kind === 'literal' ? part.text.length : 1);
  }
  return value;
}

function splitInto(value: string, append: (text: string) => void, finish: () => void): void {
  for (const piece of value.split(/([ \t\n]+)/)) {
    if (piece === '') continue;
    if (/^[ \t\n]/.test(piece)) finish();
    else append(isKnown(piece) ? globbed(piece, '') : piece);
  }
}

/** Unquoted text: tilde and patterns depend on the shell and its files. */
function unquoted(text: string, first: boolean, before: string | undefined): string {
  return first && text.startsWith('~') ? HOLE : globbed(text, before ?? '');
}

/** A pattern that could name files; no file is called like a flag. */
function globbed(text: string, before: string): string {
  return !`${before}${text}`.startsWith('-') && isPattern(text) ? GAP : text;
}

function isPattern(text: string): boolean {
  if (text.includes('*') || text.includes('?')) return true;
  const open = text.indexOf('[');
  return open !== -1 && text.includes(']', open + 2);
}

/** `{a,b}` and `{1..3}`, also with quoted parts in it: bash makes several words of it, other shells do not. */
function hasBraces(parts: readonly Part[]): boolean {
  if (!parts.some((part) => isUnquoted(part) && part.text.includes('{'))) return false;
  const text = parts.map((part) => (isUnquoted(part) ? part.text : '')).join('');
  const inside = text.slice(text.indexOf('{') + 1, Math.max(0, text.lastIndexOf('}')));
  return inside.includes(',') || inside.includes('..');
}

function isUnquoted(part: Part): part is Extract<Part, { kind: 'literal' }> {
  return part.kind === 'literal' && !part.quoted;
}
