import type { Before } from '../policy/decision/decide.ts';

/** An object's name. */
export interface ObjectName {
  readonly kind: 'Pod' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
  /** The node whose kubelet made it; of a mirror pod alone. */
  readonly node?: string;
}

/** One object of a name; the next one of the same name has another uid. */
export interface ObjectIdentity extends ObjectName {
  readonly uid: string;
}

/** What watches last saw of objects. No request writes here: who sent it is not known. */
export interface ObjectMemory {
  /** What the last object of this name was judged to be, or undefined where nothing is known. */
  readonly last: (name: ObjectName) => readonly Before[] | undefined;
  /** The object exists. Nothing was judged where it is no mirror pod of a component that is judged. */
  readonly seen: (object: ObjectIdentity, judged: readonly Before[]) => void;
  /** The object was deleted. */
  readonly gone: (object: Omit<ObjectIdentity, 'node'>) => void;
}

/** What the pod before was has to outlive an upgrade in which the kubelet does not get its mirror pod back. */
export const RETENTION = 60 * 60 * 1000;

/** Mirror pods of kube-apiservers that are remembered of one node: more than any node has. */
export const CAPACITY = 256;

interface Entry {
  readonly uid: string;
  readonly judged: readonly Before[];
  /** When it was deleted; undefined while it exists. */
  readonly goneAt?: number;
}

/**
 * Remembers mirror pods, because the kubelet changes one by deleting it and creating it anew within milliseconds, and
 * ConfigMaps, because kubeadm tries to create them also where they exist: no request shows both.
 *
 * Each node has its own share. A kubelet may create mirror pods of any name, but only of its own node
 * (NodeRestriction), so that the names one makes up neither push out nor replace what is known of another node.
 *
 * @param now the time
 */
export function rememberObjects(now: () => Date): ObjectMemory {
  const nodes = new Map<string, Map<string, Entry>>();

  const isOver = ({ goneAt }: Entry): boolean => goneAt !== undefined && now().getTime() - goneAt >= RETENTION;

  return {
    last: (name) => {
      const entry = nodes.get(name.node ?? '')?.get(keyOf(name));
      return entry === undefined || isOver(entry) ? undefined : entry.judged;
    },
    seen: (object, judged) => {
      const node = object.node ?? '';
      const entries = nodes.get(node) ?? new Map<string, Entry>();
      const key = keyOf(object);
      // of a name that never was a mirror pod of ours there is nothing to remember
      if (judged.length === 0 && !entries.has(key)) return;
      entries.delete(key);
      entries.set(key, { uid: object.uid, judged });
      if (entries.size > CAPACITY) entries.delete(leastNeeded(entries));
      nodes.set(node, entries);
    },
    gone: (object) => {
      const key = keyOf(object);
      for (const entries of nodes.values()) {
        const known = entries.get(key);
        if (known?.uid === object.uid && known.goneAt === undefined)
          entries.set(key, { ...known, goneAt: now().getTime() });
      }
    },
  };
}

function keyOf({ kind, namespace, name }: Omit<ObjectName, 'node'>): string {
  return `${kind}/${namespace}/${name}`;
}

/** The oldest one that was deleted, or else the oldest. */
function leastNeeded(entries: ReadonlyMap<string, Entry>): string {
  let oldest: string | undefined;
  for (const [key, { goneAt }] of entries) {
    if (goneAt !== undefined) return key;
    oldest ??= key;
  }
  return oldest ?? '';
}
