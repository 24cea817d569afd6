// The signals that end `serve`: the first one starts a graceful stop, the second one ends it at once.

/** The signals that were received. */
export interface StopSignals {
  /** Resolves to the name of the first signal. */
  readonly first: Promise<string>;
  readonly received: () => number;
  /** Sets what the second signal, and each further one, does. */
  readonly onSecond: (handler: () => void) => void;
  /** Aborts with the first signal. */
  readonly aborted: AbortSignal;
}

/**
 * Starts to receive signals.
 *
 * @param onSignal calls back on each signal that ends the process
 */
export function receiveStopSignals(onSignal: (handler: (name: string) => void) => void): StopSignals {
  const abort = new AbortController();
  let count = 0;
  let second: (() => void) | undefined;
  const { promise, resolve } = Promise.withResolvers<string>();
  onSignal((name) => {
    count += 1;
    resolve(name);
    abort.abort();
    if (count > 1) second?.();
  });
  return {
    first: promise,
    received: () => count,
    onSecond: (handler) => {
      second = handler;
    },
    aborted: abort.signal,
  };
}
