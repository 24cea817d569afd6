import type { Finding } from '../../policy/types.ts';

/** An object's name. */
export interface ObjectName {
  readonly kind: 'Pod' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

/** One object of a name; the next one of the same name has another uid. */
export interface ObjectIdentity extends ObjectName {
  readonly uid: string;
}

/** What is known of objects: what a watch last saw of them, and what this process itself admitted since. */
export interface ObjectMemory {
  /**
   * The findings of the last object of this name, or undefined where nothing is known. Where an admitted one has not been
   * seen yet, these are its findings and those of the one before it, for either can be what is there.
   */
  readonly last: (name: ObjectName) => readonly Finding[] | undefined;
  /** This process let the pod pass: it comes to be, if nothing else refuses it. */
  readonly admitted: (pod: ObjectIdentity, findings: readonly Finding[]) => void;
  /** The pod is there. No findings where it is no mirror pod of a component that is judged. */
  readonly seen: (pod: ObjectIdentity, findings: readonly Finding[]) => void;
  /** The pod is there no more. */
  readonly gone: (pod: ObjectIdentity) => void;
}

/** What the pod before was has to outlive an upgrade in which the kubelet does not get its mirror pod back. */
export const RETENTION = 60 * 60 * 1000;

/** More than any control plane has; a bound, so that names made up by a client can not fill the memory. */
export const CAPACITY = 1024;

interface Sighting {
  readonly uid: string;
  readonly findings: readonly Finding[];
  /** When it went; undefined while it is there. */
  readonly goneAt?: number;
}

interface Admission {
  readonly uid: string;
  readonly findings: readonly Finding[];
  readonly at: number;
}

interface Entry {
  readonly sighting?: Sighting;
  readonly admission?: Admission;
}

/**
 * Remembers mirror pods, because the kubelet changes one by deleting it and creating it anew within milliseconds, and
 * ConfigMaps, because kubeadm tries to create them also where they are there: no request shows both.
 *
 * The watch tells what is there, but later than it is; this process knows at once what it admitted, but not whether it
 * came to be. So both are kept, each under the uid of its pod, until the watch has seen the admitted pod. What arrives
 * late about a pod that was replaced meanwhile then changes nothing but what is known of that pod.
 *
 * @param now the time
 */
export function rememberObjects(now: () => Date): ObjectMemory {
  const entries = new Map<string, Entry>();

  const current = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    return entry && unexpired(entry, now().getTime());
  };

  const keep = (key: string, entry: Entry): void => {
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > CAPACITY) entries.delete(leastNeeded(entries));
  };

  return {
    last: (name) => {
      const entry = current(keyOf(name));
      return entry && [...(entry.admission?.findings ?? []), ...(entry.sighting?.findings ?? [])];
    },
    admitted: (pod, findings) => {
      const key = keyOf(pod);
      const known = current(key);
      if (known === undefined && findings.length === 0) return;
      keep(key, { ...known, admission: { uid: pod.uid, findings, at: now().getTime() } });
    },
    seen: (pod, findings) => {
      const key = keyOf(pod);
      const known = current(key);
      // of a name that never was a mirror pod of ours there is nothing to remember
      if (known === undefined && findings.length === 0) return;
      const awaited = known?.admission?.uid === pod.uid ? undefined : known?.admission;
      keep(key, { sighting: { uid: pod.uid, findings }, ...(awaited && { admission: awaited }) });
    },
    gone: (pod) => {
      const key = keyOf(pod);
      const known = current(key);
      if (known?.sighting?.uid !== pod.uid || known.sighting.goneAt !== undefined) return;
      keep(key, { ...known, sighting: { ...known.sighting, goneAt: now().getTime() } });
    },
  };
}

function keyOf({ kind, namespace, name }: ObjectName): string {
  return `${kind}/${namespace}/${name}`;
}

/**
 * What of an entry still counts. Where there is no watch nobody ever tells that an admitted pod went, and it is kept;
 * where there is one, an admitted pod that it never saw did not come to be.
 */
function unexpired({ sighting, admission }: Entry, at: number): Entry | undefined {
  const isOver = (since: number | undefined): boolean => since !== undefined && at - since >= RETENTION;
  const seen = isOver(sighting?.goneAt) ? undefined : sighting;
  const awaited = sighting !== undefined && isOver(admission?.at) ? undefined : admission;
  if (seen === undefined && awaited === undefined) return undefined;
  return { ...(seen && { sighting: seen }), ...(awaited && { admission: awaited }) };
}

/** The oldest one that is not known to be there, so that pods which are made up can not drive out those which are real. */
function leastNeeded(entries: ReadonlyMap<string, Entry>): string {
  let oldest: string | undefined;
  for (const [key, { sighting }] of entries) {
    if (sighting === undefined || sighting.goneAt !== undefined) return key;
    oldest ??= key;
  }
  return oldest ?? '';
}
