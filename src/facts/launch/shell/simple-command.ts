// The simple commands of a shell script, as data.

import type { ShellToken } from './tokens.ts';

/** A word before expansion. */
export type WordToken = Extract<ShellToken, { kind: 'word' }>;

/** One simple command. */
export interface SimpleCommand {
  /** Its words, with the assignments in front. */
  readonly words: readonly WordToken[];
  /** It runs only under a condition: in a branch, a loop, a function, or after `&&`. */
  readonly conditional: boolean;
  /** It runs in its own process, so its assignments, exec and exit end with it. */
  readonly apart: boolean;
  readonly inLoop: boolean;
  /** It is in a function, whose positional parameters are the caller's. */
  readonly inFunction: boolean;
}

/** The grammar of a script. */
export interface Grammar {
  readonly commands: readonly SimpleCommand[];
  readonly functions: readonly string[];
  /** Variables that `for` and `select` set, and arrays. */
  readonly unknown: readonly string[];
}
