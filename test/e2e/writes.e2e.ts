// A client with the sweeper's token can write what the sweeper writes, and nothing else.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { connectCluster } from '../../src/kube/cluster.ts';
import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { REPORT_APIS, serveReportApis } from './support/report-apis.ts';
import { giveRights, NAMESPACE } from './support/rights.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(60_000);

const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const KINDS = {
  wgpolicyk8s: { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'ClusterPolicyReport' },
  openreports: { apiVersion: 'openreports.io/v1alpha1', kind: 'ClusterReport' },
} as const;

/** What the policy says: only this shows that it is not a right that is missing. */
const OWN_ONLY = 'the sweeper writes its own reports';

function event(namespace: string, source: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e2e', namespace },
    involvedObject: { apiVersion: 'v1', kind: 'Node', name: 'node-1', ...(namespace !== 'default' && { namespace }) },
    source,
  };
}

describeWith({ assets: ['etcd', 'kube-apiserver'] }, "the sweeper's account", () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let sweeper: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    await serveReportApis(plane.admin);
    sweeper = await giveRights(plane, 'kubelet-guard-sweeper');
    // a policy takes effect some time after it was written, and not at the same time for custom resources and others
    const reports = (['wgpolicyk8s', 'openreports'] as const).map(
      (api) => [REPORT_APIS[api], { ...KINDS[api], results: [] }] as const,
    );
    for (const [path, body] of [[LEASES, {}] as const, ...reports]) {
      await eventually(`the policy to take effect for ${path}`, async () => {
        const { text } = await send('POST', `${path}?dryRun=All`, { ...body, metadata: { name: 'other' } });
        return text.includes(OWN_ONLY) ? true : undefined;
      });
    }
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  async function send(method: 'PUT' | 'POST' | 'DELETE', path: string, body?: object) {
    const cluster = await connectCluster({ kubeconfig: sweeper });
    if (cluster === undefined) throw new Error('there is no cluster');
    return cluster.request({ method, path, ...(body !== undefined && { body }) }, new AbortController().signal);
  }

  test.each(['wgpolicyk8s', 'openreports'] as const)('can write its own reports in %s, and no others', async (api) => {
    const path = REPORT_APIS[api];
    for (const name of ['kubelet-guard-control-plane', 'kubelet-guard-node-a']) {
      const made = await send('POST', path, { ...KINDS[api], metadata: { name }, results: [] });
      expect(made.status).toBe(201);
      expect((await send('PUT', `${path}/${name}`, JSON.parse(made.text) as object)).status).toBe(200);
      expect((await send('DELETE', `${path}/${name}`)).status).toBe(200);
    }
    const other = { ...KINDS[api], metadata: { name: 'somebody-elses' }, results: [] };
    expect((await send('POST', path, other)).status).toBe(403);
    const there = succeeded(await plane.admin.send('POST', path, other)).body as object;
    const changed = await send('PUT', `${path}/somebody-elses`, { ...there, summary: { pass: 1 } });
    expect(changed.text).toContain(OWN_ONLY);
    expect(changed.status).toBe(403);
    expect((await send('DELETE', `${path}/somebody-elses`)).status).toBe(403);
    await send('DELETE', path);
    expect((await plane.admin.get(`${path}/somebody-elses`)).body).toEqual(there);
  });

  test('can create its own Lease, and no other', async () => {
    expect((await send('POST', LEASES, { metadata: { name: 'kubelet-guard-sweeper' } })).status).toBe(201);
    expect((await send('POST', LEASES, { metadata: { name: 'other' } })).status).toBe(403);
    expect((await send('POST', LEASES, { metadata: { generateName: 'kubelet-guard-sweeper' } })).status).toBe(403);
  });

  test.each(['kube-system', 'default'])('can create Events in its own name in %s', async (namespace) => {
    const path = `/api/v1/namespaces/${namespace}/events?dryRun=All`;
    expect((await send('POST', path, event(namespace, { component: 'kubelet-guard' }))).status).toBe(201);
    expect((await send('POST', path, event(namespace, { component: 'kubelet' }))).status).toBe(403);
    expect((await send('POST', path, event(namespace, {}))).status).toBe(403);
  });

  test.each([
    ["a token of the webhook's account", `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/kubelet-guard/token`],
    ['a token of itself', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/kubelet-guard-sweeper/token`],
    ['a Secret', `/api/v1/namespaces/${NAMESPACE}/secrets`],
    ['an Event in another namespace', '/api/v1/namespaces/kube-public/events'],
    ['a Lease in another namespace', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'],
  ])('cannot create %s', async (_what, path) => {
    expect((await send('POST', path, { metadata: { name: 'e2e' } })).status).toBe(403);
  });
});
