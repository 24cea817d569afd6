// The watches of `serve`: pods and ConfigMaps for `ratchet` and the sweeper, and nodes for the sweeper.

import { setTimeout } from 'node:timers/promises';

import { controls } from '../../controls/index.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { WATCHED_CONFIG_MAPS } from '../../inspect.ts';
import {
  watchObjects,
  type ObjectApi,
  type ObjectWatch,
  type ObjectWatchEvents,
} from '../../kube/watch/object-watch.ts';
import type { Log } from '../../runtime/log.ts';
import type { ChangeHandlers, ObjectHandler } from '../../sweeper/changes.ts';
import type { ObjectCache } from '../../webhook/object-cache.ts';
import { startObjectWatches, type ObjectWatches } from '../../webhook/object-watches.ts';
import { ADMISSION } from '../allowances.ts';

/** What the watches need. */
export interface WatchesDeps {
  /** What `ratchet` compares with. */
  readonly cache: ObjectCache;
  /** What starts sweeps after a change; undefined if there is no sweeper. */
  readonly notices: ChangeHandlers | undefined;
  readonly log: Log;
}

/** Starts the watches of a cluster. */
export function startWatches(cluster: Cluster, deps: WatchesDeps): ObjectWatches {
  const watches = watchPodsAndConfigMaps(cluster, deps);
  if (deps.notices === undefined) return watches;
  const nodes = watchNodes(cluster, deps.notices.nodes, deps.log);
  return {
    ...watches,
    stop: async () => {
      await Promise.all([watches.stop(), nodes.stop()]);
    },
  };
}

function watchPodsAndConfigMaps(cluster: Cluster, { cache, notices, log }: WatchesDeps): ObjectWatches {
  const configMaps = WATCHED_CONFIG_MAPS.map(({ namespace: home, name }) => ({
    kind: 'ConfigMap' as const,
    label: `ConfigMaps ${name}`,
    isIn: (namespace: string) => namespace === home,
    watch: watchOf(cluster.configMap(name), notices?.configMaps),
  }));
  const pods = {
    kind: 'Pod' as const,
    label: 'mirror pods',
    isIn: () => true,
    watch: watchOf(cluster.pods, notices?.pods),
  };
  return startObjectWatches({ controls, allowance: ADMISSION, cache, log, watched: [pods, ...configMaps], pause });
}

/** Watches nodes for the sweeper only. */
function watchNodes(cluster: Cluster, notices: ObjectHandler, log: Log): ObjectWatch {
  const watch = watchOf(
    cluster.nodes,
    notices,
  )({
    seen: () => undefined,
    gone: () => undefined,
    state: (_namespace, lost) => {
      if (lost !== undefined) log.warn({ reason: lost }, 'nodes cannot be watched; sweeps still run at their interval');
    },
    crashed: (cause) => {
      log.error({ err: cause }, 'watching nodes failed because of a bug');
    },
  });
  watch.follow(['']);
  return watch;
}

/** Resolves after so many milliseconds, without keeping the process alive. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return setTimeout(milliseconds, undefined, { signal, ref: false });
}

function watchOf(api: ObjectApi, notices: ObjectHandler | undefined): (events: ObjectWatchEvents) => ObjectWatch {
  const clock = { clock: () => performance.now(), pause, random: Math.random };
  return (events) => watchObjects(api, notices === undefined ? events : both(events, notices), clock);
}

function both(events: ObjectWatchEvents, notices: ObjectHandler): ObjectWatchEvents {
  return {
    ...events,
    seen: (object) => {
      events.seen(object);
      notices.seen(object);
    },
    gone: (object) => {
      events.gone(object);
      notices.gone(object);
    },
  };
}
