/** Who asks for room to read a long body into. */
export interface Asker {
  /** The address that the connection comes from. */
  readonly from: string;
  readonly bytes: number;
  /** There is room: read. */
  readonly granted: () => void;
  /** There was none for so long that the caller will soon give up: answer without reading. */
  readonly refused: () => void;
  /** It holds the room without filling it while others wait: its connection has to end. */
  readonly shed: () => void;
}

/** Room that was asked for. */
export interface Hold {
  /** The body is complete: what holds it now is our own work. */
  readonly complete: () => void;
  /** Gives the room back, or stops waiting for it. */
  readonly release: () => void;
}

/** What time is to the room. */
export interface RoomClock {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Calls back after so many milliseconds. */
  readonly later: (callback: () => void, milliseconds: number) => void;
}

const REAL_TIME: RoomClock = {
  now: () => performance.now(),
  later: (callback, milliseconds) => {
    setTimeout(callback, milliseconds).unref();
  },
};

/** Half of the `timeoutSeconds` that is registered: the API server still hears the answer. */
export const WAIT = 1000;
/** After that an API server has given up, as it is registered; a slow sender then makes room for who waits. */
export const HOLD = 2000;
const LOOK = 250;

interface Place extends Asker {
  state: 'waits' | 'reads' | 'complete';
  since: number;
}

/**
 * The memory that long bodies may take, all connections together. Who finds no room waits, and nothing is read from that
 * connection meanwhile. One address never holds more than half, and room goes to the address that holds least, so that a
 * caller with many long or slow bodies leaves room for others.
 */
export class Room {
  readonly #capacity: number;
  readonly #clock: RoomClock;
  readonly #places = new Set<Place>();
  #looks = false;

  constructor(capacity: number, clock = REAL_TIME) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  /** Asks for room. The asker is called back at once where there is some. */
  ask(asker: Asker): Hold {
    const place: Place = { ...asker, state: 'waits', since: this.#clock.now() };
    this.#places.add(place);
    this.#grant();
    this.#watch();
    return {
      complete: () => {
        if (place.state === 'reads') place.state = 'complete';
      },
      release: () => {
        if (this.#places.delete(place)) this.#grant();
      },
    };
  }

  #grant(): void {
    for (;;) {
      const held = this.#held();
      const total = [...held.values()].reduce((sum, bytes) => sum + bytes, 0);
      let next: Place | undefined;
      for (const place of this.#places) {
        const { state, bytes, from } = place;
        const own = held.get(from) ?? 0;
        if (state !== 'waits' || total + bytes > this.#capacity || own + bytes > this.#capacity / 2) continue;
        if (next === undefined || own < (held.get(next.from) ?? 0)) next = place;
      }
      if (next === undefined) return;
      next.state = 'reads';
      next.since = this.#clock.now();
      next.granted();
    }
  }

  #held(): Map<string, number> {
    const held = new Map<string, number>();
    for (const { state, from, bytes } of this.#places)
      if (state !== 'waits') held.set(from, (held.get(from) ?? 0) + bytes);
    return held;
  }

  /** Looks at who waits and who is slow, for as long as somebody waits. */
  #watch(): void {
    if (this.#looks || ![...this.#places].some(({ state }) => state === 'waits')) return;
    this.#looks = true;
    this.#clock.later(() => {
      this.#looks = false;
      const now = this.#clock.now();
      for (const place of [...this.#places]) {
        const age = now - place.since;
        if (place.state === 'waits' && age >= WAIT) {
          this.#places.delete(place);
          place.refused();
        } else if (place.state === 'reads' && age >= HOLD) {
          this.#places.delete(place);
          place.shed();
        }
      }
      this.#grant();
      this.#watch();
    }, LOOK);
  }
}
