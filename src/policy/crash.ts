// The problem that stands for something that was thrown where nothing should be.

import type { Problem } from './reading.ts';

/** The engine's messages for a text, a list or a nesting that is too large. */
const TOO_LARGE =
  /call stack|string length|string longer|array length|array size|buffer|too many|BigInt|maximum size|out of memory/i;

/**
 * Makes the problem from what was thrown: the document is too large for the engine, or kubelet-guard has a bug.
 *
 * @param what names what was checked, as the object of "checking"
 */
export function crashProblem(cause: unknown, what = 'it'): Problem {
  const reason = cause instanceof Error ? cause.message : 'no reason given';
  if (cause instanceof RangeError && TOO_LARGE.test(reason)) {
    const message =
      'too large to check: it is nested too deeply or becomes too long; make it smaller or simpler, then check it again';
    return { code: 'too-large', message };
  }
  return { code: 'crashed', message: `checking ${what} crashed: ${reason}; please report it` };
}
