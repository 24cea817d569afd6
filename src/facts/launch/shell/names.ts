// The variables that a shell script names, before expansion.

import type { WordToken } from './simple-command.ts';
import type { Part } from './tokens.ts';

/** `NAME=` or `NAME+=`. */
export const ASSIGNMENT = /^([A-Za-z_]\w*)(\+?)=/;
/** An element of a bash array, of which the first one is the variable of the same name. */
export const ELEMENT = /^([A-Za-z_]\w*)\[[^\]]*\]\+?=/;

/** Assignments before these builtins stay in some shells (POSIX 2.14). */
export const SPECIAL = new Set([
  ...['.', ':', 'break', 'continue', 'eval', 'exec', 'exit', 'export', 'readonly', 'return', 'set', 'shift', 'source'],
  ...['times', 'trap', 'unset'],
]);
/** Builtins that change variables by name. */
export const CHANGES_NAMES = new Set([
  ...['declare', 'export', 'getopts', 'let', 'local', 'mapfile', 'printf', 'read', 'readarray', 'readonly', 'typeset'],
  ...['unset', 'wait'],
]);
/** Builtins that change the shell in ways that are not followed. */
export const CHANGES_ALL = new Set(['.', 'alias', 'enable', 'hash', 'shopt', 'source', 'unalias']);

/** The variable that a word assigns to. */
export function nameOf({ raw }: WordToken): string {
  return ASSIGNMENT.exec(raw)?.[1] ?? '';
}

/** The variables that a word of a script changes in any position. */
export function changedIn(raw: string): string[] {
  const assigned = ASSIGNMENT.exec(raw)?.[1] ?? ELEMENT.exec(raw)?.[1];
  const expanded = Array.from(raw.matchAll(/\$\{([A-Za-z_]\w*):?=/g), ([, name = '']) => name);
  return assigned === undefined ? expanded : [assigned, ...expanded];
}

/** The variables that `$((NAME=1))` may change. */
export function assignedByArithmetic(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => (part.kind === 'unknown' && part.text !== '' ? namesIn(part.text) : []));
}

/** Everything that could be the name of a variable. */
export function namesIn(text: string): string[] {
  return Array.from(text.matchAll(/[A-Za-z_]\w*/g), ([name]) => name);
}

/** A word that is the same before and after expansion. */
export function isPlain(raw: string): boolean {
  return /^[\w./:+,@%=!-]*$/.test(raw) || raw === '[';
}
