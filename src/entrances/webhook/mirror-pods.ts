import type { Finding } from '../../policy/types.ts';

/** More than any control plane has; a bound, so that names made up by a client can not fill the memory. */
const CAPACITY = 1024;

/** What this process last saw of mirror pods. */
export interface MirrorPods {
  /** The findings of the pod when it was last seen. */
  readonly last: (namespace: string, name: string) => readonly Finding[] | undefined;
  readonly saw: (namespace: string, name: string, findings: readonly Finding[]) => void;
}

/** Remembers mirror pods, because the kubelet changes one by deleting it and creating it anew: no request shows both. */
export function rememberMirrorPods(): MirrorPods {
  const pods = new Map<string, readonly Finding[]>();
  return {
    last: (namespace, name) => pods.get(`${namespace}/${name}`),
    saw: (namespace, name, findings) => {
      const key = `${namespace}/${name}`;
      pods.delete(key);
      pods.set(key, findings);
      const [oldest] = pods.keys();
      if (pods.size > CAPACITY && oldest !== undefined) pods.delete(oldest);
    },
  };
}
