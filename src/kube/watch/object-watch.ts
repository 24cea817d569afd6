// The loop around list and watch. The informers of @kubernetes/client-node 2.0 are not enough: they end at the first
// error (cache.ts, doneHandler), wait between a list and its watch, and list without pages.

import { ApiFault } from '../api.ts';

/** An object as an API server tells of it: the fields that name it, and the whole. */
export interface SeenObject {
  /** Empty for what is in no namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The object, with apiVersion and kind. */
  readonly object: unknown;
}

/** An object that is there no more. */
export type GoneObject = Omit<SeenObject, 'object'>;

/** One page of a list. */
export interface ObjectPage {
  readonly objects: readonly SeenObject[];
  readonly resourceVersion: string;
  /** The token of the next page. */
  readonly next?: string;
}

/** What came over a watch. */
export type ObjectEvent =
  | { readonly type: 'there' | 'gone'; readonly seen: SeenObject; readonly resourceVersion: string }
  /** Nothing but how far the watch has come. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

/** The two calls that are made, about the objects of one kind. Both reject with an ApiFault. */
export interface ObjectApi {
  readonly list: (namespace: string, next: string | undefined, signal: AbortSignal) => Promise<ObjectPage>;
  /** Resolves when the API server ends the watch. */
  readonly watch: (
    namespace: string,
    resourceVersion: string,
    on: { readonly open: () => void; readonly event: (event: ObjectEvent) => void },
    signal: AbortSignal,
  ) => Promise<void>;
}

/** What a watch calls back with. */
export interface ObjectWatchEvents {
  /** The object is there, perhaps not for the first time. */
  readonly seen: (object: SeenObject) => void;
  readonly gone: (object: GoneObject) => void;
  /** The state of a namespace changed: all that is there was told and will be, or the API server is lost, and why. */
  readonly state: (namespace: string, lost: string | undefined) => void;
  /** A call back threw: a bug. */
  readonly crashed: (cause: unknown) => void;
}

/** What a watch needs of its surroundings. */
export interface WatchDeps {
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** A watch of the objects of one kind in namespaces, that goes on until it is stopped. */
export interface ObjectWatch {
  /** Which namespaces from now on. */
  readonly follow: (namespaces: Iterable<string>) => void;
  readonly stop: () => Promise<void>;
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;
/** No server is left alone for longer, whatever it says. */
const LONGEST_ASKED = 120_000;
/** A watch that ends sooner is counted as a failure, so that it is not asked for again and again without a pause. */
const SHORT = 1000;
/** So often a watch is taken up where it ended; then everything is listed anew, in case that it cannot be. */
const RESUMES = 2;
const GONE = 410;

/** Makes a watch that survives the loss of the API server: it calls back, and never throws or rejects. */
export function watchObjects(api: ObjectApi, events: ObjectWatchEvents, clock: WatchDeps): ObjectWatch {
  const followed = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>();
  return {
    follow: (namespaces) => {
      const wanted = new Set(namespaces);
      for (const [namespace, { abort }] of followed) {
        if (wanted.has(namespace)) continue;
        abort.abort();
        followed.delete(namespace);
      }
      for (const namespace of wanted) {
        if (followed.has(namespace)) continue;
        const abort = new AbortController();
        const ended = new Follower(namespace, { api, events, clock, signal: abort.signal }).run();
        followed.set(namespace, { abort, ended });
      }
    },
    stop: async () => {
      const all = [...followed.values()];
      followed.clear();
      for (const { abort } of all) abort.abort();
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}

interface FollowerDeps {
  readonly api: ObjectApi;
  readonly events: ObjectWatchEvents;
  readonly clock: WatchDeps;
  readonly signal: AbortSignal;
}

/** The loop of one namespace. */
class Follower {
  readonly #namespace: string;
  readonly #around: FollowerDeps;
  #known = new Map<string, GoneObject>();
  /** Up to where everything was told; undefined where that has to be found out by a list. */
  #version: string | undefined;
  #failures = 0;
  /** Milliseconds for which the API server wants to be left alone. */
  #asked = 0;
  #state: 'unknown' | 'followed' | 'lost' = 'unknown';

  constructor(namespace: string, around: FollowerDeps) {
    this.#namespace = namespace;
    this.#around = around;
  }

  async run(): Promise<void> {
    const { signal, clock } = this.#around;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      await this.#round();
      if (this.#failures > 0 && !isStopped()) await clock.pause(this.#delay(), signal).catch(() => undefined);
    }
  }

  /** One list, if it needs one, and one watch to its end. */
  async #round(): Promise<void> {
    const { signal, clock } = this.#around;
    this.#asked = 0;
    try {
      this.#version ??= await this.#list();
      const began = clock.clock();
      await this.#watch(this.#version);
      this.#failures = clock.clock() - began < SHORT ? this.#failures + 1 : 0;
    } catch (cause) {
      if (signal.aborted) return;
      this.#failures += 1;
      const isGone = cause instanceof ApiFault && cause.status === GONE;
      if (cause instanceof ApiFault) this.#asked = Math.min((cause.retryAfter ?? 0) * 1000, LONGEST_ASKED);
      if (isGone || this.#failures > RESUMES) this.#version = undefined;
      // what was compacted away is listed anew, and nothing is lost by it
      if (!isGone || this.#failures > RESUMES) this.#lost(cause instanceof Error ? cause.message : 'no reason given');
    }
  }

  /** Lists page by page, tells of each object, and then of those that are not there any more. */
  async #list(): Promise<string> {
    const { api, events, signal } = this.#around;
    const found = new Map<string, GoneObject>();
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const page = await api.list(this.#namespace, next, signal);
      signal.throwIfAborted();
      for (const object of page.objects) {
        found.set(object.uid, identityOf(object));
        this.#tell(events.seen, object);
      }
      ({ next, resourceVersion } = { next: undefined, ...page });
    } while (next !== undefined);
    const missing = [...this.#known.values()].filter(({ uid }) => !found.has(uid));
    this.#known = found;
    for (const object of missing) this.#tell(events.gone, object);
    return resourceVersion;
  }

  #watch(version: string): Promise<void> {
    const { api, signal } = this.#around;
    // not before: who may list and not watch does not follow anything
    const open = (): void => {
      this.#followed();
    };
    const event = (event: ObjectEvent): void => {
      if (signal.aborted) return;
      this.#take(event);
    };
    return api.watch(this.#namespace, version, { open, event }, signal);
  }

  #take(event: ObjectEvent): void {
    const { events } = this.#around;
    if (event.type === 'there') {
      this.#known.set(event.seen.uid, identityOf(event.seen));
      this.#tell(events.seen, event.seen);
    } else if (event.type === 'gone') {
      this.#known.delete(event.seen.uid);
      this.#tell(events.gone, identityOf(event.seen));
    }
    this.#version = event.resourceVersion;
    this.#failures = 0;
  }

  #tell<T>(handler: (object: T) => void, object: T): void {
    try {
      handler(object);
    } catch (cause) {
      this.#around.events.crashed(cause);
    }
  }

  #followed(): void {
    if (this.#state === 'followed') return;
    this.#state = 'followed';
    this.#around.events.state(this.#namespace, undefined);
  }

  #lost(reason: string): void {
    if (this.#state === 'lost') return;
    this.#state = 'lost';
    this.#around.events.state(this.#namespace, reason);
  }

  /** Longer from failure to failure, and by chance, so that replicas do not come back all at once. */
  #delay(): number {
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (this.#failures - 1));
    const chance = this.#around.clock.random();
    return Math.max(longest * (0.5 + chance / 2), this.#asked * (1 + chance / 5));
  }
}

function identityOf({ namespace, name, uid }: SeenObject): GoneObject {
  return { namespace, name, uid };
}
