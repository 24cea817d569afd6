// Detects changes of watched objects that are worth a sweep.

import { asRecord, asRecords } from '../json.ts';
import type { Finding } from '../policy/finding.ts';
import type { ObjectWatchEvents, SeenObject } from '../kube/watch/object-watch.ts';

/** Handles the events of one kind of watched object. */
export type ObjectHandler = Pick<ObjectWatchEvents, 'seen' | 'gone'>;

/** Handles the events of all watched objects. */
export interface ChangeHandlers {
  readonly pods: ObjectHandler;
  readonly configMaps: ObjectHandler;
  readonly nodes: ObjectHandler;
}

/**
 * Makes handlers that detect: a pod of a component that is created or deleted; a ConfigMap whose data changes; a node that is
 * created or deleted, or whose addresses, kubelet version, boot or readiness change.
 *
 * @param findingsOf gives the findings about a pod; a pod without findings is ignored
 * @param changed called for every such change
 */
export function detectChanges(findingsOf: (pod: unknown) => readonly Finding[], changed: () => void): ChangeHandlers {
  const handler = (relevantPart: (object: SeenObject) => string | undefined): ObjectHandler => {
    const hashes = new Map<string, number>();
    return {
      seen: (object) => {
        const part = relevantPart(object);
        if (part === undefined) return;
        const hash = hashOf(part);
        if (hashes.get(object.uid) === hash) return;
        hashes.set(object.uid, hash);
        changed();
      },
      gone: ({ uid }) => {
        if (hashes.delete(uid)) changed();
      },
    };
  };
  return {
    // the command line of a pod cannot change
    pods: handler(({ object, uid }) => (findingsOf(object).length === 0 ? undefined : uid)),
    configMaps: handler(({ object }) => JSON.stringify(asRecord(object).data)),
    nodes: handler(({ object }) => relevantPartOfNode(object)),
  };
}

function relevantPartOfNode(node: unknown): string {
  const { addresses, daemonEndpoints, nodeInfo, conditions } = asRecord(asRecord(node).status);
  const { kubeletVersion, bootID } = asRecord(nodeInfo);
  const ready = asRecords(conditions).find(({ type }) => type === 'Ready');
  return JSON.stringify([addresses, daemonEndpoints, kubeletVersion, bootID, ready?.status]);
}

/** FNV-1a. Only the hash is kept, because thousands of nodes are watched. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}
