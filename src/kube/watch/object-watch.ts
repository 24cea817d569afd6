// The loop around list and watch. The informers of @kubernetes/client-node 2.0 are not enough: they end at the first
// error (cache.ts, doneHandler), wait between a list and its watch, and list without pages.

import { ApiFault } from '../api.ts';

/** An object from a list or a watch: the fields that identify it, and the whole. */
export interface SeenObject {
  /** Empty for objects in no namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The object, with apiVersion and kind. */
  readonly object: unknown;
}

/** An object that was deleted. */
export type GoneObject = Omit<SeenObject, 'object'>;

/** One page of a list. */
export interface ObjectPage {
  readonly objects: readonly SeenObject[];
  readonly resourceVersion: string;
  /** The token of the next page. */
  readonly next?: string;
}

/** An event of a watch. */
export type ObjectEvent =
  | { readonly type: 'there' | 'gone'; readonly seen: SeenObject; readonly resourceVersion: string }
  /** Only the version that the watch has reached. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

/** The list and the watch of one kind of objects. Both reject with an ApiFault. */
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

/** The callbacks of a watch. */
export interface ObjectWatchEvents {
  /** The object exists. It is called again for each change, and perhaps without one. */
  readonly seen: (object: SeenObject) => void;
  readonly gone: (object: GoneObject) => void;
  /** A namespace is being watched and all its objects are known; or, with a reason, the API server cannot be reached. */
  readonly state: (namespace: string, lost: string | undefined) => void;
  /** A callback threw, which is a bug. */
  readonly crashed: (cause: unknown) => void;
}

/** What a watch needs. */
export interface WatchDeps {
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** A watch of one kind of objects in namespaces, until it is stopped. */
export interface ObjectWatch {
  /** Watches these namespaces from now on, and no others. */
  readonly follow: (namespaces: Iterable<string>) => void;
  readonly stop: () => Promise<void>;
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;
/** The longest wait that a server can ask for. */
const LONGEST_ASKED = 120_000;
/** A watch that ends sooner counts as a failure, so that there is a pause before the next one. */
const SHORT = 1000;
/** How often a failed watch resumes at its last version, before everything is listed again. */
const RESUMES = 2;
const GONE = 410;

/** Makes a watch that survives the loss of the API server. It never throws or rejects. */
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
  readonly #deps: FollowerDeps;
  #known = new Map<string, GoneObject>();
  /** The version up to which all events are known; undefined if a list is needed. */
  #version: string | undefined;
  #failures = 0;
  /** Milliseconds of Retry-After. */
  #asked = 0;
  #state: 'unknown' | 'followed' | 'lost' = 'unknown';

  constructor(namespace: string, deps: FollowerDeps) {
    this.#namespace = namespace;
    this.#deps = deps;
  }

  async run(): Promise<void> {
    const { signal, clock } = this.#deps;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      await this.#round();
      if (this.#failures > 0 && !isStopped()) await clock.pause(this.#delay(), signal).catch(() => undefined);
    }
  }

  /** One list, if it needs one, and one watch to its end. */
  async #round(): Promise<void> {
    const { signal, clock } = this.#deps;
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
      // after compaction everything is listed again, and nothing is lost
      if (!isGone || this.#failures > RESUMES) this.#lost(cause instanceof Error ? cause.message : 'no reason given');
    }
  }

  /** Lists page by page, and calls back for each object, then for those that are gone. */
  async #list(): Promise<string> {
    const { api, events, signal } = this.#deps;
    const found = new Map<string, GoneObject>();
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const page = await api.list(this.#namespace, next, signal);
      signal.throwIfAborted();
      for (const object of page.objects) {
        found.set(object.uid, identityOf(object));
        this.#call(events.seen, object);
      }
      ({ next, resourceVersion } = { next: undefined, ...page });
    } while (next !== undefined);
    const missing = [...this.#known.values()].filter(({ uid }) => !found.has(uid));
    this.#known = found;
    for (const object of missing) this.#call(events.gone, object);
    return resourceVersion;
  }

  #watch(version: string): Promise<void> {
    const { api, signal } = this.#deps;
    // not before: an account that may list and not watch does not follow anything
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
    const { events } = this.#deps;
    if (event.type === 'there') {
      this.#known.set(event.seen.uid, identityOf(event.seen));
      this.#call(events.seen, event.seen);
    } else if (event.type === 'gone') {
      this.#known.delete(event.seen.uid);
      this.#call(events.gone, identityOf(event.seen));
    }
    this.#version = event.resourceVersion;
    this.#failures = 0;
  }

  #call<T>(handler: (object: T) => void, object: T): void {
    try {
      handler(object);
    } catch (cause) {
      this.#deps.events.crashed(cause);
    }
  }

  #followed(): void {
    if (this.#state === 'followed') return;
    this.#state = 'followed';
    this.#deps.events.state(this.#namespace, undefined);
  }

  #lost(reason: string): void {
    if (this.#state === 'lost') return;
    this.#state = 'lost';
    this.#deps.events.state(this.#namespace, reason);
  }

  /** Grows with each failure, and varies, so that replicas do not all come back at once. */
  #delay(): number {
    const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (this.#failures - 1));
    const chance = this.#deps.clock.random();
    return Math.max(longest * (0.5 + chance / 2), this.#asked * (1 + chance / 5));
  }
}

function identityOf({ namespace, name, uid }: SeenObject): GoneObject {
  return { namespace, name, uid };
}
