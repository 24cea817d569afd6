// docs/sweep.md and docs/uninstall.md: what the commands print where kubelet-guard is installed.

import { afterAll, beforeAll, jest, test } from '@jest/globals';

import type { DocSession } from '../../support/doc-session.ts';
import { renderOverlay } from '../../support/manifests.ts';
import { describeWith, kubectlPath } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { apply, leadTo } from '../support/installation.ts';
import { WITHOUT_CLIENT_CA } from '../support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from '../support/node.ts';
import { startReplica, type Replica } from '../support/replica.ts';
import { serveReportApis, storedReports } from '../support/report-apis.ts';
import { kubeconfigFor, NAMESPACE } from '../support/rights.ts';
import { kubeletConfigMap } from '../support/samples.ts';
import { startSweeper, type Sweeper } from '../support/sweeper.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(90_000);

const NEEDS = { ...NODE_NEEDS, tools: [...NODE_NEEDS.tools, 'kubectl', 'grep'] };
const SWEEPER = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/kubelet-guard-sweeper`;

describeWith(NEEDS, 'an installed kubelet-guard', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let session: DocSession;
  let replica: Replica;
  let sweeper: Sweeper;

  beforeAll(async () => {
    // the API server connects to the endpoints of the Service, because nothing here routes the addresses of Services
    plane = await startControlPlane(cleanup, { flags: ['--enable-aggregator-routing=true'] });
    await serveReportApis(plane.admin);
    await startNode(cleanup, plane, 'worker-1');
    await startNode(cleanup, plane, 'worker-2', WITHOUT_CLIENT_CA);
    const objects = renderOverlay('enforce');
    await apply(plane, objects);
    replica = await startReplica(cleanup, plane, objects, await kubeconfigFor(plane, 'kubelet-guard'));
    await leadTo(plane.admin, replica.port);
    sweeper = await startSweeper(cleanup, plane, await kubeconfigFor(plane, 'kubelet-guard-sweeper'));
    await eventually('the reports', async () =>
      (await storedReports(plane.admin, 'wgpolicyk8s')).size === 3 ? true : undefined,
    );
    await eventually('a bad write to be denied', async () =>
      (await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All')).status === 403 ? true : undefined,
    );
    // no controller here deletes namespaces
    const script = 'case " $* " in *" delete "*) exec "$0" "$@" --wait=false;; esac; exec "$0" "$@"';
    session = documentedSession(cleanup, plane, { programs: { kubectl: ['sh', '-c', script, kubectlPath ?? ''] } });
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  test('is swept as docs/sweep.md shows', async () => {
    await session.run('sweep');
  });

  test('is uninstalled', async () => {
    replica.program.kill('SIGTERM');
    sweeper.program.kill('SIGTERM');
    await Promise.all([replica.program.ended, sweeper.program.ended]);
    const collector = setInterval(() => void collect(), 200);
    try {
      await session.run('uninstall');
      await session.run('uninstall-rest');
    } finally {
      clearInterval(collector);
    }
  });

  /** Does what the garbage collector would do, which does not run here. */
  async function collect(): Promise<void> {
    const { status, body } = await plane.admin.get(SWEEPER);
    const { metadata } = body as { metadata: { deletionTimestamp?: string; finalizers?: unknown } };
    if (status !== 200 || metadata.deletionTimestamp === undefined) return;
    await plane.admin.send('PUT', SWEEPER, { ...(body as object), metadata: { ...metadata, finalizers: [] } });
  }
});
