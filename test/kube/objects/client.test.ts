import { describe, expect, test } from '@jest/globals';

import { ApiFault, type Api, type ApiRequest } from '../../../src/kube/api.ts';
import { objectClient, unlessStatus } from '../../../src/kube/objects/client.ts';
import { CONFIG_MAPS, LEASES, NODES, pathOf, SERVICE_ACCOUNTS } from '../../../src/kube/objects/resources.ts';

const { signal } = new AbortController();
const OBJECT = { metadata: { name: 'a', resourceVersion: '7' } };

function apiOf(...bodies: readonly unknown[]): { readonly api: Api; readonly asked: ApiRequest[] } {
  const asked: ApiRequest[] = [];
  const api: Api = (request) => {
    const body = bodies[asked.length] as { readonly code?: number };
    asked.push(request);
    return Promise.resolve({ status: body.code ?? 200, contentType: '', text: JSON.stringify(body) });
  };
  return { api, asked };
}

describe('a path', () => {
  test.each([
    [NODES, {}, '/api/v1/nodes'],
    [NODES, { namespace: '', name: 'n' }, '/api/v1/nodes/n'],
    [LEASES, { namespace: 'ns' }, '/apis/coordination.k8s.io/v1/namespaces/ns/leases'],
    [
      SERVICE_ACCOUNTS,
      { namespace: 'ns', name: 'a', subresource: 'token' },
      '/api/v1/namespaces/ns/serviceaccounts/a/token',
    ],
    [CONFIG_MAPS, { namespace: '../x', name: '../../y' }, '/api/v1/namespaces/..%2Fx/configmaps/..%2F..%2Fy'],
  ])('of %j at %j is complete and escaped', (resource, place, path) => {
    expect(pathOf(resource, place)).toBe(path);
  });
});

describe('the objects of a kind', () => {
  test('are read and written with apiVersion and kind, within the limits of the client', async () => {
    const { api, asked } = apiOf(OBJECT, OBJECT, OBJECT, {});
    const maps = objectClient(api, CONFIG_MAPS, { namespace: 'ns', timeout: 5, limit: 9 });
    await maps.get('a', signal);
    await maps.create({ metadata: { name: 'a' } }, signal);
    await maps.update(OBJECT, signal);
    await maps.delete('a', signal, { resourceVersion: '7', propagationPolicy: 'Foreground' });

    const bounds = { timeout: 5, limit: 9 };
    const path = '/api/v1/namespaces/ns/configmaps';
    const type = { apiVersion: 'v1', kind: 'ConfigMap' };
    expect(asked).toStrictEqual([
      { path: `${path}/a`, ...bounds },
      { method: 'POST', path, body: { ...type, metadata: { name: 'a' } }, ...bounds },
      { method: 'PUT', path: `${path}/a`, body: { ...type, ...OBJECT }, ...bounds },
      {
        method: 'DELETE',
        path: `${path}/a`,
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { resourceVersion: '7' },
          propagationPolicy: 'Foreground',
        },
        ...bounds,
      },
    ]);
  });

  test('are listed page by page with a selector, with apiVersion and kind, and each only once', async () => {
    const item = (name: string) => ({ metadata: { name, uid: name } });
    const { api, asked } = apiOf(
      { items: [item('a')], metadata: { continue: 'next' } },
      { kind: 'Status', code: 410 },
      { items: [item('a'), item('b')] },
    );
    const names: unknown[] = [];
    for await (const page of objectClient(api, NODES).list({ labelSelector: 'a=b' }, signal)) names.push(page);

    expect(names).toStrictEqual([
      [{ apiVersion: 'v1', kind: 'Node', ...item('a') }],
      [{ apiVersion: 'v1', kind: 'Node', ...item('b') }],
    ]);
    expect(asked.map(({ path }) => path)).toStrictEqual([
      '/api/v1/nodes?limit=250&labelSelector=a%3Db',
      '/api/v1/nodes?limit=250&continue=next&labelSelector=a%3Db',
      '/api/v1/nodes?limit=250&labelSelector=a%3Db',
    ]);
  });

  test.each([{}, { metadata: {} }, { metadata: { resourceVersion: '' } }, { metadata: [] }, []])(
    'must have a resourceVersion, unlike %j',
    async (body) => {
      const call = objectClient(apiOf(body).api, CONFIG_MAPS).get('a', signal);
      await expect(call).rejects.toThrow(new ApiFault('the answer is no ConfigMap'));
    },
  );

  test('give undefined for the statuses that the caller expects, and reject for all others', async () => {
    const get = (code: number) => objectClient(apiOf({ code }).api, CONFIG_MAPS).get('a', signal);
    expect(await unlessStatus([404, 409], get(409))).toBeUndefined();
    await expect(unlessStatus([404, 409], get(403))).rejects.toMatchObject({ status: 403 });
  });
});
