// As client-go elects (tools/leaderelection/leaderelection.go of v0.37.2: tryAcquireOrRenew in line 444, tryRelease in 326),
// with its record, so that `kubectl get lease` shows what people know. Three things differ. A leader counts its time from
// when it sent a renewal, not from when the answer came: client-go's leader overlaps with its successor where answers are
// slow (renew, line 279). A Lease that was deleted is not free at once for those who saw it held. And followers vary
// their pauses less and look again when the Lease expires, so that a successor is there within 20 s.

import type { LeaseAnswer, LeaseFaultCode, LeaseClient, LeaseRecord, SeenLease } from '../kube/objects/lease.ts';

/** Who leads, as far as this process knows. */
export type Leadership =
  /** This one, until the signal aborts. */
  | { readonly state: 'leading'; readonly signal: AbortSignal }
  | { readonly state: 'following'; readonly holder: string }
  /** Not known, and why. */
  | { readonly state: 'lost'; readonly code: LeaseFaultCode | 'not-asked' | 'stopped'; readonly reason: string };

/** What an election needs. */
export interface ElectionOptions {
  readonly lease: LeaseClient;
  /** Of this process alone: a name that another process, or an earlier one, has too makes two leaders. */
  readonly identity: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** The time of day, which is written into the Lease for people; nothing is decided by it. */
  readonly now: () => Date;
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Is told of every change, once: not of each try that fails. */
  readonly changed: (leadership: Leadership) => void;
}

/** A process that stands for election until it is stopped. */
export interface Election {
  /** As the clock has it at this moment, also where a timer is late. */
  readonly leadership: () => Leadership;
  /**
   * Ends the leadership and gives the Lease back, so that the successor does not wait. End first what runs under it.
   */
  readonly stop: () => Promise<void>;
}

/** How long others wait after the last sign of life, in milliseconds. */
export const LEASE_DURATION = 15_000;
/** How long a leader leads after it sent its last successful renewal. */
export const RENEW_DEADLINE = 10_000;
/** Between two looks at the Lease. */
export const RETRY_PERIOD = 2000;

/** By how much a pause varies, upwards. */
const JITTER = 0.2;
/** Followers that wait for the same moment do not all come at once. */
const SPREAD = 200;
/** Where rights or the namespace are missing, nothing is urgent. */
const LONGEST_DELAY = 30_000;
const RELEASE_PATIENCE = 3000;
const MOST_TRANSITIONS = 2 ** 31 - 1;

/** Stands for election. Losing the API server ends a leadership in time, and nothing else: it is tried again and again. */
export function elect(options: ElectionOptions): Election {
  const candidate = new Candidate(options);
  const ended = candidate.run();
  return {
    leadership: () => candidate.leadership(),
    stop: async () => {
      candidate.end();
      await ended;
      await candidate.release();
    },
  };
}

interface Term {
  readonly abort: AbortController;
  /** When it ends unless it is renewed. */
  until: number;
}

type Fault = Extract<LeaseAnswer, { is: 'fault' }>;

class Candidate {
  readonly #options: ElectionOptions;
  readonly #stopped = new AbortController();
  #leadership: Leadership = { state: 'lost', code: 'not-asked', reason: 'the Lease was not read yet' };
  #term: Term | undefined;
  /** The Lease as last seen, and since when its record is what it is, by this clock. */
  #seen: { readonly lease: SeenLease; readonly since: number } | undefined;
  /** Whether a claim was ever sent: also one without an answer may have been written. */
  #hasClaimed = false;
  #answered = -Infinity;
  #fault: Fault | undefined;
  #refusals = 0;

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { signal } = this.#stopped;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      this.#note(await this.#round());
      if (!isStopped()) await this.#options.pause(this.#delay(), signal).catch(() => undefined);
    }
  }

  leadership(): Leadership {
    this.#expire();
    return this.#leadership;
  }

  end(): void {
    this.#stopped.abort();
    this.#become({ state: 'lost', code: 'stopped', reason: 'this process stops' });
  }

  /** Writes the record that client-go writes, if the Lease is this one's. A renewal may still be on its way: conflicts. */
  async release(): Promise<void> {
    if (!this.#hasClaimed) return;
    const { lease, identity, pause } = this.#options;
    const patience = new AbortController();
    const done = new AbortController();
    void pause(RELEASE_PATIENCE, done.signal).then(
      () => {
        patience.abort();
      },
      () => undefined,
    );
    let answer: LeaseAnswer = { is: 'conflict' };
    while (answer.is === 'conflict' && !patience.signal.aborted) {
      answer = await lease.read(patience.signal);
      if (answer.is !== 'there' || answer.lease.record.holderIdentity !== identity) break;
      const time = this.#time();
      const { leaseTransitions } = answer.lease.record;
      const empty = {
        holderIdentity: '',
        leaseDurationSeconds: 1,
        acquireTime: time,
        renewTime: time,
        leaseTransitions,
      };
      answer = await lease.update(answer.lease, empty, patience.signal);
    }
    done.abort();
  }

  /** Looks at the Lease and takes or renews it where it can. */
  async #round(): Promise<LeaseAnswer> {
    const { lease, identity } = this.#options;
    if (this.#term !== undefined && this.#seen?.lease.record.holderIdentity === identity) {
      const answer = await this.#claim(this.#seen.lease);
      if (answer.is === 'there' || answer.is === 'fault') return answer;
    }
    if (this.#stopped.signal.aborted) return { is: 'conflict' };
    const answer = await lease.read(this.#stopped.signal);
    if (answer.is === 'there') {
      this.#observe(answer.lease);
      return this.#isFree() ? this.#claim(answer.lease) : answer;
    }
    return answer.is === 'absent' && this.#isFree() ? this.#claim(undefined) : answer;
  }

  async #claim(seen: SeenLease | undefined): Promise<LeaseAnswer> {
    const { lease, identity, clock } = this.#options;
    const { signal } = this.#stopped;
    if (signal.aborted) return { is: 'conflict' };
    this.#hasClaimed = true;
    const sent = clock();
    const record = this.#record(seen?.record);
    const answer = await (seen === undefined ? lease.create(record, signal) : lease.update(seen, record, signal));
    if (answer.is !== 'there') return answer;
    this.#observe(answer.lease);
    if (answer.lease.record.holderIdentity === identity) this.#lead(sent + RENEW_DEADLINE);
    return answer;
  }

  #record(before: LeaseRecord | undefined): LeaseRecord {
    const { identity: holderIdentity } = this.#options;
    const time = this.#time();
    const isOurs = before?.holderIdentity === holderIdentity;
    const transitions = before === undefined ? 0 : before.leaseTransitions + (isOurs ? 0 : 1);
    return {
      holderIdentity,
      leaseDurationSeconds: LEASE_DURATION / 1000,
      acquireTime: isOurs && before.acquireTime !== '' ? before.acquireTime : time,
      renewTime: time,
      // one too many would be refused, and the Lease could never be taken again
      leaseTransitions: Math.min(transitions, MOST_TRANSITIONS),
    };
  }

  #time(): string {
    return this.#options.now().toISOString().replace('Z', '000Z');
  }

  #observe(lease: SeenLease): void {
    const isSame = this.#seen !== undefined && isSameRecord(this.#seen.lease.record, lease.record);
    this.#seen = { lease, since: isSame && this.#seen ? this.#seen.since : this.#options.clock() };
    // whose time is over leads no more, though nobody followed yet
    if (!this.#isFree()) this.#become({ state: 'following', holder: lease.record.holderIdentity });
  }

  #isFree(): boolean {
    return this.#expiry() <= this.#options.clock();
  }

  /** When the Lease may be taken, by this clock. */
  #expiry(): number {
    if (this.#seen === undefined) return -Infinity;
    const { holderIdentity, leaseDurationSeconds: seconds } = this.#seen.lease.record;
    if (holderIdentity === '' || holderIdentity === this.#options.identity) return -Infinity;
    // what no election writes would make it free at once, or never
    const duration = seconds >= 1 && seconds <= 3600 ? seconds * 1000 : LEASE_DURATION;
    return this.#seen.since + duration;
  }

  #lead(until: number): void {
    if (this.#stopped.signal.aborted || until <= this.#options.clock()) return;
    if (this.#term !== undefined) {
      this.#term.until = until;
      return;
    }
    const term = { abort: new AbortController(), until };
    this.#become({ state: 'leading', signal: term.abort.signal }, term);
    void this.#guard(term);
  }

  /** Ends a term in time, whatever the call does that is on its way. */
  async #guard(term: Term): Promise<void> {
    const { clock, pause } = this.#options;
    const { signal } = term.abort;
    while (!signal.aborted) {
      await pause(Math.max(0, term.until - clock()), signal).catch(() => undefined);
      this.#expire();
    }
  }

  #expire(): void {
    if (this.#term === undefined || this.#term.until > this.#options.clock()) return;
    const { code, reason } = this.#fault ?? { code: 'unreachable' as const, reason: 'no answer in time' };
    this.#become({ state: 'lost', code, reason });
  }

  /** Whatever holds from now on ends the term, except a term of its own. */
  #become(leadership: Leadership, term?: Term): void {
    const before = this.#leadership;
    this.#leadership = leadership;
    this.#term?.abort.abort();
    this.#term = term;
    if (before.state !== leadership.state || tellable(before) !== tellable(leadership)) {
      this.#options.changed(leadership);
    }
  }

  #note(answer: LeaseAnswer): void {
    const now = this.#options.clock();
    if (answer.is !== 'fault') {
      this.#answered = now;
      this.#fault = undefined;
      this.#refusals = 0;
      return;
    }
    if (this.#stopped.signal.aborted) return;
    this.#fault = answer;
    this.#refusals = answer.code === 'unreachable' ? 0 : this.#refusals + 1;
    // a short loss is no news, and no term lasts longer than this
    if (now - this.#answered < RENEW_DEADLINE) return;
    this.#become({ state: 'lost', code: answer.code, reason: answer.reason });
  }

  #delay(): number {
    const { clock, random } = this.#options;
    const backoff = this.#term === undefined ? 2 ** Math.max(0, Math.min(this.#refusals - 1, 10)) : 1;
    const delay = Math.min(LONGEST_DELAY, RETRY_PERIOD * backoff) * (1 + JITTER * random());
    const left = this.#expiry() - clock();
    return left > 0 ? Math.min(delay, left + SPREAD * random()) : delay;
  }
}

/** What distinguishes two states for those who are told; the words of a reason change with every try. */
function tellable(leadership: Leadership): unknown {
  if (leadership.state === 'leading') return leadership.signal;
  return leadership.state === 'following' ? leadership.holder : leadership.code;
}

function isSameRecord(a: LeaseRecord, b: LeaseRecord): boolean {
  const keys = Object.keys(a) as (keyof LeaseRecord)[];
  return keys.every((key) => a[key] === b[key]);
}
