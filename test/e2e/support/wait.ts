import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** The timeout in milliseconds. */
  readonly within?: number;
  /** Information for the error message, for example the end of a log. */
  readonly context?: () => string;
}

/**
 * Calls the probe repeatedly until it returns something, or fails after the timeout.
 *
 * @param what completes the sentence "gave up waiting for …"
 * @param probe returns undefined for "not yet". An error is "not yet" too; the message shows the last one.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  { within = 30_000, context }: WaitOptions = {},
): Promise<T> {
  const deadline = performance.now() + within;
  for (;;) {
    let reason = 'not yet';
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
    } catch (cause) {
      if (cause instanceof Hopeless) throw cause;
      reason = cause instanceof Error ? cause.message : String(cause);
    }
    if (performance.now() > deadline) {
      throw new Error(`gave up waiting for ${what} after ${within} ms: ${reason}\n${context?.() ?? ''}`);
    }
    await pause(50);
  }
}

/** Thrown by a probe if it is useless to wait longer. */
export class Hopeless extends Error {}
