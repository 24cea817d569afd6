import type { Writable } from 'node:stream';

/** What a command needs of its process: only main.ts touches it itself. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The version of the package. */
  readonly version: () => string;
  /** The folder of the package. */
  readonly root: string;
  readonly stdin: () => AsyncIterable<Uint8Array>;
  /** Standard output as a stream, for what goes on for long. */
  readonly stdout: () => Writable;
  /** Writes to standard output. */
  readonly print: (text: string) => void;
  /** Writes to standard error, as it is. */
  readonly printError: (text: string) => void;
  /** Writes lines to standard error, each with the program's name. */
  readonly complain: (lines: readonly string[]) => void;
  /** Tells whether a person is at the other end of the stream. */
  readonly isTerminal: (stream: 'stdin' | 'stdout' | 'stderr') => boolean;
  readonly onSignal: (names: readonly NodeJS.Signals[], handler: (name: NodeJS.Signals) => void) => void;
  /** The exit code with which the process ends once all is written. */
  readonly exitWith: (code: number) => void;
  /** Ends the process at once, whatever is not written yet. */
  readonly exitNow: (code: number) => void;
}

/** A run's name: it needs no more than to be different, and node:crypto is slow to load. */
export function runId(now: Date): string {
  return `${now.getTime().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
}
