import { inspect } from '../../inspect.ts';
import type { Control } from '../../policy/types.ts';
import type { Log } from '../../runtime/log.ts';
import type { GonePod, PodWatch, PodWatchEvents, SeenPod } from '../../sources/pod-watch.ts';
import type { MirrorPods } from './mirror-pods.ts';

/** What following the pods of a cluster needs. */
export interface FollowOptions {
  readonly controls: readonly Control[];
  readonly mirrorPods: MirrorPods;
  readonly log: Log;
  /** Makes the watch. */
  readonly watch: (events: PodWatchEvents) => PodWatch;
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** The pods of a cluster, followed for `ratchet`. */
export interface Following {
  /** Follows these namespaces from now on. */
  readonly follow: (namespaces: ReadonlySet<string>) => void;
  /** Why requests should wait a little, or undefined. Never for long: a webhook without memory is better than none. */
  readonly unready: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/** How long a start waits for the pods that are there. */
export const PATIENCE = 10_000;

/** Feeds the memory of mirror pods by a watch. Losing the API server is logged once, and does no harm otherwise. */
export function followMirrorPods({ controls, mirrorPods, log, watch, pause }: FollowOptions): Following {
  const stopped = new AbortController();
  let awaited: Set<string> | undefined;

  const pods = watch({
    seen: (pod) => {
      mirrorPods.seen(pod, findingsOf(controls, pod));
    },
    gone: (pod: GonePod) => {
      mirrorPods.gone(pod);
    },
    state: (namespace, lost) => {
      if (lost === undefined) {
        awaited?.delete(namespace);
        log.info({ namespace }, 'mirror pods are followed');
      } else {
        log.warn({ namespace, reason: lost }, 'mirror pods can not be followed; ratchet knows them as last seen');
      }
    },
    crashed: (cause) => {
      log.error({ err: cause }, 'a pod could not be looked at because of a bug');
    },
  });

  const giveUp = (): void => {
    if (stopped.signal.aborted || awaited === undefined) return;
    if (awaited.size > 0) {
      const namespaces = [...awaited];
      log.warn({ namespaces }, 'no mirror pods were seen yet; ratchet judges those it does not know as enforce does');
    }
    awaited = new Set();
  };

  return {
    follow: (namespaces) => {
      if (awaited === undefined) {
        awaited = new Set(namespaces);
        void pause(PATIENCE, stopped.signal).then(giveUp, () => undefined);
      }
      pods.follow(namespaces);
    },
    unready: () => {
      if (awaited === undefined || awaited.size === 0) return undefined;
      return `waiting for the pods of ${[...awaited].join(', ')}`;
    },
    stop: () => {
      stopped.abort();
      return pods.stop();
    },
  };
}

/** The findings of a mirror pod; none where it is not one, for a plain pod of the same name is no pod before it. */
function findingsOf(controls: readonly Control[], { namespace, name, object }: SeenPod) {
  const source = { object: `Pod ${namespace}/${name}` };
  const { findings } = inspect(controls, [{ form: 'object', source, vantage: 'running', value: object }]);
  return findings.filter(({ surface }) => surface === 'mirror-pod');
}
