import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { kubectl } from './support/kubectl.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { eventsOf, serveReportApis, storedReports, type StoredReport } from './support/report-apis.ts';
import { giveRights, may } from './support/rights.ts';
import { findingOf, startSweeper, type Sweeper } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(180_000);

const CLIENT_CA = 'kubelet-client-ca';
const PLANE = 'kubelet-guard-control-plane';
/** The sweeps are those that the tests ask for. */
const SWEEP = { interval: '1h', timeout: '15s', evidence: ['handshake', 'configz', 'flagz'] };
const EXEMPTION = { control: CLIENT_CA, subject: 'node/open', reason: 'an appliance', expires: '2999-12-31' };

interface Role extends KubeObject {
  readonly rules: readonly { readonly resources?: readonly string[]; readonly verbs: readonly string[] }[];
}

describeWith(
  { ...NODE_NEEDS, tools: [...NODE_NEEDS.tools, 'kubectl'] },
  'the stored reports follow the configuration',
  () => {
    const cleanup = new Cleanup();
    let plane: ControlPlane;
    let sweeper: Sweeper;

    beforeAll(async () => {
      plane = await startControlPlane(cleanup);
      const kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
      await serveReportApis(plane.admin);
      await Promise.all([
        startNode(cleanup, plane, 'open', WITHOUT_CLIENT_CA),
        startNode(cleanup, plane, 'steady', COMPLIANT),
      ]);
      sweeper = await startSweeper(cleanup, plane, kubeconfig, SWEEP);
    }, 150_000);
    afterAll(() => cleanup.run(), 60_000);

    const nodeReport = async (node: string): Promise<StoredReport | undefined> =>
      (await storedReports(plane.admin, 'wgpolicyk8s')).get(`kubelet-guard-node-${node}`);
    const violations = async () =>
      (await eventsOf(plane.admin)).filter(
        ({ reason, involvedObject, message }) =>
          reason === 'KubeletGuardViolation' && involvedObject.name === 'open' && message.includes(CLIENT_CA),
      );
    const counted = (result: string) => sweeper.metric('kubelet_guard_findings', { control: CLIENT_CA, result });

    /** Waits until the API server knows whether the sweeper may delete reports. */
    const mayDelete = (expected: boolean) => {
      const wish = { verb: 'delete', group: 'wgpolicyk8s.io', resource: 'clusterpolicyreports' };
      return eventually('the changed right to take effect', async () =>
        (await may(plane.admin, 'kubelet-guard-sweeper', wish)) === expected ? true : undefined,
      );
    };

    test('the report of the control plane says when everything was last checked, and the others are not written again', async () => {
      await sweeper.nextReport({ after: new Date(0) });
      const before = await storedReports(plane.admin, 'wgpolicyk8s');
      const report = await sweeper.sweepNow();
      const after = await storedReports(plane.admin, 'wgpolicyk8s');

      const annotation = "jsonpath={.metadata.annotations['kubelet-guard\\.dev/last-complete-sweep']}";
      const { stdout } = await kubectl(plane, ['get', 'clusterpolicyreport', PLANE, '-o', annotation]);
      expect(stdout).toBe(report.run.startedAt);
      const versions = (stored: typeof before, written: boolean) =>
        [...stored.values()]
          .filter(({ metadata }) => (metadata.name === PLANE) === written)
          .map(({ metadata }) => metadata.resourceVersion);
      expect(versions(after, false)).toEqual(versions(before, false));
      expect(versions(after, true)).not.toEqual(versions(before, true));
    });

    test('an exemption makes the finding a skipped one everywhere, and its end an Event', async () => {
      expect([await counted('fail'), await counted('exempt')]).toEqual([1, 0]);
      expect(await violations()).toHaveLength(1);
      await sweeper.configure({ sweep: SWEEP, exemptions: [EXEMPTION] });
      const exempt = await sweeper.sweepNow();

      expect(exempt.link).toMatchObject({ result: 'pass', kubelets: { pass: 1, fail: 0, exempted: 1 } });
      expect(exempt.summary.exempted).toBe(1);
      expect(exempt.summary.fail).toBe(
        exempt.findings.filter(({ result, exempted }) => result === 'fail' && !exempted).length,
      );
      expect(findingOf(exempt, CLIENT_CA, 'open')).toMatchObject({
        result: 'fail',
        exempted: { reason: 'an appliance' },
      });
      expect([await counted('fail'), await counted('exempt')]).toEqual([0, 1]);
      expect((await nodeReport('open'))?.summary).toMatchObject({ fail: 0, skip: 1 });

      await sweeper.configure({ sweep: SWEEP });
      const ended = await sweeper.sweepNow();

      expect(ended.link).toMatchObject({ result: 'fail', kubelets: { pass: 1, fail: 1 } });
      expect(ended.summary.exempted).toBeUndefined();
      expect([await counted('fail'), await counted('exempt')]).toEqual([1, 0]);
      expect(await violations()).toHaveLength(2);
    });

    test('another API gets the reports, and those of the old one are removed', async () => {
      await sweeper.configure({ sweep: { ...SWEEP, reports: 'openreports' } });
      await sweeper.sweepNow();

      expect([...(await storedReports(plane.admin, 'openreports')).keys()].toSorted()).toEqual([
        PLANE,
        'kubelet-guard-node-open',
        'kubelet-guard-node-steady',
      ]);
      const { stdout, stderr } = await kubectl(plane, ['get', 'clusterpolicyreport']);
      expect([stdout, stderr.trim()]).toEqual(['', 'No resources found']);
      await sweeper.configure({ sweep: SWEEP });
      await sweeper.sweepNow();
      expect((await storedReports(plane.admin, 'openreports')).size).toBe(0);
      expect((await storedReports(plane.admin, 'wgpolicyk8s')).size).toBe(3);
    });

    test('none without the right to delete them: the log has the command, once, and with it they are gone', async () => {
      const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/kubelet-guard-sweeper';
      const role = succeeded(await plane.admin.get(path)).body as Role;
      const rules = role.rules.map((rule) =>
        rule.resources?.some((name) => name.endsWith('reports')) === true
          ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'delete') }
          : rule,
      );
      succeeded(await plane.admin.send('PUT', path, { ...role, rules }));
      await mayDelete(false);
      await sweeper.configure({ sweep: { ...SWEEP, reports: 'none' } });
      await sweeper.sweepNow();
      await sweeper.sweepNow();

      const lines = sweeper.entries().filter(({ command }) => command !== undefined);
      expect(lines).toMatchObject([{ api: 'wgpolicyk8s' }]);
      const command = String(lines[0]?.command);
      expect(command).toBe('kubectl delete clusterpolicyreports -l app.kubernetes.io/managed-by=kubelet-guard');
      expect((await storedReports(plane.admin, 'wgpolicyk8s')).size).toBe(3);
      expect((await kubectl(plane, command.split(' ').slice(1))).code).toBe(0);
      expect((await storedReports(plane.admin, 'wgpolicyk8s')).size).toBe(0);

      const current = succeeded(await plane.admin.get(path)).body as Role;
      succeeded(await plane.admin.send('PUT', path, { ...current, rules: role.rules }));
      await mayDelete(true);
      await sweeper.configure({ sweep: SWEEP });
      await sweeper.sweepNow();
      expect((await storedReports(plane.admin, 'wgpolicyk8s')).size).toBe(3);
    });

    test('none removes them all', async () => {
      await sweeper.configure({ sweep: { ...SWEEP, reports: 'none' } });
      await sweeper.sweepNow();

      const { stdout, stderr } = await kubectl(plane, ['get', 'clusterpolicyreport']);
      expect([stdout, stderr.trim()]).toEqual(['', 'No resources found']);
    });
  },
);
