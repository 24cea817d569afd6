import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { startInjector, type Injector } from './support/injector.ts';
import { eventsOf, serveReportApis, storedReports } from './support/report-apis.ts';
import { giveRights } from './support/rights.ts';
import { startSweeper, sweepConfiguration, sweepOnce } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(300_000);

/** More than one page of a list, and more than are created at a time. */
const NODES = 520;
const AT_ONCE = 20;
const GROUP = 'wgpolicyk8s.io';

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'an API server with faults', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let injector: Injector;
  /** Kubeconfigs of the shipped account: for the API server itself, and for the proxy with faults. */
  let kubeconfig: string;
  let faulty: string;
  let config: string;

  beforeAll(async () => {
    // the continue token of a list expires within seconds
    plane = await startControlPlane(cleanup, { flags: ['--etcd-compaction-interval=1s'] });
    kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
    injector = await startInjector(cleanup, plane);
    const through = readFileSync(kubeconfig, 'utf8').replaceAll(`:${plane.port}`, `:${injector.port}`);
    faulty = plane.write('faulty.kubeconfig', through);
    config = plane.write('sweep.yaml', sweepConfiguration({}));
    const names = Array.from({ length: NODES }, (_none, index) => `edge-${String(index).padStart(4, '0')}`);
    for (let from = 0; from < NODES; from += AT_ONCE) {
      await Promise.all(
        names
          .slice(from, from + AT_ONCE)
          .map(async (name) =>
            succeeded(await plane.admin.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } })),
          ),
      );
    }
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  test.each([
    ['429', /^GET \/api\/v1\/nodes\?/, { status: 429, message: 'too many', headers: { 'retry-after': '1' } }],
    ['a new leader of etcd', /^GET .*\/pods\?/, { status: 500, message: 'etcdserver: leader changed' }],
    [
      '429 for the second page',
      /^GET \/api\/v1\/nodes\?.*continue=/,
      { status: 429, message: 'too many', headers: { 'retry-after': '1' } },
    ],
  ] as const)('that answers once with %s does not affect a sweep', async (_what, call, fault) => {
    const before = injector.injected.length;
    injector.once(call, fault);
    const { report } = await sweepOnce({ kubeconfig: faulty, config, evidence: 'handshake' });

    expect(injector.injected).toHaveLength(before + 1);
    expect(report.run).toMatchObject({ complete: true, problems: [] });
    expect(nodesOf(report.findings)).toBe(NODES);
  });

  test('that has compacted the state of a list continues with the current state, and no node is left out', async () => {
    const over = new AbortController();
    // only overwritten versions are compacted
    const writing = (async () => {
      const path = '/api/v1/nodes/edge-0000';
      while (!over.signal.aborted) {
        const { body } = await plane.admin.get(path);
        const node = body as KubeObject;
        const labels = { ...node.metadata.labels, at: String(Date.now()) };
        await plane.admin.send('PUT', path, { ...node, metadata: { ...node.metadata, labels } });
      }
    })();
    try {
      // the API server decides when it compacts
      for (let tries = 0; tries < 15 && !injector.rejected.includes(410); tries += 1) {
        injector.once(/^GET \/api\/v1\/nodes\?.*continue=/, { delay: 5000 });
        const { report } = await sweepOnce({ kubeconfig: faulty, config, evidence: 'handshake' });
        expect(report.run).toMatchObject({ complete: true, problems: [] });
        expect(nodesOf(report.findings)).toBe(NODES);
      }
    } finally {
      over.abort();
      await writing;
    }
    expect(injector.rejected).toContain(410);
  });

  test('whose report API answers 503 loses only the stored report, and gets it once the API is back', async () => {
    const left = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1alpha2.${GROUP}` },
      spec: {
        group: GROUP,
        version: 'v1alpha2',
        groupPriorityMinimum: 1000,
        versionPriority: 15,
        service: { name: 'nobody', namespace: 'default' },
      },
    };
    const services = '/apis/apiregistration.k8s.io/v1/apiservices';
    succeeded(await plane.admin.send('POST', services, left));
    await eventually('the report API to be down', async () => {
      return (await plane.admin.get(`/apis/${GROUP}/v1alpha2`)).status === 503 ? true : undefined;
    });
    const undo = new Cleanup();
    try {
      const sweeper = await startSweeper(undo, plane, kubeconfig, { evidence: ['handshake'] });
      const first = await sweeper.nextReport({ after: new Date(0), within: 120_000 });
      expect(first.run).toMatchObject({ complete: true, problems: [] });
      expect(first.findings.filter(({ drift }) => drift !== undefined)).toEqual([]);
      expect(await sweeper.metric('kubelet_guard_findings', { result: 'unknown' })).toBeGreaterThanOrEqual(NODES);
      expect(await eventsOf(plane.admin)).not.toEqual([]);
      const warnings = () => sweeper.entries().filter(({ msg }) => msg.startsWith('the stored reports cannot be read'));
      expect(warnings()).toHaveLength(1);

      succeeded(await plane.admin.send('DELETE', `${services}/${left.metadata.name}`));
      await serveReportApis(plane.admin);
      await sweeper.sweepNow({ within: 120_000 });
      expect((await storedReports(plane.admin, 'wgpolicyk8s')).size).toBeGreaterThan(NODES);
      expect(warnings()).toHaveLength(1);
      expect(sweeper.program.exit()).toBeUndefined();
    } finally {
      await undo.run();
    }
  });

  test('that is gone, or has no etcd, neither ends the sweeper nor loses a finding', async () => {
    const undo = new Cleanup();
    try {
      const sweeper = await startSweeper(undo, plane, kubeconfig, { evidence: ['handshake'], interval: '1m' });
      const before = await sweeper.nextReport({ after: new Date(0), within: 120_000 });
      await plane.etcd.stop();
      await eventually('the loss to be reported', () =>
        Promise.resolve(sweeper.entries().some(({ level }) => level === 'warn') ? true : undefined),
      );
      expect(await sweeper.report()).toEqual(before);
      await plane.etcd.start();
      await plane.restart();
      const after = await sweeper.nextReport({ within: 150_000 });
      expect(after.run.complete).toBe(true);
      expect(nodesOf(after.findings)).toBe(NODES);
      expect(sweeper.program.exit()).toBeUndefined();
    } finally {
      await undo.run();
    }
  });
});

function nodesOf(findings: readonly { readonly subject: { readonly kind?: string; readonly name: string } }[]): number {
  return new Set(findings.filter(({ subject }) => subject.kind === 'Node').map(({ subject }) => subject.name)).size;
}
