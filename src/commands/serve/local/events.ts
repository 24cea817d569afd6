// `GET /events`: tells open pages that what they show has changed, as server-sent events.

import type { ServerResponse } from 'node:http';

import { HEADERS } from './reply.ts';

/** What the streams need. */
export interface EventsDeps {
  /** Another text in each process: versions of two processes are never equal. */
  readonly instance: string;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Resolves after this many milliseconds, or rejects when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** The streams of open pages. */
export interface Events {
  /** What the page shows has changed. */
  readonly changed: () => void;
  /** The version of what the page shows now. */
  readonly version: () => string;
  /** Makes a response a stream, or returns why not. */
  readonly open: (response: ServerResponse) => string | undefined;
  /** Ends each stream, and opens no other. */
  readonly stop: () => void;
}

/** At most so many streams are open. */
export const MAX_STREAMS = 32;
/** Milliseconds between two events. */
export const EVENT_GAP = 1000;
/** Milliseconds between two signs of life: proxies close a connection without any, and a client that is gone is found by them. */
export const BEAT = 10_000;
/** A client with more unsent bytes than these does not read. */
const MOST_UNSENT = 1024;

/** Makes the streams. */
export function createEvents(deps: EventsDeps): Events {
  const streams = new Streams(deps);
  return {
    changed: () => {
      streams.changed();
    },
    version: () => streams.version(),
    open: (response) => streams.open(response),
    stop: () => {
      streams.stop();
    },
  };
}

class Streams {
  readonly #deps: EventsDeps;
  readonly #open = new Set<ServerResponse>();
  readonly #stopped = new AbortController();
  #changes = 0;
  #announced = -Infinity;
  #isWaiting = false;
  #isBeating = false;

  constructor(deps: EventsDeps) {
    this.#deps = deps;
  }

  version(): string {
    return `${this.#deps.instance}-${this.#changes}`;
  }

  changed(): void {
    this.#changes += 1;
    if (!this.#isWaiting && !this.#stopped.signal.aborted) void this.#announce();
  }

  open(response: ServerResponse): string | undefined {
    if (this.#stopped.signal.aborted) return 'this process stops';
    if (this.#open.size >= MAX_STREAMS) return `${MAX_STREAMS} pages are live already; this one can be loaded again`;
    // a proxy must not hold events back
    const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no', connection: 'close' };
    response.writeHead(200, { ...HEADERS, ...headers });
    response.write(eventOf(this.version()));
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    if (!this.#isBeating) void this.#beat();
    return undefined;
  }

  stop(): void {
    this.#stopped.abort();
    for (const response of this.#open) {
      if (response.writableLength > MOST_UNSENT) response.destroy();
      else response.end();
    }
    this.#open.clear();
  }

  /** At once, or when the last event is a second old. Later changes until then are in the same event. */
  async #announce(): Promise<void> {
    const { clock } = this.#deps;
    const rest = this.#announced + EVENT_GAP - clock();
    if (rest > 0) {
      this.#isWaiting = true;
      await this.#pause(rest);
      this.#isWaiting = false;
    }
    this.#announced = clock();
    this.#send(eventOf(this.version()));
  }

  async #beat(): Promise<void> {
    this.#isBeating = true;
    while (this.#open.size > 0) {
      await this.#pause(BEAT);
      // an event, because the script of a page does not see comments
      this.#send('event: alive\ndata\n\n');
    }
    this.#isBeating = false;
  }

  #send(text: string): void {
    for (const response of this.#open) {
      if (response.writableLength <= MOST_UNSENT) response.write(text);
      else {
        this.#open.delete(response);
        response.destroy();
      }
    }
  }

  /** It ends early when the process stops. */
  async #pause(milliseconds: number): Promise<void> {
    await this.#deps.pause(milliseconds, this.#stopped.signal).catch(() => undefined);
  }
}

function eventOf(version: string): string {
  return `event: changed\ndata: ${version}\n\n`;
}
