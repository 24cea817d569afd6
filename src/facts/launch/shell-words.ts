// Expansion of a shell word (POSIX 2.6) with the variables and positional parameters that are known.

import { SERVICE_VARIABLE } from '../argv/expansion.ts';
import type { Part } from './shell-tokens.ts';
import { GAP, HOLE, isKnown, type Word } from '../argv/words.ts';

/** The parameters of a shell at one point of its script. */
export class ShellParameters {
  /** Known variables; an undefined value is known to be unset. Any other variable may come from the image. */
  readonly variables = new Map<string, string | undefined>();
  /** `$1` and on, or undefined where they are not known any more. */
  positional: readonly Word[] | undefined;
  readonly zero: string;
  /** Words of unquoted expansions can not be told once IFS has changed. */
  separatorsChanged = false;

  constructor(variables: ReadonlyMap<string, string>, zero: string, positional: readonly Word[] | undefined) {
    for (const [name, value] of variables) this.variables.set(name, value);
    this.zero = zero;
    this.positional = positional;
  }

  /** The value of a parameter expression (what stands in `${…}`); GAP where it is not known. */
  valueOf(expression: string): string {
    const match = /^(?:([A-Za-z_]\w*)|(\d+)|([@*#?$!-]))(?:(:?[-+=])([\s\S]*))?$/.exec(expression);
    if (match === null) return expression.startsWith('#') ? HOLE : GAP;
    const [, name, digits, special, operator, operand = ''] = match;
    const value = this.#plain(name, digits, special);
    if (operator === undefined || value === GAP) return value ?? '';
    const word = literalOperand(operand);
    const usable = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
    if (operator.endsWith('+')) return usable ? word : '';
    if (usable) return value ?? '';
    if (operator.endsWith('=') && name !== undefined) this.variables.set(name, word);
    return word;
  }

  #plain(name: string | undefined, digits: string | undefined, special: string | undefined): string | undefined {
    if (name !== undefined) return this.variables.has(name) ? this.variables.get(name) : unknownVariable(name);
    if (digits !== undefined) {
      if (digits === '0') return this.zero;
      return this.positional === undefined ? GAP : this.positional[Number(digits) - 1]?.text;
    }
    switch (special) {
      case '@':
      case '*':
        return this.positional?.map(({ text }) => text).join(' ') ?? GAP;
      case '#':
        return this.positional === undefined || this.positional.some(({ text }) => text.includes(GAP))
          ? HOLE
          : String(this.positional.length);
      default:
        return HOLE;
    }
  }
}

/** What the kubelet and the shell set by themselves has no white space; anything else may come from the image. */
function unknownVariable(name: string): string {
  return SERVICE_VARIABLE.test(name) || /^(?:HOSTNAME|PPID|UID|EUID|RANDOM)$/.test(name) ? HOLE : GAP;
}

/** The operand of `${A:-operand}` where it is plain text. */
function literalOperand(operand: string): string {
  const unquoted = /^"([^"$`\\]*)"$|^'([^']*)'$|^([^"'$`\\]*)$/.exec(operand);
  return unquoted === null ? GAP : (unquoted[1] ?? unquoted[2] ?? unquoted[3] ?? '');
}

/**
 * Expands one word of a command into the words that it becomes.
 *
 * @returns none where everything expands to nothing; a word with GAP where it may become any number of words
 */
export function expandWord(parts: readonly Part[], parameters: ShellParameters): string[] {
  const fields: string[] = [];
  let current: string | undefined;
  const append = (text: string): void => {
    current = (current ?? '') + text;
  };
  const finish = (): void => {
    if (current !== undefined) fields.push(current);
    current = undefined;
  };
  for (const [index, part] of parts.entries()) {
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
      const value = parameters.valueOf(part.expression);
      if (part.quoted) append(value.replaceAll(GAP, HOLE));
      else if (parameters.separatorsChanged && /\W/.test(value)) append(GAP);
      else splitInto(value, append, finish);
    }
  }
  finish();
  return fields;
}

/** Expands the right side of an assignment, where no splitting happens. */
export function expandValue(parts: readonly Part[], parameters: ShellParameters): string {
  return parts
    .map((part) =>
      part.kind === 'literal' ? part.text : part.kind === 'unknown' ? GAP : parameters.valueOf(part.expression),
    )
    .join('');
}

function splitInto(value: string, append: (text: string) => void, finish: () => void): void {
  for (const piece of value.split(/([ \t\n]+)/)) {
    if (piece === '') continue;
    if (/^[ \t\n]/.test(piece)) finish();
    else append(isKnown(piece) ? globbed(piece) : piece);
  }
}

/** Unquoted text: tilde, braces and patterns depend on the shell and its files. */
function unquoted(text: string, first: boolean, before: string | undefined): string {
  if (first && text.startsWith('~')) return HOLE;
  if (/\{[^{}]*(?:,|\.\.)[^{}]*\}/.test(text)) return GAP;
  return before === undefined ? globbed(text) : text;
}

/** A pattern that could name files; no file is called like a flag. */
function globbed(text: string): string {
  return !text.startsWith('-') && /[*?]|\[.+\]/.test(text) ? GAP : text;
}
