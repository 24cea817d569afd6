// What work costs when its input is twice as long. The least of several times counts, for others run beside; the clock of a
// thread's own time ticks too slowly on some machines.

/** Makes an input of about a length, then the work on it, which may tell the steps that it spent of a budget. */
export type Work = (length: number) => Run;

type Run = () => number | undefined;

const LENGTH = 16 * 1024;
/** Shorter times tell nothing. */
const NOISE_MILLISECONDS = 5;
/** Twice for what is linear, four times for what is square. */
const MOST_RATIO = 3;

/**
 * Compares work on an input with work on one twice as long. Work may grow as the steps that it spends do, for a budget bounds
 * those.
 *
 * @returns how it grew, where that is more than in proportion
 */
export function growth(work: Work): string | undefined {
  const once = work(LENGTH);
  const twice = work(2 * LENGTH);
  if (timeOf(once, 1).milliseconds < NOISE_MILLISECONDS / 4 && timeOf(twice, 1).milliseconds < NOISE_MILLISECONDS)
    return undefined;
  const least = leastGrowth(once, twice);
  // what is worse than linear is so with the next doubling too
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

/** Measured again where it looks bad, and then more often, for a measure can be disturbed. */
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

/** The least of some times. */
function timeOf(run: Run, times: number): { readonly milliseconds: number; readonly steps: number } {
  let [least, steps] = [Infinity, 0];
  for (let at = 0; at < times; at += 1) {
    const before = performance.now();
    steps = run() ?? 0;
    least = Math.min(least, performance.now() - before);
  }
  return { milliseconds: least, steps };
}
