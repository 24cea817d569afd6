// docs/evidence.md: evidence for an auditor, taken from a cluster, signed, and compared with that of another date.

import { afterAll, beforeAll, jest, test } from '@jest/globals';

import type { DocSession } from '../../support/doc-session.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from '../support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from '../support/node.ts';
import { giveRights } from '../support/rights.ts';

jest.setTimeout(60_000);

const NEEDS = { ...NODE_NEEDS, tools: [...NODE_NEEDS.tools, 'kubectl', 'jq', 'ssh-keygen', 'openssl'] };

describeWith(NEEDS, 'evidence for an auditor', () => {
  const cleanup = new Cleanup();
  let session: DocSession;
  let drifted: ClusterNode;

  beforeAll(async () => {
    const plane = await startControlPlane(cleanup);
    await startNode(cleanup, plane, 'worker-1');
    drifted = await startNode(cleanup, plane, 'worker-2', WITHOUT_CLIENT_CA);
    const kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
    session = documentedSession(cleanup, plane, { kubeconfig });
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  test('is taken and read as the page shows', async () => {
    await session.run('evidence-take');
    await session.run('evidence-run');
    await session.run('evidence-ids');
    await session.run('evidence-fail');
  });

  test('is about the cluster and the configuration that it names', async () => {
    await session.run('evidence-compare');
  });

  test('is signed, and a change of it is noticed', async () => {
    await session.run('evidence-ssh-key');
    await session.run('evidence-ssh');
    await session.run('evidence-openssl-key');
    await session.run('evidence-openssl');
  });

  test('of two dates shows what changed', async () => {
    await drifted.restart(COMPLIANT);
    await session.run('evidence-second');
  });
});
