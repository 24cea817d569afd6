import { setTimeout } from 'node:timers/promises';

import { controls } from '../../controls/index.ts';
import type { ChangeNotices, Notices } from '../../sweeper/changes.ts';
import { startObjectWatches, type ObjectWatches } from '../../webhook/object-watches.ts';
import type { ObjectCache } from '../../webhook/object-cache.ts';
import type { Log } from '../../runtime/log.ts';
import type { Cluster } from '../../kube/cluster.ts';
import {
  watchObjects,
  type ObjectApi,
  type ObjectWatch,
  type ObjectWatchEvents,
} from '../../kube/watch/object-watch.ts';
import { WATCHED_CONFIG_MAPS } from '../../inspect.ts';
import { ADMISSION } from '../allowances.ts';

/** Who wants to hear of watched objects. */
export interface Listeners {
  /** What `ratchet` compares with. */
  readonly cache: ObjectCache;
  /** What starts sweeps, where there is a sweeper. */
  readonly notices: ChangeNotices | undefined;
  readonly log: Log;
}

/** Follows the cluster, so that `ratchet` knows what there was before a start and what other replicas saw. */
export function followCluster(cluster: Cluster, { cache, notices, log }: Listeners): ObjectWatches {
  const configMaps = WATCHED_CONFIG_MAPS.map(({ namespace: home, name }) => ({
    kind: 'ConfigMap' as const,
    label: `ConfigMaps ${name}`,
    isIn: (namespace: string) => namespace === home,
    watch: watching(cluster.configMap(name), notices?.configMaps),
  }));
  const pods = {
    kind: 'Pod' as const,
    label: 'mirror pods',
    isIn: () => true,
    watch: watching(cluster.pods, notices?.pods),
  };
  return startObjectWatches({ controls, allowance: ADMISSION, cache, log, watched: [pods, ...configMaps], pause });
}

/** Follows the nodes for the sweeper alone: of each it keeps only what it needs to see a change. */
export function followNodes(cluster: Cluster, notices: Notices, log: Log): ObjectWatch {
  const watch = watching(
    cluster.nodes,
    notices,
  )({
    seen: () => undefined,
    gone: () => undefined,
    state: (_namespace, lost) => {
      if (lost !== undefined) log.warn({ reason: lost }, 'nodes cannot be watched; sweeps still run at their interval');
    },
    crashed: (cause) => {
      log.error({ err: cause }, 'following nodes failed because of a bug');
    },
  });
  watch.follow(['']);
  return watch;
}

/** Resolves after so many milliseconds, without keeping the process alive. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return setTimeout(milliseconds, undefined, { signal, ref: false });
}

function watching(api: ObjectApi, notices: Notices | undefined): (events: ObjectWatchEvents) => ObjectWatch {
  const clock = { clock: () => performance.now(), pause, random: Math.random };
  return (events) => watchObjects(api, notices === undefined ? events : both(events, notices), clock);
}

function both(events: ObjectWatchEvents, notices: Notices): ObjectWatchEvents {
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
