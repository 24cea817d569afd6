import { describe, expect, test } from '@jest/globals';

import { createHistory, noHistory, type SweepHistory } from '../../../src/sweeper/reports/history.ts';
import type { SweepDeps } from '../../../src/sweeper/run/deps.ts';
import type { SweepResult } from '../../../src/sweeper/run/sweep.ts';
import { eventSink } from '../../../src/kube/objects/events.ts';
import { reportClient } from '../../../src/kube/objects/reports.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { ListedNode } from '../../../src/evidence/nodes.ts';
import { digest } from '../../../src/runtime/digest.ts';
import { OPEN, reportWorld, type ReportWorld } from '../reports/report-world.ts';
import { addressOf, apiServerPod, flagz, node, run, stream } from './cluster.ts';

const CERT = 'apiserver-kubelet-client-cert';
const SINCE = '2026-11-23T11:00:00Z';
const READY = { readySince: SINCE };
const CONTROL_PLANE = { ...READY, isControlPlane: true };

function pod(name: string, flags?: readonly string[]): RawDocument {
  return apiServerPod(`kube-apiserver-${name}`, addressOf(name), flags, name);
}

interface World {
  readonly nodes: readonly ListedNode[];
  readonly pods: readonly RawDocument[];
  readonly history?: SweepHistory;
  readonly askApiServers?: SweepDeps['askApiServers'];
}

function sweep({ nodes, pods, ...rest }: World): Promise<SweepResult> {
  return run({ nodes: () => stream([nodes]), objects: () => stream(pods), askApiServers: undefined, ...rest });
}

function historyIn(world: ReportWorld): SweepHistory {
  return createHistory({
    reports: reportClient(world.api),
    announce: eventSink(world.api),
    digest,
    setting: () => 'auto',
    callbacks: {
      onApiChosen: ignore,
      onWrite: ignore,
      onReadError: ignore,
      onLeftBehind: ignore,
      onUnreadable: ignore,
    },
  });
}

function ignore(): void {
  // nobody watches
}

/** The kube-apiservers that the link counts. */
function servers({ link }: SweepResult): string[] {
  return link.apiServers.map(({ name, result }) => `${name} ${result}`);
}

function problemOf({ findings }: SweepResult, name: string): string {
  const found = [...findings.all()].find(({ control, subject }) => control.slug === CERT && subject.name === name);
  return found?.outcome.result === 'unknown' ? found.outcome.problems[0].message : '';
}

describe('a kube-apiserver whose mirror pod is gone', () => {
  const three = ['a', 'b', 'c'].map((name) => node(name, CONTROL_PLANE));
  const pods = ['a', 'b', 'c'].map((name) => pod(name));

  test('is unknown as long as its node is Ready, and what to do is said', async () => {
    const history = historyIn(reportWorld(OPEN));
    expect(servers(await sweep({ nodes: three, pods, history }))).toHaveLength(3);

    for (let times = 0; times < 2; times += 1) {
      const result = await sweep({ nodes: three, pods: pods.slice(1), history });
      expect(servers(result).toSorted()).toEqual([
        'kube-apiserver-a unknown',
        'kube-apiserver-b pass',
        'kube-apiserver-c pass',
      ]);
      expect(result.link.result).toBe('unknown');
      expect(problemOf(result, 'kube-apiserver-a')).toMatch(
        /its mirror pod is gone, and its node a is Ready; the static pod may still run/,
      );
    }

    const back = await sweep({ nodes: three, pods, history });
    expect(back.link).toMatchObject({ result: 'pass', apiServers: { length: 3 } });
    const found = [...back.findings.all()].find(({ subject }) => subject.name === 'kube-apiserver-a');
    expect(found?.drift?.state).toBe('resolved');
  });

  test.each([
    ['its Node is deleted', three.slice(1)],
    ['its node is not Ready', [node('a', { isControlPlane: true }), ...three.slice(1)]],
    ['its node is no longer part of the control plane', [node('a', READY), ...three.slice(1)]],
  ])('no longer counts if %s', async (_why, nodes) => {
    const history = historyIn(reportWorld(OPEN));
    await sweep({ nodes: three, pods, history });
    await sweep({ nodes: three, pods: pods.slice(1), history });

    const result = await sweep({ nodes, pods: pods.slice(1), history });

    expect(servers(result)).toEqual(['kube-apiserver-b pass', 'kube-apiserver-c pass']);
    expect(result.link.result).toBe('pass');
  });

  test('is remembered in stored reports by a process that has just started', async () => {
    const world = reportWorld(OPEN);
    await sweep({ nodes: [node('only', READY)], pods: [pod('only')], history: historyIn(world) });

    const result = await sweep({ nodes: [node('only', READY)], pods: [], history: historyIn(world) });

    expect(servers(result)).toEqual(['kube-apiserver-only unknown']);
    expect(problemOf(result, 'kube-apiserver-only')).toContain('its mirror pod is gone');
  });

  test('is remembered in memory if the cluster stores no reports', async () => {
    const history = historyIn(reportWorld());
    await sweep({ nodes: [node('only', READY)], pods: [pod('only')], history });

    const result = await sweep({ nodes: [node('only', READY)], pods: [], history });

    expect(servers(result)).toEqual(['kube-apiserver-only unknown']);
  });

  test('passes if the process itself answers', async () => {
    const history = historyIn(reportWorld(OPEN));
    await sweep({ nodes: three, pods, history });
    const answers = ['a', 'b', 'c'].map((name) => flagz(`${addressOf(name)}:6443`));

    const result = await sweep({
      ...{ nodes: three, pods: pods.slice(1), history },
      askApiServers: () => Promise.resolve(answers),
    });

    expect(servers(result).toSorted()).toEqual(['a', 'b', 'c'].map((name) => `kube-apiserver-${name} pass`));
  });

  test('is not missing while pods or nodes could not be listed, and is not forgotten then', async () => {
    const history = historyIn(reportWorld(OPEN));
    await sweep({ nodes: three, pods, history });
    const refused = () => {
      throw new Error('HTTP 503');
    };
    const withoutPods = await run({ nodes: () => stream([three]), objects: refused, history });
    expect(withoutPods.problems).toHaveLength(1);
    const withoutNodes = await run({ nodes: refused, objects: () => stream(pods.slice(1)), history });
    expect(withoutNodes.problems).toHaveLength(1);

    const result = await sweep({ nodes: three, pods: pods.slice(1), history });

    expect(servers(result)).toContain('kube-apiserver-a unknown');
  });

  test('of another kind than a static pod is not missing: its successor has another name and place', async () => {
    const hosted = (name: string) => apiServerPod(name, '192.0.2.1', undefined, 'a');
    const nodes = [node('a', READY), node('b', READY)];
    const history = historyIn(reportWorld(OPEN));
    await sweep({ nodes, pods: [hosted('kube-apiserver-7d9f8b6c5-x2x4z')], history });

    const moved = apiServerPod('kube-apiserver-7d9f8b6c5-q8q9w', '192.0.2.2', undefined, 'b');
    expect(servers(await sweep({ nodes, pods: [moved], history }))).toEqual(['kube-apiserver-7d9f8b6c5-q8q9w pass']);
  });

  test('that was renamed on its node is not missing', async () => {
    const history = historyIn(reportWorld(OPEN));
    await sweep({ nodes: [node('a', CONTROL_PLANE)], pods: [pod('a')], history });

    const renamed = apiServerPod('apiserver-v2-a', addressOf('a'), undefined, 'a');

    expect(servers(await sweep({ nodes: [node('a', CONTROL_PLANE)], pods: [renamed], history }))).toEqual([
      'apiserver-v2-a pass',
    ]);
  });

  test('belongs to the node with the longest name that fits', async () => {
    const nodes = [node('a', CONTROL_PLANE), node('old-a', CONTROL_PLANE)];
    const history = historyIn(reportWorld(OPEN));
    await sweep({ nodes, pods: [pod('a'), pod('old-a')], history });

    expect(servers(await sweep({ nodes, pods: [pod('a')], history })).toSorted()).toEqual([
      'kube-apiserver-a pass',
      'kube-apiserver-old-a unknown',
    ]);
    expect(servers(await sweep({ nodes: nodes.slice(0, 1), pods: [pod('a')], history }))).toEqual([
      'kube-apiserver-a pass',
    ]);
  });
});

describe('a node of the control plane without a kube-apiserver pod', () => {
  test('is unknown without any memory if another one has a static pod', async () => {
    const nodes = [node('a', CONTROL_PLANE), node('b', CONTROL_PLANE), node('worker', READY)];

    const result = await sweep({ nodes, pods: [pod('a')], history: noHistory });

    expect(servers(result)).toEqual(['kube-apiserver-a pass', 'b unknown']);
    expect(problemOf(result, 'b')).toContain('the node b is Ready and part of the control plane');
  });

  test('is known by its own answer', async () => {
    const nodes = [node('a', CONTROL_PLANE), node('b', CONTROL_PLANE)];

    const result = await sweep({
      ...{ nodes, pods: [pod('a')] },
      askApiServers: () => Promise.resolve([flagz(`${addressOf('b')}:6443`)]),
    });

    expect(servers(result)).toEqual(['kube-apiserver-a pass', 'b pass']);
  });

  test.each([
    ['no node shows one, as with k3s', []],
    ['those of other nodes are no static pods', [apiServerPod('kube-apiserver-x7x9', '192.0.2.1', undefined, 'a')]],
  ])('shows nothing if %s', async (_why, pods) => {
    const nodes = [node('a', CONTROL_PLANE), node('b', CONTROL_PLANE)];

    const result = await sweep({ nodes, pods, askApiServers: () => Promise.resolve([flagz('192.0.2.1:6443')]) });

    expect(servers(result)).toHaveLength(1);
  });

  test('shows nothing while it is not Ready', async () => {
    const nodes = [node('a', CONTROL_PLANE), node('b', { isControlPlane: true })];

    expect(servers(await sweep({ nodes, pods: [pod('a')] }))).toEqual(['kube-apiserver-a pass']);
  });
});
