import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { ADMISSION_RESOURCES } from '../../src/inspect.ts';
import { decodeReview } from '../../src/webhook/admission-review.ts';
import { CONFIG_MAP, review } from '../support/admission.ts';

function decode(value: unknown): ReturnType<typeof decodeReview> {
  return decodeReview(JSON.stringify(value));
}

describe('decoding a review', () => {
  test('reads the fields that a decision needs', () => {
    const request = { namespace: 'kube-system', name: 'n', subResource: 'status', dryRun: true, oldObject: CONFIG_MAP };
    const userInfo = { username: 'system:node:cp-1', groups: ['system:nodes'] };
    expect(decode(review({ ...request, userInfo }))).toStrictEqual({
      request: {
        ...request,
        username: 'system:node:cp-1',
        uid: 'uid-1',
        group: '',
        resource: 'configmaps',
        kind: 'ConfigMap',
        operation: 'CREATE',
        object: CONFIG_MAP,
      },
    });
  });

  test.each([
    ['an empty body', '', 'the body is empty'],
    ['white space', ' \n', 'the body is empty'],
    ['half a brace', '{"kind":', 'the body is not JSON'],
    ['a byte order mark', `\ufeff${JSON.stringify(review())}`, 'the body is not JSON'],
    ['two values', '{}{}', 'the body is not JSON'],
    ['null', 'null', 'the body is not a JSON object'],
    ['an array', JSON.stringify([review()]), 'the body is not a JSON object'],
    ['a deep array', '['.repeat(100_000) + ']'.repeat(100_000), 'the body is not a JSON object'],
    ['another kind', '{"apiVersion":"v1","kind":"Pod"}', 'the body is not an AdmissionReview of apiVersion'],
    [
      'v1beta1',
      JSON.stringify({ ...review(), apiVersion: 'admission.k8s.io/v1beta1' }),
      'the body is not an AdmissionReview of apiVersion',
    ],
    ['no request', JSON.stringify({ ...review(), request: null }), 'the AdmissionReview has no request'],
    ['a request that is a list', JSON.stringify({ ...review(), request: [] }), 'the AdmissionReview has no request'],
    ['a request by prototype', '{"__proto__":{"request":{}}}', 'the body is not an AdmissionReview of apiVersion'],
    ['no uid', JSON.stringify(review({ uid: undefined })), 'the request of the AdmissionReview has no uid'],
    ['an empty uid', JSON.stringify(review({ uid: '' })), 'the request of the AdmissionReview has no uid'],
    ['a number as uid', JSON.stringify(review({ uid: 1 })), 'the request of the AdmissionReview has no uid'],
    [
      'no operation',
      JSON.stringify(review({ operation: null })),
      'the request of the AdmissionReview has no operation',
    ],
    ['no resource', JSON.stringify(review({ resource: {} })), 'the request of the AdmissionReview has no resource'],
  ])('rejects %s', (_name, body, reason) => {
    expect(decodeReview(body)).toStrictEqual({ reason: expect.stringContaining(reason) });
  });

  const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } };
  const objects = [
    ['missing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a number', 7],
    ['a list', [CONFIG_MAP]],
    ['without a kind', { ...CONFIG_MAP, kind: undefined }],
    ['of another kind', POD],
    ['of another apiVersion', { ...CONFIG_MAP, apiVersion: 'v2' }],
    ['of a kind by prototype', Object.create({ apiVersion: 'v1', kind: 'ConfigMap' })],
  ] as const;

  test.each(objects)('rejects an object that is %s', (_name, object) => {
    const reason = 'the object of the AdmissionReview is not a ConfigMap of apiVersion v1';
    for (const operation of ['CREATE', 'UPDATE'])
      expect(decode(review({ operation, object, oldObject: CONFIG_MAP }))).toStrictEqual({ reason });
  });

  test.each(objects)('rejects an oldObject of an update that is %s', (_name, oldObject) => {
    const reason = 'the oldObject of the AdmissionReview is not a ConfigMap of apiVersion v1';
    expect(decode(review({ operation: 'UPDATE', oldObject }))).toStrictEqual({ reason });
  });

  test('rejects an oldObject of another kind, even on CREATE', () => {
    const reason = 'the oldObject of the AdmissionReview is not a ConfigMap of apiVersion v1';
    expect(decode(review({ oldObject: POD }))).toStrictEqual({ reason });
  });

  test('knows the kind of each resource that is checked', () => {
    for (const { group, resource, subResource, operations } of ADMISSION_RESOURCES) {
      const [operation] = operations;
      const request = { resource: { group, version: 'v1', resource }, subResource, operation, object: null };
      expect([resource, decode(review(request))]).toStrictEqual([resource, { reason: expect.any(String) }]);
    }
  });

  test('accepts any object of a deletion, and of a resource that is not checked', () => {
    expect(decode(review({ operation: 'DELETE', object: null, oldObject: null }))).toHaveProperty('request');
    const resource = { group: 'policy', version: 'v1', resource: 'pods' };
    expect(decode(review({ resource, object: null }))).toHaveProperty('request');
  });

  test.each([undefined, null, 'system:node:cp-1', [], {}, { username: 7 }])(
    'reads the user %j as no user',
    (userInfo) => {
      expect(decode(review({ userInfo }))).toMatchObject({ request: { username: '' } });
    },
  );

  test('does not read fields through a prototype', () => {
    const text = JSON.stringify(review()).replace('"uid":"uid-1"', '"__proto__":{"uid":"x"}');
    expect(decodeReview(text)).toStrictEqual({ reason: 'the request of the AdmissionReview has no uid' });
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof decodeReview(text) === 'object'));
    fc.assert(fc.property(fc.jsonValue(), (value) => typeof decode({ ...review(), request: value }) === 'object'));
  });
});
