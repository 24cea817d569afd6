import { beforeEach, describe, expect, test } from '@jest/globals';

import { ApiFault, type ApiRequest } from '../../../src/kube/api.ts';
import { reportClient, type ReportClient } from '../../../src/kube/objects/reports.ts';
import { json, reportWorld, status, WG, type ReportWorld } from '../../sweeper/reports/report-world.ts';

const { signal } = new AbortController();
const RESOURCE = { apiVersion: WG, kind: 'ClusterPolicyReport', plural: 'clusterpolicyreports' };
const ELSEWHERE = { apiVersion: 'openreports.io/v1alpha1', kind: 'ClusterReport', plural: 'clusterreports' };
const LABELS = { managed: 'us' };
const report = (name: string, resourceVersion?: string) => ({
  metadata: { name, labels: LABELS, ...(resourceVersion !== undefined && { resourceVersion }) },
});

let world: ReportWorld;
let store: ReportClient;
beforeEach(() => {
  world = reportWorld(WG);
  store = reportClient(world.api);
});

async function listAll(): Promise<unknown[][]> {
  const pages: unknown[][] = [];
  for await (const page of store.list(RESOURCE, 'managed=us', signal)) pages.push([...page]);
  return pages;
}

describe('a served kind', () => {
  test('is found by discovery', async () => {
    expect(await store.isServed(RESOURCE, signal)).toBe(true);
    expect(await store.isServed(ELSEWHERE, signal)).toBe(false);
    world.served.set(WG, ['policyreports']);
    expect(await store.isServed(RESOURCE, signal)).toBe(false);
  });

  test.each([
    ['is denied', status(403, 'no discovery'), 'no discovery'],
    ['is not JSON', { status: 200, contentType: 'text/html', text: '<html>' }, 'not JSON'],
    ['does not come', new ApiFault('connection refused'), 'connection refused'],
  ])('is not considered absent if the answer %s', async (_what, answer, words) => {
    world.intercept = () => answer;
    await expect(store.isServed(RESOURCE, signal)).rejects.toThrow(words);
  });
});

describe('a list', () => {
  test('is read page by page, with only the objects that match the label', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await store.create(RESOURCE, report(name), signal);
    await store.create(RESOURCE, { metadata: { name: 'foreign' } }, signal);

    expect(await listAll()).toMatchObject([
      [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
      [{ metadata: { name: 'c' } }, { metadata: { name: 'd' } }],
      [{ metadata: { name: 'e' } }],
    ]);
  });

  test.each([
    ['is denied', status(403, 'may not list'), 'may not list'],
    ['is too old to continue', status(410, 'the list is too old'), 'the list is too old'],
    ['is not a list', json(200, { kind: 'List' }), 'is not a list'],
    ['never ends', json(200, { items: [], metadata: { continue: 'more' } }), 'does not end'],
  ])('that %s is a fault', async (_what, answer, words) => {
    world.intercept = () => answer;
    await expect(listAll()).rejects.toThrow(words);
    expect(world.calls.length).toBeLessThanOrEqual(1000);
  });
});

describe('one report', () => {
  test('is created, read, replaced and removed by its version', async () => {
    const created = await store.create(RESOURCE, report('a'), signal);
    expect(created).toMatchObject({ outcome: 'done', object: { metadata: { name: 'a', resourceVersion: '101' } } });
    expect(await store.get(RESOURCE, 'a', signal)).toEqual(created);
    expect(await store.update(RESOURCE, report('a', '101'), signal)).toMatchObject({ outcome: 'done' });
    expect(await store.delete(RESOURCE, 'a', '102', signal)).toMatchObject({ outcome: 'done' });
    expect(world.objects.size).toBe(0);
  });

  test('that somebody else changed or created is a conflict, and one that was deleted is absent', async () => {
    await store.create(RESOURCE, report('a'), signal);

    expect(await store.create(RESOURCE, report('a'), signal)).toEqual({ outcome: 'conflict' });
    expect(await store.update(RESOURCE, report('a', '1'), signal)).toEqual({ outcome: 'conflict' });
    expect(await store.delete(RESOURCE, 'a', '1', signal)).toEqual({ outcome: 'conflict' });
    expect(await store.get(RESOURCE, 'b', signal)).toEqual({ outcome: 'absent' });
    expect(await store.update(RESOURCE, report('b', '1'), signal)).toEqual({ outcome: 'absent' });
    expect(await store.delete(RESOURCE, 'b', '1', signal)).toEqual({ outcome: 'absent' });
  });

  test('whose kind is no longer served is not absent', async () => {
    expect(await store.get(ELSEWHERE, 'a', signal)).toMatchObject({
      outcome: 'refused',
      problem: { code: 'not-found' },
    });
  });

  test.each([
    [403, 'forbidden', 'may not create clusterpolicyreports: give the service account this right'],
    [401, 'forbidden', 'may not create clusterpolicyreports'],
    [413, 'too-large', 'larger than the API server takes'],
    [422, 'malformed', 'CustomResourceDefinition of clusterpolicyreports denies the report'],
    [429, 'unreachable', 'the next sweep tries again'],
    [500, 'unreachable', 'the next sweep tries again'],
  ])('that is denied with %i is a problem that says what to do', async (code, problem, words) => {
    world.intercept = () => status(code, 'its words');

    const answer = await store.create(RESOURCE, report('a'), signal);

    expect(answer).toMatchObject({ outcome: 'refused', problem: { code: problem } });
    expect(JSON.stringify(answer)).toContain(words);
    expect(JSON.stringify(answer)).toContain('its words');
  });

  test('that cannot be written because the API server does not answer is a problem, not a rejection', async () => {
    const cause = Object.assign(new Error('after 10 s'), { code: 'timeout' });
    world.intercept = () => new ApiFault('no answer', undefined, { cause });

    expect(await store.create(RESOURCE, report('a'), signal)).toMatchObject({
      outcome: 'refused',
      problem: { code: 'timeout', message: expect.stringContaining('no answer') as unknown },
    });
  });

  test('cannot change the path by its name', async () => {
    const requests: ApiRequest[] = [];
    await reportClient((request) => {
      requests.push(request);
      return Promise.resolve(status(404, 'no', { name: 'x' }));
    }).get(RESOURCE, '../../secrets', signal);

    expect(requests).toMatchObject([{ path: `/apis/${WG}/clusterpolicyreports/..%2F..%2Fsecrets` }]);
  });
});
