// docs/upgrades.md: what kubectl, kubeadm and a kubelet print when the webhook denies a change.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, jest, test } from '@jest/globals';

import type { DocSession } from '../../support/doc-session.ts';
import { succeeded } from '../support/api.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { installGuard } from '../support/guard.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from '../support/node.ts';
import { PATIENT } from '../support/registration.ts';
import { giveRights } from '../support/rights.ts';
import {
  CA_FILE,
  clusterConfiguration,
  initConfiguration,
  kubeletConfigMap,
  staticApiServer,
} from '../support/samples.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(90_000);

const NEEDS = {
  assets: [...NODE_NEEDS.assets, 'kubeadm'],
  tools: [...NODE_NEEDS.tools, 'kubectl', 'grep'],
  root: true,
};

describeWith(NEEDS, 'the page of upgrades', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let node: ClusterNode;
  let session: DocSession;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    node = await startNode(cleanup, plane, 'node-1');
    const kubeconfig = await giveRights(plane);
    succeeded(await plane.admin.create(kubeletConfigMap(CA_FILE)));
    // under Ignore what comes too late is allowed
    await installGuard(cleanup, plane, 'ratchet', 'Ignore', { kubeconfig, timeoutSeconds: PATIENT });
    // the kubelet's log is a file here
    const programs = { journalctl: ['sh', '-c', 'cat "$0"', join(plane.dir, node.name, 'kubelet.log')] };
    session = documentedSession(cleanup, plane, { programs });
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  function write(name: string, content: string): void {
    writeFileSync(join(session.folder, name), content);
  }

  test('shows how a ConfigMap is denied', async () => {
    write('kubelet-config.yaml', JSON.stringify(kubeletConfigMap(undefined)));
    await session.run('upgrade-denied');
  });

  test('shows how an upload of kubeadm is denied', async () => {
    const configuration = clusterConfiguration({ 'kubelet-client-key': '' });
    write('kubeadm.yaml', `${initConfiguration}---\n${configuration}`);
    await session.run('upgrade-kubeadm');
  });

  test('shows what the kubelet logs when a mirror pod is denied', async () => {
    const pki = join(plane.dir, 'pki');
    mkdirSync(pki);
    node.addStaticPod('kube-apiserver.yaml', staticApiServer('kube-apiserver', [], pki));
    await eventually(
      'the kubelet to log the denial',
      () => (/Failed creating a mirror pod[^]* > pod=/.test(node.kubelet.log()) ? true : undefined),
      { within: 60_000, context: node.kubelet.tail },
    );
    await session.run('upgrade-mirror-pod');
  });
});
