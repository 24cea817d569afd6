// Commands that SIGINT and SIGTERM stop before they are done.

import { constants } from 'node:os';

import type { Terminal } from './terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs work that a signal can stop. The first signal aborts it, prints why, and sets the exit code that a shell gives for the
 * signal. The second signal ends the process at once.
 *
 * @param unfinished the consequence of a stop, for the message
 * @param work resolves to a function that prints the result; it is not called after a stop
 * @throws what `work` throws, unless it was stopped
 */
export async function stoppable(
  terminal: Terminal,
  unfinished: string,
  work: (signal: AbortSignal) => Promise<() => void>,
): Promise<void> {
  const abort = new AbortController();
  terminal.onSignal(SIGNALS, (name) => {
    const code = 128 + constants.signals[name];
    if (abort.signal.aborted) terminal.exitNow(code);
    terminal.exitWith(code);
    terminal.printErrorLines([`stopped by ${name}: ${unfinished}`]);
    abort.abort();
  });
  const isStopped = (): boolean => abort.signal.aborted;
  try {
    const deliver = await work(abort.signal);
    if (!isStopped()) deliver();
  } catch (cause) {
    // an error after the stop is a result of the stop
    if (!isStopped()) throw cause;
  }
}
