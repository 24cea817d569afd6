// The product in a real cluster: applied, rolled out, and deleted again.

import { join } from 'node:path';

import type { Cleanup } from '../../e2e/support/cleanup.ts';
import type { Result } from '../../e2e/support/programs.ts';
import { productCommand } from '../../e2e/support/product.ts';
import { run } from '../../e2e/support/programs.ts';
import { eventually } from '../../e2e/support/wait.ts';
import type { RealCluster } from './real-cluster.ts';

/** The checkout. */
export const CHECKOUT = join(import.meta.dirname, '../../..');

/** The folder of an overlay. */
export function overlayFolder(name: string): string {
  return join(CHECKOUT, 'manifests/overlays', name);
}

/** Applies an overlay, and waits until everything in it is rolled out. The cleanup deletes it. */
export async function install(cluster: RealCluster, cleanup: Cleanup, overlay: string): Promise<void> {
  cleanup.add(() => remove(cluster, overlay));
  await apply(cluster, overlay);
  await rolledOut(cluster);
}

/** Applies an overlay; a warning counts as a failure. */
export async function apply(cluster: RealCluster, overlay: string): Promise<void> {
  quiet(
    await cluster.kubectl(['apply', '--kustomize', overlayFolder(overlay)], { within: 120_000 }),
    `kubectl apply of ${overlay}`,
  );
}

/** Deletes what an overlay has, and waits until it is gone. */
export async function remove(cluster: RealCluster, overlay: string): Promise<void> {
  const flags = ['--ignore-not-found', '--wait', '--kustomize', overlayFolder(overlay)];
  quiet(await cluster.kubectl(['delete', ...flags], { within: 180_000 }), `kubectl delete of ${overlay}`);
}

/** Waits until all Deployments and DaemonSets of the product are rolled out; returns their names. */
export async function rolledOut(cluster: RealCluster, within = 240): Promise<readonly string[]> {
  const args = [
    'get',
    'deployments,daemonsets',
    '--all-namespaces',
    '--selector',
    'app.kubernetes.io/name=kubelet-guard',
  ];
  const columns = 'custom-columns=:.kind,:.metadata.namespace,:.metadata.name';
  const text = quiet(await cluster.kubectl([...args, '--no-headers', '--output', columns]), 'kubectl get');
  const found = text
    .trim()
    .split('\n')
    .map((line) => line.split(/ +/));
  await Promise.all(
    found.map(async ([kind = '', namespace = '', name = '']) => {
      const wait = ['rollout', 'status', '--namespace', namespace, `${kind}/${name}`, `--timeout=${String(within)}s`];
      const result = await cluster.kubectl(wait, { within: (within + 10) * 1000 });
      if (result.code === 0) return;
      const events = await cluster.kubectl(['get', 'events,pods', '--namespace', namespace]);
      throw new Error(`${kind} ${name} is not rolled out: ${result.stderr}\n${events.stdout}`);
    }),
  );
  return found.map(([kind = '', , name = '']) => `${kind} ${name}`).sort();
}

/** The built command line, with the administrator's kubeconfig. */
export function productIn(cluster: RealCluster, args: readonly string[], within = 60_000): Promise<Result> {
  return run(productCommand(...args, '--kubeconfig', cluster.kubeconfig), { within });
}

/** The pod of the sweeper that leads, as soon as there is one that still runs. */
export function leaderOf(cluster: RealCluster): Promise<string> {
  const namespace = ['--namespace', 'kubelet-guard'];
  return eventually(
    'a sweeper to lead',
    async () => {
      const holder = ['get', 'lease', 'kubelet-guard-sweeper', '--output', 'jsonpath={.spec.holderIdentity}'];
      const [name = ''] = quiet(await cluster.kubectl([...namespace, ...holder]), 'kubectl get lease').split('_');
      if (name === '') return undefined;
      return (await cluster.kubectl([...namespace, 'get', 'pod', name])).code === 0 ? name : undefined;
    },
    { within: 90_000 },
  );
}

/** Waits until doctor finds no problem; returns what it prints. The Lease and endpoints come some time after the pods are ready. */
export function doctorFindsNothing(cluster: RealCluster): Promise<string> {
  let last = '';
  return eventually(
    'doctor to find no problem',
    async () => {
      const { code, stdout, stderr } = await productIn(cluster, ['doctor']);
      last = stdout + stderr;
      return code === 0 ? stdout : undefined;
    },
    { within: 60_000, context: () => last },
  );
}

/** What the log of a pod says, entry by entry. */
export async function logOf(cluster: RealCluster, pod: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = quiet(await cluster.kubectl(['--namespace', 'kubelet-guard', 'logs', pod]), 'kubectl logs');
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

/** The output of a command that must succeed without a warning. */
export function quiet({ code, stdout, stderr }: Result, what: string): string {
  if (code !== 0 || stderr !== '')
    throw new Error(`${what} exited with ${String(code)}: ${stdout.slice(-2000)}${stderr}`);
  return stdout;
}

/** Writes a measured figure where a person sees it. */
export function figure(text: string): void {
  process.stderr.write(`FIGURE ${text}\n`);
}

/** How many seconds something took. */
export async function seconds(step: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await step();
  return Math.round((performance.now() - start) / 100) / 10;
}
