import { inspect, type Allowance } from '../inspect.ts';
import { beforeOf, type Before } from '../policy/decision/decide.ts';
import type { Control } from '../policy/control.ts';
import type { Log } from '../runtime/log.ts';
import type { GoneObject, ObjectWatch, ObjectWatchEvents, SeenObject } from '../kube/watch/object-watch.ts';
import type { ObjectMemory } from './memory.ts';

/** Objects that are followed. */
export interface Followed {
  readonly kind: 'Pod' | 'ConfigMap';
  /** What the log calls them. */
  readonly what: string;
  /** In which of the configured namespaces they are looked for. */
  readonly within: (namespace: string) => boolean;
  /** Makes the watch. */
  readonly watch: (events: ObjectWatchEvents) => ObjectWatch;
}

/** What following a cluster needs. */
export interface FollowOptions {
  readonly controls: readonly Control[];
  /** What may be spent on each object. */
  readonly allowance: Allowance;
  readonly memory: ObjectMemory;
  readonly log: Log;
  readonly followed: readonly Followed[];
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** The objects of a cluster, followed for `ratchet`. */
export interface Following {
  /** Follows these namespaces from now on. */
  readonly follow: (namespaces: ReadonlySet<string>) => void;
  /** Why requests should wait a little, or undefined. Never for long: a webhook without memory is better than none. */
  readonly unready: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/** How long a start waits for the objects that are there. */
export const PATIENCE = 10_000;

/** Feeds the memory by watches. Losing the API server is logged once for each, and does no harm otherwise. */
export function followObjects({ controls, allowance, memory, log, followed, pause }: FollowOptions): Following {
  const stopped = new AbortController();
  let awaited: Set<string> | undefined;

  const start = ({ kind, what, within, watch }: Followed) => {
    const objects = watch({
      seen: (seen) => {
        const node = kind === 'Pod' ? nodeOf(seen.object) : undefined;
        memory.seen({ ...seen, kind, ...(node !== undefined && { node }) }, judgedOf(controls, allowance, kind, seen));
      },
      gone: (gone: GoneObject) => {
        memory.gone({ ...gone, kind });
      },
      state: (namespace, lost) => {
        if (lost === undefined) {
          awaited?.delete(`${what} of ${namespace}`);
          log.info({ namespace }, `${what} are followed`);
        } else {
          log.warn({ namespace, reason: lost }, `${what} cannot be followed; ratchet knows them as last seen`);
        }
      },
      crashed: (cause) => {
        log.error({ err: cause }, 'an object could not be looked at because of a bug');
      },
    });
    return { objects, what, within };
  };
  const started = followed.map(start);

  const giveUp = (): void => {
    if (stopped.signal.aborted || awaited === undefined) return;
    if (awaited.size > 0) {
      const missing = [...awaited];
      log.warn({ missing }, 'not all objects were seen yet; ratchet judges those it does not know as enforce does');
    }
    awaited = new Set();
  };

  return {
    follow: (namespaces) => {
      if (awaited === undefined) {
        awaited = new Set(
          started.flatMap(({ what, within }) =>
            [...namespaces].filter(within).map((namespace) => `${what} of ${namespace}`),
          ),
        );
        void pause(PATIENCE, stopped.signal).then(giveUp, () => undefined);
      }
      for (const { objects, within } of started) objects.follow([...namespaces].filter(within));
    },
    unready: () => {
      if (awaited === undefined || awaited.size === 0) return undefined;
      return `waiting for the ${[...awaited].join(', ')}`;
    },
    stop: async () => {
      stopped.abort();
      await Promise.all(started.map(({ objects }) => objects.stop()));
    },
  };
}

/** What an object was judged to be; a pod only where it is a mirror pod, for a plain one of the same name is not before it. */
function judgedOf(
  controls: readonly Control[],
  allowance: Allowance,
  kind: Followed['kind'],
  { namespace, name, object }: SeenObject,
): Before[] {
  const source = { object: `${kind} ${namespace}/${name}` };
  const vantage = kind === 'Pod' ? 'running' : 'declared';
  const { findings } = inspect(controls, [{ form: 'object', source, vantage, value: object }], allowance);
  return findings.filter(({ surface }) => kind !== 'Pod' || surface === 'mirror-pod').map(beforeOf);
}

function nodeOf(pod: unknown): string | undefined {
  const nodeName = (pod as { readonly spec?: { readonly nodeName?: unknown } | null } | null)?.spec?.nodeName;
  return typeof nodeName === 'string' ? nodeName : undefined;
}
