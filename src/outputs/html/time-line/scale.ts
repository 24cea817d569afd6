// The scale of the time line: how far a time is from now, so that a day, a year and ten years can all be seen.

import { DAY, YEAR } from '../ages.ts';

/** Times nearer than this are drawn about in proportion. */
const NEAR = 20 * DAY;

/** The share of the width before now, in percent. */
const PAST = 28;

/** Times that are farther away are drawn at the edge. */
const FARTHEST = { past: 10 * YEAR, future: 30 * YEAR };

/** Even a cluster of yesterday has a year on both sides. */
const LEAST = YEAR;

/** The times after now that are named on the scale. */
const TICKS = [
  { distance: 30 * DAY, name: '30 days' },
  { distance: YEAR, name: '1 year' },
  { distance: 10 * YEAR, name: '10 years' },
] as const;

/** A named time on the scale. */
export interface Tick {
  /** In percent of the width. */
  readonly at: number;
  readonly name: string;
}

/** Where times are on a line. */
export interface Scale {
  /** Now, in percent of the width. */
  readonly now: number;
  readonly ticks: readonly Tick[];
  /** The place of a time in milliseconds since 1970, from 0 to 100 percent. A later time is never farther left. */
  readonly at: (time: number) => number;
}

/**
 * Makes a scale that shows all times as far as they are not extreme. Distances from now grow with the logarithm, on both sides.
 *
 * @param now in milliseconds since 1970, as `times`
 */
export function scaleOf(now: number, times: readonly number[]): Scale {
  const reach = { past: LEAST, future: LEAST };
  for (const time of times) {
    const side = time < now ? 'past' : 'future';
    reach[side] = Math.max(reach[side], Math.min(Math.abs(time - now), FARTHEST[side]));
  }
  const at = (time: number): number => {
    const distance = time - now;
    return distance < 0
      ? PAST - PAST * shareOf(-distance, reach.past)
      : PAST + (100 - PAST) * shareOf(distance, reach.future);
  };
  const future = TICKS.filter(({ distance }) => distance <= reach.future);
  return {
    now: PAST,
    // a second name would not fit before now
    ticks: [
      { at: at(now - YEAR), name: '1 year ago' },
      ...future.map(({ distance, name }) => ({ at: at(now + distance), name })),
    ],
    at,
  };
}

/** From 0 for now to 1 for the farthest time. */
function shareOf(distance: number, reach: number): number {
  return Math.min(1, Math.log1p(distance / NEAR) / Math.log1p(reach / NEAR));
}
