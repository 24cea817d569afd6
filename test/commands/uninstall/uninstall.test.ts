import { describe, expect, test } from '@jest/globals';

import { removeLeftovers, uninstall } from '../../../src/commands/uninstall/uninstall.ts';
import type { Api, ApiRequest } from '../../../src/kube/api.ts';

const { signal } = new AbortController();
const NAMESPACE = 'guards';
const WEBHOOK_CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kubelet-guard';
const SWEEPER = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/kubelet-guard-sweeper`;
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/kubelet-guard-sweeper`;
const REPORTS = '/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports';
const OTHER_REPORTS = '/apis/openreports.io/v1alpha1/clusterreports';

/** A cluster with objects at these paths; all reports have the label. */
function clusterOf(paths: readonly string[], denials: Readonly<Record<string, string>> = {}) {
  const existing = new Set(paths);
  const calls: string[] = [];
  /** How often a deleted Deployment is still returned. */
  let lingering = 2;
  const answer = (status: number, body: object = {}) => ({
    status,
    contentType: 'application/json',
    text: JSON.stringify(body),
  });
  const api: Api = ({ method = 'GET', path, body }: ApiRequest) => {
    const [plain = '', query] = path.split('?');
    calls.push(`${method} ${plain}`);
    const denial = denials[`${method} ${plain}`];
    if (denial !== undefined) return Promise.resolve(answer(403, { kind: 'Status', message: denial }));
    if (query !== undefined) {
      const names = [...existing]
        .filter((known) => known.startsWith(`${plain}/`))
        .map((known) => known.split('/').at(-1));
      return Promise.resolve(answer(200, { items: names.map((name) => ({ metadata: { name } })) }));
    }
    if (!existing.has(plain)) return Promise.resolve(answer(404));
    const lingers = 'propagationPolicy' in (body ?? {});
    if (method === 'DELETE' && !lingers) existing.delete(plain);
    if (method === 'GET' && (lingering -= 1) < 0) existing.delete(plain);
    return Promise.resolve(answer(200, { metadata: { resourceVersion: '1' } }));
  };
  return { api, existing, calls };
}

async function run({ api }: { api: Api }, pauseLength = 0, remove = uninstall) {
  const lines: string[] = [];
  let now = 0;
  const deps = {
    api,
    clock: () => now,
    pause: () => {
      now += pauseLength;
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
  WEBHOOK_CONFIGURATION,
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

    expect([...cluster.existing]).toEqual([]);
    expect(cluster.calls.slice(0, 5)).toEqual([
      `DELETE ${WEBHOOK_CONFIGURATION}`,
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

    expect([...cluster.existing]).toEqual([foreign]);
  });

  test('stops if the ValidatingWebhookConfiguration cannot be deleted, and names the missing right', async () => {
    const denial = 'forbidden: User "x" cannot delete resource "validatingwebhookconfigurations"';
    const cluster = clusterOf(EVERYTHING, { [`DELETE ${WEBHOOK_CONFIGURATION}`]: denial });

    const { lines, fault } = await run(cluster);

    expect(lines).toEqual([]);
    expect(fault).toBe(
      `may not delete the ValidatingWebhookConfiguration kubelet-guard: ask for this right (HTTP 403: ${denial})`,
    );
    expect([...cluster.existing]).toEqual(EVERYTHING);
  });

  test('shows the message of a policy that protects the ValidatingWebhookConfiguration', async () => {
    const denial = 'the registration of kubelet-guard is protected: ask for the ClusterRole';
    const { fault } = await run(clusterOf(EVERYTHING, { [`DELETE ${WEBHOOK_CONFIGURATION}`]: denial }));

    expect(fault).toBe(`the ValidatingWebhookConfiguration kubelet-guard: HTTP 403: ${denial}`);
  });

  test('waits at most a minute for the pods of the sweeper', async () => {
    const cluster = clusterOf(EVERYTHING);
    const { lines, fault } = await run(cluster, 70_000);

    expect(lines).toEqual(['removed: ValidatingWebhookConfiguration kubelet-guard']);
    expect(fault).toContain('its pods still run: try again when they are gone');
    expect(cluster.existing).toContain(LEASE);
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
    expect([...cluster.existing]).toEqual([WEBHOOK_CONFIGURATION]);
  });

  test('deletes nothing while the Deployment of the sweeper exists', async () => {
    const cluster = clusterOf(EVERYTHING);

    const { lines, fault } = await run(cluster, 0, removeLeftovers);

    expect(fault).toBeUndefined();
    expect(lines).toEqual([
      expect.stringContaining('nothing is removed: Deployment guards/kubelet-guard-sweeper exists'),
    ]);
    expect([...cluster.existing]).toEqual(EVERYTHING);
    expect(cluster.calls).toEqual([`GET ${SWEEPER}`]);
  });

  test('deletes nothing if the Deployment of the sweeper cannot be read', async () => {
    const cluster = clusterOf(EVERYTHING, { [`GET ${SWEEPER}`]: 'cannot get resource "deployments"' });

    const { fault } = await run(cluster, 0, removeLeftovers);

    expect(fault).toContain('may not get the Deployment guards/kubelet-guard-sweeper');
    expect([...cluster.existing]).toEqual(EVERYTHING);
  });
});
