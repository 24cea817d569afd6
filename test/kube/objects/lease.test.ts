import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { ApiFault, type Api, type ApiAnswer, type ApiRequest } from '../../../src/kube/api.ts';
import { leaseOf, type LeaseRecord } from '../../../src/kube/objects/lease.ts';

const RECORD: LeaseRecord = {
  holderIdentity: 'me',
  leaseDurationSeconds: 15,
  acquireTime: '2026-11-23T09:00:00.000000Z',
  renewTime: '2026-11-23T09:00:02.000000Z',
  leaseTransitions: 3,
};
const OBJECT = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'a b', namespace: 'guard', resourceVersion: '7', labels: { mine: 'yes' } },
  spec: { ...RECORD, strategy: 'OldestEmulationVersion' },
};
const { signal } = new AbortController();

function port(answer: Partial<ApiAnswer> | Error) {
  const asked: ApiRequest[] = [];
  const api: Api = (request) => {
    asked.push(request);
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ status: 200, contentType: 'application/json', text: JSON.stringify(OBJECT), ...answer });
  };
  return { asked, lease: leaseOf(api, { namespace: 'guard', name: 'a b' }) };
}

const PATH = '/apis/coordination.k8s.io/v1/namespaces/guard/leases';

describe('a Lease', () => {
  test('is read, within limits', async () => {
    const { lease, asked } = port({});
    expect(await lease.read(signal)).toStrictEqual({ is: 'there', lease: { record: RECORD, object: OBJECT } });
    expect(asked).toStrictEqual([{ path: `${PATH}/a%20b`, timeout: 5000, limit: 1_572_864 }]);
  });

  test('is created in its namespace', async () => {
    const { lease, asked } = port({ status: 201 });
    expect(await lease.create(RECORD, signal)).toMatchObject({ is: 'there' });
    const body = {
      apiVersion: OBJECT.apiVersion,
      kind: 'Lease',
      metadata: { namespace: 'guard', name: 'a b' },
      spec: RECORD,
    };
    expect(asked).toMatchObject([{ method: 'POST', path: PATH, body }]);
  });

  test('is updated at the version that was read, so that a second writer fails, and nothing but the record changes', async () => {
    const { lease, asked } = port({});
    const answer = await lease.read(signal);
    if (answer.is !== 'there') throw new Error(answer.is);
    await lease.update(answer.lease, { ...RECORD, holderIdentity: '' }, signal);
    const body = { ...OBJECT, spec: { ...OBJECT.spec, holderIdentity: '' } };
    expect(asked[1]).toMatchObject({ method: 'PUT', path: `${PATH}/a%20b`, body });
  });

  test('can be without a holder', async () => {
    const { lease } = port({ text: '{"metadata":{"resourceVersion":"1"},"spec":{"holderIdentity":7}}' });
    const record = { holderIdentity: '', leaseDurationSeconds: 0, acquireTime: '', renewTime: '', leaseTransitions: 0 };
    expect(await lease.read(signal)).toMatchObject({ is: 'there', lease: { record } });
  });
});

describe('an answer', () => {
  const rights =
    /answers 403: give this account get, create and update of leases.coordination.k8s.io in the namespace guard$/;
  const cases: readonly [Partial<ApiAnswer> | Error, 'read' | 'create', object][] = [
    [{ status: 404 }, 'read', { is: 'absent' }],
    [{ status: 404 }, 'create', { is: 'fault', code: 'no-namespace' }],
    [{ status: 409 }, 'create', { is: 'conflict' }],
    [{ status: 403 }, 'read', { is: 'fault', code: 'forbidden', reason: expect.stringMatching(rights) }],
    [
      { status: 401 },
      'create',
      {
        is: 'fault',
        code: 'forbidden',
        reason: expect.stringContaining('HTTP 401: the API server does not accept the credentials'),
      },
    ],
    [
      { status: 422, text: '{"kind":"Status","message":"bad"}' },
      'create',
      { code: 'refused', reason: 'HTTP 422: bad' },
    ],
    [{ status: 500, text: 'x' }, 'read', { code: 'unreachable', reason: 'HTTP 500: no reason given' }],
    [
      { status: 429, text: '{"kind":"Status","message":7}' },
      'read',
      { code: 'unreachable', reason: 'HTTP 429: no reason given' },
    ],
    [{ status: 302 }, 'read', { code: 'refused' }],
    [{ text: '<html>' }, 'read', { code: 'malformed' }],
    [{ text: 'null' }, 'create', { code: 'malformed' }],
    [{ text: '{"metadata":{"resourceVersion":""}}' }, 'read', { code: 'malformed' }],
    [new ApiFault('connect ECONNREFUSED'), 'read', { code: 'unreachable', reason: 'connect ECONNREFUSED' }],
    [new ApiFault('gone', 409), 'create', { is: 'conflict' }],
    [new ApiFault('HTTP 403', 403), 'read', { code: 'forbidden' }],
    [new Error('x'.repeat(5000)), 'read', { code: 'unreachable', reason: 'x'.repeat(300) }],
  ];
  test.each(cases)('%j to a %s is understood', async (answer, call, understood) => {
    const { lease } = port(answer);
    expect(await (call === 'read' ? lease.read(signal) : lease.create(RECORD, signal))).toMatchObject(understood);
  });

  test('of any kind throws no exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.oneof(fc.string(), fc.json()), async (status, text) => {
        const { lease } = port({ status, text });
        const answers = [await lease.read(signal), await lease.create(RECORD, signal)];
        for (const { is } of answers) expect(['there', 'absent', 'conflict', 'fault']).toContain(is);
      }),
    );
  });
});
