// Leader election: at most one replica sweeps. It follows client-go (tryAcquireOrRenew, leaderelection.go line 444 of v0.37.2),
// with three differences. A leader counts its time from when it sent a renewal, not from when the answer came: with slow
// answers, client-go's leader overlaps with its successor (renew, line 279). A deleted Lease is not free at once for a replica
// that saw its holder. And followers vary their pauses less, and read the Lease when it expires, so that a successor leads
// within 20 s.

import type { LeaseAnswer, LeaseFaultCode, LeaseClient, SeenLease } from '../kube/objects/lease.ts';
import { claimingRecord, durationOf, isSameRecord, releasingRecord } from './lease-record.ts';

/** Who leads, as far as this process knows. */
export type Leadership =
  /** This process leads, until the signal aborts. */
  | { readonly state: 'leading'; readonly signal: AbortSignal }
  | { readonly state: 'following'; readonly holder: string }
  /** The leader is not known. */
  | { readonly state: 'lost'; readonly code: LeaseFaultCode | 'not-asked' | 'stopped'; readonly reason: string };

/** The configuration of a leader election. */
export interface LeaderElectionConfig {
  readonly lease: LeaseClient;
  /** Unique for this process. Two processes with the same identity would both lead. */
  readonly identity: string;
  /** Milliseconds of a monotonic clock. */
  readonly clock: () => number;
  /** The time of day, which the Lease shows to people. No decision depends on it. */
  readonly now: () => Date;
  /** Resolves after this many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** A random number from 0 to 1. */
  readonly random: () => number;
  /** Called once for each change: client-go's OnStartedLeading, OnStoppedLeading and OnNewLeader in one. */
  readonly onChange: (leadership: Leadership) => void;
}

/** A running leader election. */
export interface LeaderElection {
  /** Gives who leads by the clock now, even if a timer is late. */
  readonly leadership: () => Leadership;
  /** Stops leading and releases the Lease, so that a successor need not wait. Stop the work of the leader first. */
  readonly stop: () => Promise<void>;
}

/** client-go's RenewDeadline: how long a leader leads after it sent its last successful renewal, in milliseconds. */
export const RENEW_DEADLINE = 10_000;
/** client-go's RetryPeriod: the pause between two reads of the Lease, in milliseconds. */
export const RETRY_PERIOD = 2000;

/** The part of a pause by which it varies, upwards. */
const JITTER = 0.2;
/** Spreads followers that wait for the same expiry, in milliseconds. */
const SPREAD = 200;
/** The longest pause while rights or the namespace are missing, in milliseconds. */
const MAX_DELAY = 30_000;
const RELEASE_TIMEOUT = 3000;

/** Starts a leader election. If the API server is lost, the leader stops in time, and the election goes on. */
export function startLeaderElection(config: LeaderElectionConfig): LeaderElection {
  const elector = new LeaderElector(config);
  const ended = elector.run();
  return {
    leadership: () => elector.leadership(),
    stop: async () => {
      elector.end();
      await ended;
      await elector.release();
    },
  };
}

interface Term {
  readonly abort: AbortController;
  /** When the term ends unless the Lease is renewed, by this process's clock. */
  until: number;
}

type Fault = Extract<LeaseAnswer, { is: 'fault' }>;

class LeaderElector {
  readonly #config: LeaderElectionConfig;
  readonly #stopped = new AbortController();
  #leadership: Leadership = { state: 'lost', code: 'not-asked', reason: 'the Lease was not read yet' };
  #term: Term | undefined;
  /** The last Lease that was read, and since when its record is the same, by this process's clock. */
  #seen: { readonly lease: SeenLease; readonly since: number } | undefined;
  /** A claim was sent. One without an answer may have been written too. */
  #hasClaimed = false;
  #lastAnswer = -Infinity;
  #fault: Fault | undefined;
  #faults = 0;

  constructor(config: LeaderElectionConfig) {
    this.#config = config;
  }

  async run(): Promise<void> {
    const { signal } = this.#stopped;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      this.#note(await this.#tryAcquireOrRenew());
      if (!isStopped()) await this.#config.pause(this.#delay(), signal).catch(() => undefined);
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

  /** Releases the Lease if this process holds it. A renewal that is still on its way gives a conflict. */
  async release(): Promise<void> {
    if (!this.#hasClaimed) return;
    const { lease, identity, pause, now } = this.#config;
    const timeout = new AbortController();
    const done = new AbortController();
    const stopWaiting = (): void => {
      timeout.abort();
    };
    void pause(RELEASE_TIMEOUT, done.signal).then(stopWaiting, () => undefined);
    let answer: LeaseAnswer = { is: 'conflict' };
    while (answer.is === 'conflict' && !timeout.signal.aborted) {
      answer = await lease.read(timeout.signal);
      if (answer.is !== 'there' || answer.lease.record.holderIdentity !== identity) break;
      answer = await lease.update(answer.lease, releasingRecord(answer.lease.record, now()), timeout.signal);
    }
    done.abort();
  }

  async #tryAcquireOrRenew(): Promise<LeaseAnswer> {
    const { lease, identity } = this.#config;
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
    const { lease, identity, clock, now } = this.#config;
    const { signal } = this.#stopped;
    if (signal.aborted) return { is: 'conflict' };
    this.#hasClaimed = true;
    const sent = clock();
    const record = claimingRecord(seen?.record, identity, now());
    const answer = await (seen === undefined ? lease.create(record, signal) : lease.update(seen, record, signal));
    if (answer.is !== 'there') return answer;
    this.#observe(answer.lease);
    if (answer.lease.record.holderIdentity === identity) this.#lead(sent + RENEW_DEADLINE);
    return answer;
  }

  #observe(lease: SeenLease): void {
    const isSame = this.#seen !== undefined && isSameRecord(this.#seen.lease.record, lease.record);
    this.#seen = { lease, since: isSame && this.#seen ? this.#seen.since : this.#config.clock() };
    // a holder whose Lease has expired no longer leads, even if it has no successor yet
    if (!this.#isFree()) this.#become({ state: 'following', holder: lease.record.holderIdentity });
  }

  #isFree(): boolean {
    return this.#expiry() <= this.#config.clock();
  }

  /** When this process may acquire the Lease, by its clock. */
  #expiry(): number {
    const duration = this.#seen && durationOf(this.#seen.lease.record, this.#config.identity);
    return this.#seen === undefined || duration === undefined ? -Infinity : this.#seen.since + duration;
  }

  #lead(until: number): void {
    if (this.#stopped.signal.aborted || until <= this.#config.clock()) return;
    if (this.#term !== undefined) {
      this.#term.until = until;
      return;
    }
    const term = { abort: new AbortController(), until };
    this.#become({ state: 'leading', signal: term.abort.signal }, term);
    void this.#guard(term);
  }

  /** Ends a term in time, whatever happens to a call that is on its way. */
  async #guard(term: Term): Promise<void> {
    const { clock, pause } = this.#config;
    const { signal } = term.abort;
    while (!signal.aborted) {
      await pause(Math.max(0, term.until - clock()), signal).catch(() => undefined);
      this.#expire();
    }
  }

  #expire(): void {
    if (this.#term === undefined || this.#term.until > this.#config.clock()) return;
    const { code, reason } = this.#fault ?? { code: 'unreachable' as const, reason: 'no answer in time' };
    this.#become({ state: 'lost', code, reason });
  }

  /** Changes the leadership. Every change ends the current term, and only leading has a new one. */
  #become(leadership: Leadership, term?: Term): void {
    const before = this.#leadership;
    this.#leadership = leadership;
    this.#term?.abort.abort();
    this.#term = term;
    if (before.state !== leadership.state || detailOf(before) !== detailOf(leadership)) {
      this.#config.onChange(leadership);
    }
  }

  #note(answer: LeaseAnswer): void {
    const now = this.#config.clock();
    if (answer.is !== 'fault') {
      this.#lastAnswer = now;
      this.#fault = undefined;
      this.#faults = 0;
      return;
    }
    if (this.#stopped.signal.aborted) return;
    this.#fault = answer;
    this.#faults = answer.code === 'unreachable' ? 0 : this.#faults + 1;
    // a short loss is not a change, and every term ends within this time
    if (now - this.#lastAnswer < RENEW_DEADLINE) return;
    this.#become({ state: 'lost', code: answer.code, reason: answer.reason });
  }

  #delay(): number {
    const { clock, random } = this.#config;
    const backoff = this.#term === undefined ? 2 ** Math.max(0, Math.min(this.#faults - 1, 10)) : 1;
    const delay = Math.min(MAX_DELAY, RETRY_PERIOD * backoff) * (1 + JITTER * random());
    const left = this.#expiry() - clock();
    return left > 0 ? Math.min(delay, left + SPREAD * random()) : delay;
  }
}

/** Gives what makes two states of the same kind different. The words of a reason change with every try, and do not. */
function detailOf(leadership: Leadership): unknown {
  if (leadership.state === 'leading') return leadership.signal;
  return leadership.state === 'following' ? leadership.holder : leadership.code;
}
