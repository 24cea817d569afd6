import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { MIN_REST } from '../../src/sweeper/schedule.ts';
import { succeeded } from './support/api.ts';
import { describeWith, testSince } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { startHostileNodes } from './support/hostile.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, untilReady, type ClusterNode } from './support/node.ts';
import { runCli } from './support/product.ts';
import { eventsOf, serveReportApis, storedReports } from './support/report-apis.ts';
import { giveRights } from './support/rights.ts';
import { CA_FILE, kubeletConfigMap } from './support/samples.ts';
import { findingOf, startSweeper, sweepConfiguration, type Sweeper } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(240_000);

const CLIENT_CA = 'kubelet-client-ca';
const INTERVAL = 60_000;
/** The timeout of each call. */
const TIMEOUT = 8_000;
const EVIDENCE = ['handshake', 'configz', 'flagz'];
const SETTINGS = {
  interval: `${INTERVAL / 1000}s`,
  jitter: '0%',
  timeout: `${TIMEOUT / 1000}s`,
  evidence: EVIDENCE,
};
const SWEEPS = 'kubelet_guard_sweep_duration_seconds_count';

describeWith(NODE_NEEDS, 'the background sweeper', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let kubeconfig: string;
  let changing: ClusterNode;
  let sweeper: Sweeper;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
    await serveReportApis(plane.admin);
    const nodes = await Promise.all([
      startNode(cleanup, plane, 'changing', COMPLIANT),
      startNode(cleanup, plane, 'steady', COMPLIANT),
    ]);
    [changing] = nodes;
    // later this change of a Node would start another sweep
    for (const node of nodes) await untilReady(plane.admin, node);
    sweeper = await startSweeper(cleanup, plane, kubeconfig, SETTINGS);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  function clientCA(report: GuardReport | undefined, node = changing.name) {
    const finding = report && findingOf(report, CLIENT_CA, node);
    return { result: finding?.result, drift: finding?.drift };
  }

  /**
   * The first report of a sweep since then in which the client CA of the node has this result. Such a sweep can start before one is
   * requested, because the Node changes when its kubelet starts.
   */
  function firstReport(after: Date, result: 'pass' | 'fail', within = INTERVAL): Promise<GuardReport> {
    const probe = async () => {
      const report = await sweeper.report();
      const isLater = report !== undefined && new Date(report.run.startedAt) >= after;
      return isLater && clientCA(report).result === result ? report : undefined;
    };
    return eventually(`a report with ${result}`, probe, { within, context: sweeper.program.tail });
  }

  /** The reasons of the Events about a node, in alphabetical order. */
  async function reasons(node = changing.name): Promise<readonly string[]> {
    const events = await eventsOf(plane.admin);
    expect(events.map(({ count }) => count)).toEqual(events.map(() => 1));
    return events
      .filter(({ involvedObject, message }) => involvedObject.name === node && message.includes(CLIENT_CA))
      .map(({ reason }) => reason)
      .toSorted();
  }

  // whatever happens to the cluster, the same process keeps running
  afterEach(() => {
    expect(sweeper.program.exit()).toBeUndefined();
  });

  test('sweeps soon after its start, and a compliant cluster passes', async () => {
    const report = await sweeper.nextReport({ after: new Date(0) });

    expect(report.run).toMatchObject({ entrance: 'serve', complete: true, problems: [] });
    expect(report.link).toMatchObject({ result: 'pass', kubelets: { pass: 2, fail: 0, unknown: 0 } });
    expect(report.link?.acceptedAuthorities).toEqual([{ name: 'CN=e2e-ca', kubelets: 2 }]);
    expect(report.summary).toMatchObject({ fail: 0, unknown: 0 });
    expect(report.findings.filter(({ drift }) => drift !== undefined)).toEqual([]);
    expect(await eventsOf(plane.admin)).toEqual([]);
  });

  test('writes one report for each node, which the node owns, and one for the control plane', async () => {
    const stored = await eventually('the reports', async () => {
      const found = await storedReports(plane.admin, 'wgpolicyk8s');
      return found.size >= 3 ? found : undefined;
    });

    const names = ['kubelet-guard-control-plane', 'kubelet-guard-node-changing', 'kubelet-guard-node-steady'];
    expect([...stored.keys()].toSorted()).toEqual(names);
    const node = (await plane.admin.get('/api/v1/nodes/changing')).body as { metadata: { uid: string } };
    expect(stored.get('kubelet-guard-node-changing')?.metadata.ownerReferences).toMatchObject([
      { kind: 'Node', name: 'changing', uid: node.metadata.uid },
    ]);
    expect((await storedReports(plane.admin, 'openreports')).size).toBe(0);
  });

  test('serves metrics', async () => {
    const metric = (name: string, labels?: Record<string, string>) => sweeper.metric(`kubelet_guard_${name}`, labels);

    expect(await metric('leader')).toBe(1);
    expect(await metric('findings', { control: CLIENT_CA, result: 'pass' })).toBe(2);
    expect(await metric('sweep_nodes', { result: 'pass' })).toBe(2);
    expect(await metric('sweep_duration_seconds_count', { result: 'complete' })).toBeGreaterThan(0);
    const success = (await metric('sweep_last_success_timestamp_seconds')) ?? 0;
    expect(Math.abs(Date.now() / 1000 - success)).toBeLessThan(INTERVAL / 1000);
    expect(await metric('report_writes_total', { result: 'written' })).toBe(3);
  });

  test('a kubelet whose settings got worse is new drift within one interval', async () => {
    const before = new Date();
    await changing.restart(WITHOUT_CLIENT_CA);

    // nothing requests a sweep here; the rest of the time is for a machine that stalls
    const report = await firstReport(before, 'fail', 1.5 * INTERVAL);

    expect(clientCA(report)).toEqual({ result: 'fail', drift: { state: 'new', since: report.run.startedAt } });
    expect(clientCA(report, 'steady')).toEqual({ result: 'pass' });
    expect(report.link).toMatchObject({ result: 'fail', kubelets: { pass: 1, fail: 1, unknown: 0 } });
    expect(await sweeper.metric('kubelet_guard_findings', { control: CLIENT_CA, result: 'fail' })).toBe(1);
    expect(await reasons()).toEqual(['KubeletGuardViolation']);
    expect((await storedReports(plane.admin, 'wgpolicyk8s')).get('kubelet-guard-node-changing')?.summary.fail).toBe(1);
  });

  /**
   * Requests sweeps until one that began after that time is complete: an API server that has just started does not serve everything
   * yet. The sweeper may start that sweep itself.
   */
  function sweptAgain(after: Date): Promise<GuardReport> {
    const ended = async () => (await sweeper.metric(SWEEPS)) ?? 0;
    const probe = async () => {
      const report = await sweeper.report();
      if (report !== undefined && new Date(report.run.startedAt) >= after) return report;
      const before = await ended();
      // it may not lead at the moment
      if ((await sweeper.trigger()).status !== 202) return undefined;
      await eventually('the sweep to end', async () => ((await ended()) > before ? true : undefined));
      return undefined;
    };
    return eventually('a complete sweep', probe, { within: 90_000, context: sweeper.program.tail });
  }

  /** The version of the report of a node, which every write changes. */
  async function versionOf(node: string): Promise<string | undefined> {
    const stored = await storedReports(plane.admin, 'wgpolicyk8s');
    return stored.get(`kubelet-guard-node-${node}`)?.metadata.resourceVersion;
  }

  test('an unchanged violation persists, without another Event or another write', async () => {
    const since = clientCA(await sweeper.report()).drift?.since ?? '';
    await sweeper.sweepNow(); // from new to persisting
    const version = await versionOf('changing');

    const report = await sweeper.sweepNow();

    expect(clientCA(report)).toEqual({ result: 'fail', drift: { state: 'persisting', since } });
    expect(await reasons()).toEqual(['KubeletGuardViolation']);
    expect(await versionOf('changing')).toBe(version);
  });

  test('a violation stays in the report while the kubelet cannot be reached', async () => {
    const since = clientCA(await sweeper.report()).drift?.since ?? '';
    await changing.stop();

    const after = new Date();
    sweeper.program.kill('SIGUSR1');
    const unreachable = await sweeper.nextReport({ after });
    await changing.restart();
    const back = await sweeper.sweepNow();

    expect(clientCA(unreachable)).toEqual({ result: 'unknown', drift: { state: 'persisting', since } });
    expect(unreachable.link?.kubelets).toEqual({ pass: 1, fail: 0, unknown: 1 });
    expect(clientCA(back)).toEqual({ result: 'fail', drift: { state: 'persisting', since } });
    expect(await reasons()).toEqual(['KubeletGuardViolation']);
  });

  test('a file that is fixed while the kubelet keeps running is a disagreement', async () => {
    const after = new Date();
    succeeded(await plane.admin.create(kubeletConfigMap(CA_FILE)));
    changing.edit(COMPLIANT);

    // the ConfigMap is watched: nothing requests this sweep either
    const report = await eventually(
      'a sweep with the ConfigMap',
      async () => {
        const last = await sweeper.nextReport({ after, within: INTERVAL / 2 });
        const { otherEvidence = [] } = findingOf(last, CLIENT_CA, 'changing') ?? {};
        return otherEvidence.some(({ vantage }) => vantage === 'declared') ? last : undefined;
      },
      { within: INTERVAL / 2, context: sweeper.program.tail },
    );

    const finding = findingOf(report, CLIENT_CA, 'changing');
    expect(finding).toMatchObject({ result: 'fail', vantage: 'live', drift: { state: 'persisting' } });
    expect(finding?.otherEvidence).toContainEqual(
      expect.objectContaining({
        source: { object: 'ConfigMap kube-system/kubelet-config' },
        vantage: 'declared',
        result: 'pass',
        agrees: false,
        evidence: [expect.objectContaining({ value: CA_FILE })],
      }),
    );
    expect(findingOf(report, CLIENT_CA, 'steady')?.otherEvidence?.filter(({ agrees }) => !agrees)).toEqual([]);
    // there is no Event for it: a setting of all nodes would be repeated for each of thousands of nodes
    expect(await reasons()).toEqual(['KubeletGuardViolation']);
  });

  test('a restart of the kubelet resolves the violation', async () => {
    const before = new Date();
    await changing.restart();

    const [report] = await Promise.all([firstReport(before, 'pass'), sweeper.trigger()]);
    const later = await sweeper.sweepNow();

    expect(clientCA(report)).toEqual({ result: 'pass', drift: { state: 'resolved', since: report.run.startedAt } });
    expect(clientCA(later)).toEqual({ result: 'pass' });
    expect(later.link?.result).toBe('pass');
    expect(later.findings.flatMap(({ otherEvidence = [] }) => otherEvidence.filter(({ agrees }) => !agrees))).toEqual(
      [],
    );
    expect(await reasons()).toEqual(['KubeletGuardResolved', 'KubeletGuardViolation']);
  });

  testSince(36)('an API server that loses its key is drift of the control plane', async () => {
    const lost = new Date();
    await plane.restart({ without: ['--kubelet-client-key'] });
    const worse = await sweptAgain(lost);
    const returned = new Date();
    await plane.restart();
    const fixed = await sweptAgain(returned);

    expect(worse.link).toMatchObject({ result: 'fail', apiServers: [{ result: 'fail' }] });
    const finding = worse.findings.find(({ control }) => control === 'apiserver-kubelet-client-cert');
    expect(finding).toMatchObject({ source: { via: 'flagz' }, drift: { state: 'new' } });
    expect(fixed.link).toMatchObject({ result: 'pass' });
    expect(fixed.findings.filter(({ drift }) => drift !== undefined)).toMatchObject([
      { control: 'apiserver-kubelet-client-cert', drift: { state: 'resolved' } },
    ]);
    const events = (await eventsOf(plane.admin)).filter(({ message }) =>
      message.includes('apiserver-kubelet-client-cert'),
    );
    expect(events.map(({ reason }) => reason).toSorted()).toEqual(['KubeletGuardResolved', 'KubeletGuardViolation']);
  });

  test('without etcd a sweep ends in time, and changes nothing', async () => {
    await changing.restart(WITHOUT_CLIENT_CA);
    const before = await sweeper.sweepNow();
    const [events, reports] = [await eventsOf(plane.admin), await storedReports(plane.admin, 'wgpolicyk8s')];
    const ended = async () => {
      const ends = ['partial', 'failed'].map((result) => sweeper.metric(SWEEPS, { result }));
      return (await Promise.all(ends)).reduce<number>((sum, count) => sum + (count ?? 0), 0);
    };
    // then a requested sweep starts at once: without etcd this replica leads for 10 s at most
    await eventually('the pause after the sweep to end', async () => {
      const last = await sweeper.report();
      return last !== undefined && Date.now() > Date.parse(last.run.finishedAt) + MIN_REST ? true : undefined;
    });
    const endedBefore = await ended();

    const stopped = new Date();
    await plane.etcd.stop();
    const { status } = await sweeper.trigger();
    await eventually('the sweep to end', async () => ((await ended()) > endedBefore ? true : undefined), {
      within: 40_000,
      context: sweeper.program.tail,
    });
    const meanwhile = await sweeper.report();
    await plane.etcd.start();

    expect(status).toBe(202);
    // that of a sweep before
    expect(Date.parse(meanwhile?.run.startedAt ?? '')).toBeLessThan(stopped.getTime());
    const after = await sweptAgain(stopped);
    expect(clientCA(after)).toEqual({
      result: 'fail',
      drift: { state: 'persisting', since: clientCA(before).drift?.since },
    });
    const names = (all: Iterable<{ readonly metadata: { readonly name: string } }>) =>
      Array.from(all, ({ metadata }) => metadata.name).toSorted();
    expect(names(await eventsOf(plane.admin))).toEqual(names(events));
    expect(names((await storedReports(plane.admin, 'wgpolicyk8s')).values())).toEqual(names(reports.values()));
    await changing.restart(COMPLIANT);
    await sweeper.sweepNow();
  });

  test('hostile kubelets delay no other node, and the report of a deleted node is removed', async () => {
    const nodes = new Cleanup();
    cleanup.add(() => nodes.run());
    await startHostileNodes(nodes, plane);
    const report = await sweeper.sweepNow({ within: 90_000 });
    const hostile = report.findings.filter(({ subject }) => subject.name.startsWith('hostile-'));

    expect(report.run.complete).toBe(true);
    // one after the other, those that never answer would take three times the timeout
    const took = Date.parse(report.run.finishedAt) - Date.parse(report.run.startedAt);
    expect(took).toBeLessThan(2 * TIMEOUT);
    expect(hostile.length).toBeGreaterThan(16);
    expect(hostile.filter(({ result }) => result === 'pass')).toEqual([]);
    expect(clientCA(report, 'steady')).toEqual({ result: 'pass' });

    for (const name of new Set(hostile.map(({ subject }) => subject.name))) {
      succeeded(await plane.admin.send('DELETE', `/api/v1/nodes/${name}`));
    }
    await nodes.run();
    const later = await sweeper.sweepNow({ within: 90_000 });
    expect(later.findings.filter(({ subject }) => subject.name.startsWith('hostile-'))).toEqual([]);
    const stored = await eventually('the reports of the nodes to be deleted', async () => {
      const found = await storedReports(plane.admin, 'wgpolicyk8s');
      return found.size === 3 ? found : undefined;
    });
    expect(stored.has('kubelet-guard-node-changing')).toBe(true);
  });

  test('the sweep command has the same findings, and the exit code for them', async () => {
    const config = plane.write('by-hand.json', sweepConfiguration(SETTINGS));
    const args = ['sweep', '--kubeconfig', kubeconfig, '--config', config, '--output', 'json'];

    const good = await runCli(args);
    await changing.stop();
    const unreachable = await runCli(args);
    await changing.restart(WITHOUT_CLIENT_CA);
    const bad = await runCli(args);
    await changing.restart(COMPLIANT);

    expect([good.code, unreachable.code, bad.code]).toEqual([0, 3, 1]);
    expect((JSON.parse(good.stdout) as GuardReport).link?.result).toBe('pass');
  });
});
