import { constants } from 'node:os';

import type { Terminal } from './terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Does what may be stopped before it is done. It then says so, and ends with the code that a shell gives for the signal; a
 * second signal does not wait for an end in good order.
 *
 * @param unfinished what it means that this was stopped
 * @param work resolves to what delivers its result, which is left out where it was stopped
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
    terminal.complain([`stopped by ${name}: ${unfinished}`]);
    abort.abort();
  });
  const isStopped = (): boolean => abort.signal.aborted;
  try {
    const deliver = await work(abort.signal);
    if (!isStopped()) deliver();
  } catch (cause) {
    // what ends because it is stopped is no fault
    if (!isStopped()) throw cause;
  }
}
