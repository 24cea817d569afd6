// Upgrades with kubeadm on the node of a real cluster: its patches, the run itself, and the state after it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from '@jest/globals';
import { parse } from 'yaml';

import type { GuardReport } from '../../../../src/outputs/guard-report.ts';
import { runCli } from '../../../e2e/support/product.ts';
import type { Result } from '../../../e2e/support/programs.ts';
import { eventually } from '../../../e2e/support/wait.ts';
import type { RealCluster } from '../../support/real-cluster.ts';
import { rolledOut } from '../../support/installation.ts';
import { ofTestbed, succeeded, timed } from './cluster.ts';

/** The version that the tests upgrade to: that of the testbed. */
export const VERSION = 'v1.37.2';

/** The folder of kubeadm's patches on the node. */
const PATCHES = '/etc/kubeadm/patches';

const API_SERVER = '/etc/kubernetes/manifests/kube-apiserver.yaml';

/** Patches of kubeadm: the name of a file and its content. */
export type Patches = Readonly<Record<string, string>>;

/** Runs `kubeadm upgrade apply` on the node, with these patches. It may take the five minutes that kubeadm waits, twice. */
export async function upgrade(cluster: RealCluster, patches: Patches, kubeadm = 'kubeadm'): Promise<Result> {
  await writePatches(cluster, patches);
  const flags = ['--force', '--yes', '--etcd-upgrade=false', '--ignore-preflight-errors=all', `--patches=${PATCHES}`];
  return cluster.enter([kubeadm, 'upgrade', 'apply', VERSION, ...flags], { within: 900_000 });
}

/** Runs `kubeadm upgrade node` or one of its phases on the node, with these patches. */
export async function upgradeNode(
  cluster: RealCluster,
  patches: Patches = {},
  words: readonly string[] = ['--etcd-upgrade=false', '--ignore-preflight-errors=all'],
): Promise<Result> {
  await writePatches(cluster, patches);
  const result = await cluster.enter(['kubeadm', 'upgrade', 'node', ...words, `--patches=${PATCHES}`], {
    within: 900_000,
  });
  // kubeadm names a folder after the second, and fails if it is there already
  const second = Math.floor(Date.now() / 1000);
  await eventually('the next second', () => (Math.floor(Date.now() / 1000) > second ? true : undefined));
  return result;
}

/** Replaces the patches on the node. */
export async function writePatches({ enter }: RealCluster, patches: Patches): Promise<void> {
  // from the node: a change below its overlay would not be seen there
  await succeeded(enter(['rm', '-rf', PATCHES]));
  await succeeded(enter(['mkdir', '-p', PATCHES]));
  for (const [name, input] of Object.entries(patches)) await succeeded(enter(['tee', `${PATCHES}/${name}`], { input }));
}

/** A harmless patch that changes the command line of kube-apiserver, so that an upgrade replaces its static pod. */
export function verbosity(level: number): Patches {
  return {
    'kube-apiserver0+json.yaml': `- op: add\n  path: /spec/containers/0/command/-\n  value: --v=${String(level)}\n`,
  };
}

/** A patch of kube-apiserver that removes its flag --kubelet-client-key, and fails if the flag is not where it was. */
export async function withoutClientKey(cluster: RealCluster): Promise<Patches> {
  // what kubeadm makes by itself, without earlier patches
  const command = (await mirrorPodCommand(cluster)) ?? [];
  const at = command.findIndex((word) => word.startsWith('--kubelet-client-key='));
  const path = `/spec/containers/0/command/${String(at)}`;
  const lines = ['- op: test', `  path: ${path}`, `  value: ${command[at] ?? ''}`, '- op: remove', `  path: ${path}`];
  return { 'kube-apiserver0+json.yaml': `${lines.join('\n')}\n` };
}

/** The command line of kube-apiserver's mirror pod; undefined if there is none, or the API server does not answer. */
export async function mirrorPodCommand({ node, kubectl }: RealCluster): Promise<readonly string[] | undefined> {
  const pod = ['get', 'pod', `kube-apiserver-${node}`, '--namespace', 'kube-system', '--output', 'json'];
  const { code, stdout } = await kubectl([...pod, '--request-timeout=5s']);
  return code === 0 ? commandOf(JSON.parse(stdout)) : undefined;
}

/** The command line in the static pod manifest of kube-apiserver. */
function manifestCommand(cluster: RealCluster): readonly string[] {
  return commandOf(parse(readFileSync(onNode(cluster, API_SERVER), 'utf8')));
}

function commandOf(pod: unknown): readonly string[] {
  const { spec } = pod as {
    readonly spec: { readonly containers: readonly [{ readonly command: readonly string[] }] };
  };
  return spec.containers[0].command;
}

/**
 * Expects what has to be true after an upgrade, also one that was rolled back: the API server is ready, the mirror pod is that of the
 * manifest and has both flags, and a sweep finds one kube-apiserver and one kubelet that pass.
 */
export async function expectWhole(cluster: RealCluster): Promise<void> {
  const { node, kubectl } = cluster;
  await timed('the API server was ready, with its mirror pod,', () =>
    eventually(
      'the API server and its mirror pod',
      async () => {
        const { code, stdout } = await kubectl(['get', '--raw', '/readyz', '--request-timeout=5s']);
        const command = await mirrorPodCommand(cluster);
        const manifest = manifestCommand(cluster);
        return code === 0 && stdout === 'ok' && String(command) === String(manifest) ? true : undefined;
      },
      { within: 240_000 },
    ),
  );
  const flags = manifestCommand(cluster).filter((word) => word.startsWith('--kubelet-client-'));
  expect(flags).toEqual([
    '--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt',
    '--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key',
  ]);
  const report = await sweep(cluster);
  expect(results(report, 'apiserver-kubelet-client-cert')).toEqual([
    'pass ConfigMap kubeadm-config',
    `pass Pod kube-apiserver-${node}`,
  ]);
  expect(results(report, 'kubelet-client-ca')).toEqual(['pass ConfigMap kubelet-config', `pass Node ${node}`]);
  const { link } = report;
  expect([link?.result, link?.apiServers.length]).toEqual(['pass', 1]);
}

/** Sweeps the cluster as its administrator. */
export async function sweep({ kubeconfig }: RealCluster): Promise<GuardReport> {
  const { stdout, stderr } = await runCli(['sweep', '--kubeconfig', kubeconfig, '--output', 'json'], 120_000);
  if (stdout === '') throw new Error(`the sweep made no report: ${stderr}`);
  return JSON.parse(stdout) as GuardReport;
}

/** The findings of a control: the result, and about what it is. */
export function results({ findings }: GuardReport, control: string): readonly string[] {
  return findings
    .filter((finding) => finding.control === control)
    .map(({ result, subject }) => `${result} ${subject.kind ?? subject.component} ${subject.name}`)
    .sort();
}

/** Restarts the webhook, again and again, until something has ended; returns how often all of its replicas were replaced. */
export async function restartWebhookDuring(cluster: RealCluster, step: Promise<unknown>): Promise<number> {
  const state: { isOver: boolean } = { isOver: false };
  const over = () => {
    state.isOver = true;
  };
  step.then(over, over);
  const restart = ['--namespace', 'kubelet-guard', 'rollout', 'restart', 'deployment/kubelet-guard'];
  let count = 0;
  while (!state.isOver) {
    // while the API server itself is restarted, neither of the two gets an answer
    await eventually(
      'a restart of the webhook',
      async () => ((await cluster.kubectl(restart)).code === 0 ? true : undefined),
      { within: 240_000 },
    );
    await eventually('the webhook', () => rolledOut(cluster, 240).then(() => true), { within: 240_000 });
    count += 1;
  }
  return count;
}

/** Restarts the node's kubelet, as `systemctl restart kubelet` would where there is systemd. */
export async function restartKubelet({ dir }: RealCluster): Promise<void> {
  await ofTestbed(['restart-kubelet.sh', dir], 60_000);
}

/** The log of the node's kubelet. */
export function kubeletLog({ dir }: RealCluster): string {
  return readFileSync(join(dir, 'log/kubelet.log'), 'utf8');
}

/** Waits until the kubelet logs that the webhook denied the mirror pod of kube-apiserver; returns the message. */
export async function nextDenial(cluster: RealCluster): Promise<string> {
  const before = kubeletLog(cluster).length;
  const denial = /Failed creating a mirror pod[^]*? > pod="kube-system\/kube-apiserver-.*"/;
  return eventually('the kubelet to log a denial', () => denial.exec(kubeletLog(cluster).slice(before))?.[0], {
    within: 300_000,
  });
}

/** The path of a file of the node on this host. */
function onNode({ dir }: RealCluster, path: string): string {
  return join(dir, 'root', path);
}
