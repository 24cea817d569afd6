import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import type { ApiRequest } from '../../src/kube/api.ts';
import { connectCluster, type Cluster } from '../../src/kube/cluster.ts';
import type { ObjectApi, ObjectEvent } from '../../src/kube/watch/object-watch.ts';
import { Authority } from '../e2e/support/pki.ts';
import { authority, issue, serve, stopServers } from '../support/https-server.ts';

let folder: string;
let server: Server | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-cluster-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await stopServers();
});

const CA = Buffer.from(authority.certificate).toString('base64');

function kubeconfig(name: string, cluster: object, current = 'x', user: object = { token: 'the-token' }): string {
  const path = join(folder, name);
  const config = {
    clusters: [{ name: 'x', cluster }],
    users: [{ name: 'x', user }],
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    'current-context': current,
  };
  writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
  return path;
}

/** An API server that answers as the test says. */
async function clusterOf(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  version?: string,
): Promise<Cluster> {
  const { certificate: cert, key } = issue({ addresses: ['127.0.0.1'] });
  server = createTlsServer({ cert, key }, answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const path = kubeconfig('loopback', { server: `https://127.0.0.1:${port}/`, 'certificate-authority-data': CA });
  const cluster = await connectCluster({ kubeconfig: path, ...(version !== undefined && { version }) });
  if (cluster === undefined) throw new Error('no cluster');
  return cluster;
}

async function podsOf(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ObjectApi> {
  return (await clusterOf(answer)).pods;
}

function json(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const signal = () => new AbortController().signal;
const metadata = { namespace: 'kube-system', name: 'a', uid: '1', resourceVersion: '3' };

describe('the access to a cluster', () => {
  test('is undefined without a kubeconfig and a service account', async () => {
    expect(await connectCluster({})).toBeUndefined();
    expect(await connectCluster({ root: folder })).toBeUndefined();
  });

  test('is undefined if there are service account files, but no variable names the API server', async () => {
    const files = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(files, { recursive: true });
    for (const name of ['token', 'ca.crt']) writeFileSync(join(files, name), 'x');
    expect(await connectCluster({ root: folder })).toBeUndefined();
  });

  test('in a pod includes the CA and the namespace', async () => {
    const root = join(folder, 'pod');
    const files = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(files, { recursive: true });
    const { port, asked } = await serve(issue({ addresses: ['127.0.0.1'] }), (_request, response) => {
      json(response, 200, {});
    });
    for (const [name, text] of Object.entries({
      token: 'own',
      'ca.crt': authority.certificate,
      namespace: 'guard\n',
    })) {
      writeFileSync(join(files, name), text);
    }
    const before = { ...process.env };
    Object.assign(process.env, { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) });
    try {
      const cluster = await connectCluster({ root });
      expect(cluster).toMatchObject({ namespace: 'guard', ca: authority.certificate });
      await cluster?.request({ path: '/version' }, signal());
      expect(asked).toStrictEqual(['GET /version Bearer own']);
    } finally {
      process.env = before;
    }
  });

  test('from a kubeconfig includes the CA, but no namespace', async () => {
    const data = { server: 'https://x', 'certificate-authority-data': CA };
    expect(await connectCluster({ kubeconfig: kubeconfig('data', data) })).toMatchObject({ ca: authority.certificate });
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    const file = await connectCluster({
      kubeconfig: kubeconfig('file', { server: 'https://x', 'certificate-authority': 'ca.pem' }),
    });
    expect(file).toMatchObject({ ca: authority.certificate, namespace: undefined });
    expect(await connectCluster({ kubeconfig: kubeconfig('neither', { server: 'https://x' }) })).toMatchObject({
      ca: undefined,
    });
  });

  test.each([
    ['that does not exist', () => join(folder, 'missing'), /ENOENT/],
    ['without a current context', () => kubeconfig('none', { server: 'https://x' }, 'y'), /no context "y"/],
    ['with an invalid address', () => kubeconfig('wrong', { server: 'ftp://x' }), /https:\/\/HOST:PORT/],
    [
      'with an invalid CA',
      () => kubeconfig('ca', { server: 'https://x', 'certificate-authority-data': 'eA==' }),
      /no certificate in PEM/,
    ],
  ])('fails with a kubeconfig %s', async (_name, path, reason) => {
    await expect(connectCluster({ kubeconfig: path() })).rejects.toThrow(reason);
  });
});

describe('a list', () => {
  test('is requested page by page with the token, and gives whole objects', async () => {
    let asked: string | undefined;
    const pods = await podsOf(({ url, headers }, response) => {
      asked = `${url ?? ''} ${headers.authorization ?? ''}`;
      const items = [{ metadata, extra: 1 }, { metadata: {} }, null];
      json(response, 200, { kind: 'PodList', metadata: { resourceVersion: '7', continue: 'more' }, items });
    });
    expect(await pods.list('kube-system', 'token', signal())).toStrictEqual({
      objects: [
        {
          namespace: 'kube-system',
          name: 'a',
          uid: '1',
          object: { apiVersion: 'v1', kind: 'Pod', metadata, extra: 1 },
        },
      ],
      resourceVersion: '7',
      next: 'more',
    });
    expect(asked).toBe('/api/v1/namespaces/kube-system/pods?limit=250&continue=token Bearer the-token');
  });

  test.each([
    [403, { kind: 'Status', message: 'pods is forbidden' }, 'HTTP 403: pods is forbidden', 403],
    [410, { kind: 'Status', message: 'expired' }, 'HTTP 410: expired', 410],
    [502, { message: 'of some proxy' }, 'HTTP 502: no reason given', 502],
    [200, { kind: 'Status' }, 'the answer is not a list', undefined],
  ])('that is answered with %d %j fails with a reason', async (code, body, message, status) => {
    const pods = await podsOf((_request, response) => {
      json(response, code, body);
    });
    await expect(pods.list('x', undefined, signal())).rejects.toMatchObject({ name: 'ApiFault', message, status });
  });

  test('from an API server that cannot be reached fails with the reason', async () => {
    const pods = await podsOf(() => undefined);
    server?.close();
    await expect(pods.list('x', undefined, signal())).rejects.toThrow('connection refused');
    const on = { open: () => undefined, event: () => undefined };
    await expect(pods.watch('x', '1', on, signal())).rejects.toThrow('connection refused');
  });
});

describe('a list of objects without a namespace', () => {
  test('is requested without a namespace', async () => {
    const asked: (string | undefined)[] = [];
    const { nodes } = await clusterOf(({ url }, response) => {
      asked.push(url);
      const items = [{ metadata: { name: 'node-1', uid: '1' } }];
      json(response, 200, { metadata: { resourceVersion: '7' }, items });
    });
    const { objects } = await nodes.list('', undefined, signal());
    expect(objects).toMatchObject([{ namespace: '', name: 'node-1', object: { kind: 'Node' } }]);
    expect(asked).toStrictEqual(['/api/v1/nodes?limit=250']);
  });
});

describe('a call', () => {
  test.each<[ApiRequest, string, Record<string, unknown>]>([
    [{ path: '/x?y=z' }, 'GET /x?y=z ', { accept: 'application/json' }],
    [{ path: '/', accept: 'text/plain' }, 'GET / ', { accept: 'text/plain' }],
    [{ path: '/', method: 'POST', body: { a: 1 } }, 'POST / {"a":1}', { 'content-type': 'application/json' }],
    [{ path: '/', method: 'PATCH', body: {} }, 'PATCH / {}', { 'content-type': 'application/merge-patch+json' }],
    [
      { path: '/', method: 'DELETE' },
      'DELETE / ',
      { authorization: 'Bearer the-token', 'user-agent': 'kubelet-guard' },
    ],
  ])('%j is sent as requested, with the credentials', async (request, sent, headers) => {
    const got: unknown[] = [];
    const { request: call } = await clusterOf((incoming, response) => {
      let text = `${incoming.method ?? ''} ${incoming.url ?? ''} `;
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
      incoming.on('end', () => {
        got.push(text, incoming.headers);
        json(response, 409, { x: 1 });
      });
    });
    const answer = await call(request, signal());
    expect(answer).toMatchObject({ status: 409, contentType: 'application/json', text: '{"x":1}' });
    expect(got).toMatchObject([sent, headers]);
  });

  test.each<[string, Partial<ApiRequest>, string]>([
    ['that is too long', { limit: 5 }, 'longer than 5 bytes'],
    ['that does not come in time', { timeout: 100, path: '/never' }, 'no answer within 100 ms'],
    ['that is a redirect', { path: '/away' }, 'HTTP 302: redirects are not followed'],
  ])('fails with an answer %s', async (_name, request, message) => {
    const { request: call } = await clusterOf(({ url }, response) => {
      if (url === '/away') response.writeHead(302, { location: '/' }).end();
      else if (url !== '/never') response.end('123456');
    });
    await expect(call({ path: '/', ...request }, signal())).rejects.toMatchObject({
      name: 'ApiFault',
      message: expect.stringContaining(message),
    });
  });

  test('is repeated if a kept connection was just closed, but only if it is a read', async () => {
    const asked: string[] = [];
    const answered = new WeakSet<object>();
    const { request: call } = await clusterOf(({ method = '', url = '', socket }, response) => {
      asked.push(`${method} ${url}`);
      // each connection answers once, and is closed by the next request
      if (answered.has(socket)) socket.destroy();
      else response.end('x');
      answered.add(socket);
    });
    await call({ path: '/1' }, signal());
    await call({ path: '/2' }, signal());
    await expect(call({ path: '/3', method: 'POST', body: {} }, signal())).rejects.toThrow('socket hang up');
    expect(asked).toStrictEqual(['GET /1', 'GET /2', 'GET /2', 'POST /3']);
  });
});

describe('another API server', () => {
  async function ask(
    names: { readonly addresses?: readonly string[]; readonly hosts?: readonly string[] },
    by = authority,
  ) {
    const other = await serve(by.issue({ name: 'other', ...names }), (_request, response) => {
      json(response, 200, {});
    });
    const path = kubeconfig('tls', { server: 'https://api.example:6443', 'certificate-authority-data': CA });
    const cluster = await connectCluster({ kubeconfig: path });
    const call = cluster?.request({ path: '/flagz', server: `https://127.0.0.1:${other.port}` }, signal());
    const result = await call?.then(
      ({ status }) => status,
      (cause: unknown) => (cause as Error).message,
    );
    return { result, asked: other.asked };
  }

  test.each([['api.example'], ['kubernetes.default.svc']])('with the name %s gets the credentials', async (host) => {
    expect(await ask({ hosts: [host] })).toStrictEqual({ result: 200, asked: ['GET /flagz Bearer the-token'] });
  });

  test.each([
    [
      'with a certificate for its address only, as a kubelet has',
      { addresses: ['127.0.0.1'] },
      authority,
      /does not match/,
    ],
    ['with a certificate of another CA', { hosts: ['api.example'] }, new Authority('another'), /unable to verify/],
  ])('%s does not get the credentials', async (_name, names, by, reason) => {
    expect(await ask(names, by)).toStrictEqual({ result: expect.stringMatching(reason), asked: [] });
  });
});

test('connections are kept until the client certificate changes', async () => {
  const names: unknown[] = [];
  const { certificate: cert, key } = issue({ addresses: ['127.0.0.1'] });
  const secure = createTlsServer({ cert, key, ca: authority.certificate, requestCert: true }, (_request, response) => {
    response.end();
  });
  secure.on('secureConnection', (socket) => names.push(socket.getPeerCertificate().subject.CN));
  server = secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  const user = { 'client-certificate': 'user.crt', 'client-key': 'user.key' };
  const rotate = (name: string): void => {
    const issued = authority.issue({ name });
    writeFileSync(join(folder, 'user.crt'), issued.certificate);
    writeFileSync(join(folder, 'user.key'), issued.key);
  };
  rotate('old');
  const path = kubeconfig('rotating', { server: url, 'certificate-authority-data': CA }, 'x', user);
  const cluster = await connectCluster({ kubeconfig: path });
  const call = () => cluster?.request({ path: '/' }, signal());
  await call();
  await call();
  expect(names).toStrictEqual(['old']);
  rotate('new');
  await call();
  expect(names).toStrictEqual(['old', 'new']);
});

describe('a watch', () => {
  async function watch(answer: (response: ServerResponse, url: string) => void, abort = new AbortController()) {
    const events: (ObjectEvent | 'open')[] = [];
    const pods = await podsOf(({ url }, response) => {
      answer(response, url ?? '');
    });
    const on = {
      open: () => events.push('open'),
      event: (event: ObjectEvent) => {
        events.push(event);
        if (events.length > 5) abort.abort();
      },
    };
    const ended = await pods.watch('kube-system', '5', on, abort.signal).then(
      () => 'ended',
      (cause: unknown) => cause,
    );
    return { events, ended };
  }

  function line(type: string, object: unknown): string {
    return `${JSON.stringify({ type, object })}\n`;
  }

  test('calls back with each event, and ends when the API server ends it', async () => {
    let asked = '';
    const { events, ended } = await watch((response, url) => {
      asked = url;
      const bookmark = line('BOOKMARK', { metadata: { resourceVersion: '9' } });
      const noise = `${line('NEW', { metadata })}not json\n${line('ADDED', {})}`;
      response.end(
        line('ADDED', { metadata }) + noise + line('MODIFIED', { metadata }) + line('DELETED', { metadata }) + bookmark,
      );
    });
    const seen = { namespace: 'kube-system', name: 'a', uid: '1', object: { metadata } };
    const there = { type: 'there', seen, resourceVersion: '3' };
    const rest = [
      { ...there, type: 'gone' },
      { type: 'bookmark', resourceVersion: '9' },
    ];
    expect(events).toStrictEqual(['open', there, there, ...rest]);
    expect(ended).toBe('ended');
    expect(asked).toMatch(/watch=true&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=[345]\d\d$/);
  });

  test('of one object selects only that object, and has the program version in its user agent', async () => {
    const asked: unknown[] = [];
    const { webhookConfiguration, secret } = await clusterOf(({ url, headers }, response) => {
      asked.push([url?.replace(/&resourceVersion=.*(?=&fieldSelector)/, ''), headers['user-agent']]);
      response.end();
    }, '1.2.3');
    const on = { open: () => undefined, event: () => undefined };
    await webhookConfiguration('kubelet-guard').watch('', '5', on, signal());
    await secret('tls').watch('guard', '5', on, signal());
    expect(asked).toStrictEqual([
      [
        '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?watch=true&fieldSelector=metadata.name%3Dkubelet-guard',
        'kubelet-guard/1.2.3',
      ],
      ['/api/v1/namespaces/guard/secrets?watch=true&fieldSelector=metadata.name%3Dtls', 'kubelet-guard/1.2.3'],
    ]);
  });

  test('that is rejected with 429 reports how long to wait', async () => {
    const { ended } = await watch((response) => {
      response.writeHead(429, { 'retry-after': '7' }).end();
    });
    expect(ended).toMatchObject({ status: 429, retryAfter: 7 });
  });

  test('whose version is too old ends with 410', async () => {
    const { ended } = await watch((response) => {
      response.write(line('ERROR', { kind: 'Status', code: 410, message: 'too old' }) + line('ADDED', { metadata }));
    });
    expect(ended).toMatchObject({ message: 'HTTP 410: too old', status: 410 });
  });

  test('that is denied ends with the status, and was never open', async () => {
    const { ended, events } = await watch((response) => {
      json(response, 403, {});
    });
    expect(ended).toMatchObject({ message: 'HTTP 403: no reason given', status: 403 });
    expect(events).toStrictEqual([]);
  });

  test('that loses its connection ends with a reason', async () => {
    const { ended } = await watch((response) => {
      response.write(line('ADDED', { metadata }));
      setImmediate(() => response.destroy());
    });
    expect(ended).toBeInstanceOf(Error);
  });

  test('ends at once when it is stopped', async () => {
    const { ended } = await watch((response) => {
      for (let index = 0; index < 10; index += 1) response.write(line('ADDED', { metadata }));
    });
    expect(ended).toBe('ended');
  });
});
