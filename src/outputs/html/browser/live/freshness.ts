// Whether the page shows the present state, as a text. It never claims more than what was heard from the server.

/** Without an event for this long the connection counts as lost. The server sends one every 10 seconds. */
export const SILENCE = 40_000;

/** A connection that comes back within this time is not worth a warning. */
const BRIEF = 10_000;

/** What the script knows about the server. All times are milliseconds since 1970. */
export interface ServerContact {
  readonly openedAt: number;
  /** The last event; undefined before the first. */
  readonly heardAt?: number | undefined;
  /** When the connection was lost; undefined while it is open. */
  readonly lostAt?: number | undefined;
  /** Since when a newer state is known that could not be loaded, and why. */
  readonly notLoaded?: { readonly since: number; readonly reason: string } | undefined;
}

/** What the page says about itself. */
export interface Freshness {
  readonly state: 'live' | 'waiting' | 'stale';
  readonly text: string;
}

/** Judges the contact to the server. */
export function freshnessOf({ openedAt, heardAt, lostAt, notLoaded }: ServerContact, now: number): Freshness {
  const last = heardAt ?? openedAt;
  const isSilent = now - last > SILENCE;
  if (isSilent || (lostAt !== undefined && now - lostAt > BRIEF)) {
    const since = clock(lostAt ?? last);
    return { state: 'stale', text: `disconnected since ${since}: this page shows an old state` };
  }
  if (notLoaded !== undefined) {
    const text = `out of date since ${clock(notLoaded.since)}: the new state could not be loaded (${notLoaded.reason})`;
    return { state: 'stale', text };
  }
  if (lostAt !== undefined) return { state: 'waiting', text: 'reconnecting' };
  return heardAt === undefined ? { state: 'waiting', text: 'connecting' } : { state: 'live', text: 'live' };
}

/** A time of day, as the page writes times: in UTC. */
export function clock(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(11, 19)} UTC`;
}
