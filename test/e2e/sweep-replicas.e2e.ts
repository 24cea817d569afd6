import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from './support/node.ts';
import { eventsOf, serveReportApis, storedReports } from './support/report-apis.ts';
import { giveRights } from './support/rights.ts';
import { findingOf, startSweeper, type Sweeper } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(240_000);

const CLIENT_CA = 'kubelet-client-ca';

describeWith(NODE_NEEDS, 'two sweepers', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let kubeconfig: string;
  let node: ClusterNode;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
    await serveReportApis(plane.admin);
    node = await startNode(cleanup, plane, 'changing');
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  describe.each(['wgpolicyk8s', 'openreports'] as const)('with reports in %s', (api) => {
    const undo = new Cleanup();
    let replicas: readonly [Sweeper, Sweeper];
    beforeAll(async () => {
      await node.restart(COMPLIANT);
      for (const event of await eventsOf(plane.admin)) {
        succeeded(await plane.admin.send('DELETE', `/api/v1/namespaces/default/events/${event.metadata.name}`));
      }
      const settings = { interval: '1h', timeout: '15s', evidence: ['handshake', 'configz', 'flagz'], reports: api };
      const start = () => startSweeper(undo, plane, kubeconfig, settings);
      replicas = await Promise.all([start(), start()]);
    });
    afterAll(() => undo.run(), 60_000);

    /** The reasons of the Events about the node and its client CA, in alphabetical order. */
    async function reasons(): Promise<readonly string[]> {
      const events = (await eventsOf(plane.admin)).filter(({ message }) => message.includes(CLIENT_CA));
      expect(events.map(({ count }) => count)).toEqual(events.map(() => 1));
      return events.map(({ reason }) => reason).toSorted();
    }

    /** Waits until one of them leads, and returns it; there is never more than one. */
    function leaderOf(sweepers: readonly Sweeper[], within = 30_000): Promise<Sweeper> {
      return eventually(
        'a replica to lead',
        async () => {
          const leads = await Promise.all(sweepers.map(({ metric }) => metric('kubelet_guard_leader')));
          expect(leads.filter((lead) => lead === 1).length).toBeLessThan(2);
          return sweepers[leads.indexOf(1)];
        },
        { within },
      );
    }

    test('one leads, and if it is killed the other continues without a gap', async () => {
      const leader = await leaderOf(replicas);
      const follower = replicas[0] === leader ? replicas[1] : replicas[0];
      await leader.nextReport({ after: new Date(0) });
      await node.restart(WITHOUT_CLIENT_CA);
      const found = await leader.sweepNow();

      expect(findingOf(found, CLIENT_CA, node.name)).toMatchObject({ result: 'fail', drift: { state: 'new' } });
      expect(await follower.report()).toBeUndefined();
      const conflict = await eventually('the follower to know the leader', async () => {
        const answer = await follower.trigger();
        return answer.text.includes('ask the replica') ? answer : undefined;
      });
      expect(conflict.status).toBe(409);
      const before = await storedReports(plane.admin, api);

      const killed = new Date();
      leader.program.kill('SIGKILL');
      // 18 s, as test/sweeper/leader-election.test.ts proves, and time for a machine that stalls
      await leaderOf([follower], 40_000);
      const report = await follower.nextReport({ after: killed });

      expect(findingOf(report, CLIENT_CA, node.name)).toMatchObject({
        result: 'fail',
        drift: { state: 'persisting', since: found.run.startedAt },
      });
      expect(await reasons()).toEqual(['KubeletGuardViolation']);
      const after = await storedReports(plane.admin, api);
      expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
      expect(after.size).toBe(2);
      const uids = (reports: typeof after) => [...reports.values()].map(({ metadata }) => metadata.uid).toSorted();
      expect(uids(after)).toEqual(uids(before));

      await node.restart(COMPLIANT);
      const fixed = await follower.sweepNow();
      expect(findingOf(fixed, CLIENT_CA, node.name)).toMatchObject({ result: 'pass', drift: { state: 'resolved' } });
      expect(await reasons()).toEqual(['KubeletGuardResolved', 'KubeletGuardViolation']);
    });
  });
});
