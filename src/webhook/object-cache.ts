// The findings of the objects that the watches last saw: what `ratchet` compares a change with.

import type { PreviousOutcome } from '../policy/decision/decide.ts';

/** An object's name. */
export interface ObjectName {
  readonly kind: 'Pod' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
  /** The node whose kubelet made it; only of a mirror pod. */
  readonly node?: string;
}

/** One object of a name. If the object is re-created, its uid changes. */
export interface ObjectIdentity extends ObjectName {
  readonly uid: string;
}

/** Findings by object. Only watches write here, and never a request, because anybody who reaches the port can send one. */
export interface ObjectCache {
  /** The findings of the last object of this name; undefined if nothing is known. */
  readonly get: (name: ObjectName) => readonly PreviousOutcome[] | undefined;
  /** Keeps the findings of an object that exists; they are empty where it is not checked. */
  readonly set: (object: ObjectIdentity, findings: readonly PreviousOutcome[]) => void;
  /** The object was deleted. */
  readonly markDeleted: (object: Omit<ObjectIdentity, 'node'>) => void;
}

/** Milliseconds. A mirror pod may be missing for as long as this in an upgrade, and is still compared with. */
export const RETENTION = 60 * 60 * 1000;

/** The number of mirror pods of kube-apiservers that are kept for one node: more than any node has. */
export const CAPACITY = 256;

interface Entry {
  readonly uid: string;
  readonly findings: readonly PreviousOutcome[];
  /** When it was deleted; undefined while it exists. */
  readonly deletedAt?: number;
}

/**
 * Makes the cache. It has what requests do not carry: the kubelet changes a mirror pod by deleting it and creating it again
 * within milliseconds, and kubeadm sends CREATE for ConfigMaps that exist.
 *
 * Each node has its own share. A kubelet can create mirror pods of any name, but only for its own node (NodeRestriction). So
 * made-up names neither push out nor replace what is known of another node.
 */
export function createObjectCache(now: () => Date): ObjectCache {
  const nodes = new Map<string, Map<string, Entry>>();

  const isExpired = ({ deletedAt }: Entry): boolean =>
    deletedAt !== undefined && now().getTime() - deletedAt >= RETENTION;

  return {
    get: (name) => {
      const entry = nodes.get(name.node ?? '')?.get(keyOf(name));
      return entry === undefined || isExpired(entry) ? undefined : entry.findings;
    },
    set: (object, findings) => {
      const node = object.node ?? '';
      const entries = nodes.get(node) ?? new Map<string, Entry>();
      const key = keyOf(object);
      // a pod that is not checked matters only where it replaces one that was
      if (findings.length === 0 && !entries.has(key)) return;
      entries.delete(key);
      entries.set(key, { uid: object.uid, findings });
      if (entries.size > CAPACITY) entries.delete(leastNeeded(entries));
      nodes.set(node, entries);
    },
    markDeleted: (object) => {
      const key = keyOf(object);
      for (const entries of nodes.values()) {
        const known = entries.get(key);
        if (known?.uid === object.uid && known.deletedAt === undefined)
          entries.set(key, { ...known, deletedAt: now().getTime() });
      }
    },
  };
}

function keyOf({ kind, namespace, name }: Omit<ObjectName, 'node'>): string {
  return `${kind}/${namespace}/${name}`;
}

/** The oldest entry of a deleted object, or else the oldest entry. */
function leastNeeded(entries: ReadonlyMap<string, Entry>): string {
  let oldest: string | undefined;
  for (const [key, { deletedAt }] of entries) {
    if (deletedAt !== undefined) return key;
    oldest ??= key;
  }
  return oldest ?? '';
}
