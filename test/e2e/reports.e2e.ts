import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

import { createHistory, type SweepHistory } from '../../src/sweeper/reports/history.ts';
import type { ReportsSetting } from '../../src/sweeper/reports/api.ts';
import { REPORT_RESOURCES, type ReportApi, type ReportSubject } from '../../src/outputs/cluster/objects.ts';
import type { Api } from '../../src/kube/api.ts';
import { connectCluster } from '../../src/kube/cluster.ts';
import { digest } from '../../src/runtime/digest.ts';
import { eventSink } from '../../src/kube/objects/events.ts';
import { reportClient } from '../../src/kube/objects/reports.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../support/findings.ts';
import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { addAccount, may } from './support/rights.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(120_000);

const { signal } = new AbortController();
const APIS = ['wgpolicyk8s', 'openreports'] as const;
const T1 = '2026-11-23T06:00:00.000Z';
const T2 = '2026-11-23T06:10:00.000Z';
const T3 = '2026-11-23T06:20:00.000Z';

/** Only the rights that the sweeper needs for reports and Events. */
const RIGHTS = [
  {
    apiGroups: ['wgpolicyk8s.io', 'openreports.io'],
    resources: ['clusterpolicyreports', 'clusterreports'],
    verbs: ['get', 'list', 'create', 'update', 'delete'],
  },
  { apiGroups: [''], resources: ['events'], verbs: ['create'] },
];

interface Stored extends KubeObject {
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly reason?: string;
}

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'reports and Events in a cluster', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let api: Api;
  const uids = new Map<string, string>();

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    const kubeconfig = await addAccount(plane, 'sweeper', RIGHTS);
    await eventually(
      'the API server to know these rights',
      async () => (await may(plane.admin, 'sweeper', { verb: 'create', resource: 'events' })) || undefined,
    );
    const cluster = await connectCluster({ kubeconfig });
    if (cluster === undefined) throw new Error('there is no cluster');
    api = cluster.request;
    for (const name of ['node-a', 'node-b', 'node-c']) {
      const created = succeeded(await plane.admin.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } }));
      uids.set(name, (created.body as KubeObject).metadata.uid ?? '');
    }
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  test('without either API no report is stored, and Events are still created', async () => {
    const replica = replicaOf('auto');
    expect(await sweep(replica.history, T1, ['node-a'], 'fail')).toEqual([]);

    expect(replica.chosen).toEqual(['none']);
    expect(await eventsOf('node-a')).toMatchObject([{ reason: 'KubeletGuardViolation', type: 'Warning' }]);
    await removeAll();
  });

  test.each(APIS)('%s: a report is stored unchanged, and written only once', async (which) => {
    await install(which);
    const replica = replicaOf(which);
    expect(await sweep(replica.history, T1, ['node-a', 'node-b', 'node-c'], 'fail')).toEqual([]);

    const reports = await reportsOf(which);
    expect(reports.map(({ metadata }) => metadata.name)).toEqual([
      'kubelet-guard-control-plane',
      'kubelet-guard-node-node-a',
      'kubelet-guard-node-node-b',
      'kubelet-guard-node-node-c',
    ]);
    expect(reports[1]).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'Node', name: 'node-a', uid: uids.get('node-a') }] },
      summary: { pass: 0, fail: 1, warn: 0, error: 0, skip: 0 },
      results: [{ policy: 'kubelet-client-ca', result: 'fail', rule: '4.2.3', timestamp: { seconds: 1_795_413_600 } }],
    });
    const versions = reports.map(({ metadata }) => metadata.resourceVersion);

    // another replica, which has only the stored report: it would write again if the API server had dropped a field
    const next = replicaOf(which);
    expect(await sweep(next.history, T2, ['node-a', 'node-b', 'node-c'], 'fail')).toEqual([]);

    expect(next.wrote).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged']);
    expect((await reportsOf(which)).map(({ metadata }) => metadata.resourceVersion)).toEqual(versions);
    await removeAll();
  });

  test.each(APIS)(
    '%s: two replicas, in turn or at the same time, leave one report and one Event for each change',
    async (which) => {
      const [first, second] = [replicaOf(which), replicaOf(which)];
      await sweep(first.history, T1, ['node-a'], 'pass');
      await second.history.load(signal);
      expect(await sweep(first.history, T2, ['node-a'], 'fail')).toEqual([]);
      // this replica read the reports before the first one wrote, so its version is old
      expect(await keep(second.history, T3, 'node-a', 'fail')).toEqual([]);
      expect(second.wrote).toEqual(['unchanged']);
      expect(await sweep(second.history, T3, ['node-a'], 'pass')).toEqual([]);

      const events = await eventsOf('node-a');
      expect(events.map(({ reason }) => reason).sort()).toEqual(['KubeletGuardResolved', 'KubeletGuardViolation']);
      expect(await reportsOf(which)).toHaveLength(2);
      await removeAll();
    },
  );

  test.each(APIS)('%s: the report of a deleted node is removed, and no other report', async (which) => {
    const { apiVersion, kind, plural } = REPORT_RESOURCES[which];
    const foreign = { apiVersion, kind, metadata: { name: 'kubelet-guard-node-node-c' }, results: [] };
    succeeded(await plane.admin.send('POST', `/apis/${apiVersion}/${plural}`, foreign));
    const replica = replicaOf(which);
    const problems = await sweep(replica.history, T1, ['node-a', 'node-b', 'node-c'], 'pass');
    expect(problems).toMatchObject([{ source: { object: `${kind} kubelet-guard-node-node-c` } }]);

    await sweep(replica.history, T2, ['node-a'], 'pass');

    expect((await reportsOf(which)).map(({ metadata }) => metadata.name)).toEqual([
      'kubelet-guard-control-plane',
      'kubelet-guard-node-node-a',
      'kubelet-guard-node-node-c',
    ]);
    await removeAll();
  });

  test('if both APIs are served, the reports move from one to the other', async () => {
    await sweep(replicaOf('openreports').history, T1, ['node-a'], 'fail');
    const replica = replicaOf('auto');

    expect(await sweep(replica.history, T2, ['node-a'], 'fail')).toEqual([]);

    expect(replica.chosen).toEqual(['wgpolicyk8s']);
    expect(await reportsOf('openreports')).toEqual([]);
    expect(await reportsOf('wgpolicyk8s')).toMatchObject([{}, { results: [{ properties: { since: T1 } }] }]);
    expect(await eventsOf('node-a')).toHaveLength(1);
  });

  function replicaOf(setting: ReportsSetting) {
    const wrote: string[] = [];
    const chosen: string[] = [];
    const history = createHistory({
      reports: reportClient(api),
      announce: eventSink(api),
      digest,
      setting: () => setting,
      callbacks: {
        onApiChosen: (which) => chosen.push(which),
        onWrite: (result) => wrote.push(result),
        onReadError: (reason) => {
          if (reason !== undefined) throw new Error(reason);
        },
        onLeftBehind: (which) => {
          throw new Error(`reports of ${which} are left behind`);
        },
        onUnreadable: (report) => {
          throw new Error(`${report} cannot be read back`);
        },
      },
    });
    return { history, wrote, chosen };
  }

  async function sweep(history: SweepHistory, at: string, nodes: readonly string[], result: keyof typeof outcomes) {
    await history.load(signal);
    const plain = { outcome: outcomes[result] };
    const look = { at, isPartial: false, exemptionFor: () => undefined };
    const problems = [...(await history.save({ kind: 'control-plane' }, [apiServerFinding(plain)], look, signal))];
    for (const name of nodes) problems.push(...(await keep(history, at, name, result)));
    problems.push(...(await history.deleteStale((name) => nodes.includes(name), signal)));
    return problems;
  }

  function keep(history: SweepHistory, at: string, name: string, result: keyof typeof outcomes) {
    const about: ReportSubject = { kind: 'node', name, uid: uids.get(name) ?? '' };
    const finding = kubeletFinding({
      subject: { component: 'kubelet', kind: 'Node', name, node: name },
      source: { node: name, via: 'configz' },
      outcome: outcomes[result],
    });
    return history.save(about, [finding], { at, isPartial: false, exemptionFor: () => undefined }, signal);
  }

  async function install(which: ReportApi): Promise<void> {
    const { apiVersion, plural } = REPORT_RESOURCES[which];
    const path = `../fixtures/crds/${apiVersion.split('/')[0] ?? ''}_${plural}.yaml`;
    const definition = parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as KubeObject;
    succeeded(await plane.admin.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition));
    await eventually(`${plural} to be served`, async () => {
      succeeded(await plane.admin.get(`/apis/${apiVersion}/${plural}`));
      const { resources } = succeeded(await plane.admin.get(`/apis/${apiVersion}`)).body as { resources: unknown[] };
      return resources.length > 0 ? true : undefined;
    });
  }

  async function reportsOf(which: ReportApi): Promise<readonly Stored[]> {
    const { apiVersion, plural } = REPORT_RESOURCES[which];
    return itemsOf(`/apis/${apiVersion}/${plural}`);
  }

  async function eventsOf(node: string): Promise<readonly Stored[]> {
    const selector = `involvedObject.name=${node},involvedObject.uid=${uids.get(node) ?? ''}`;
    return itemsOf(`/api/v1/namespaces/default/events?fieldSelector=${encodeURIComponent(selector)}`);
  }

  async function itemsOf(path: string): Promise<readonly Stored[]> {
    return (succeeded(await plane.admin.get(path)).body as { items: readonly Stored[] }).items;
  }

  /** Deletes all reports and Events for the next test. */
  async function removeAll(): Promise<void> {
    const collections = [
      '/api/v1/namespaces/default/events',
      '/api/v1/namespaces/kube-system/events',
      ...APIS.map((which) => `/apis/${REPORT_RESOURCES[which].apiVersion}/${REPORT_RESOURCES[which].plural}`),
    ];
    for (const path of collections) await plane.admin.send('DELETE', path);
  }
});
