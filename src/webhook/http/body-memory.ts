// The limit on the memory of large bodies, over all connections.

/** A request for memory to read one body into. */
export interface MemoryRequest {
  /** The address that the connection comes from. */
  readonly address: string;
  readonly bytes: number;
  /** There is memory: read the body. */
  readonly onGranted: () => void;
  /** There was no memory for so long that the caller will soon give up: answer without reading. */
  readonly onTimeout: () => void;
  /** The body comes in slowly while others wait: close its connection. */
  readonly onTooSlow: () => void;
}

/** Memory that was asked for. */
export interface Reservation {
  /** The body is complete: from now on it does not count as slow. */
  readonly complete: () => void;
  /** Gives the memory back, or stops waiting for it. */
  readonly release: () => void;
}

/** The clock that the limit needs. */
export interface BodyMemoryDeps {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Calls back after so many milliseconds. */
  readonly later: (callback: () => void, milliseconds: number) => void;
}

const REAL_TIME: BodyMemoryDeps = {
  now: () => performance.now(),
  later: (callback, milliseconds) => {
    setTimeout(callback, milliseconds).unref();
  },
};

/** Milliseconds to wait for memory: half of the webhook's `timeoutSeconds`, so that the API server still gets the answer. */
export const WAIT_LIMIT = 1000;
/** Milliseconds to read a body while others wait: the webhook's `timeoutSeconds`, after which an API server has given up. */
export const READ_LIMIT = 2000;
const CHECK_INTERVAL = 250;

interface Entry extends MemoryRequest {
  state: 'waiting' | 'reading' | 'complete';
  since: number;
}

/**
 * The memory for large bodies, shared by all connections. A body that finds no memory waits, and nothing is read from its
 * connection meanwhile. One address holds at most half of it, and the address that holds least is served first. So a caller
 * with many large or slow bodies leaves memory for others.
 */
export class BodyMemory {
  readonly #capacity: number;
  readonly #clock: BodyMemoryDeps;
  readonly #entries = new Set<Entry>();
  #isChecking = false;

  /** @param capacity in bytes */
  constructor(capacity: number, clock = REAL_TIME) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  /** Asks for memory. `onGranted` is called in the same turn where there is some. */
  reserve(request: MemoryRequest): Reservation {
    const entry: Entry = { ...request, state: 'waiting', since: this.#clock.now() };
    this.#entries.add(entry);
    this.#grant();
    this.#checkLater();
    return {
      complete: () => {
        if (entry.state === 'reading') entry.state = 'complete';
      },
      release: () => {
        if (this.#entries.delete(entry)) this.#grant();
      },
    };
  }

  #grant(): void {
    for (;;) {
      const held = this.#heldByAddress();
      const total = [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
      let next: Entry | undefined;
      for (const entry of this.#entries) {
        const { state, bytes, address } = entry;
        const own = held.get(address) ?? 0;
        if (state !== 'waiting' || total + bytes > this.#capacity || own + bytes > this.#capacity / 2) continue;
        if (next === undefined || own < (held.get(next.address) ?? 0)) next = entry;
      }
      if (next === undefined) return;
      next.state = 'reading';
      next.since = this.#clock.now();
      next.onGranted();
    }
  }

  #heldByAddress(): Map<string, number> {
    const held = new Map<string, number>();
    for (const { state, address, bytes } of this.#entries)
      if (state !== 'waiting') held.set(address, (held.get(address) ?? 0) + bytes);
    return held;
  }

  /** Ends waits and reads that take too long. It goes on while a body waits. */
  #checkLater(): void {
    if (this.#isChecking || ![...this.#entries].some(({ state }) => state === 'waiting')) return;
    this.#isChecking = true;
    this.#clock.later(() => {
      this.#isChecking = false;
      const now = this.#clock.now();
      for (const entry of [...this.#entries]) {
        const age = now - entry.since;
        if (entry.state === 'waiting' && age >= WAIT_LIMIT) {
          this.#entries.delete(entry);
          entry.onTimeout();
        } else if (entry.state === 'reading' && age >= READ_LIMIT) {
          this.#entries.delete(entry);
          entry.onTooSlow();
        }
      }
      this.#grant();
      this.#checkLater();
    }, CHECK_INTERVAL);
  }
}
