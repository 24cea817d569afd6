import { setTimeout } from 'node:timers/promises';

import { controls } from '../../controls/index.ts';
import type { ChangeNotices, Notices } from '../../sweeper/changes.ts';
import { followObjects, type Following } from '../../webhook/watched-objects.ts';
import type { ObjectMemory } from '../../webhook/memory.ts';
import type { Log } from '../../runtime/log.ts';
import type { Cluster } from '../../kube/cluster.ts';
import {
  watchObjects,
  type ObjectApi,
  type ObjectWatch,
  type ObjectWatchEvents,
} from '../../kube/watch/object-watch.ts';
import { CONFIG_MAPS } from '../../kube/objects/objects.ts';
import { ADMISSION } from '../allowances.ts';

/** Who wants to hear of watched objects. */
export interface Listeners {
  /** What `ratchet` compares with. */
  readonly memory: ObjectMemory;
  /** What starts sweeps, where there is a sweeper. */
  readonly notices: ChangeNotices | undefined;
  readonly log: Log;
}

/** Follows the cluster, so that `ratchet` knows what there was before a start and what other replicas saw. */
export function followCluster(cluster: Cluster, { memory, notices, log }: Listeners): Following {
  const configMaps = Object.entries(CONFIG_MAPS).flatMap(([home, names]) =>
    names.map((name) => ({
      kind: 'ConfigMap' as const,
      what: `ConfigMaps ${name}`,
      within: (namespace: string) => namespace === home,
      watch: watching(cluster.configMap(name), notices?.configMaps),
    })),
  );
  const pods = {
    kind: 'Pod' as const,
    what: 'mirror pods',
    within: () => true,
    watch: watching(cluster.pods, notices?.pods),
  };
  return followObjects({ controls, allowance: ADMISSION, memory, log, followed: [pods, ...configMaps], pause });
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
      if (lost !== undefined) log.warn({ reason: lost }, 'nodes cannot be followed; sweeps go on at their interval');
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
