// Times for people: the time itself, and how far it is from now.

import { millisecondsOf } from '../../policy/timestamp.ts';
import { html, isolated, type Html } from './html.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** A day in milliseconds. */
export const DAY = 24 * HOUR;
/** A year in milliseconds, on average. */
export const YEAR = 365.25 * DAY;

/** What ends within this time is worth a look. */
export const SOON = 30 * DAY;

/** Each unit, and from how much of it on a duration is given in it. */
const UNITS = [
  { noun: 'year', unit: YEAR, least: 2 * YEAR },
  { noun: 'day', unit: DAY, least: 2 * DAY },
  { noun: 'hour', unit: HOUR, least: 2 * HOUR },
  { noun: 'minute', unit: MINUTE, least: 2 * MINUTE },
] as const;

/** A duration in words, rounded down, as in `12 minutes`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < SECOND) return 'less than a second';
  const { noun, unit } = UNITS.find(({ least }) => milliseconds >= least) ?? { noun: 'second', unit: SECOND };
  const count = Math.floor(milliseconds / unit);
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** How far a time is from now, as in `12 minutes ago` and `in 64 days`; undefined if one is no RFC 3339 time in UTC. */
export function distanceText(time: string, now: string): string | undefined {
  const [at, from] = [millisecondsOf(time), millisecondsOf(now)];
  if (at === undefined || from === undefined) return undefined;
  return at <= from ? `${durationText(from - at)} ago` : `in ${durationText(at - from)}`;
}

/** A time, in UTC and to the second. What is no RFC 3339 time stays as it is. */
export function timeElement(time: string): Html {
  if (millisecondsOf(time) === undefined) return isolated(time);
  return html`<time datetime="${time}">${time.slice(0, 10)} ${time.slice(11, 19)} UTC</time>`;
}

/** The day of a time. */
export function dayElement(time: string): Html {
  if (millisecondsOf(time) === undefined) return isolated(time);
  return html`<time datetime="${time}">${time.slice(0, 10)}</time>`;
}

/** The time that the page calls now: that of the server, or in a file the end of the run. */
export function nowOf({
  head,
  live,
}: {
  readonly head: { readonly run: { readonly finishedAt: string } } | undefined;
  readonly live: { readonly now: string } | undefined;
}): string {
  return live?.now ?? head?.run.finishedAt ?? '';
}
