import type { Problem } from './reading.ts';

/** What the engine says where a text, a list or a nesting is too large for it. */
const TOO_LARGE =
  /call stack|string length|string longer|array length|array size|buffer|too many|BigInt|maximum size|out of memory/i;

/**
 * Why something could not be judged, by what was thrown at a place where nothing should be: a document that is too large
 * for the engine, or a bug of ours.
 */
export function crashOf(cause: unknown, what = 'it'): Problem {
  const reason = cause instanceof Error ? cause.message : 'no reason given';
  if (cause instanceof RangeError && TOO_LARGE.test(reason)) {
    const message =
      'too large to judge: it is nested too deeply, or grows too long; make it smaller or plainer, then judge it again';
    return { code: 'too-large', message };
  }
  return { code: 'crashed', message: `judging ${what} crashed: ${reason}; please report it` };
}
