import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

import { ApiFault, type Api, type ApiAnswer, type ApiRequest } from '../../../src/kube/api.ts';
import { secretOf } from '../../../src/kube/objects/secret.ts';

interface Shipped {
  readonly kind: string;
  readonly type: string;
  readonly metadata: { readonly labels: object };
}

const OWN = { 'kubelet-guard.dev/certificates': 'own-authority' };
const OBJECT = {
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/tls',
  metadata: {
    name: 'a b',
    namespace: 'ns',
    resourceVersion: '7',
    labels: { mine: 'yes' },
    annotations: { x: 'y', ...OWN },
  },
  data: { 'tls.crt': 'WA==', other: '/w==' },
};
const PATH = '/api/v1/namespaces/ns/secrets';
const { signal } = new AbortController();

function port(answer: Partial<ApiAnswer> | Error = {}) {
  const asked: ApiRequest[] = [];
  const api: Api = (request) => {
    asked.push(request);
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ status: 200, contentType: 'application/json', text: JSON.stringify(OBJECT), ...answer });
  };
  return { asked, secret: secretOf(api, { namespace: 'ns', name: 'a b' }) };
}

function answerWith(change: object): Partial<ApiAnswer> {
  return { text: JSON.stringify({ ...OBJECT, ...change }) };
}

describe('a Secret', () => {
  test('is read, within limits', async () => {
    const { secret, asked } = port();
    const seen = await secret.read(signal);
    expect(seen).toMatchObject({ data: { 'tls.crt': 'X' }, isForeign: false, object: OBJECT });
    expect(asked).toStrictEqual([{ path: `${PATH}/a%20b`, timeout: 5000, limit: 1_572_864 }]);
  });

  test.each([
    ['data of another owner', { metadata: { resourceVersion: '1' } }, true],
    ['no data', { metadata: { resourceVersion: '1' }, data: undefined }, false],
    ['empty values', { metadata: { resourceVersion: '1' }, data: { 'tls.crt': '' } }, false],
    ['data of kubelet-guard', {}, false],
  ])('with %s is recognized as foreign or not', async (_name, change, isForeign) => {
    expect(await port(answerWith(change)).secret.read(signal)).toMatchObject({ isForeign });
  });

  test('is created with the annotation that marks it as created by kubelet-guard', async () => {
    const { secret, asked } = port({ status: 201 });
    expect(await secret.create({ 'tls.crt': 'X' }, signal)).toMatchObject({ data: { 'tls.crt': 'X' } });
    expect(asked).toMatchObject([{ method: 'POST', path: PATH }]);
    expect(asked).toMatchObject([
      { body: { metadata: { name: 'a b', annotations: OWN }, data: { 'tls.crt': 'WA==' } } },
    ]);
  });

  test('is created as in the manifests, so that they can be applied later', async () => {
    const manifest = new URL('../../../manifests/base/rbac-certificates.yaml', import.meta.url);
    const [shipped] = parseAllDocuments(readFileSync(manifest, 'utf8')).map((document) => document.toJS() as Shipped);
    const { secret, asked } = port({ status: 201 });
    await secret.create({}, signal);
    const { kind, type, metadata } = asked[0]?.body as Shipped;
    expect({ kind, type, labels: metadata.labels }).toEqual({
      kind: 'Secret',
      type: shipped?.type,
      labels: shipped?.metadata.labels,
    });
  });

  test('is updated at the version that was read, so that a second writer fails, and other values stay', async () => {
    const { secret, asked } = port();
    const seen = await secret.read(signal);
    if (seen === undefined) throw new Error('none');
    await secret.update(seen, { 'tls.crt': 'Z' }, signal);
    const body = { ...OBJECT, data: { 'tls.crt': 'Wg==', other: '/w==' } };
    expect(asked[1]).toMatchObject({ method: 'PUT', path: `${PATH}/a%20b`, body });
  });
});

describe('an answer', () => {
  const rights = 'the Secret ns/a b: HTTP 403: allow this account to get and update the Secret a b in the namespace ns';
  const restore =
    'there is none, and this account may not create it: apply the manifests again (kubectl apply -k, or helm upgrade), or run: kubectl --namespace ns create secret generic a b';
  const failures: readonly [string, Partial<ApiAnswer> | Error, 'read' | 'create', string][] = [
    ['without rights', { status: 403 }, 'read', rights],
    ['without the right to create it', { status: 403 }, 'create', restore],
    ['without a namespace', { status: 404 }, 'create', 'the namespace ns is not there: create it'],
    ['that denies it', { status: 422, text: '{"kind":"Status","message":"bad"}' }, 'create', 'HTTP 422: bad'],
    ['that is not JSON', { text: 'x' }, 'read', 'the answer is not JSON'],
    ['without a version', answerWith({ metadata: {} }), 'read', 'the answer is no Secret'],
    ['that does not come', new ApiFault('ECONNREFUSED'), 'read', 'the Secret ns/a b: ECONNREFUSED'],
  ];
  test.each(failures)('%s is a fault with a message', async (_name, answer, call, words) => {
    const { secret } = port(answer);
    const called = call === 'read' ? secret.read(signal) : secret.create({}, signal);
    await expect(called).rejects.toThrow(words);
    await expect(called).rejects.toBeInstanceOf(ApiFault);
  });

  test('that another writer was first is not a fault', async () => {
    const seen = { data: {}, isForeign: false, object: OBJECT };
    expect(await port({ status: 404 }).secret.read(signal)).toBeUndefined();
    expect(await port({ status: 409 }).secret.create({}, signal)).toBeUndefined();
    expect(await port({ status: 409 }).secret.update(seen, {}, signal)).toBeUndefined();
    expect(await port({ status: 404 }).secret.update(seen, {}, signal)).toBeUndefined();
  });
});
