/**
 * Why a sweep runs: the leadership began, time passed, an object that is watched changed, somebody asked for it, or the one
 * before was not complete for a reason that may pass.
 */
export type SweepTrigger = 'start' | 'interval' | 'change' | 'demand' | 'retry';

/** How often, in milliseconds, and by what part of that it varies, 0 to 1. */
export interface ScheduleSettings {
  readonly interval: number;
  readonly jitter: number;
}

/** What a schedule needs. */
export interface ScheduleOptions {
  /**
   * Runs one sweep; the signal ends it. What it throws is its own affair: the schedule goes on.
   *
   * @returns whether it is to be tried again soon
   */
  readonly sweep: (trigger: SweepTrigger, signal: AbortSignal) => Promise<boolean>;
  /** As they are at the moment. */
  readonly settings: () => ScheduleSettings;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** What a demand for a sweep led to. */
export type Demanded = 'started' | 'queued' | 'not-leading';

/** When sweeps run: never two at a time, and only while this process leads. */
export interface SweepSchedule {
  /** Sweeps from now on, until the signal aborts. */
  readonly lead: (leadership: AbortSignal) => void;
  /** An object that is watched changed: sweeps soon, but not for each of many changes. */
  readonly change: () => void;
  /** Sweeps at once, or once more after the sweep that runs, with the rest that is due between the two. */
  readonly demand: () => Demanded;
  /** Milliseconds until a demand would be met; 0 where a sweep runs or may begin. */
  readonly rest: () => number;
  /** The settings may have changed. */
  readonly reload: () => void;
  /** Ends the sweep that runs, waits for its end, and starts no other. */
  readonly stop: () => Promise<void>;
}

/** Within this time of a new leadership its first sweep begins. */
export const FIRST_DELAY = 2000;
/** Changes come together: so long none may come before they are looked at. */
export const QUIET = 1000;
/** But they are not waited out for longer than this. */
export const LONGEST_QUIET = 10_000;

/** After a sweep, one that is demanded begins at the earliest when this time has passed, or as long as the sweep took. */
export const LEAST_REST = 5000;

const LONGEST_GAP = 60_000;
const HOUR = 3_600_000;

/** Makes the schedule; nothing is swept before `lead`. */
export function scheduleSweeps(options: ScheduleOptions): SweepSchedule {
  const schedule = new Schedule(options);
  const ended = schedule.run();
  return {
    lead: (leadership) => {
      schedule.lead(leadership);
    },
    change: () => {
      schedule.change();
    },
    demand: () => schedule.demand(),
    rest: () => schedule.rest(),
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
  readonly #options: ScheduleOptions;
  #isStopped = false;
  #waiting = new AbortController();
  #leadership: AbortSignal | undefined;
  #running: AbortController | undefined;
  /** When the first sweep of this leadership is due, until it has begun. */
  #first: number | undefined;
  #began = 0;
  #ended = -Infinity;
  /** From -1 to 1: how much of the jitter this round takes. */
  #chance = 0;
  #changes: { readonly first: number; readonly last: number } | undefined;
  #isDemanded = false;
  /** How many sweeps in a row are to be tried again. */
  #retries = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { clock, pause } = this.#options;
    while (!this.#isOver()) {
      const due = this.#due();
      if (due !== undefined && due.at <= clock()) {
        await this.#sweep(due.trigger);
        continue;
      }
      this.#waiting = new AbortController();
      await pause(due === undefined ? HOUR : due.at - clock(), this.#waiting.signal).catch(() => undefined);
    }
  }

  lead(leadership: AbortSignal): void {
    if (this.#isOver() || leadership.aborted) return;
    const { clock, random } = this.#options;
    this.#leadership = leadership;
    this.#first = clock() + FIRST_DELAY * random();
    this.#isDemanded = false;
    const end = (): void => {
      // a later leadership may have begun already
      if (this.#leadership !== leadership) return;
      this.#leadership = undefined;
      this.#running?.abort();
    };
    leadership.addEventListener('abort', end, { once: true });
    this.wake();
  }

  change(): void {
    if (this.#leadership === undefined) return;
    const now = this.#options.clock();
    this.#changes = { first: this.#changes?.first ?? now, last: now };
    this.wake();
  }

  demand(): Demanded {
    if (this.#leadership === undefined || this.#isOver()) return 'not-leading';
    this.#isDemanded = true;
    this.wake();
    return this.rest() === 0 && this.#running === undefined ? 'started' : 'queued';
  }

  rest(): number {
    return this.#running === undefined ? Math.max(0, this.#rested() - this.#options.clock()) : 0;
  }

  wake(): void {
    this.#waiting.abort();
  }

  end(): void {
    this.#isStopped = true;
    this.#running?.abort();
    this.wake();
  }

  #isOver(): boolean {
    return this.#isStopped;
  }

  /** Whoever may ask for sweeps cannot keep the cluster busy with them. */
  #rested(): number {
    return this.#ended + Math.min(LONGEST_GAP, Math.max(LEAST_REST, this.#ended - this.#began));
  }

  /** What is to be done next, and when. */
  #due(): Due | undefined {
    if (this.#leadership === undefined) return undefined;
    if (this.#isDemanded) return { trigger: 'demand', at: this.#rested() };
    if (this.#first !== undefined) return { trigger: 'start', at: this.#first };
    const { interval, jitter } = this.#options.settings();
    // after an overrun, and between sweeps by change, the cluster gets a rest
    const gap = Math.min(LONGEST_GAP, interval / 10);
    const rested = this.#ended + gap;
    const due: Due[] = [
      { trigger: 'interval', at: Math.max(rested, this.#began + interval * (1 + jitter * this.#chance)) },
    ];
    if (this.#retries > 0) due.push({ trigger: 'retry', at: this.#ended + gap * 2 ** (this.#retries - 1) });
    if (this.#changes !== undefined) {
      const { first, last } = this.#changes;
      due.push({ trigger: 'change', at: Math.max(rested, Math.min(last + QUIET, first + LONGEST_QUIET)) });
    }
    return due.reduce((sooner, one) => (one.at < sooner.at ? one : sooner));
  }

  async #sweep(trigger: SweepTrigger): Promise<void> {
    const { clock, random, sweep } = this.#options;
    const running = new AbortController();
    this.#running = running;
    this.#first = undefined;
    this.#changes = undefined;
    this.#isDemanded = false;
    this.#began = clock();
    this.#chance = 2 * random() - 1;
    let isToRetry = false;
    try {
      isToRetry = await sweep(trigger, running.signal);
    } catch {
      // it has logged that itself
    }
    this.#retries = isToRetry ? this.#retries + 1 : 0;
    this.#running = undefined;
    this.#ended = clock();
  }
}
