import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** Milliseconds until it is given up. */
  readonly within?: number;
  /** What helps to understand a failure, for example the end of a log. */
  readonly context?: () => string;
}

/**
 * Asks again and again until the probe answers something, within bounds.
 *
 * @param what completes the sentence "gave up waiting for …"
 * @param probe answers undefined for "not yet"; a throw is "not yet" too, and its reason is shown if it stays the last one
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

/** Thrown by a probe where waiting any longer is of no use. */
export class Hopeless extends Error {}
