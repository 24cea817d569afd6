import { asRecord, asRecords } from '../json.ts';
import type { Finding } from '../policy/finding.ts';
import type { ObjectWatchEvents, SeenObject } from '../kube/watch/object-watch.ts';

/** What is heard of watched objects, as far as it matters here. */
export type Notices = Pick<ObjectWatchEvents, 'seen' | 'gone'>;

/** Tells of objects by what of them a sweep looks at; most of what changes in a cluster is nothing of that. */
export interface ChangeNotices {
  readonly pods: Notices;
  readonly configMaps: Notices;
  readonly nodes: Notices;
}

/**
 * Notices changes that are worth a sweep: a component's pod that comes or goes, a ConfigMap with other data, a node that
 * comes, goes, moves, or whose kubelet is another version or turns ready.
 *
 * @param findingsOf the findings of a pod; a pod without any does not matter
 * @param changed is called for every such change
 */
export function noticeChanges(findingsOf: (pod: unknown) => readonly Finding[], changed: () => void): ChangeNotices {
  const notices = (signOf: (object: SeenObject) => string | undefined): Notices => {
    const signs = new Map<string, number>();
    return {
      seen: (object) => {
        const sign = signOf(object);
        if (sign === undefined) return;
        const mark = hashOf(sign);
        if (signs.get(object.uid) === mark) return;
        signs.set(object.uid, mark);
        changed();
      },
      gone: ({ uid }) => {
        if (signs.delete(uid)) changed();
      },
    };
  };
  return {
    // what a pod runs cannot change
    pods: notices(({ object, uid }) => (findingsOf(object).length === 0 ? undefined : uid)),
    configMaps: notices(({ object }) => JSON.stringify(asRecord(object).data)),
    nodes: notices(({ object }) => signOfNode(object)),
  };
}

function signOfNode(node: unknown): string {
  const { addresses, daemonEndpoints, nodeInfo, conditions } = asRecord(asRecord(node).status);
  const { kubeletVersion, bootID } = asRecord(nodeInfo);
  const ready = asRecords(conditions).find(({ type }) => type === 'Ready');
  return JSON.stringify([addresses, daemonEndpoints, kubeletVersion, bootID, ready?.status]);
}

/** FNV-1a: thousands of nodes are watched, and of each only this is kept. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}
