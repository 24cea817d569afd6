// docs/how-to/cluster-state.md and the Job of docs/platforms: the state of a cluster in which nothing is installed, with only a kubeconfig.

import { afterAll, beforeAll, jest, test } from '@jest/globals';

import type { DocSession } from '../../support/doc-session.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from '../support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from '../support/node.ts';

jest.setTimeout(60_000);

const NEEDS = { ...NODE_NEEDS, tools: [...NODE_NEEDS.tools, 'kubectl', 'jq'] };

describeWith(NEEDS, 'the state of a cluster in which nothing is installed', () => {
  const cleanup = new Cleanup();
  let session: DocSession;
  let drifted: ClusterNode;

  beforeAll(async () => {
    const plane = await startControlPlane(cleanup);
    await startNode(cleanup, plane, 'worker-1');
    drifted = await startNode(cleanup, plane, 'worker-2', WITHOUT_CLIENT_CA);
    session = documentedSession(cleanup, plane);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  test('is what the page shows', async () => {
    await session.run('state-sweep');
    await session.run('state-json');
  });

  test('is good after the fix of the page', async () => {
    await drifted.restart(COMPLIANT);
    await session.run('state-fixed');
  });

  test('is shown inside the cluster too: the Job of the page is accepted without a warning', async () => {
    await session.run('sweep-job');
  });
});
