import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { StartError } from '../runtime/start-error.ts';
import type { Cluster } from '../sources/cluster.ts';
import type { Terminal } from './terminal.ts';

/** As kubectl finds it; in a pod the service account goes before the file at home. */
export function defaultKubeconfig({ env }: Pick<Terminal, 'env'>): string | undefined {
  const { KUBECONFIG = '', KUBERNETES_SERVICE_HOST = '', HOME = '' } = env;
  if (KUBECONFIG !== '') return KUBECONFIG;
  if (KUBERNETES_SERVICE_HOST !== '' || HOME === '') return undefined;
  const path = join(HOME, '.kube/config');
  return existsSync(path) ? path : undefined;
}

/**
 * The cluster of a kubeconfig, or of the pod that this runs in.
 *
 * @throws StartError where there is none
 */
export async function openCluster(kubeconfig: string | undefined): Promise<Cluster> {
  const { connectCluster } = await import('../sources/cluster.ts');
  const cluster = await connectCluster({ kubeconfig, root: '/' }).catch((cause: unknown) => {
    const reason = (cause as Error).message;
    throw new StartError('usage', `can not use the kubeconfig ${kubeconfig ?? ''}: ${reason}`, { cause });
  });
  if (cluster === undefined) throw new StartError('usage', 'no cluster is known: pass --kubeconfig');
  return cluster;
}
