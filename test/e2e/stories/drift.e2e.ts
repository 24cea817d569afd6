// docs/how-to/drift.md: a node drifts, is seen, is fixed, and is resolved.

import { afterAll, beforeAll, jest, test } from '@jest/globals';

import type { DocSession } from '../../support/doc-session.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from '../support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from '../support/node.ts';
import { eventsOf, serveReportApis, storedReports } from '../support/report-apis.ts';
import { giveRights } from '../support/rights.ts';
import { startSweeper, type Sweeper } from '../support/sweeper.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(90_000);

const NEEDS = { ...NODE_NEEDS, tools: [...NODE_NEEDS.tools, 'kubectl', 'curl', 'jq'] };

describeWith(NEEDS, 'a node that drifts', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let session: DocSession;
  let sweeper: Sweeper;
  let drifting: ClusterNode;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    const kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
    await serveReportApis(plane.admin);
    await startNode(cleanup, plane, 'worker-1');
    drifting = await startNode(cleanup, plane, 'worker-2');
    sweeper = await startSweeper(cleanup, plane, kubeconfig, { interval: '1h' });
    session = documentedSession(cleanup, plane, { shown: { [`127.0.0.1:${String(sweeper.port)}`]: '127.0.0.1:8080' } });
    await failures(0);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  /** Waits until the report of the drifting node has this many failures. */
  function failures(count: number): Promise<true> {
    return eventually(
      `${String(count)} failures of ${drifting.name}`,
      async () => {
        const stored = await storedReports(plane.admin, 'wgpolicyk8s');
        const isWritten =
          stored.size === 3 && stored.get(`kubelet-guard-node-${drifting.name}`)?.summary.fail === count;
        return isWritten ? (true as const) : undefined;
      },
      { within: 30_000, context: sweeper.program.tail },
    );
  }

  function eventAbout(reason: string): Promise<true> {
    return eventually(`an Event ${reason}`, async () =>
      (await eventsOf(plane.admin)).some((event) => event.reason === reason) ? (true as const) : undefined,
    );
  }

  test('passes before', async () => {
    await session.run('drift-before');
  });

  test('is seen in its report and an Event', async () => {
    await drifting.restart(WITHOUT_CLIENT_CA);
    await session.run('drift-request');
    await failures(1);
    await eventAbout('KubeletGuardViolation');
    await session.run('drift-report');
  });

  test('is resolved by the sweep after the fix', async () => {
    await drifting.restart(COMPLIANT);
    await session.run('drift-resolved-request');
    await failures(0);
    await eventAbout('KubeletGuardResolved');
    await session.run('drift-resolved');
  });
});
