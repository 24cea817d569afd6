// docs/how-to/roll-out.md, with the real kubeadm: audit, the first report, ratchet, and an upgrade that goes wrong.

import { afterAll, beforeAll, jest, test } from '@jest/globals';

import type { DocSession } from '../../support/doc-session.ts';
import { renderOverlay, type Manifest } from '../../support/manifests.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { leadTo } from '../support/installation.ts';
import { WITHOUT_CLIENT_CA } from '../support/kubelet-setups.ts';
import { kubectl } from '../support/kubectl.ts';
import { NODE_NEEDS, startNode } from '../support/node.ts';
import { serveReportApis, storedReports } from '../support/report-apis.ts';
import { startReplica, type Replica } from '../support/replica.ts';
import { kubeconfigFor } from '../support/rights.ts';
import { kubeadmConfigMap } from '../support/samples.ts';
import { startSweeper } from '../support/sweeper.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(90_000);

const NEEDS = { assets: [...NODE_NEEDS.assets, 'kubeadm'], tools: [...NODE_NEEDS.tools, 'kubectl', 'jq'], root: true };

describeWith(NEEDS, 'the way from audit to ratchet', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let session: DocSession;
  let replica: Replica;

  beforeAll(async () => {
    // the API server connects to the endpoints of the Service, because nothing here routes the addresses of Services
    plane = await startControlPlane(cleanup, { flags: ['--enable-aggregator-routing=true'] });
    await serveReportApis(plane.admin);
    await startNode(cleanup, plane, 'worker-1');
    await startNode(cleanup, plane, 'worker-2', WITHOUT_CLIENT_CA);
    session = documentedSession(cleanup, plane);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  /** Starts what the Deployments would run. */
  async function start(objects: readonly Manifest[]): Promise<void> {
    replica = await startReplica(cleanup, plane, objects, await kubeconfigFor(plane, 'kubelet-guard'));
    await leadTo(plane.admin, replica.port);
    await startSweeper(cleanup, plane, await kubeconfigFor(plane, 'kubelet-guard-sweeper'));
  }

  /** Waits until a bad write is answered like this. */
  function badWriteIs(answer: string): Promise<true> {
    return eventually(
      `a bad write to be ${answer}`,
      async () => {
        const bad = kubeadmConfigMap({ 'kubelet-client-key': '' }, { name: 'kubeadm-config' });
        const { stdout, stderr } = await kubectl(plane, ['create', '--dry-run=server', '-f', '-'], bad);
        return `${stdout}${stderr}`.includes(answer) ? (true as const) : undefined;
      },
      { within: 30_000, context: replica.program.tail },
    );
  }

  test('begins with audit, which warns', async () => {
    await session.run('rollout-install');
    await start(renderOverlay('audit'));
    await badWriteIs('Warning');
    await session.run('rollout-warning');
  });

  test('has a first report', async () => {
    await eventually('the first reports', async () =>
      (await storedReports(plane.admin, 'wgpolicyk8s')).size === 3 ? true : undefined,
    );
    await session.run('rollout-report');
  });

  test('goes on with ratchet, under which an upload of kubeadm is denied and passes after the fix', async () => {
    await session.run('rollout-ratchet');
    plane.write('guard.yaml', configurationOf(renderOverlay('ratchet')));
    await badWriteIs('denied the request');
    await session.run('rollout-kubeadm');
    await session.run('rollout-check');
    await session.run('rollout-fixed');
  });
});

function configurationOf(objects: readonly Manifest[]): string {
  const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'kubelet-guard');
  return (map?.data as Readonly<Record<string, string>>)['guard.yaml'] ?? '';
}
