// The schedule: when the leading replica sweeps. Two sweeps never run at the same time.

/**
 * Why a sweep runs: leadership began, the interval passed, a watched object changed, somebody requested it, or the last sweep
 * was incomplete for a reason that may be over.
 */
export type SweepTrigger = 'start' | 'interval' | 'change' | 'request' | 'retry';

/** The time from start to start. */
export interface SweepInterval {
  /** Milliseconds. */
  readonly interval: number;
  /** The part of the interval by which it varies, 0 to 1. */
  readonly jitter: number;
}

/** What a schedule needs. */
export interface ScheduleDeps {
  /**
   * Runs one sweep, which the signal stops. An error does not stop the schedule; the sweep logs it itself.
   *
   * @returns whether the sweep should be retried soon
   */
  readonly sweep: (trigger: SweepTrigger, signal: AbortSignal) => Promise<boolean>;
  /** Gives the configured interval, which can change. */
  readonly interval: () => SweepInterval;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  /** Resolves after this many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** A random number from 0 to 1. */
  readonly random: () => number;
}

/** The answer to a request for a sweep. */
export type SweepRequestResult = 'started' | 'queued' | 'not-leading';

/** Starts sweeps while this process leads. */
export interface SweepSchedule {
  /** Sweeps from now on, until the signal aborts. */
  readonly startLeading: (leadership: AbortSignal) => void;
  /** A watched object changed: sweeps soon, once for many changes. */
  readonly objectChanged: () => void;
  /** Sweeps now, or after the running sweep and the pause that is due after it. */
  readonly request: () => SweepRequestResult;
  /** Milliseconds until a requested sweep would start; 0 if a sweep runs or can start. */
  readonly untilRequest: () => number;
  /** The interval may have changed. */
  readonly reload: () => void;
  /** Stops the running sweep, waits until it has stopped, and starts no other. */
  readonly stop: () => Promise<void>;
}

/** The first sweep of a new leader starts within this many milliseconds. */
export const FIRST_DELAY = 2000;
/** A sweep for changed objects starts when no object has changed for this many milliseconds. */
export const QUIET = 1000;
/** But it waits no longer than this for changes to end. */
export const MAX_QUIET = 10_000;
/** A requested sweep starts at least this many milliseconds after the last sweep, or as long as that sweep took. */
export const MIN_REST = 5000;

const MAX_REST = 60_000;
const HOUR = 3_600_000;

/** Makes a schedule. It starts no sweep before `startLeading`. */
export function scheduleSweeps(deps: ScheduleDeps): SweepSchedule {
  const schedule = new Schedule(deps);
  const ended = schedule.run();
  return {
    startLeading: (leadership) => {
      schedule.startLeading(leadership);
    },
    objectChanged: () => {
      schedule.objectChanged();
    },
    request: () => schedule.request(),
    untilRequest: () => schedule.untilRequest(),
    reload: () => {
      schedule.wake();
    },
    stop: async () => {
      schedule.end();
      await ended;
    },
  };
}

interface Due {
  readonly trigger: SweepTrigger;
  readonly at: number;
}

class Schedule {
  readonly #deps: ScheduleDeps;
  #isStopped = false;
  #waiting = new AbortController();
  #leadership: AbortSignal | undefined;
  #running: AbortController | undefined;
  /** When the first sweep of this leadership is due; undefined once it has started. */
  #first: number | undefined;
  #began = 0;
  #ended = -Infinity;
  /** The part of the jitter that applies to the next interval, -1 to 1. */
  #jitterPart = 0;
  #changes: { readonly first: number; readonly last: number } | undefined;
  #isRequested = false;
  /** How many sweeps in a row asked for a retry. */
  #retries = 0;

  constructor(deps: ScheduleDeps) {
    this.#deps = deps;
  }

  async run(): Promise<void> {
    const { clock, pause } = this.#deps;
    while (!this.#hasStopped()) {
      const due = this.#due();
      if (due !== undefined && due.at <= clock()) {
        await this.#sweep(due.trigger);
        continue;
      }
      this.#waiting = new AbortController();
      await pause(due === undefined ? HOUR : due.at - clock(), this.#waiting.signal).catch(() => undefined);
    }
  }

  startLeading(leadership: AbortSignal): void {
    if (this.#hasStopped() || leadership.aborted) return;
    const { clock, random } = this.#deps;
    this.#leadership = leadership;
    this.#first = clock() + FIRST_DELAY * random();
    this.#isRequested = false;
    const end = (): void => {
      // the next leadership may have begun already
      if (this.#leadership !== leadership) return;
      this.#leadership = undefined;
      this.#running?.abort();
    };
    leadership.addEventListener('abort', end, { once: true });
    this.wake();
  }

  objectChanged(): void {
    if (this.#leadership === undefined) return;
    const now = this.#deps.clock();
    this.#changes = { first: this.#changes?.first ?? now, last: now };
    this.wake();
  }

  request(): SweepRequestResult {
    if (this.#leadership === undefined || this.#hasStopped()) return 'not-leading';
    this.#isRequested = true;
    this.wake();
    return this.untilRequest() === 0 && this.#running === undefined ? 'started' : 'queued';
  }

  untilRequest(): number {
    return this.#running === undefined ? Math.max(0, this.#earliestRequest() - this.#deps.clock()) : 0;
  }

  wake(): void {
    this.#waiting.abort();
  }

  end(): void {
    this.#isStopped = true;
    this.#running?.abort();
    this.wake();
  }

  #hasStopped(): boolean {
    return this.#isStopped;
  }

  /** The earliest time of a requested sweep. Requests cannot keep the cluster busy. */
  #earliestRequest(): number {
    return this.#ended + Math.min(MAX_REST, Math.max(MIN_REST, this.#ended - this.#began));
  }

  /** Gives the next sweep and its time. */
  #due(): Due | undefined {
    if (this.#leadership === undefined) return undefined;
    if (this.#isRequested) return { trigger: 'request', at: this.#earliestRequest() };
    if (this.#first !== undefined) return { trigger: 'start', at: this.#first };
    const { interval, jitter } = this.#deps.interval();
    // after a sweep that took longer than the interval, and between sweeps for changes, the cluster gets a pause
    const gap = Math.min(MAX_REST, interval / 10);
    const rested = this.#ended + gap;
    const due: Due[] = [
      { trigger: 'interval', at: Math.max(rested, this.#began + interval * (1 + jitter * this.#jitterPart)) },
    ];
    if (this.#retries > 0) due.push({ trigger: 'retry', at: this.#ended + gap * 2 ** (this.#retries - 1) });
    if (this.#changes !== undefined) {
      const { first, last } = this.#changes;
      due.push({ trigger: 'change', at: Math.max(rested, Math.min(last + QUIET, first + MAX_QUIET)) });
    }
    return due.reduce((sooner, one) => (one.at < sooner.at ? one : sooner));
  }

  async #sweep(trigger: SweepTrigger): Promise<void> {
    const { clock, random, sweep } = this.#deps;
    const running = new AbortController();
    this.#running = running;
    this.#first = undefined;
    this.#changes = undefined;
    this.#isRequested = false;
    this.#began = clock();
    this.#jitterPart = 2 * random() - 1;
    let isToRetry = false;
    try {
      isToRetry = await sweep(trigger, running.signal);
    } catch {
      // the sweep has logged it
    }
    this.#retries = isToRetry ? this.#retries + 1 : 0;
    this.#running = undefined;
    this.#ended = clock();
  }
}
