import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ApiFault, type Api, type ApiRequest } from '../../src/kube/api.ts';
import { isKubeletAddress } from '../../src/evidence/addresses.ts';
import { listNodes, type ListedNode } from '../../src/evidence/nodes.ts';

const signal = new AbortController().signal;
const address = (type: string, value: unknown) => ({ type, address: value });
const nodeOf = (addresses: unknown, labels: unknown = {}, port: unknown = 10250) => ({
  metadata: { name: 'node-1', uid: 'u1', labels },
  status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } },
});
const usable = [address('InternalIP', '10.0.0.1')];

function apiOf(...bodies: readonly unknown[]): { readonly api: Api; readonly asked: ApiRequest[] } {
  const asked: ApiRequest[] = [];
  const api: Api = (request) => {
    const body = bodies[asked.length];
    asked.push(request);
    const status = (body as { code?: number } | undefined)?.code ?? 200;
    return Promise.resolve({ status, contentType: 'application/json', text: JSON.stringify(body) });
  };
  return { api, asked };
}

async function all(api: Api): Promise<readonly ListedNode[]> {
  const nodes: ListedNode[] = [];
  for await (const page of listNodes(api, signal)) nodes.push(...page);
  return nodes;
}

async function only(node: unknown): Promise<ListedNode> {
  const [found] = await all(apiOf({ items: [node] }).api);
  if (found === undefined) throw new Error('no node');
  return found;
}

describe('the list of nodes', () => {
  test('is read page by page', async () => {
    const named = (uid: string) => ({ ...nodeOf(usable), metadata: { name: uid, uid } });
    const { api, asked } = apiOf(
      { items: [named('a')], metadata: { continue: 'a+b' } },
      { items: [named('b'), named('c')], metadata: { continue: '' } },
    );
    expect((await all(api)).map(({ name }) => name)).toStrictEqual(['a', 'b', 'c']);
    expect(asked.map(({ path }) => path)).toStrictEqual([
      '/api/v1/nodes?limit=250',
      '/api/v1/nodes?limit=250&continue=a%2Bb',
    ]);
  });

  test('that has expired continues with the token of the answer', async () => {
    const expired = { kind: 'Status', code: 410, message: 'too old', metadata: { continue: 'y' } };
    const { api, asked } = apiOf({ items: [], metadata: { continue: 'x' } }, expired, { items: [nodeOf(usable)] });
    expect(await all(api)).toHaveLength(1);
    expect(asked.map(({ path }) => path)).toStrictEqual([
      '/api/v1/nodes?limit=250',
      '/api/v1/nodes?limit=250&continue=x',
      '/api/v1/nodes?limit=250&continue=y',
    ]);
  });

  test.each([
    ['is not a list', { kind: 'Status' }, 'the answer is not a list'],
    ['is null', null, 'the answer is not a list'],
    ['names no node', { items: [{}] }, 'the answer lists a node without a name'],
  ])('that %s fails', async (_name, body, message) => {
    await expect(all(apiOf(body).api)).rejects.toThrow(new ApiFault(message));
  });
});

describe('a node', () => {
  test('is called at its first internal address and the port of its kubelet', async () => {
    const addresses = [
      address('Hostname', 'node-1'),
      address('ExternalIP', '192.0.2.1'),
      ...usable,
      address('InternalIP', 'fd00::1'),
    ];
    expect(await only(nodeOf(addresses, {}, 10350))).toStrictEqual({
      name: 'node-1',
      uid: 'u1',
      pool: undefined,
      isControlPlane: false,
      isVirtual: false,
      createdAt: undefined,
      readySince: undefined,
      addresses: ['node-1', '192.0.2.1', '10.0.0.1', 'fd00:0:0:0:0:0:0:1'],
      target: { name: 'node-1', uid: 'u1', address: '10.0.0.1', port: 10350 },
    });
  });

  test.each([
    [[{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-26T12:00:00Z' }], '2026-11-26T12:00:00Z'],
    [[{ type: 'Ready', status: 'Unknown', lastTransitionTime: '2026-11-26T12:00:00Z' }], undefined],
    [[{ type: 'MemoryPressure', status: 'True', lastTransitionTime: '2026-11-26T12:00:00Z' }], undefined],
    ['x', undefined],
  ])('with the conditions %j is Ready since %s', async (conditions, readySince) => {
    const { metadata, status } = nodeOf(usable);
    const createdAt = '2026-11-01T00:00:00Z';
    const node = { metadata: { ...metadata, creationTimestamp: createdAt }, status: { ...status, conditions } };
    expect(await only(node)).toMatchObject({ createdAt, readySince });
  });

  test.each([
    ['ExternalIP', '192.0.2.1'],
    ['InternalIP', '2001:db8::1'],
    ['Hostname', 'node-1.example.com'],
    ['Hostname', '10.0.0.9'],
  ])('is called at its %s %s', async (type, value) => {
    const node = await only(nodeOf([address('InternalDNS', 'other'), address(type, value)]));
    expect(node).toMatchObject({ target: { address: value } });
  });

  test.each([undefined, null, [], [address('InternalDNS', 'x')], 'x', [null]])(
    'without an address is not called: %j',
    async (addresses) => {
      expect(await only(nodeOf(addresses))).toMatchObject({ unusable: { code: 'unreachable' } });
    },
  );

  test.each([
    ...['127.0.0.1', '169.254.169.254', '0.0.0.0', '255.255.255.255', '224.0.0.1', '::1', '::', 'fe80::1', 'ff02::1'],
    ...['::ffff:127.0.0.1', '::ffff:a9fe:a9fe', 'fe80::1%eth0', '10.0.0.1%eth0', '010.0.0.1', 'node-1', '', 7, null],
  ])('with the address %j is not called, not even at another address', async (value) => {
    const node = await only(nodeOf([address('InternalIP', value), address('ExternalIP', '192.0.2.1')]));
    expect(node).toMatchObject({ unusable: { code: 'malformed', message: expect.stringContaining('no kubelet') } });
  });

  test.each([
    'localhost',
    'x.localhost',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    'a b',
    'a/b',
    'a@b',
    '-a',
    'a.',
    '[::1]',
  ])('with the host name %s is not called', async (value) => {
    expect(await only(nodeOf([address('Hostname', value)]))).toMatchObject({ unusable: { code: 'malformed' } });
  });

  test.each([0, null])('whose port is %j has the default port', async (port) => {
    expect(await only(nodeOf(usable, {}, port))).toMatchObject({ target: { port: 10250 } });
    expect(await only({ ...nodeOf(usable), status: { addresses: usable } })).toMatchObject({ target: { port: 10250 } });
  });

  test.each([-1, 22, 443, 1023, 65_536, 1.5, '10250', {}])('whose port is %j is not called', async (port) => {
    expect(await only(nodeOf(usable, {}, port))).toMatchObject({ unusable: { code: 'malformed' } });
  });

  test.each([
    [{ 'node-role.kubernetes.io/control-plane': '' }, { isControlPlane: true }],
    [{ 'node-role.kubernetes.io/master': 'true' }, { isControlPlane: true }],
    [{ 'node-role.kubernetes.io/worker': '' }, { isControlPlane: false }],
    [{ type: 'virtual-kubelet' }, { isVirtual: true }],
    [{ type: 'metal' }, { isVirtual: false }],
    [null, { isControlPlane: false, isVirtual: false }],
  ])('with the labels %j is %j', async (labels, traits) => {
    expect(await only(nodeOf(usable, labels))).toMatchObject(traits);
  });

  test('with any status is either a problem or called at an address that a kubelet can have', async () => {
    const addressLike = fc.record({
      type: fc.constantFrom('InternalIP', 'ExternalIP', 'Hostname'),
      address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.anything()),
    });
    const statusLike = fc.oneof(
      fc.jsonValue(),
      fc.record({ addresses: fc.array(addressLike), daemonEndpoints: fc.jsonValue() }),
    );
    await fc.assert(
      fc.asyncProperty(statusLike, async (status) => {
        const node = await only(JSON.parse(JSON.stringify({ ...nodeOf(usable), status })));
        if ('unusable' in node) return node.unusable.message !== '';
        return isKubeletAddress(node.target.address) || /^[-.a-z0-9]+$/i.test(node.target.address);
      }),
    );
  });
});
