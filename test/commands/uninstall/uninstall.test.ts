import { describe, expect, test } from '@jest/globals';

import { removeLeftovers, uninstall } from '../../../src/commands/uninstall/uninstall.ts';
import type { Api, ApiRequest } from '../../../src/kube/api.ts';

const { signal } = new AbortController();
const NAMESPACE = 'guards';
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kubelet-guard';
const SWEEPER = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/kubelet-guard-sweeper`;
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/kubelet-guard-sweeper`;
const REPORTS = '/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports';
const OTHER_REPORTS = '/apis/openreports.io/v1alpha1/clusterreports';

/** A cluster of paths; reports are all labelled. */
function clusterOf(paths: readonly string[], refusals: Readonly<Record<string, string>> = {}) {
  const there = new Set(paths);
  const calls: string[] = [];
  /** How often a Deployment that is deleted is still seen. */
  let lingering = 2;
  const answer = (status: number, body: object = {}) => ({
    status,
    contentType: 'application/json',
    text: JSON.stringify(body),
  });
  const api: Api = ({ method = 'GET', path, body }: ApiRequest) => {
    const [plain = '', query] = path.split('?');
    calls.push(`${method} ${plain}`);
    const refusal = refusals[`${method} ${plain}`];
    if (refusal !== undefined) return Promise.resolve(answer(403, { kind: 'Status', message: refusal }));
    if (query !== undefined) {
      const names = [...there].filter((known) => known.startsWith(`${plain}/`)).map((known) => known.split('/').at(-1));
      return Promise.resolve(answer(200, { items: names.map((name) => ({ metadata: { name } })) }));
    }
    if (!there.has(plain)) return Promise.resolve(answer(404));
    const lingers = 'propagationPolicy' in (body ?? {});
    if (method === 'DELETE' && !lingers) there.delete(plain);
    if (method === 'GET' && (lingering -= 1) < 0) there.delete(plain);
    return Promise.resolve(answer(200, { metadata: { resourceVersion: '1' } }));
  };
  return { api, there, calls };
}

async function run({ api }: { api: Api }, patience = 0, remove = uninstall) {
  const lines: string[] = [];
  let now = 0;
  const deps = {
    api,
    clock: () => now,
    pause: () => {
      now += patience;
      return Promise.resolve();
    },
    print: (line: string) => lines.push(line),
  };
  const fault = await remove(NAMESPACE, deps, signal).then(
    () => undefined,
    (cause: unknown) => (cause as Error).message,
  );
  return { lines, fault };
}

const EVERYTHING = [
  REGISTRATION,
  SWEEPER,
  `${REPORTS}/kubelet-guard-control-plane`,
  `${REPORTS}/kubelet-guard-node-a`,
  `${OTHER_REPORTS}/kubelet-guard-node-a`,
  LEASE,
];

describe('an uninstall', () => {
  test('deletes everything: the ValidatingWebhookConfiguration first, the sweeper before its reports', async () => {
    const cluster = clusterOf(EVERYTHING);

    expect(await run(cluster)).toEqual({
      fault: undefined,
      lines: [
        'removed: ValidatingWebhookConfiguration kubelet-guard',
        'removed: Deployment guards/kubelet-guard-sweeper',
        'removed: 2 ClusterPolicyReports',
        'removed: 1 ClusterReport',
        'removed: Lease guards/kubelet-guard-sweeper',
      ],
    });

    expect([...cluster.there]).toEqual([]);
    expect(cluster.calls.slice(0, 5)).toEqual([
      `DELETE ${REGISTRATION}`,
      `DELETE ${SWEEPER}`,
      ...Array<string>(3).fill(`GET ${SWEEPER}`),
    ]);
    expect(cluster.calls.at(-1)).toBe(`DELETE ${LEASE}`);
  });

  test('can be run again', async () => {
    const { lines, fault } = await run(clusterOf([]));

    expect(fault).toBeUndefined();
    expect(lines).toHaveLength(5);
    expect(lines.every((line) => line.startsWith('not there: '))).toBe(true);
  });

  test('leaves the reports of other products, whatever label they have', async () => {
    const foreign = `${REPORTS}/cis-scan`;
    const cluster = clusterOf([...EVERYTHING, foreign]);

    await run(cluster);

    expect([...cluster.there]).toEqual([foreign]);
  });

  test('stops where the ValidatingWebhookConfiguration cannot be deleted, and names the missing right', async () => {
    const refusal = 'forbidden: User "x" cannot delete resource "validatingwebhookconfigurations"';
    const cluster = clusterOf(EVERYTHING, { [`DELETE ${REGISTRATION}`]: refusal });

    const { lines, fault } = await run(cluster);

    expect(lines).toEqual([]);
    expect(fault).toBe(
      `may not delete the ValidatingWebhookConfiguration kubelet-guard: ask for this right (HTTP 403: ${refusal})`,
    );
    expect([...cluster.there]).toEqual(EVERYTHING);
  });

  test('shows the message of a policy that protects the ValidatingWebhookConfiguration', async () => {
    const refusal = 'the registration of kubelet-guard is protected: ask for the ClusterRole';
    const { fault } = await run(clusterOf(EVERYTHING, { [`DELETE ${REGISTRATION}`]: refusal }));

    expect(fault).toBe(`the ValidatingWebhookConfiguration kubelet-guard: HTTP 403: ${refusal}`);
  });

  test('waits a minute for the pods of the sweeper, and no longer', async () => {
    const cluster = clusterOf(EVERYTHING);
    const { lines, fault } = await run(cluster, 70_000);

    expect(lines).toEqual(['removed: ValidatingWebhookConfiguration kubelet-guard']);
    expect(fault).toContain('its pods still run: try again when they are gone');
    expect(cluster.there).toContain(LEASE);
  });
});

describe('uninstall --leftovers', () => {
  test('deletes the reports and the Lease once the sweeper is deleted, and nothing else', async () => {
    const left = EVERYTHING.filter((path) => path !== SWEEPER);
    const cluster = clusterOf(left);

    const { lines, fault } = await run(cluster, 0, removeLeftovers);

    expect(fault).toBeUndefined();
    expect(lines).toEqual([
      'removed: 2 ClusterPolicyReports',
      'removed: 1 ClusterReport',
      'removed: Lease guards/kubelet-guard-sweeper',
    ]);
    expect([...cluster.there]).toEqual([REGISTRATION]);
  });

  test('deletes nothing while the Deployment of the sweeper exists', async () => {
    const cluster = clusterOf(EVERYTHING);

    const { lines, fault } = await run(cluster, 0, removeLeftovers);

    expect(fault).toBeUndefined();
    expect(lines).toEqual([
      expect.stringContaining('nothing is removed: Deployment guards/kubelet-guard-sweeper exists'),
    ]);
    expect([...cluster.there]).toEqual(EVERYTHING);
    expect(cluster.calls).toEqual([`GET ${SWEEPER}`]);
  });

  test('deletes nothing where the Deployment of the sweeper cannot be read', async () => {
    const cluster = clusterOf(EVERYTHING, { [`GET ${SWEEPER}`]: 'cannot get resource "deployments"' });

    const { fault } = await run(cluster, 0, removeLeftovers);

    expect(fault).toContain('may not get the Deployment guards/kubelet-guard-sweeper');
    expect([...cluster.there]).toEqual(EVERYTHING);
  });
});
