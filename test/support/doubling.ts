// Measures what work costs if its input is twice as long. The shortest of several times counts, because other processes run
// too; the CPU clock of a thread is too coarse on some machines.

/** Creates an input of about this length, and returns the work on it. The work may return the steps that it used of a budget. */
export type Work = (length: number) => Run;

type Run = () => number | undefined;

const LENGTH = 16 * 1024;
/** Shorter times prove nothing. */
const NOISE_MILLISECONDS = 5;
/** Linear work takes twice as long, quadratic work four times. */
const MOST_RATIO = 3;

/**
 * Compares work on an input with work on one twice as long. Work may grow with the steps that it uses, because a budget limits
 * those.
 *
 * @returns how it grew, if that is more than in proportion
 */
export function growth(work: Work): string | undefined {
  const once = work(LENGTH);
  const twice = work(2 * LENGTH);
  if (timeOf(once, 1).milliseconds < NOISE_MILLISECONDS / 4 && timeOf(twice, 1).milliseconds < NOISE_MILLISECONDS)
    return undefined;
  const least = leastGrowth(once, twice);
  // work that is worse than linear is so for the next doubling too
  if (!isTooMuch(least) || !isTooMuch(leastGrowth(twice, work(4 * LENGTH)))) return undefined;
  return `${LENGTH} to ${2 * LENGTH} characters: ${least.ratio.toFixed(1)} times the time, ${least.milliseconds.toFixed(0)} ms`;
}

interface Growth {
  readonly ratio: number;
  readonly milliseconds: number;
  readonly steps: number;
}

function isTooMuch({ ratio, milliseconds, steps }: Growth): boolean {
  return milliseconds > NOISE_MILLISECONDS && ratio > MOST_RATIO * Math.max(1, steps / 2);
}

/** Measures again, and more often, if a result is bad, because other processes can disturb a measurement. */
function leastGrowth(once: Run, twice: Run): Growth {
  let least = compare(once, twice, 2);
  for (let times = 1; times < 3 && isTooMuch(least); times += 1) least = compare(once, twice, 4);
  return least;
}

function compare(once: Run, twice: Run, times: number): Growth {
  const [first, second] = [timeOf(once, times), timeOf(twice, times)];
  const steps = second.steps / Math.max(1, first.steps);
  return { ratio: second.milliseconds / Math.max(first.milliseconds, 0.01), milliseconds: second.milliseconds, steps };
}

/** The shortest of some times. */
function timeOf(run: Run, times: number): { readonly milliseconds: number; readonly steps: number } {
  let [least, steps] = [Infinity, 0];
  for (let at = 0; at < times; at += 1) {
    const before = performance.now();
    steps = run() ?? 0;
    least = Math.min(least, performance.now() - before);
  }
  return { milliseconds: least, steps };
}
