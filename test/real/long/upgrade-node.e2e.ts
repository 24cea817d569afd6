// A real `kubeadm upgrade node` under ratchet, after the ConfigMap kubelet-config has changed, and with a patch that the API never sees.

import { expect, jest, test } from '@jest/globals';
import { parse, stringify } from 'yaml';

import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import type { Result } from '../../e2e/support/programs.ts';
import { eventually } from '../../e2e/support/wait.ts';
import { rolledOut } from '../support/installation.ts';
import { describeInOwnCluster, documented, succeeded, timed } from './support/cluster.ts';
import {
  expectWhole,
  mirrorPodCommand,
  restartKubelet,
  results,
  sweep,
  upgradeNode,
  verbosity,
  writePatches,
} from './support/upgrade.ts';

jest.setTimeout(1_800_000);

interface KubeletConfiguration {
  readonly authentication: { readonly x509: { readonly clientCAFile?: string } };
  readonly maxPods?: number;
}

const CA = '/etc/kubernetes/pki/ca.crt';
const PHASE = ['phase', 'kubelet-config'];
const OF_NODES = ['--namespace', 'kubelet-guard-node'];
const DAEMON_SET = 'daemonset/kubelet-guard-node-agent';

/** What the next start of the processes would be, where it is known. */
function nextStarts({ findings }: GuardReport): readonly string[] {
  return findings.flatMap(({ control, subject, otherEvidence = [] }) =>
    control === 'kubelet-client-ca'
      ? otherEvidence.filter(({ pending }) => pending).map(({ result }) => `${result} ${subject.name}`)
      : [],
  );
}

/** A patch of kubeadm that takes the client CA from the kubelet's file. */
const WITHOUT_CA = { 'kubeletconfiguration0+merge.yaml': 'authentication:\n  x509:\n    clientCAFile: null\n' };

describeInOwnCluster('kubeadm upgrade node', ({ cluster, cleanup }) => {
  async function replaceKubeletConfig(
    change: (before: KubeletConfiguration) => KubeletConfiguration,
    ...flags: readonly string[]
  ): Promise<Result> {
    const name = ['configmap', 'kubelet-config', '--namespace', 'kube-system', '--output', 'json'];
    const object = JSON.parse(await succeeded(cluster().kubectl(['get', ...name]))) as {
      readonly data: { readonly kubelet: string };
    };
    const kubelet = stringify(change(parse(object.data.kubelet) as KubeletConfiguration));
    return cluster().kubectl(['replace', '-f', '-', ...flags], {
      input: JSON.stringify({ ...object, data: { kubelet } }),
    });
  }

  /** The file that the kubelet reads at its next start. */
  async function written(): Promise<KubeletConfiguration> {
    return parse(await succeeded(cluster().enter(['cat', '/var/lib/kubelet/config.yaml']))) as KubeletConfiguration;
  }

  /** Makes the node agent audit the host now. */
  async function auditNow(): Promise<void> {
    await succeeded(cluster().kubectl([...OF_NODES, 'rollout', 'restart', DAEMON_SET]));
    await rolledOut(cluster());
  }

  test('writes what kubelet-config has now, and everything passes after the restart', async () => {
    expect(await replaceKubeletConfig((before) => ({ ...before, maxPods: 99 }))).toMatchObject({ code: 0, stderr: '' });
    expect(await upgradeNode(cluster(), {}, PHASE)).toMatchObject({ code: 0 });
    expect(await written()).toMatchObject({ maxPods: 99, authentication: { x509: { clientCAFile: CA } } });
    await timed('the kubelet was restarted', () => restartKubelet(cluster()));
    await expectWhole(cluster());
  });

  test('replaces the static pods, too', async () => {
    const { code, stdout } = await timed('kubeadm upgrade node ended', () => upgradeNode(cluster(), verbosity(1)));
    expect(stdout).toContain('The control plane instance for this node was successfully upgraded');
    expect(code).toBe(0);
    await expectWhole(cluster());
    expect(await mirrorPodCommand(cluster())).toContain('--v=1');
  });

  test('never sees a kubelet-config that lost the client CA, because the write is denied', async () => {
    const lose = ({ authentication, ...rest }: KubeletConfiguration): KubeletConfiguration => ({
      ...rest,
      authentication: { ...authentication, x509: {} },
    });
    // the kube-apiserver of the test before has just started, and failurePolicy is Ignore
    await eventually('the API server to call the webhook', async () =>
      (await replaceKubeletConfig(lose, '--dry-run=server')).code === 1 ? true : undefined,
    );
    const { code, stderr } = await replaceKubeletConfig(lose);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'kubelet-client-ca (CIS Kubernetes Benchmark 4.2.3), in ConfigMap kube-system/kubelet-config',
    );
    expect(stderr).toContain('authentication.x509.clientCAFile is not set');
    expect(stderr).toContain('Denied by ratchet (before: passed)');
    expect(await upgradeNode(cluster(), {}, PHASE)).toMatchObject({ code: 0 });
    expect((await written()).authentication.x509.clientCAFile).toBe(CA);
  });

  test('writes a file without the client CA if a patch removes it, and a sweep fails after the restart', async () => {
    await writePatches(cluster(), WITHOUT_CA);
    const session = documented(cluster(), cleanup);
    await session.run('upgrade-node-patch');
    expect((await written()).authentication.x509.clientCAFile).toBeUndefined();
    // the kubelet still runs with the old file: no finding fails, and the next start is announced
    await auditNow();
    const before = await eventually('the audit of the new file', async () => {
      const report = await sweep(cluster());
      return nextStarts(report).length > 0 ? report : undefined;
    });
    expect(results(before, 'kubelet-client-ca')).toEqual(['pass ConfigMap kubelet-config', 'pass Node node-1']);
    expect(nextStarts(before)).toEqual(['fail node-1']);
    await session.run('upgrade-node-pending');

    await session.run('upgrade-node-restarted');
    await auditNow();
    const after = await sweep(cluster());
    expect(results(after, 'kubelet-client-ca')).toEqual(['fail Node node-1', 'pass ConfigMap kubelet-config']);
    expect(after.link?.result).toBe('fail');
  });

  test('mends it without the patch', async () => {
    expect(await upgradeNode(cluster(), {}, PHASE)).toMatchObject({ code: 0 });
    await restartKubelet(cluster());
    await auditNow();
    await expectWhole(cluster());
  });
});
