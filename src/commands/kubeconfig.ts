// Finds the cluster that the command line and the environment name.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import type { Option } from 'commander';

import { StartError } from '../runtime/start-error.ts';
import type { Cluster, ClusterAccess } from '../kube/cluster.ts';
import { flag } from './options.ts';
import type { Terminal } from './terminal.ts';

/** The flags that name a cluster. */
export interface ClusterOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** The flags of `ClusterOptions`. Their help says what the cluster is for. */
export function clusterFlags(purpose: string): readonly Option[] {
  return [
    flag(
      '--kubeconfig <file>',
      `${purpose} (default: the files of $KUBECONFIG, the service account in a pod, ~/.kube/config)`,
    ),
    contextFlag(),
  ];
}

/** The flag `--context`. */
export function contextFlag(): Option {
  return flag('--context <context>', 'context of the kubeconfig (default: its current context)');
}

/** The access to the cluster that the flags and the environment name. */
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

/** As kubectl finds it; but in a pod the service account comes before the file in the home directory. */
export function defaultKubeconfig({ env }: Pick<Terminal, 'env'>): readonly string[] | undefined {
  const { KUBERNETES_SERVICE_HOST = '', HOME = '' } = env;
  const named = namedKubeconfig(env);
  if (named !== undefined) return named;
  if (KUBERNETES_SERVICE_HOST !== '' || HOME === '') return undefined;
  const path = join(HOME, '.kube/config');
  return existsSync(path) ? [path] : undefined;
}

/** The files of $KUBECONFIG; undefined if it is not set. */
export function namedKubeconfig({ KUBECONFIG = '' }: Terminal['env']): readonly string[] | undefined {
  return KUBECONFIG === '' ? undefined : KUBECONFIG.split(delimiter);
}

/**
 * Loads the access to a cluster.
 *
 * @returns undefined if there is none
 * @throws StartError where the kubeconfig cannot be used
 */
export async function findCluster(access: ClusterAccess): Promise<Cluster | undefined> {
  const { connectCluster } = await import('../kube/cluster.ts');
  return connectCluster(access).catch((cause: unknown) => {
    const { kubeconfig = '' } = access;
    const name = typeof kubeconfig === 'string' ? kubeconfig : kubeconfig.join(delimiter);
    const reason = (cause as Error).message;
    throw new StartError('usage', name === '' ? reason : `cannot use the kubeconfig ${name}: ${reason}`, { cause });
  });
}

/**
 * Loads the access to a cluster and calls it once, so that a fault of credentials, network or server is reported once.
 *
 * @throws StartError where there is no cluster, or it cannot be used
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
    throw new StartError('cluster', (cause as Error).message, { cause });
  });
  return cluster;
}

function noCluster({ kubeconfig }: ClusterAccess): string {
  const files = typeof kubeconfig === 'string' ? [] : (kubeconfig ?? []).filter((file) => file !== '');
  const reason = files.length === 0 ? '' : ` (KUBECONFIG names ${files.join(', ')}, which does not exist)`;
  return `no cluster is configured${reason}: pass --kubeconfig`;
}
