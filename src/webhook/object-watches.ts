// Watches the objects that `ratchet` compares with, and keeps their findings in the cache.

import { inspect, type Allowance } from '../inspect.ts';
import type { ObjectWatch, ObjectWatchEvents, SeenObject } from '../kube/watch/object-watch.ts';
import type { Control } from '../policy/control.ts';
import { previousOutcomeOf, type PreviousOutcome } from '../policy/decision/decide.ts';
import type { Log } from '../runtime/log.ts';
import type { ObjectCache } from './object-cache.ts';

/** A kind of objects to watch. */
export interface WatchedObjects {
  readonly kind: 'Pod' | 'ConfigMap';
  /** Their name in the log, such as `mirror pods`. */
  readonly label: string;
  /** Whether they are watched in this one of the configured namespaces. */
  readonly isIn: (namespace: string) => boolean;
  /** Starts the watch. */
  readonly watch: (events: ObjectWatchEvents) => ObjectWatch;
}

/** What the watches need. */
export interface ObjectWatchesDeps {
  readonly controls: readonly Control[];
  /** What may be spent on each object. */
  readonly allowance: Allowance;
  readonly cache: ObjectCache;
  readonly log: Log;
  readonly watched: readonly WatchedObjects[];
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** The watches of a cluster. */
export interface ObjectWatches {
  /** Sets the namespaces to watch. */
  readonly watch: (namespaces: ReadonlySet<string>) => void;
  /** Why requests should wait a little, or undefined. It never lasts: a webhook without its cache is better than none. */
  readonly unready: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/** Milliseconds for which a start waits for the objects that exist. */
export const START_LIMIT = 10_000;

/** Fills the cache by watches. If the API server is lost, each watch logs that once, and the cache keeps what it has. */
export function startObjectWatches(deps: ObjectWatchesDeps): ObjectWatches {
  const { log, pause } = deps;
  const stopped = new AbortController();
  let missing: Set<string> | undefined;
  const watches = deps.watched.map(({ isIn, label, kind, watch }) => {
    const events = eventsOf(deps, { kind, label }, (namespace) => missing?.delete(`${label} of ${namespace}`));
    return { isIn, label, watch: watch(events) };
  });

  const stopWaiting = (): void => {
    if (stopped.signal.aborted || missing === undefined) return;
    if (missing.size > 0) {
      log.warn(
        { missing: [...missing] },
        'not all objects could be listed; until then ratchet acts like enforce on the missing ones',
      );
    }
    missing = new Set();
  };

  return {
    watch: (namespaces) => {
      if (missing === undefined) {
        missing = new Set(
          watches.flatMap(({ label, isIn }) =>
            [...namespaces].filter(isIn).map((namespace) => `${label} of ${namespace}`),
          ),
        );
        void pause(START_LIMIT, stopped.signal).then(stopWaiting, () => undefined);
      }
      for (const { watch, isIn } of watches) watch.follow([...namespaces].filter(isIn));
    },
    unready: () => {
      if (missing === undefined || missing.size === 0) return undefined;
      return `waiting for the ${[...missing].join(', ')}`;
    },
    stop: async () => {
      stopped.abort();
      await Promise.all(watches.map(({ watch }) => watch.stop()));
    },
  };
}

function eventsOf(
  { controls, allowance, cache, log }: ObjectWatchesDeps,
  { kind, label }: Pick<WatchedObjects, 'kind' | 'label'>,
  onListed: (namespace: string) => void,
): ObjectWatchEvents {
  return {
    seen: (seen) => {
      const node = kind === 'Pod' ? nodeOf(seen.object) : undefined;
      const identity = { ...seen, kind, ...(node !== undefined && { node }) };
      cache.set(identity, findingsOfObject(controls, allowance, kind, seen));
    },
    gone: (gone) => {
      cache.markDeleted({ ...gone, kind });
    },
    state: (namespace, lost) => {
      if (lost === undefined) {
        onListed(namespace);
        log.info({ namespace }, `${label} are watched`);
      } else {
        log.warn(
          { namespace, reason: lost },
          `${label} cannot be watched; ratchet compares with their last known state`,
        );
      }
    },
    crashed: (cause) => {
      log.error({ err: cause }, 'a watched object could not be checked because of a bug');
    },
  };
}

/** The findings of an object. Only mirror pods have some: a plain pod of the same name is not their earlier state. */
function findingsOfObject(
  controls: readonly Control[],
  allowance: Allowance,
  kind: WatchedObjects['kind'],
  { namespace, name, object }: SeenObject,
): PreviousOutcome[] {
  const source = { object: `${kind} ${namespace}/${name}` };
  const vantage = kind === 'Pod' ? 'running' : 'declared';
  const { findings } = inspect(controls, [{ form: 'object', source, vantage, value: object }], allowance);
  return findings.filter(({ surface }) => kind !== 'Pod' || surface === 'mirror-pod').map(previousOutcomeOf);
}

function nodeOf(pod: unknown): string | undefined {
  const nodeName = (pod as { readonly spec?: { readonly nodeName?: unknown } | null } | null)?.spec?.nodeName;
  return typeof nodeName === 'string' ? nodeName : undefined;
}
