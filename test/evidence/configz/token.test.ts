import { readFileSync } from 'node:fs';

import { beforeEach, describe, expect, test } from '@jest/globals';

import { ApiFault, type Api, type ApiAnswer, type ApiRequest } from '../../../src/kube/api.ts';
import { tokenSource, type TokenSource } from '../../../src/evidence/configz/token.ts';

let now: number;
let asked: ApiRequest[];
let answer: (count: number) => Promise<ApiAnswer>;
let tokens: TokenSource;

const json = (status: number, body: unknown): Promise<ApiAnswer> =>
  Promise.resolve({ status, contentType: 'application/json', text: JSON.stringify(body) });
const granted = (token: unknown, expirationSeconds?: unknown) =>
  json(201, { spec: { expirationSeconds }, status: { token } });
const fixture = (name: string) => readFileSync(`test/fixtures/live-v1.37.2/${name}`, 'utf8');

beforeEach(() => {
  now = 1_000_000;
  asked = [];
  answer = (count) => granted(`token-${count}`, 600);
  const request: Api = (one) => {
    asked.push(one);
    return answer(asked.length);
  };
  tokens = tokenSource({ request, namespace: 'guard', account: 'asker', clock: () => now });
});

describe('the token', () => {
  test('is requested for the account, for ten minutes, without an audience', async () => {
    expect(await tokens.token()).toBe('token-1');
    expect(asked).toStrictEqual([
      {
        method: 'POST',
        path: '/api/v1/namespaces/guard/serviceaccounts/asker/token',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } },
        mayRepeat: true,
        timeout: 30_000,
        limit: 262_144,
      },
    ]);
  });

  test('is shared by all concurrent callers, until 60 % of its lifetime', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => tokens.token()));
    expect(new Set(all)).toStrictEqual(new Set(['token-1']));
    now += 359_999;
    expect(await tokens.token()).toBe('token-1');
    now += 1;
    expect(await tokens.token()).toBe('token-2');
    expect(asked).toHaveLength(2);
  });

  test.each([
    [1200, 720_000],
    [86_400, 2_160_000],
    [undefined, 360_000],
  ])('lasts as long as the API server says, up to an hour: %j', async (seconds, fresh) => {
    answer = (count) => granted(`token-${count}`, seconds);
    await tokens.token();
    now += fresh - 1;
    expect(await tokens.token()).toBe('token-1');
    now += 1;
    expect(await tokens.token()).toBe('token-2');
  });

  test.each([undefined, '', 7, 'a\r\nb', 'ä'])('that is not valid is a fault: %j', async (token) => {
    answer = () => granted(token);
    await expect(tokens.token()).rejects.toThrow(
      'no token of the service account guard/asker: the answer has no token',
    );
  });
});

describe('a failed token request', () => {
  test.each([
    [404, 'token-no-account.json', 'serviceaccounts "nosuch" not found; apply the manifests, which create it'],
    [403, 'token-forbidden.json', '; allow this process to create serviceaccounts/token, with resourceNames [asker]'],
    [401, 'api-unauthorized.json', 'HTTP 401: Unauthorized'],
  ])('with %d says what to do', async (status, file, advice) => {
    answer = () => Promise.resolve({ status, contentType: 'application/json', text: fixture(file) });
    await expect(tokens.token()).rejects.toMatchObject({ status, message: expect.stringContaining(advice) });
  });

  test('is reported to all callers, and remembered for five seconds', async () => {
    answer = () => Promise.reject(new ApiFault('connect ECONNREFUSED'));
    const ask = () => expect(tokens.token()).rejects.toThrow('guard/asker: connect ECONNREFUSED');
    await Promise.all([ask(), ask()]);
    now += 4999;
    await ask();
    expect(asked).toHaveLength(1);
    now += 1;
    answer = () => granted('token');
    expect(await tokens.token()).toBe('token');
  });
});

describe('a rejected token', () => {
  test('stays in use while it is new, because it is not the cause', async () => {
    const token = await tokens.token();
    now += 59_999;
    expect(tokens.refused(token)).toBe(false);
    expect(await tokens.token()).toBe(token);
  });

  test('is replaced once, however many kubelets reject it', async () => {
    const token = await tokens.token();
    now += 60_000;
    const again = Array.from({ length: 50 }, () => tokens.refused(token));
    expect(again).not.toContain(false);
    const next = await Promise.all(again.map(() => tokens.token()));
    expect(new Set(next)).toStrictEqual(new Set(['token-2']));
    expect(tokens.refused(token)).toBe(true);
    expect(tokens.refused('token-2')).toBe(false);
    expect(asked).toHaveLength(2);
  });
});
