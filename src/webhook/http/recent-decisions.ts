// The decisions of the last hour, for the page. Its memory is bounded, whatever callers send.

import type { AdmissionEntry, AdmissionHistory } from '../../outputs/html/live.ts';
import type { SeenChange } from './seen-change.ts';

type Verdict = AdmissionEntry['verdict'];

/** The decisions in one minute. */
interface Minute {
  /** Minutes since 1970. */
  readonly at: number;
  readonly counts: Record<Verdict, number>;
  /** The entries whose last change was in this minute, and that gave way to newer ones. */
  leftOut: number;
}

/** Changes that are alike. */
interface Alike {
  readonly verdict: Verdict;
  readonly change: SeenChange['change'];
  readonly first: number;
  last: number;
  count: number;
  reasons: readonly string[];
}

/** So many minutes are remembered. */
export const MINUTES = 60;
/** So many entries are remembered. */
export const MOST_ENTRIES = 200;

const MINUTE = 60_000;

/** Remembers the decisions of the last hour. */
export class RecentDecisions {
  readonly #now: () => Date;
  readonly #started: number;
  /** The oldest first. */
  #minutes: Minute[] = [];
  /** By the time of the last change, the oldest first. */
  readonly #alike = new Map<string, Alike>();
  #hasChanged = false;

  constructor(now: () => Date) {
    this.#now = now;
    this.#started = now().getTime();
  }

  /** Counts a decision. */
  count(verdict: Verdict): void {
    this.#minuteAt(this.#now().getTime()).counts[verdict] += 1;
    this.#hasChanged = true;
  }

  /** Remembers a change; of changes that are alike, the reasons of the last one. */
  add({ key, verdict, change, reasons }: SeenChange): void {
    const now = this.#now().getTime();
    const known = this.#alike.get(key);
    this.#alike.delete(key);
    if (known === undefined) {
      this.#alike.set(key, { verdict, change, first: now, last: now, count: 1, reasons: reasons() });
    } else {
      this.#alike.set(key, known);
      known.last = now;
      known.count += 1;
      known.reasons = reasons();
    }
    for (const [oldest, { last }] of this.#alike) {
      if (this.#alike.size <= MOST_ENTRIES) break;
      this.#alike.delete(oldest);
      this.#minuteAt(last).leftOut += 1;
    }
  }

  /** What the page shows. */
  history(): AdmissionHistory {
    const since = this.#forget();
    const counts = noCounts();
    let leftOut = 0;
    for (const minute of this.#minutes) {
      for (const verdict of VERDICTS) counts[verdict] += minute.counts[verdict];
      leftOut += minute.leftOut;
    }
    const decisions = [...this.#alike.values()].map(entryOf).reverse();
    return { since: new Date(Math.max(since, this.#started)).toISOString(), counts, decisions, leftOut };
  }

  /** Whether a decision was added, or has become too old, since the last call. */
  hasChanged(): boolean {
    const size = this.#minutes.length;
    this.#forget();
    const hasChanged = this.#hasChanged || this.#minutes.length !== size;
    this.#hasChanged = false;
    return hasChanged;
  }

  #minuteAt(time: number): Minute {
    const at = Math.floor(time / MINUTE);
    const known = this.#minutes.findLast((minute) => minute.at === at);
    if (known !== undefined) return known;
    const minute = { at, counts: noCounts(), leftOut: 0 };
    this.#minutes.push(minute);
    this.#forget();
    return minute;
  }

  /** Forgets what is too old, or in the future because the clock was put back. Returns the start of the hour. */
  #forget(): number {
    const current = Math.floor(this.#now().getTime() / MINUTE);
    const oldest = current - MINUTES + 1;
    this.#minutes = this.#minutes.filter(({ at }) => at >= oldest && at <= current);
    for (const [key, { last }] of this.#alike) {
      if (last >= oldest * MINUTE && last < (current + 1) * MINUTE) continue;
      this.#alike.delete(key);
    }
    return oldest * MINUTE;
  }
}

const VERDICTS = ['allow', 'warn', 'deny', 'skip', 'unchecked'] as const satisfies readonly Verdict[];

function noCounts(): Record<Verdict, number> {
  return { allow: 0, warn: 0, deny: 0, skip: 0, unchecked: 0 };
}

function entryOf({ verdict, change, first, last, count, reasons }: Alike): AdmissionEntry {
  const { user, operation, resource, namespace, name } = 'user' in change ? change : NOTHING_KNOWN;
  const times = { first: new Date(first).toISOString(), last: new Date(last).toISOString() };
  return { verdict, ...times, count, user, operation, resource, namespace, name, reasons };
}

/** Only the uid of a review that was not checked is known. */
const NOTHING_KNOWN = { user: '', operation: '', resource: '', namespace: '', name: '' };
