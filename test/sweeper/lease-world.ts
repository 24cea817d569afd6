import type { Api, ApiAnswer, ApiRequest } from '../../src/kube/api.ts';
import { ApiFault } from '../../src/kube/api.ts';
import { startLeaderElection, type LeaderElection, type Leadership } from '../../src/sweeper/leader-election.ts';
import { leaseOf } from '../../src/kube/objects/lease.ts';
import { VirtualTime } from './virtual-time.ts';

interface Stored {
  readonly metadata: { readonly resourceVersion: string; readonly [key: string]: unknown };
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** The delay of a call in milliseconds, of the request and of the answer. Either of them can be lost. */
export interface Fate {
  readonly there: number;
  readonly back: number;
  readonly lost?: 'request' | 'answer';
}

const SECURE: Fate = { there: 5, back: 5 };

/** An API server with one Lease, and the network between it and the replicas. */
export class LeaseServer {
  readonly time = new VirtualTime();
  stored?: Stored;
  /** Sent instead of an answer. */
  refusal: { readonly status: number; readonly only?: string } | undefined;
  /** How admission changes a Lease that is written. */
  admit: (spec: Stored['spec']) => Stored['spec'] = (spec) => spec;
  isDown = false;
  calls = 0;
  fate: () => Fate = () => SECURE;
  #version = 0;

  readonly api: Api = (request, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
    const { there, back, lost } = this.fate();
    this.calls += 1;
    signal.addEventListener('abort', () => {
      reject(new ApiFault('aborted'));
    });
    this.time.at(this.time.clock() + (request.timeout ?? Infinity), () => {
      reject(new ApiFault('timeout'));
    });
    if (lost === 'request') return promise;
    this.time.at(this.time.clock() + there, () => {
      if (this.isDown) {
        reject(new ApiFault('connect ECONNREFUSED'));
        return;
      }
      const { status, body } = this.#serve(request);
      if (lost === 'answer') return;
      this.time.at(this.time.clock() + back, () => {
        resolve({ status, contentType: 'application/json', text: JSON.stringify(body) });
      });
    });
    return promise;
  };

  /** A change by a person with kubectl. */
  edit(spec: Readonly<Record<string, unknown>>): void {
    this.#store({ ...this.stored, spec: { ...this.stored?.spec, ...spec } });
  }

  #serve({ method = 'GET', body }: ApiRequest): { readonly status: number; readonly body: unknown } {
    if (this.refusal !== undefined && (this.refusal.only ?? method) === method) {
      return { status: this.refusal.status, body: { kind: 'Status', message: 'no' } };
    }
    if (method === 'GET') return this.stored ? { status: 200, body: this.stored } : { status: 404, body: {} };
    const sent = body as Stored;
    if (method === 'POST')
      return this.stored
        ? { status: 409, body: {} }
        : { status: 201, body: this.#store({ ...sent, spec: this.admit(sent.spec) }) };
    if (this.stored === undefined) return { status: 404, body: {} };
    const isStale = sent.metadata.resourceVersion !== this.stored.metadata.resourceVersion;
    return isStale
      ? { status: 409, body: {} }
      : { status: 200, body: this.#store({ ...sent, spec: this.admit(sent.spec) }) };
  }

  #store(object: object): Stored {
    this.#version += 1;
    this.stored = { ...object, metadata: { name: 'x', resourceVersion: String(this.#version) } };
    return this.stored;
  }
}

/** A process that is a candidate, on a machine with its own clock. */
export class Replica {
  readonly states: Leadership[] = [];
  readonly election: LeaderElection;
  readonly identity: string;
  readonly #server: LeaseServer;
  #pausedUntil = 0;
  #held: (() => void)[] = [];
  #isDead = false;

  constructor(
    server: LeaseServer,
    identity: string,
    {
      rate = 1,
      offset = 0,
      day = 0,
      random = () => 0.5,
    }: { rate?: number; offset?: number; day?: number; random?: () => number } = {},
  ) {
    this.#server = server;
    this.identity = identity;
    const { time } = server;
    const clock = (): number => offset + rate * time.clock();
    this.election = startLeaderElection({
      lease: leaseOf((request, signal) => this.#awake(server.api(request, signal)), { namespace: 'guard', name: 'x' }),
      identity,
      clock,
      now: () => new Date(day + time.clock()),
      pause: (milliseconds, signal) => this.#awake(time.pause(milliseconds / rate, signal)),
      random,
      onChange: (leadership) => this.states.push(leadership),
    });
  }

  /** Pauses the process: it runs no timer and reads no answer. */
  freeze(milliseconds: number): void {
    const until = this.#server.time.clock() + milliseconds;
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
    this.#server.time.at(until, () => {
      if (!this.isRunning) return;
      for (const run of this.#held.splice(0)) run();
    });
  }

  /** kill -9. */
  kill(): void {
    this.#isDead = true;
  }

  get isRunning(): boolean {
    return !this.#isDead && this.#pausedUntil <= this.#server.time.clock();
  }

  /** Whether it would act as the leader now. */
  get leads(): boolean {
    return this.isRunning && this.election.leadership().state === 'leading';
  }

  /** Whether its last signal allows a sweep. */
  get lets(): boolean {
    const last = this.states.at(-1);
    return this.isRunning && last?.state === 'leading' && !last.signal.aborted;
  }

  /** Events reach the process when it runs. */
  async #awake<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } finally {
      if (!this.isRunning) await new Promise<void>((resolve) => this.#held.push(resolve));
    }
  }
}
