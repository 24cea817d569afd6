import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { ApiFault, type Api, type ApiAnswer } from '../../../src/kube/api.ts';
import { askApiServers } from '../../../src/evidence/flagz/flagz.ts';
import { HttpFault } from '../../../src/kube/http/fault.ts';

const fixture = (name: string) => readFileSync(`test/fixtures/live-v1.37.2/${name}`, 'utf8');
const flagz = fixture('flagz.json');
const signal = new AbortController().signal;
const slice = (addresses: readonly unknown[], port: unknown = 6443) => ({
  endpoints: [{ addresses, conditions: { ready: true } }],
  ports: [{ name: 'https', port }],
});
const NEWEST = 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz';
const OLDER = 'application/json;v=v1alpha1;g=config.k8s.io;as=Flagz';

/** A cluster with these EndpointSlices, whose API servers answer as the test says. */
async function ask(slices: unknown, answer: (server: string, accept: string) => readonly [number, string] | Error) {
  const asked: string[] = [];
  const request: Api = ({ path, server = 'configured', accept = '' }) => {
    const give = (status: number, text: string): Promise<ApiAnswer> =>
      Promise.resolve({ status, contentType: '', text });
    if (path.startsWith('/apis/discovery.k8s.io/')) {
      asked.push(path);
      return slices === undefined ? give(403, fixture('flagz-forbidden.json')) : give(200, JSON.stringify(slices));
    }
    asked.push(`${server}${path}`);
    const given = answer(server, accept);
    return given instanceof Error ? Promise.reject(given) : give(...given);
  };
  const documents = await askApiServers({ server: 'https://api.example', request, timeout: 5000 }, signal);
  return { documents, asked: asked.slice(1), listed: asked[0] };
}

const object = (node: string) => ({
  form: 'flagz',
  source: { node, via: 'flagz' },
  value: JSON.parse(flagz) as unknown,
});
const problem = (node: string, code: string, message = '') => ({
  form: 'unanswered',
  component: 'kube-apiserver',
  wanted: 'flagz',
  source: { node, via: 'flagz' },
  problem: { code, message: expect.stringContaining(message) },
});

describe('flagz', () => {
  test('is requested once from each endpoint of the Service kubernetes', async () => {
    const slices = { items: [slice(['10.0.0.1', '10.0.0.2', '10.0.0.1']), slice(['fd00::1', 'x', 7, null])] };
    const { documents, asked, listed } = await ask(slices, () => [200, flagz]);
    expect(listed).toBe(
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes',
    );
    const nodes = ['10.0.0.1:6443', '10.0.0.2:6443', '[fd00::1]:6443'];
    expect(asked).toStrictEqual(nodes.map((node) => `https://${node}/flagz`));
    expect(documents).toStrictEqual(nodes.map(object));
  });

  test.each([
    ['not allowed', undefined],
    ['empty', { items: [] }],
    ['not a list', null],
    ['without a port', { items: [slice(['10.0.0.1'], 'x'), { endpoints: null, ports: [] }, null] }],
  ])('is requested from the configured API server if the endpoints are %s', async (_name, slices) => {
    const { documents, asked } = await ask(slices, () => [200, flagz]);
    expect(asked).toStrictEqual(['configured/flagz']);
    expect(documents).toStrictEqual([object('api.example:443')]);
  });

  test('is also requested from the configured API server if no endpoint can be reached', async () => {
    const cause = new HttpFault('timeout', 'no answer within 5000 ms');
    const fault = new ApiFault('no answer within 5000 ms', undefined, { cause });
    const { documents } = await ask({ items: [slice(['10.0.0.1'])] }, (server) =>
      server === 'configured' ? [200, flagz] : fault,
    );
    expect(documents).toMatchObject([problem('10.0.0.1:6443', 'timeout', 'no answer'), object('api.example:443')]);
  });

  test('is not requested elsewhere if one endpoint denies it', async () => {
    const { documents, asked } = await ask({ items: [slice(['10.0.0.1', '10.0.0.2'])] }, (server) =>
      server.includes('10.0.0.1') ? [403, fixture('flagz-forbidden.json')] : new ApiFault('connect ECONNREFUSED'),
    );
    expect(documents).toMatchObject([
      problem('10.0.0.1:6443', 'forbidden', 'nonResourceURLs [/flagz]'),
      problem('10.0.0.2:6443', 'unreachable', 'ECONNREFUSED'),
    ]);
    expect(asked).toHaveLength(2);
  });

  test('is requested in the older version if the newer one is not acceptable', async () => {
    const accepted: string[] = [];
    const { documents } = await ask(undefined, (_server, accept) => {
      accepted.push(accept);
      return accept === OLDER ? [200, flagz] : [406, fixture('flagz-not-acceptable.json')];
    });
    expect(accepted).toStrictEqual([NEWEST, OLDER]);
    expect(documents).toMatchObject([{ form: 'flagz' }]);
  });

  test.each([
    [401, fixture('api-unauthorized.json'), 'unauthorized', 'HTTP 401'],
    [403, fixture('flagz-forbidden.json'), 'forbidden', 'nonResourceURLs'],
    [404, '404 page not found', 'not-found', '1.36'],
    [406, fixture('flagz-not-acceptable.json'), 'not-found', 'text only'],
    [503, flagz, 'unreachable', 'HTTP 503'],
    [200, fixture('flagz.txt'), 'malformed', 'text form'],
    [200, flagz.replace('"Flagz"', '"Other"'), 'malformed', 'no Flagz'],
    [200, '{"kind":"Flagz"}', 'malformed', 'no Flagz'],
    [200, '{"kind":"Flagz","flags":["x"]}', 'malformed', 'no Flagz'],
    [200, 'null', 'malformed', 'no Flagz'],
  ])('is unknown if the answer is %d %.40s', async (status, text, code, message) => {
    const { documents } = await ask(undefined, () => [status, text]);
    expect(documents).toMatchObject([problem('api.example:443', code, message)]);
  });
});
