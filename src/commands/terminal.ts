// What commands use of their process: streams, environment, signals and exit code.

import type { Writable } from 'node:stream';

/** The process around the command line: main.ts passes the real one, tests pass fake streams. */
export interface TerminalDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of the package, with package.json, manifests and samples. */
  readonly root: string;
  readonly stdin: () => AsyncIterable<Uint8Array>;
  /** Standard output as a stream, for commands that write for a long time. */
  readonly stdout: () => Writable;
  /** Writes to standard output. */
  readonly print: (text: string) => void;
  /** Writes to standard error. */
  readonly printError: (text: string) => void;
  /** Whether a person reads or types at the other end of the stream. */
  readonly isTerminal: (stream: 'stdin' | 'stdout' | 'stderr') => boolean;
  /** The columns of the terminal at standard output; undefined if it is none. */
  readonly columns?: () => number | undefined;
  readonly onSignal: (names: readonly NodeJS.Signals[], handler: (name: NodeJS.Signals) => void) => void;
  /** Ends the process at once, even if output is not yet written. */
  readonly exitNow: (code: number) => void;
}

/** What a command is given: the process, and how to report to it. */
export interface Terminal extends TerminalDeps {
  /** The version of the package. */
  readonly version: () => string;
  /** Writes lines to standard error, each with the name of the program. */
  readonly printErrorLines: (lines: readonly string[]) => void;
  /** Sets the exit code of the command; 0 if it sets none. */
  readonly exitWith: (code: number) => void;
}

/** A new id of a run. It only has to be unique, and node:crypto is slow to load. */
export function runId(now: Date): string {
  return `${now.getTime().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
}
