import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { ApiFault, type Api, type ApiRequest } from '../../../src/kube/api.ts';
import { configzEvidence, type ConfigzOptions } from '../../../src/evidence/configz/configz.ts';
import { configzProxyEvidence } from '../../../src/evidence/configz/proxy.ts';
import type { NodeTarget } from '../../../src/evidence/evidence.ts';
import { HttpFault } from '../../../src/kube/http/fault.ts';
import { servingNamesBy } from '../../../src/evidence/serving-names.ts';
import type { TokenSource } from '../../../src/evidence/configz/token.ts';
import { Authority, type KeyPair } from '../../e2e/support/pki.ts';
import { authority, issue, json, serve, serveRaw, stopServers } from '../../support/https-server.ts';

const fixture = (name: string) => readFileSync(`test/fixtures/live-v1.37.2/${name}`, 'utf8');
const withCA = fixture('configz-client-ca.json');
const signal = () => new AbortController().signal;
const byAddress = issue({ addresses: ['127.0.0.1'] });

let unverified: string[];
beforeEach(() => {
  unverified = [];
});
afterEach(stopServers);

/** Returns these tokens one by one: each time one is rejected, the next. */
function tokensOf(...tokens: readonly string[]): TokenSource {
  let index = 0;
  return {
    token: () => Promise.resolve(tokens[index] ?? ''),
    refused: () => {
      if (index + 1 >= tokens.length) return false;
      index += 1;
      return true;
    },
  };
}

function ask(target: Partial<NodeTarget> & { port: number }, options: Partial<ConfigzOptions> = {}, stop = signal()) {
  const evidence = configzEvidence({
    tokens: tokensOf('secret'),
    unverified: (node, reason) => unverified.push(`${node.name}: ${reason}`),
    timeout: 5000,
    ...options,
  });
  return evidence.ask({ name: 'node-1', uid: 'u1', address: '127.0.0.1', ...target }, stop);
}

function problem(code: string, message: string) {
  return {
    form: 'unanswered',
    component: 'kubelet',
    wanted: 'configz',
    problem: { code, message: expect.stringContaining(message) },
  };
}

/** A kubelet that gives one answer. */
function kubelet(status: number, text: string, pair = byAddress) {
  return serve(pair, (_request, response) => response.writeHead(status).end(text));
}

describe('configz from the kubelet', () => {
  test.each(['configz-client-ca.json', 'configz-no-client-ca.json'])(
    'is the answer of the kubelet: %s',
    async (file) => {
      const { port, asked } = await kubelet(200, fixture(file));
      expect(await ask({ port }, { clusterCA: authority.certificate })).toStrictEqual({
        form: 'configz',
        source: { node: 'node-1', via: 'configz' },
        value: JSON.parse(fixture(file)) as unknown,
      });
      expect({ asked, unverified }).toStrictEqual({ asked: ['GET /configz Bearer secret'], unverified: [] });
    },
  );

  test.each([
    [401, 'configz-unauthorized.txt', 'unauthorized', 'authentication.webhook.enabled'],
    [403, 'configz-forbidden.txt', 'forbidden', 'get nodes/configz'],
    [404, 'configz-not-found.txt', 'not-found', 'enableDebuggingHandlers'],
  ])('is unknown if a kubelet v1.37.2 answers %d', async (status, file, code, message) => {
    const { port } = await kubelet(status, fixture(file));
    const answer = await ask({ port }, { ca: authority.certificate });
    expect(answer).toMatchObject({ ...problem(code, message), source: { node: 'node-1', via: 'configz' } });
  });

  test.each([
    ['HTML', 200, '<html></html>', 'malformed'],
    ['empty', 200, '', 'malformed'],
    ['another JSON', 200, '{"kind":"Status"}', 'malformed'],
    ['a list', 200, '[]', 'malformed'],
    ['null', 200, 'null', 'malformed'],
    ['a kubeletconfig that is null', 200, '{"kubeletconfig":null}', 'malformed'],
    ['a kubeletconfig that is a list', 200, '{"kubeletconfig":[]}', 'malformed'],
    ['JSON that is cut off', 200, withCA.slice(0, -3), 'malformed'],
    ['a redirect', 302, '', 'redirected'],
    ['an error', 500, withCA, 'unreachable'],
    ['no content', 204, '', 'unreachable'],
    ['more than 4 MiB', 200, `{"kubeletconfig":{"x":"${'x'.repeat(4 * 1024 * 1024)}"}}`, 'too-large'],
  ])('is unknown if the answer is %s', async (_name, status, text, code) => {
    const { port } = await kubelet(status, text);
    expect(await ask({ port }, { ca: authority.certificate })).toMatchObject(problem(code, ''));
  });

  test('is unknown if no answer comes, or not in time', async () => {
    const { port } = await serveRaw(() => undefined);
    expect(await ask({ port }, { timeout: 100 })).toMatchObject(problem('timeout', 'see whether the node is up'));
    await stopServers();
    expect(await ask({ port })).toMatchObject(problem('unreachable', 'ECONNREFUSED'));
  });
});

describe('the token', () => {
  const otherCA = new Authority('another');
  const otherServers: [string, KeyPair, string][] = [
    ['of another CA', otherCA.issue({ name: 'x', addresses: ['127.0.0.1'] }), 'unable to verify'],
    ['of another node', issue({ hosts: ['node-2'] }), 'does not match'],
  ];

  test.each(otherServers)(
    'is not sent to a server with a certificate %s if a CA is configured',
    async (_name, pair, reason) => {
      const { port, asked, closed } = await kubelet(200, withCA, pair);
      const answer = await ask({ port }, { ca: authority.certificate, clusterCA: otherCA.certificate });
      expect(answer).toMatchObject(problem('tls', reason));
      await closed(1);
      expect({ asked, unverified }).toStrictEqual({ asked: [], unverified: [] });
    },
  );

  test.each(otherServers)(
    'is sent to a server with a certificate %s if no CA is configured, which is reported',
    async (_name, pair) => {
      const { port, asked } = await kubelet(200, withCA, pair);
      expect(await ask({ port }, { clusterCA: authority.certificate })).toMatchObject({ form: 'configz' });
      expect(asked).toHaveLength(1);
      expect(unverified).toStrictEqual([expect.stringMatching(/^node-1: [A-Z_]+$/)]);
    },
  );

  test('is sent to an unverified server if no CA is known', async () => {
    const { port } = await kubelet(403, '');
    expect(await ask({ port })).toMatchObject(problem('forbidden', ''));
    expect(unverified).toHaveLength(1);
  });

  test('is sent if the certificate has the name of the node instead of its address', async () => {
    const { port } = await kubelet(200, withCA, issue({ hosts: ['node-1'] }));
    expect(await ask({ port }, { ca: authority.certificate })).toMatchObject({ form: 'configz' });
  });

  test('is not sent if the host name of the node resolves to a loopback address', async () => {
    const { port, asked } = await kubelet(200, withCA, issue({ hosts: ['localhost'] }));
    expect(await ask({ port, address: 'localhost' })).toMatchObject(problem('unreachable', 'its name leads to'));
    expect(asked).toStrictEqual([]);
  });

  test.each([
    ['unverified', undefined],
    ['verified', authority.certificate],
  ])('is not sent to a server that answers as another node (%s)', async (_how, ca) => {
    const { port, asked, closed } = await kubelet(200, withCA, issue({ addresses: ['127.0.0.1'], hosts: ['node-2'] }));
    const seen: unknown[] = [];
    const identityProblem: NodeTarget['identityProblem'] = (names) => {
      seen.push(names?.hosts);
      return { code: 'wrong-node', message: 'it answers as node-2' };
    };
    const answer = await ask({ port, identityProblem }, { ca, readNames: servingNamesBy({}) });
    expect(answer).toMatchObject(problem('wrong-node', 'it answers as node-2'));
    await closed(1);
    expect({ asked, seen, unverified }).toStrictEqual({ asked: [], seen: [['node-2']], unverified: [] });
    expect(await ask({ port, identityProblem: () => undefined }, { readNames: servingNamesBy({}) })).toMatchObject({
      form: 'configz',
    });
  });

  test('is replaced once if it is rejected and there is another one', async () => {
    const { port, asked } = await serve(byAddress, (request, response) => {
      if (request.headers.authorization === 'Bearer new') response.end(withCA);
      else response.writeHead(401).end();
    });
    expect(await ask({ port }, { tokens: tokensOf('old', 'new') })).toMatchObject({ form: 'configz' });
    expect(asked).toStrictEqual(['GET /configz Bearer old', 'GET /configz Bearer new']);
    expect(await ask({ port }, { tokens: tokensOf('a', 'b', 'c') })).toMatchObject(problem('unauthorized', ''));
    expect(asked).toHaveLength(4);
  });

  test.each([
    [404, 'not-found'],
    [403, 'forbidden'],
    [undefined, 'unreachable'],
  ])('is required: if it is not available (%s), no kubelet is called', async (status, code) => {
    const { port, asked } = await kubelet(200, withCA);
    const tokens = { ...tokensOf(), token: () => Promise.reject(new ApiFault('no token of x: why', status)) };
    expect(await ask({ port }, { tokens })).toMatchObject(problem(code, 'no token of x: why'));
    expect(asked).toStrictEqual([]);
  });

  test('is not waited for when the sweep is stopped', async () => {
    const { promise } = Promise.withResolvers<string>();
    const stopped = new AbortController();
    const answer = ask({ port: 1 }, { tokens: { ...tokensOf(), token: () => promise } }, stopped.signal);
    stopped.abort();
    expect(await answer).toMatchObject(problem('timeout', 'stopped'));
  });

  test('is never part of a message', async () => {
    const { port } = await serve(byAddress, (request, response) => {
      json(response, 403, request.headers);
    });
    expect(JSON.stringify(await ask({ port }))).not.toContain('secret');
    const hostile = JSON.stringify(await ask({ port }, { tokens: tokensOf('secret\n') }));
    expect(hostile).toContain('malformed');
    expect(hostile).not.toContain('secret');
  });
});

describe('configz through kube-apiserver', () => {
  const target = { name: 'node-1', uid: 'u1', address: '10.0.0.1', port: 10250 };
  const proxied = (api: Api, name = 'node-1') =>
    configzProxyEvidence({ request: api, timeout: 5000 }).ask({ ...target, name }, signal());
  const answering =
    (status: number, text: string): Api =>
    () =>
      Promise.resolve({ status, contentType: '', text });

  test('is requested by node name only, so that kube-apiserver uses its certificate', async () => {
    const asked: ApiRequest[] = [];
    const answer = await proxied((request) => {
      asked.push(request);
      return Promise.resolve({ status: 200, contentType: 'application/json', text: withCA });
    });
    expect(asked).toStrictEqual([{ path: '/api/v1/nodes/node-1/proxy/configz', timeout: 5000, limit: 4_194_304 }]);
    expect(answer).toMatchObject({ form: 'configz', source: { node: 'node-1', via: 'configz-proxy' } });
  });

  test('is requested with an escaped node name', async () => {
    const paths: string[] = [];
    const api: Api = ({ path }) => {
      paths.push(path);
      return Promise.reject(new ApiFault('x'));
    };
    await proxied(api, 'a/../../secrets?x#');
    expect(paths).toStrictEqual(['/api/v1/nodes/a%2F..%2F..%2Fsecrets%3Fx%23/proxy/configz']);
  });

  test.each([
    [401, 'proxy-unauthorized.txt', 'unauthorized', "the kubelet refused kube-apiserver's call with HTTP 401"],
    [403, 'proxy-anonymous.txt', 'unauthorized', "the kubelet refused kube-apiserver's call with HTTP 403"],
    [403, 'configz-forbidden.txt', 'forbidden', "the kubelet refused kube-apiserver's call with HTTP 403"],
    [404, 'configz-not-found.txt', 'not-found', 'enableDebuggingHandlers'],
    [401, 'api-unauthorized.json', 'forbidden', 'kube-apiserver answers HTTP 401: Unauthorized; it does not accept'],
    [403, 'proxy-forbidden.json', 'forbidden', 'allow get nodes/proxy'],
    [404, 'proxy-no-node.json', 'not-found', 'nodes "gone" not found'],
    [503, 'proxy-unverified.json', 'tls', 'failed to verify certificate'],
    [503, 'proxy-unreachable.json', 'unreachable', 'connection refused'],
  ])('shows who denied the request: %d %s', async (status, file, code, message) => {
    const answer = await proxied(answering(status, fixture(file)));
    expect(answer).toMatchObject({ ...problem(code, message), source: { node: 'node-1', via: 'configz-proxy' } });
  });

  test.each([
    [
      'another user name with the same beginning',
      403,
      'Forbidden (user=system:anonymous-but-not, verb=get)',
      'forbidden',
    ],
    ['a page of a proxy', 403, '<html>system:anonymous</html>', 'forbidden'],
    ['a gateway', 502, '<html></html>', 'unreachable'],
    ['HTML', 200, '<html></html>', 'malformed'],
  ])('does not mistake %s for the anonymous user', async (_name, status, text, code) => {
    expect(await proxied(answering(status, text))).toMatchObject(problem(code, ''));
  });

  test('is unknown if kube-apiserver does not answer', async () => {
    const cause = new HttpFault('timeout', 'no answer within 5 ms');
    const late = await proxied(() => Promise.reject(new ApiFault('x', undefined, { cause })));
    expect(late).toMatchObject(problem('timeout', 'no answer within 5 ms'));
    expect(await proxied(() => Promise.reject(new ApiFault('why')))).toMatchObject(problem('unreachable', 'why'));
    expect(await proxied(() => Promise.reject(new Error('a bug')))).toMatchObject(problem('unreachable', 'a bug'));
  });
});
