import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard } from './support/guard.ts';
import { COMPLIANT } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, untilReady, type ClusterNode } from './support/node.ts';
import { PATIENT } from './support/registration.ts';
import { eventsOf } from './support/report-apis.ts';
import { giveRights, kubeconfigFor } from './support/rights.ts';
import { GOOD_FLAGS, staticApiServer } from './support/samples.ts';
import { startSweeper, sweepConfiguration, sweepOnce, type Sweeper } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(240_000);

const LABEL = 'node-role.kubernetes.io/control-plane';

describeWith(NODE_NEEDS, 'a kube-apiserver whose mirror pod is denied under ratchet', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let nodes: readonly ClusterNode[];
  let sweeper: Sweeper;
  let kubeconfig: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    nodes = await Promise.all(['cp-1', 'cp-2'].map((name) => startNode(cleanup, plane, name, COMPLIANT)));
    mkdirSync(join(plane.dir, 'pki'));
    for (const node of nodes) {
      await eventually(`the label of ${node.name}`, () => label(node));
      setFlags(node, GOOD_FLAGS);
      await mirrorPod(node, true);
      await untilReady(plane.admin, node);
    }
    // under Ignore the mirror pod is created if the answer comes too late
    const options = { kubeconfig: await giveRights(plane), timeoutSeconds: PATIENT };
    await installGuard(cleanup, plane, 'ratchet', 'Ignore', options);
    kubeconfig = await kubeconfigFor(plane, 'kubelet-guard-sweeper');
    sweeper = await startSweeper(cleanup, plane, kubeconfig, { evidence: ['handshake'], timeout: '15s' });
  }, 240_000);
  afterAll(() => cleanup.run(), 60_000);

  function setFlags(node: ClusterNode, flags: readonly string[]): void {
    node.addStaticPod('kube-apiserver.yaml', staticApiServer('kube-apiserver', flags, join(plane.dir, 'pki')));
  }

  /** Gives a node the label of the control plane; undefined if somebody else changed the Node meanwhile. */
  async function label({ name }: ClusterNode): Promise<true | undefined> {
    const object = succeeded(await plane.admin.get(`/api/v1/nodes/${name}`)).body as KubeObject;
    const metadata = { ...object.metadata, labels: { ...object.metadata.labels, [LABEL]: '' } };
    return (await plane.admin.replace({ ...object, metadata })).status === 200 ? true : undefined;
  }

  /** Waits until the API shows the mirror pod, or no longer does. */
  function mirrorPod({ name, kubelet }: ClusterNode, isThere: boolean) {
    const path = `/api/v1/namespaces/kube-system/pods/kube-apiserver-${name}`;
    const probe = async () => ((await plane.admin.get(path)).status === (isThere ? 200 : 404) ? true : undefined);
    return eventually(`the mirror pod of ${name}`, probe, { within: 60_000, context: kubelet.tail });
  }

  function servers({ link }: GuardReport) {
    return link?.apiServers.map(({ name, result }) => `${name} ${result}`).toSorted();
  }

  test('is counted by the background sweeper as unknown, and passes when its pod is back', async () => {
    const [, second] = nodes as [ClusterNode, ClusterNode];
    const before = await sweeper.sweepNow();
    expect(servers(before)).toEqual(['kube-apiserver-cp-1 pass', 'kube-apiserver-cp-2 pass']);
    expect(before.link?.result).toBe('pass');

    setFlags(second, ['--v=2']);
    await eventually(
      'the kubelet to log the denial',
      () => (second.kubelet.log().includes('Failed creating a mirror pod') ? true : undefined),
      { within: 60_000, context: second.kubelet.tail },
    );
    await mirrorPod(second, false);
    for (let times = 0; times < 2; times += 1) {
      const report = await sweeper.sweepNow();
      expect(servers(report)).toEqual(['kube-apiserver-cp-1 pass', 'kube-apiserver-cp-2 unknown']);
      expect(report.link?.result).toBe('unknown');
    }
    const events = await eventsOf(plane.admin);
    const unknown = events.filter(({ reason }) => reason === 'KubeletGuardUnknown');
    expect(unknown.some(({ message }) => message.includes('its mirror pod is gone'))).toBe(true);

    // a process without memory goes by the label of the node
    const config = plane.write('sweep.json', sweepConfiguration({ timeout: '15s' }));
    const once = await sweepOnce({ kubeconfig, config, evidence: 'handshake' });
    expect(once.report.link?.result).toBe('unknown');
    expect(servers(once.report)).toEqual(['cp-2 unknown', 'kube-apiserver-cp-1 pass']);

    setFlags(second, [...GOOD_FLAGS, '--v=3']);
    await mirrorPod(second, true);
    const after = await sweeper.sweepNow();
    expect(servers(after)).toEqual(['kube-apiserver-cp-1 pass', 'kube-apiserver-cp-2 pass']);
    expect(after.link?.result).toBe('pass');
  });
});
