import { expect, test } from '@jest/globals';

import type { ApiAnswer, ApiRequest } from '../../src/kube/api.ts';
import { readOnlyApi } from '../../src/kube/read-only-api.ts';

const { signal } = new AbortController();
const MAPS = '/api/v1/namespaces/kube-system/configmaps';

function answering(status: number, body: unknown, warnings?: readonly string[]) {
  const asked: ApiRequest[] = [];
  const questions = readOnlyApi((request) => {
    asked.push(request);
    const answer: ApiAnswer = { status, contentType: '', text: JSON.stringify(body), ...(warnings && { warnings }) };
    return Promise.resolve(answer);
  });
  return { questions, asked };
}

test('a read gives the object, or undefined if there is none, or why it is unknown', async () => {
  expect(await answering(200, { a: 1 }).questions.read('/x', signal)).toEqual({ known: { a: 1 } });
  expect(await answering(404, {}).questions.read('/x', signal)).toEqual({ known: undefined });
  const refused = await answering(403, { kind: 'Status', message: 'no' }).questions.read('/x?limit=1', signal);
  expect(refused).toEqual({ unknown: 'you cannot read /x: HTTP 403: no' });
  expect(await readOnlyApi(() => Promise.reject(new Error('gone'))).read('/x', signal)).toEqual({
    unknown: 'gone',
  });
});

test('a dry run is never written', async () => {
  const { questions, asked } = answering(201, { message: 'a field of the object' }, ['careful']);

  expect(await questions.dryRun(MAPS, {}, signal)).toEqual({
    known: { status: 201, message: '', warnings: ['careful'] },
  });
  expect(asked).toMatchObject([{ method: 'POST', path: `${MAPS}?dryRun=All` }]);
});

test('rights are checked for the user name and groups that an API server gives the account', async () => {
  const { questions, asked } = answering(201, { status: { allowed: true } });
  const account = { namespace: 'guards', name: 'sweeper' };

  expect(await questions.isAllowed(account, { verb: 'get', path: '/flagz' }, signal)).toEqual({ known: true });
  expect(asked[0]?.body).toMatchObject({
    spec: {
      user: 'system:serviceaccount:guards:sweeper',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:guards', 'system:authenticated'],
      nonResourceAttributes: { verb: 'get', path: '/flagz' },
    },
  });
  expect(await answering(201, {}).questions.isAllowed(account, { verb: 'get', path: '/' }, signal)).toHaveProperty(
    'unknown',
  );
});
