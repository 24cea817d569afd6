import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import type { Option } from 'commander';

import { StartError } from '../runtime/start-error.ts';
import type { Cluster, ClusterAccess } from '../kube/cluster.ts';
import { flag } from './options.ts';
import type { Terminal } from './terminal.ts';

/** The options that say which cluster is meant. */
export interface ClusterOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** The flags of `ClusterOptions`, with what the cluster is for. */
export function clusterFlags(purpose: string): readonly Option[] {
  return [
    flag(
      '--kubeconfig <file>',
      `${purpose} (default: the files of $KUBECONFIG, the service account in a pod, ~/.kube/config)`,
    ),
    contextFlag(),
  ];
}

/** The context of a kubeconfig. */
export function contextFlag(): Option {
  return flag('--context <name>', 'context of the kubeconfig (default: its current context)');
}

/** Which cluster the flags and the environment mean. */
export function accessTo({ kubeconfig, context }: ClusterOptions, terminal: ClusterTerminal): ClusterAccess {
  return {
    kubeconfig: kubeconfig ?? defaultKubeconfig(terminal),
    context,
    root: '/',
    env: terminal.env,
    version: terminal.version(),
    isInteractive: terminal.isTerminal('stdin'),
  };
}

type ClusterTerminal = Pick<Terminal, 'env' | 'isTerminal' | 'version'>;

/** As kubectl finds it; in a pod the service account goes before the file at home. */
function defaultKubeconfig({ env }: Pick<Terminal, 'env'>): readonly string[] | undefined {
  const { KUBECONFIG = '', KUBERNETES_SERVICE_HOST = '', HOME = '' } = env;
  if (KUBECONFIG !== '') return KUBECONFIG.split(delimiter);
  if (KUBERNETES_SERVICE_HOST !== '' || HOME === '') return undefined;
  const path = join(HOME, '.kube/config');
  return existsSync(path) ? [path] : undefined;
}

/**
 * Loads the access to the cluster that is meant.
 *
 * @returns undefined where none is
 * @throws StartError where the kubeconfig cannot be used
 */
export async function findCluster(access: ClusterAccess): Promise<Cluster | undefined> {
  const { connectCluster } = await import('../kube/cluster.ts');
  return connectCluster(access).catch((cause: unknown) => {
    const { kubeconfig = '' } = access;
    const name = typeof kubeconfig === 'string' ? kubeconfig : kubeconfig.join(delimiter);
    throw new StartError('usage', `cannot use the kubeconfig ${name}: ${(cause as Error).message}`, { cause });
  });
}

/**
 * The cluster that is meant, and credentials for it: a command that asks once says once what is wrong with them.
 *
 * @throws StartError where there is no cluster, or there are no credentials
 */
export async function openCluster(
  access: ClusterAccess,
  { printErrorLines }: Pick<Terminal, 'printErrorLines'>,
  signal: AbortSignal,
): Promise<Cluster> {
  const cluster = await findCluster(access);
  if (cluster === undefined) throw new StartError('usage', noCluster(access));
  printErrorLines(cluster.notes.map((note) => `the kubeconfig: ${note}`));
  await cluster.authenticate(signal).catch((cause: unknown) => {
    throw new StartError('credentials', (cause as Error).message.split('\n'), { cause });
  });
  return cluster;
}

function noCluster({ kubeconfig }: ClusterAccess): string {
  const files = typeof kubeconfig === 'string' ? [] : (kubeconfig ?? []).filter((file) => file !== '');
  const reason = files.length === 0 ? '' : ` (KUBECONFIG names ${files.join(', ')}, which is not there)`;
  return `no cluster is known${reason}: pass --kubeconfig`;
}
