import { beforeEach, describe, expect, test } from '@jest/globals';

import { createHistory, type SweepHistory } from '../../../src/sweeper/reports/history.ts';
import type { ReportsSetting } from '../../../src/sweeper/reports/api.ts';
import { findingKey } from '../../../src/policy/finding-key.ts';
import type { Exemption } from '../../../src/policy/control.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { Outcome } from '../../../src/policy/outcome.ts';
import type { ReportSubject } from '../../../src/outputs/cluster/objects.ts';
import { ApiFault } from '../../../src/kube/api.ts';
import { digest } from '../../../src/runtime/digest.ts';
import { eventSink } from '../../../src/kube/objects/events.ts';
import { reportClient } from '../../../src/kube/objects/reports.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../../support/findings.ts';
import { OPEN, reportWorld, status, WG, type ReportWorld } from './report-world.ts';

const { signal } = new AbortController();
const T1 = '2026-11-23T06:00:00.000Z';
const T2 = '2026-11-23T06:10:00.000Z';
const T3 = '2026-11-23T06:20:00.000Z';
const T4 = '2026-11-23T06:30:00.000Z';
const PLANE = { kind: 'control-plane' } as const;

function node(name: string, uid = `uid-of-${name}`): ReportSubject & { kind: 'node' } {
  return { kind: 'node', name, uid };
}

function finding(about: { name: string }, outcome: Outcome, parts: Partial<Finding> = {}): Finding {
  const { name } = about;
  return kubeletFinding({
    subject: { component: 'kubelet', kind: 'Node', name, node: name },
    source: { node: name, via: 'configz' },
    vantage: 'live',
    surface: 'process',
    outcome,
    ...parts,
  });
}

const contradicted = {
  others: [
    {
      source: { node: 'n', via: 'handshake' },
      vantage: 'live',
      result: 'fail',
      agrees: false,
      evidence: [],
      problems: [],
    },
  ],
} as const;

/** A replica of the sweeper. */
class Replica {
  readonly history: SweepHistory;
  readonly wrote: string[] = [];
  readonly chosen: string[] = [];
  readonly unreadable: string[] = [];
  readonly leftBehind: string[] = [];
  readonly lost: (string | undefined)[] = [];

  /** Of each sweep. */
  exemption: Exemption | undefined;

  constructor(world: ReportWorld, setting: () => ReportsSetting = () => 'auto', exemption?: Exemption) {
    this.exemption = exemption;
    this.history = createHistory({
      reports: reportClient(world.api),
      announce: eventSink(world.api),
      digest,
      setting,
      callbacks: {
        onApiChosen: (api) => this.chosen.push(api),
        onWrite: (result) => this.wrote.push(result),
        onReadError: (reason) => this.lost.push(reason),
        onLeftBehind: (api) => this.leftBehind.push(api),
        onUnreadable: (report) => this.unreadable.push(report),
      },
    });
  }

  /** One complete sweep over these nodes. Returns its problems. */
  async sweep(at: string, nodes: Readonly<Record<string, Outcome>>, parts: Partial<Finding> = {}) {
    await this.history.load(signal);
    const problems = [];
    for (const [name, outcome] of Object.entries(nodes)) {
      const about = node(name);
      problems.push(...(await this.keep(about, [finding(about, outcome, parts)], at)));
    }
    problems.push(...(await this.history.deleteStale((name) => name in nodes, signal)));
    return problems;
  }

  keep(about: ReportSubject, findings: readonly Finding[], at: string, isPartial = false) {
    return this.history.save(about, findings, { at, isPartial, exemptionFor: () => this.exemption }, signal);
  }

  recall(name: string, uid?: string) {
    const about = node(name, uid);
    return this.history.previous(about, findingKey(finding(about, outcomes.pass)));
  }
}

function reasons(world: ReportWorld): unknown[] {
  return world.events().map(({ reason }) => reason);
}

let world: ReportWorld;
beforeEach(() => {
  world = reportWorld(WG);
});

describe('a complete sweep', () => {
  test('writes one report for each node, which the node owns, and an Event for each finding that does not pass', async () => {
    const replica = new Replica(world);

    const problems = await replica.sweep(T1, { a: outcomes.pass, b: outcomes.fail, c: outcomes.unknown });

    expect(problems).toEqual([]);
    expect(world.reports().map(({ metadata }) => metadata)).toMatchObject(
      ['a', 'b', 'c'].map((name) => ({
        name: `kubelet-guard-node-${name}`,
        labels: { 'app.kubernetes.io/managed-by': 'kubelet-guard' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: `uid-of-${name}` }],
      })),
    );
    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardUnknown']);
    expect(replica.wrote).toEqual(['written', 'written', 'written']);
    expect(replica.chosen).toEqual(['wgpolicyk8s']);
  });

  test('with the same findings writes nothing', async () => {
    const replica = new Replica(world);
    const nodes = { a: outcomes.pass, b: outcomes.fail, c: outcomes.unknown };
    await replica.sweep(T1, nodes);
    world.calls.length = 0;

    await replica.sweep(T2, nodes);

    expect(world.writes()).toEqual([]);
    expect(replica.wrote.slice(3)).toEqual(['unchanged', 'unchanged', 'unchanged']);
    expect(replica.recall('b')).toMatchObject({ result: 'fail', since: T1 });
  });

  test('after a restart knows since when a finding exists, and writes nothing', async () => {
    const nodes = { a: outcomes.pass, b: outcomes.fail, c: outcomes.unknown };
    await new Replica(world).sweep(T1, nodes);
    world.calls.length = 0;
    const next = new Replica(world);

    await next.sweep(T2, nodes);

    expect(world.writes()).toEqual([]);
    expect(next.recall('b')).toMatchObject({ result: 'fail', since: T1 });
  });

  test('announces a resolved finding once', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.fail });
    await replica.sweep(T2, { a: outcomes.pass });
    await replica.sweep(T3, { a: outcomes.pass });

    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardResolved']);
    expect(world.events()[1]).toMatchObject({ type: 'Normal', involvedObject: { kind: 'Node', name: 'a' } });
  });

  test('announces the same violation again if it was resolved in between', async () => {
    const replica = new Replica(world);
    for (const [at, outcome] of [
      [T1, outcomes.fail],
      [T2, outcomes.pass],
      [T3, outcomes.fail],
    ] as const)
      await replica.sweep(at, { a: outcome });

    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardResolved', 'KubeletGuardViolation']);
  });

  test('does not resolve a failing node that cannot be asked', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.fail });
    await replica.sweep(T2, { a: outcomes.unknown });
    await replica.sweep(T3, { a: outcomes.fail });

    expect(reasons(world)).toEqual(['KubeletGuardViolation']);
    expect(replica.recall('a')).toMatchObject({ result: 'fail', since: T1 });
  });

  test('announces a contradiction between sources once, when a second sweep sees it too, and stores it', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.pass });
    await replica.sweep(T2, { a: outcomes.pass }, contradicted);
    expect(reasons(world)).toEqual([]);

    const next = new Replica(world);
    await next.sweep(T3, { a: outcomes.pass }, contradicted);
    expect(reasons(world)).toEqual(['KubeletGuardDisagreement']);
    expect(next.recall('a')).toMatchObject({ result: 'pass', disagrees: true, disagreed: true });

    await new Replica(world).sweep(T3, { a: outcomes.pass }, contradicted);
    expect(reasons(world)).toEqual(['KubeletGuardDisagreement']);
  });

  test('deletes the report of a node that no longer exists, and forgets it', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.fail, b: outcomes.fail, c: outcomes.pass });

    await replica.sweep(T2, { c: outcomes.pass });

    expect(world.reports().map(({ metadata }) => metadata.name)).toEqual(['kubelet-guard-node-c']);
    expect(replica.wrote.slice(-2)).toEqual(['removed', 'removed']);
    expect(replica.recall('a')).toBeUndefined();
    expect(replica.recall('c')).toBeDefined();
  });

  test('does not compare with an earlier node of the same name', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.fail });
    await replica.history.load(signal);

    expect(replica.recall('a', 'another')).toBeUndefined();
    const about = node('a', 'another');
    expect(await replica.keep(about, [finding(about, outcomes.fail)], T2)).toEqual([]);

    expect(world.reports()).toMatchObject([{ metadata: { ownerReferences: [{ uid: 'another' }] } }]);
    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardViolation']);
  });

  test('announces no exempt finding, and reports it as skipped', async () => {
    const exemption = {
      control: 'kubelet-client-ca',
      subject: 'node/*',
      reason: 'an appliance',
      expires: '2027-01-31',
    };
    await new Replica(world, () => 'auto', exemption).sweep(T1, { a: outcomes.fail });

    expect(world.events()).toEqual([]);
    expect(world.reports()).toMatchObject([
      { summary: { fail: 0, skip: 1 }, results: [{ result: 'skip', properties: { exempted: 'an appliance' } }] },
    ]);
  });
});

describe('an exemption that no longer applies', () => {
  const exemption = { control: 'kubelet-client-ca', subject: 'node/*', reason: 'r', expires: '2026-11-23' };

  test('makes an Event that says since when the finding fails, once', async () => {
    const replica = new Replica(world, () => 'auto', exemption);
    await replica.sweep(T1, { a: outcomes.fail });
    const other = new Replica(world);
    await other.sweep(T2, { a: outcomes.fail });
    await other.sweep(T3, { a: outcomes.fail });

    expect(reasons(world)).toEqual(['KubeletGuardViolation']);
    expect(world.events()[0]?.message).toContain(`it is so since ${T1}`);
    expect(world.reports()).toMatchObject([
      { summary: { fail: 1, skip: 0 }, results: [{ properties: { since: T1 } }] },
    ]);
  });

  test('makes no Event if the finding passes by then, or if the exemption comes back', async () => {
    const replica = new Replica(world, () => 'auto', exemption);
    await replica.sweep(T1, { a: outcomes.fail, b: outcomes.unknown });
    replica.exemption = undefined;
    await replica.sweep(T2, { a: outcomes.pass, b: outcomes.pass });
    replica.exemption = exemption;
    await replica.sweep(T3, { a: outcomes.fail, b: outcomes.fail });

    expect(reasons(world)).toEqual(['KubeletGuardResolved', 'KubeletGuardResolved']);
  });
});

describe('an incomplete sweep', () => {
  test('announces what got worse, and stores, resolves and forgets nothing', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.fail, b: outcomes.pass });
    const stored = JSON.stringify(world.reports());
    await replica.history.load(signal);
    await replica.keep(node('a'), [finding(node('a'), outcomes.pass)], T2, true);
    await replica.keep(node('b'), [finding(node('b'), outcomes.fail)], T2, true);
    await replica.keep(node('b'), [finding(node('b'), outcomes.fail)], T3, true);

    expect(JSON.stringify(world.reports())).toBe(stored);
    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardViolation']);
    expect(replica.recall('a')).toMatchObject({ result: 'fail', since: T1 });
    expect(replica.recall('b')).toMatchObject({ result: 'pass' });
  });
});

describe('a report API that is down', () => {
  const down = () => {
    world.intercept = ({ path }) => (path.startsWith('/apis/') ? status(503, 'try later') : undefined);
  };
  const up = () => {
    world.intercept = () => undefined;
  };

  test('only delays the stored reports: changes are announced once, and written when the API is back', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.pass, b: outcomes.fail });
    down();
    expect(await replica.sweep(T2, { a: outcomes.fail, b: outcomes.pass })).toEqual([]);
    expect(await replica.sweep(T3, { a: outcomes.fail, b: outcomes.pass })).toEqual([]);

    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardViolation', 'KubeletGuardResolved']);
    expect(replica.recall('a')).toMatchObject({ result: 'fail', since: T2 });
    expect(replica.lost).toEqual([expect.stringContaining('try later')]);
    expect(replica.wrote.slice(2)).toEqual(['failed', 'failed', 'failed', 'failed']);
    up();
    await replica.sweep(T4, { a: outcomes.fail, b: outcomes.pass });

    expect(replica.lost).toHaveLength(2);
    expect(replica.lost[1]).toBeUndefined();
    expect(world.events()).toHaveLength(3);
    expect(world.reports()).toMatchObject([
      { summary: { fail: 1 }, results: [{ properties: { since: T2 } }] },
      { summary: { pass: 1 } },
    ]);
  });

  test('does not keep a process that starts meanwhile from knowing earlier and new findings later', async () => {
    await new Replica(world).sweep(T1, { a: outcomes.fail, b: outcomes.pass, c: outcomes.fail });
    world.objects.forEach((_object, path) => path.includes('/events/') && world.objects.delete(path));
    down();
    const next = new Replica(world);
    await next.sweep(T2, { a: outcomes.fail, b: outcomes.fail, c: outcomes.pass });

    expect(next.history.isLoaded()).toBe(false);
    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardViolation']);
    up();
    await next.sweep(T3, { a: outcomes.fail, b: outcomes.fail, c: outcomes.pass });

    expect(next.recall('a')).toMatchObject({ since: T1 });
    expect(next.recall('b')).toMatchObject({ since: T2 });
    expect(reasons(world).slice(2)).toEqual(['KubeletGuardResolved']);
    expect(world.reports()).toMatchObject([
      { summary: { fail: 1 } },
      { summary: { fail: 1 } },
      { summary: { pass: 1 } },
    ]);
  });

  test('for writes only is not tried for every node', async () => {
    const names = Array.from({ length: 20 }, (_none, index) => `n${index}`);
    world.intercept = ({ method, path }) =>
      method === 'POST' && path.includes('reports') ? new ApiFault('no answer') : undefined;
    const replica = new Replica(world);
    const problems = await replica.sweep(T1, Object.fromEntries(names.map((name) => [name, outcomes.pass])));

    expect(problems).toHaveLength(3);
    expect(world.writes()).toHaveLength(3);
    expect(replica.recall('n19')).toMatchObject({ since: T1 });
    world.intercept = () => undefined;
    await replica.sweep(T2, Object.fromEntries(names.map((name) => [name, outcomes.pass])));
    expect(world.reports()).toHaveLength(20);
  });

  test('because its kind is deleted between two pages, or is forbidden, is handled in the same way', async () => {
    for (const [code, words] of [
      [404, 'not found'],
      [403, 'forbidden'],
      [410, 'too old'],
    ] as const) {
      world = reportWorld(WG);
      const replica = new Replica(world);
      await replica.sweep(T1, { a: outcomes.fail, b: outcomes.fail, c: outcomes.fail });
      world.intercept = ({ path }) => (path.includes('continue=') ? status(code, words) : undefined);
      expect(await replica.sweep(T2, { a: outcomes.fail, b: outcomes.fail, c: outcomes.pass })).toEqual([]);

      expect(replica.lost).toEqual([expect.stringContaining(words)]);
      for (const name of ['a', 'b']) expect(replica.recall(name)).toMatchObject({ since: T1 });
      expect(replica.recall('c')).toMatchObject({ result: 'pass' });
    }
  });
});

describe('two replicas', () => {
  test('that sweep in turn write one report, and one Event for each change', async () => {
    const replicas = [new Replica(world), new Replica(world)];
    const outcomesInTurn = [
      outcomes.pass,
      outcomes.fail,
      outcomes.fail,
      outcomes.unknown,
      outcomes.fail,
      outcomes.pass,
      outcomes.pass,
    ];
    for (const [index, outcome] of outcomesInTurn.entries()) {
      const at = `2026-11-23T07:0${index}:00.000Z`;
      expect(await replicas[index % 2]?.sweep(at, { a: outcome, b: outcomes.pass })).toEqual([]);
    }

    expect(world.reports()).toHaveLength(2);
    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardResolved']);
  });

  test('that sweep at the same time agree on one report, on its times, and on one Event', async () => {
    const first = new Replica(world);
    const second = new Replica(world);
    await first.sweep(T1, { a: outcomes.pass });
    await second.history.load(signal);
    await first.sweep(T2, { a: outcomes.fail });

    expect(await second.keep(node('a'), [finding(node('a'), outcomes.fail)], T3)).toEqual([]);

    expect(second.wrote).toEqual(['unchanged']);
    expect(second.recall('a')).toMatchObject({ since: T2 });
    expect(reasons(world)).toEqual(['KubeletGuardViolation']);
  });

  test('that find a new node at the same time write one report for it', async () => {
    const first = new Replica(world);
    const second = new Replica(world);
    await first.history.load(signal);
    await second.history.load(signal);

    for (const [replica, at] of [
      [first, T1],
      [second, T2],
    ] as const)
      expect(await replica.keep(node('a'), [finding(node('a'), outcomes.fail)], at)).toEqual([]);

    expect(world.reports()).toHaveLength(1);
    expect(world.events()).toHaveLength(1);
    expect(second.recall('a')).toMatchObject({ since: T1 });
  });

  test('that do not sweep forget nodes that the leader deleted', async () => {
    const [leader, follower] = [new Replica(world), new Replica(world)];
    await leader.sweep(T1, { a: outcomes.fail, b: outcomes.fail });
    await follower.history.load(signal);
    await leader.sweep(T2, { b: outcomes.fail });

    await follower.history.load(signal);
    await follower.history.load(signal);

    expect(follower.recall('a')).toBeUndefined();
    expect(follower.recall('b')).toBeDefined();
  });
});

describe('faults', () => {
  test('a crash between Event and report repeats neither of them', async () => {
    await new Replica(world).sweep(T1, { a: outcomes.pass });
    world.intercept = ({ method, path }) =>
      method === 'PUT' && path.includes('reports') ? new ApiFault('connection reset') : undefined;
    const problems = await new Replica(world).sweep(T2, { a: outcomes.fail });
    world.intercept = () => undefined;

    await new Replica(world).sweep(T3, { a: outcomes.fail });

    expect(problems).toMatchObject([{ problem: { code: 'unreachable' } }]);
    expect(world.events()).toHaveLength(1);
    expect(world.reports()).toMatchObject([{ summary: { fail: 1 } }]);
  });

  test('an Event that cannot be created now is created by the next sweep', async () => {
    const replica = new Replica(world);
    world.intercept = ({ path }) => (path.endsWith('/events') ? status(503, 'try later') : undefined);
    expect(await replica.sweep(T1, { a: outcomes.fail })).toMatchObject([{ problem: { code: 'unreachable' } }]);
    world.intercept = () => undefined;

    expect(await replica.sweep(T2, { a: outcomes.fail })).toEqual([]);

    expect(reasons(world)).toEqual(['KubeletGuardViolation']);
    expect(world.reports()).toHaveLength(1);
  });

  test('forbidden Events are reported once, and reports are still stored', async () => {
    const replica = new Replica(world);
    world.intercept = ({ path }) => (path.endsWith('/events') ? status(403, 'no') : undefined);

    const problems = await replica.sweep(T1, { a: outcomes.fail, b: outcomes.fail });

    expect(problems).toMatchObject([{ problem: { code: 'forbidden' } }]);
    expect(world.reports()).toHaveLength(2);
    expect(world.writes().filter((call) => call.endsWith('/events'))).toHaveLength(1);
  });

  test('forbidden reports are reported once, and tried once', async () => {
    const replica = new Replica(world);
    world.intercept = ({ method, path }) =>
      method === 'POST' && path.includes('reports') ? status(403, 'no') : undefined;

    const problems = await replica.sweep(T1, { a: outcomes.pass, b: outcomes.pass, c: outcomes.pass });

    expect(problems).toMatchObject([
      { problem: { code: 'forbidden' }, source: { object: 'ClusterPolicyReport kubelet-guard-node-a' } },
    ]);
    expect(world.writes()).toHaveLength(1);
    expect(replica.wrote).toEqual(['failed', 'failed', 'failed']);
    world.intercept = () => undefined;
    expect(await replica.sweep(T2, { a: outcomes.pass })).toEqual([]);
    expect(replica.wrote.at(-1)).toBe('written');
  });

  test('a conflict that does not end is left to the next sweep', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.pass });
    world.intercept = ({ method }) => (method === 'PUT' ? status(409, 'modified') : undefined);
    world.calls.length = 0;

    const problems = await replica.sweep(T2, { a: outcomes.fail });

    expect(problems).toMatchObject([{ problem: { code: 'ambiguous' } }]);
    expect(world.writes().filter((call) => call.startsWith('PUT'))).toHaveLength(2);
    expect(replica.wrote.at(-1)).toBe('failed');
    expect(replica.recall('a')).toMatchObject({ result: 'fail', since: T2 });
  });

  test('a report that was deleted is re-created', async () => {
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.pass });
    await replica.history.load(signal);
    for (const path of world.objects.keys()) world.objects.delete(path);

    expect(await replica.keep(node('a'), [finding(node('a'), outcomes.fail)], T2)).toEqual([]);

    expect(world.reports()).toMatchObject([{ summary: { fail: 1 } }]);
  });

  test.each([
    ['without our label', {}],
    ['with the label of somebody else', { 'app.kubernetes.io/managed-by': 'Helm' }],
  ])('a report with our name %s is not touched', async (_what, labels) => {
    const foreign = { metadata: { name: 'kubelet-guard-node-a', labels, resourceVersion: '7' }, results: [] };
    world.objects.set(`/apis/${WG}/clusterpolicyreports/kubelet-guard-node-a`, foreign);
    const replica = new Replica(world);

    const problems = await replica.sweep(T1, { a: outcomes.pass });

    expect(problems).toMatchObject([{ problem: { message: expect.stringContaining('without the label') as unknown } }]);
    expect(world.reports()).toEqual([foreign]);
  });

  test('a report with our label and another name is not touched', async () => {
    const labels = { 'app.kubernetes.io/managed-by': 'kubelet-guard' };
    const foreign = { metadata: { name: 'mine', labels, resourceVersion: '7' }, results: [] };
    world.objects.set(`/apis/${WG}/clusterpolicyreports/mine`, foreign);

    await new Replica(world).sweep(T1, {});

    expect(world.reports()).toEqual([foreign]);
  });

  test('a report that somebody changed is updated, and its wrong entries are ignored', async () => {
    await new Replica(world).sweep(T1, { a: outcomes.fail });
    const [report] = world.reports();
    const [result] = report?.results as { properties: Record<string, string> }[];
    if (report === undefined || result === undefined) throw new Error('there is no report');
    const before = JSON.stringify(report.results);
    result.properties.remembered = '{"result":"pass"}';
    report.metadata.resourceVersion = '9999';
    const next = new Replica(world);

    await next.sweep(T1, { a: outcomes.fail });

    expect(next.unreadable).toEqual(['kubelet-guard-node-a']);
    expect(JSON.stringify(world.reports()[0]?.results)).toBe(before);
    expect(world.events()).toHaveLength(1);
  });

  test('a report whose owner somebody changed is re-created for its node', async () => {
    await new Replica(world).sweep(T1, { a: outcomes.fail });
    const [report] = world.reports();
    if (report === undefined) throw new Error('there is no report');
    report.metadata = {
      ...report.metadata,
      resourceVersion: '9999',
      ownerReferences: [{ kind: 'Node', name: 'b', uid: 'b' }],
    } as never;

    expect(await new Replica(world).sweep(T2, { a: outcomes.fail })).toEqual([]);

    expect(world.reports()).toMatchObject([{ metadata: { ownerReferences: [{ name: 'a' }] } }]);
  });
});

describe('the report API', () => {
  test.each([
    ['both, the kind that most readers know', [WG, OPEN], 'wgpolicyk8s'],
    ['only OpenReports', [OPEN], 'openreports'],
    ['neither', [], 'none'],
  ] as const)('is chosen if the cluster serves %s', async (_what, served, wanted) => {
    world = reportWorld(...served);
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.fail });
    await replica.sweep(T2, { a: outcomes.fail });

    expect(replica.chosen).toEqual([wanted]);
    expect(world.reports()).toHaveLength(wanted === 'none' ? 0 : 1);
    expect(reasons(world)).toEqual(['KubeletGuardViolation']);
    expect(replica.recall('a')).toMatchObject({ since: T1 });
  });

  test('is none if only the namespaced kind is installed', async () => {
    world.served.set(WG, ['policyreports']);
    const replica = new Replica(world);

    await replica.sweep(T1, { a: outcomes.fail });

    expect(replica.chosen).toEqual(['none']);
  });

  test('that is configured must be served', async () => {
    const replica = new Replica(world, () => 'openreports');
    await replica.history.load(signal);
    expect(replica.lost).toEqual([
      expect.stringContaining('the cluster does not serve clusterreports of openreports.io/v1alpha1'),
    ]);
  });

  test('has none of our reports after the setting changed to none, and is not called any more', async () => {
    let setting: ReportsSetting = 'auto';
    const replica = new Replica(world, () => setting);
    await replica.sweep(T1, { a: outcomes.pass, b: outcomes.fail, c: outcomes.pass });
    setting = 'none';
    await replica.history.load(signal);
    // also after an incomplete sweep, because nothing updates them any more
    expect(await replica.history.deleteStale(undefined, signal)).toEqual([]);
    expect(world.reports()).toEqual([]);
    await replica.sweep(T2, { a: outcomes.pass, b: outcomes.pass, c: outcomes.pass });
    world.calls.length = 0;
    await replica.sweep(T3, { a: outcomes.pass, b: outcomes.pass, c: outcomes.pass });

    expect(world.calls).toEqual([]);
    expect(reasons(world)).toEqual(['KubeletGuardViolation', 'KubeletGuardResolved']);
  });

  test('is read again if its reports could not be deleted, unless that is forbidden', async () => {
    await new Replica(world).sweep(T1, { a: outcomes.pass });
    const replica = new Replica(world, () => 'none');
    world.intercept = ({ path }) => (path.startsWith('/apis/') ? status(503, 'try later') : undefined);
    await replica.sweep(T2, { a: outcomes.pass });
    expect(world.reports()).toHaveLength(1);
    world.intercept = () => undefined;
    await replica.sweep(T3, { a: outcomes.pass });
    expect(world.reports()).toEqual([]);

    const forbidden = new Replica(world, () => 'none');
    world.intercept = ({ path }) => (path.startsWith('/apis/') ? status(403, 'no') : undefined);
    await forbidden.sweep(T2, { a: outcomes.pass });
    world.calls.length = 0;
    await forbidden.sweep(T3, { a: outcomes.pass });
    expect(world.calls).toEqual([]);
    expect(forbidden.leftBehind).toEqual(['wgpolicyk8s', 'openreports']);
  });

  test.each([
    ['none', 'none'],
    ['another one', 'openreports'],
  ] as const)('that changed to %s, and whose reports may not be deleted, is named once', async (_what, next) => {
    world = reportWorld(WG, OPEN);
    let setting: ReportsSetting = 'wgpolicyk8s';
    const replica = new Replica(world, () => setting);
    await replica.sweep(T1, { a: outcomes.pass, b: outcomes.pass });
    world.intercept = ({ method, path }) =>
      method === 'DELETE' && path.includes('wgpolicyk8s') ? status(403, 'no') : undefined;
    setting = next;

    const problems = [];
    for (const at of [T2, T3, T4]) problems.push(...(await replica.sweep(at, { a: outcomes.pass, b: outcomes.pass })));

    expect(problems).toEqual([]);
    expect(replica.leftBehind).toEqual(['wgpolicyk8s']);
    expect(world.calls.filter((call) => call.startsWith('DELETE '))).toHaveLength(1);
    expect(world.reports()).toHaveLength(next === 'none' ? 2 : 4);
  });

  test('that is installed later gets the findings from before', async () => {
    world = reportWorld();
    const replica = new Replica(world);
    await replica.sweep(T1, { a: outcomes.fail });
    world.served.set(OPEN, ['clusterreports']);

    await replica.sweep(T2, { a: outcomes.fail });

    expect(world.reports()).toMatchObject([{ results: [{ properties: { since: T1 } }] }]);
    expect(reasons(world)).toEqual(['KubeletGuardViolation']);
  });

  test('gets the findings of another API, whose reports are deleted', async () => {
    world = reportWorld(OPEN);
    await new Replica(world).sweep(T1, { a: outcomes.fail, b: outcomes.pass });
    world.served.set(WG, ['clusterpolicyreports']);
    const next = new Replica(world);

    await next.sweep(T2, { a: outcomes.fail, b: outcomes.pass });

    expect(next.recall('a')).toMatchObject({ since: T1 });
    expect(world.reports().map(({ kind }) => kind)).toEqual(['ClusterPolicyReport', 'ClusterPolicyReport']);
    expect(world.events()).toHaveLength(1);
    world.calls.length = 0;
    await next.sweep(T3, { a: outcomes.fail, b: outcomes.pass });
    expect(world.writes()).toEqual([]);
  });

  test('can drop fields, and reports are not written again for that', async () => {
    const { api } = world;
    const pruning: ReportWorld = {
      ...world,
      api: async (request, abort) => {
        const answer = await api(request, abort);
        return { ...answer, text: answer.text.replaceAll('"scored":true,', '') };
      },
    };
    const replica = new Replica(pruning);
    await replica.sweep(T1, { a: outcomes.fail });
    world.calls.length = 0;

    await replica.sweep(T2, { a: outcomes.fail });

    expect(world.writes()).toEqual([]);
  });
});

describe('the control plane', () => {
  const pod = apiServerFinding({ outcome: outcomes.fail });
  const sweptAt = () =>
    world.reports().map(({ metadata }) => (metadata as { annotations?: object }).annotations ?? 'no annotation');

  test('says when the last complete sweep began, by one write for each', async () => {
    const replica = new Replica(world);
    const sweep = async (at: string, isComplete: boolean, findings = [pod]) => {
      await replica.history.load(signal);
      const run = { at, isPartial: false, isComplete, exemptionFor: () => undefined };
      expect(await replica.history.save(PLANE, findings, run, signal)).toEqual([]);
      await replica.keep(node('a'), [finding(node('a'), outcomes.pass)], at);
    };
    await sweep(T1, true);
    await sweep(T2, true);
    const written = world.writes().filter((call) => !call.includes('/events'));
    expect(written.map((call) => call.split(' ')[0])).toEqual(['POST', 'POST', 'PUT']);
    expect(sweptAt()).toEqual([{ 'kubelet-guard.dev/last-complete-sweep': T2 }, 'no annotation']);

    // an incomplete sweep keeps it, also where it writes, and also if another replica sweeps
    await sweep(T3, false);
    const next = new Replica(world);
    await next.history.load(signal);
    await next.keep(PLANE, [{ ...pod, outcome: outcomes.pass }], T4);

    expect(sweptAt()[0]).toEqual({ 'kubelet-guard.dev/last-complete-sweep': T2 });
    expect(world.reports()[0]).toMatchObject({ summary: { pass: 1 } });
  });

  test('has one report without an owner, and an Event on the pod', async () => {
    const replica = new Replica(world);
    await replica.history.load(signal);

    await replica.keep(PLANE, [pod, kubeletFinding()], T1);

    expect(world.reports()).toMatchObject([
      { metadata: { name: 'kubelet-guard-control-plane' }, summary: { pass: 1, fail: 1 } },
    ]);
    expect(world.reports()[0]?.metadata).not.toHaveProperty('ownerReferences');
    expect(world.events()).toMatchObject([
      { metadata: { namespace: 'kube-system' }, involvedObject: { kind: 'Pod', name: 'kube-apiserver-cp-1' } },
    ]);
  });

  test('has the previous outcomes that ratchet compares a pod or a ConfigMap with', async () => {
    await new Replica(world).sweep(T1, {});
    const writer = new Replica(world);
    await writer.history.load(signal);
    await writer.keep(PLANE, [pod, kubeletFinding()], T1);
    const reader = new Replica(world);
    await reader.history.load(signal);

    const { violations } = outcomes.fail;
    expect(reader.history.previousOutcomes('Pod', 'kube-system', 'kube-apiserver-cp-1')).toEqual([
      {
        control: 'apiserver-kubelet-client-cert',
        container: undefined,
        result: 'fail',
        violations: violations.map(({ code, setting }) => ({ code, setting })),
      },
    ]);
    expect(reader.history.previousOutcomes('ConfigMap', 'kube-system', 'kubelet-config')).toMatchObject([
      { result: 'pass' },
    ]);
    expect(reader.history.previousOutcomes('Pod', 'default', 'kube-apiserver-cp-1')).toEqual([]);
  });

  test('that cannot be seen is compared with what it was when it was last seen', async () => {
    const replica = new Replica(world);
    await replica.history.load(signal);
    await replica.keep(PLANE, [pod], T1);
    await replica.keep(PLANE, [apiServerFinding({ outcome: outcomes.unknown })], T2);

    expect(replica.history.previousOutcomes('Pod', 'kube-system', 'kube-apiserver-cp-1')).toMatchObject([
      { result: 'unknown', violations: outcomes.fail.violations.map(({ code, setting }) => ({ code, setting })) },
    ]);
  });
});
