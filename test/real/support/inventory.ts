// Everything that a cluster has, to see that nothing is left of an installation.

import { expect } from '@jest/globals';

import { eventually } from '../../e2e/support/wait.ts';
import { quiet } from './installation.ts';
import type { RealCluster } from './real-cluster.ts';

interface Item {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Events go by themselves after an hour. Component statuses and endpoints are deprecated. */
const LEFT_OUT = ['events', 'events.events.k8s.io', 'componentstatuses', 'endpoints'];

/** All objects of all resources that can be listed, except Events: `group/Kind namespace/name`. */
export async function inventory(cluster: RealCluster): Promise<readonly string[]> {
  const resources = quiet(await cluster.kubectl(['api-resources', '--verbs=list', '--output=name']), 'api-resources')
    .trim()
    .split('\n')
    .filter((name) => !LEFT_OUT.includes(name));
  const get = ['get', resources.join(','), '--all-namespaces', '--ignore-not-found', '--output=json'];
  const { items } = JSON.parse(quiet(await cluster.kubectl(get), 'kubectl get')) as { readonly items: readonly Item[] };
  const names = items.map(({ kind, apiVersion, metadata: { name, namespace } }) => {
    const [group] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
    return `${group ?? ''}/${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  });
  return [...new Set(names)].sort();
}

/**
 * Waits until a cluster has what it had before. After a deletion, its controllers still delete what belonged to the objects, and
 * its discovery still names resources that are gone.
 */
export async function expectAsBefore(cluster: RealCluster, before: readonly string[]): Promise<void> {
  await eventually(
    'the cluster to be as before',
    async () => {
      expect(await inventory(cluster)).toEqual(before);
      return true;
    },
    { within: 60_000 },
  );
}
