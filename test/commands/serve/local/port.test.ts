import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';

import { createLocal, type LocalPortDeps, type SweepAnswer } from '../../../../src/commands/serve/local/port.ts';
import { contentSecurityPolicy } from '../../../../src/outputs/html/page.ts';
import { createLog } from '../../../../src/runtime/log.ts';
import { Lines } from '../../../support/admission.ts';

function local(state: Partial<LocalPortDeps> = {}) {
  const lines = new Lines();
  const metrics = { contentType: 'text/plain', text: () => Promise.resolve('metric 1\n') };
  const listener = createLocal({
    names: ['workstation-7'],
    log: createLog('info', lines),
    metrics,
    unready: () => undefined,
    page: () => Promise.resolve(Buffer.from('<!doctype html>')),
    openEvents: () => 'no events',
    report: () => ({ reason: 'no sweep has completed' }),
    sweep: () => ({ state: 'started' }),
    ...state,
  });
  return { lines, listener, asked: supertest(listener) };
}

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A connection to a new server. */
async function connected(state: Partial<LocalPortDeps>): Promise<{ socket: Socket; lines: Lines }> {
  const { listener, lines } = local(state);
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  // the server resets the connections of some of these clients
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, lines };
}

describe('the local port', () => {
  test('answers HEAD without a body', async () => {
    const answer = await local().asked.head('/livez');
    expect([answer.status, answer.headers['content-length'], answer.text]).toStrictEqual([200, '3', undefined]);
  });

  test('sends the page with headers that keep other pages out', async () => {
    const { status, headers } = await local().asked.get('/');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `${contentSecurityPolicy("'self'")}; frame-ancestors 'none'`,
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });

  test('rejects other paths and methods', async () => {
    const { asked } = local();
    const root = await asked.get('/nothing');
    expect(root.status).toBe(404);
    for (const path of ['/livez', '/readyz', '/metrics', '/api/v1/report', '/api/v1/sweep'])
      expect(root.body).toMatchObject({ reason: expect.stringContaining(path) });
    const answer = await asked.post('/livez').send({});
    expect([answer.status, answer.headers.allow]).toStrictEqual([405, 'GET, HEAD']);
  });

  test('logs an unexpected error', async () => {
    const metrics = { contentType: 'text/plain', text: () => Promise.reject(new Error('a bug')) };
    const { asked, lines } = local({ metrics });
    expect((await asked.get('/metrics')).status).toBe(500);
    expect(lines.entries).toMatchObject([{ level: 'error', err: { message: 'a bug' } }]);
  });

  test('cuts off a client that sends a body without end', async () => {
    const { socket } = await connected({});
    socket.write('POST /api/v1/sweep HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n');
    const sending = setInterval(() => socket.write(`1000\r\n${'x'.repeat(4096)}\r\n`), 1);
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(sending);
    expect(socket.bytesWritten).toBeLessThan(1024 * 1024);
  });
});

describe('the Host header of a request', () => {
  const endpoints = [
    ['get', '/livez'],
    ['head', '/livez'],
    ['get', '/readyz'],
    ['get', '/metrics'],
    ['get', '/metrics?name=x'],
    ['get', '/api/v1/report'],
    ['post', '/api/v1/sweep'],
    ['options', '/api/v1/sweep'],
    ['get', '/'],
  ] as const;
  /** Names that a web page could point at this address, and text that is not a host. */
  const foreign = [
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'kubelet-guard.kubelet-guard.svc.evil.example',
    'kubelet-guard.kubelet-guard.svc.cluster.local.evil.example',
    'evil-svc',
    'svc',
    '.svc',
    'a..svc',
    '127.1',
    '2130706433',
    '127.0.0.1.1',
    '[evil.example]',
    '[::1',
    '::1',
    '127.0.0.1:8080@evil.example',
    'evil.example/127.0.0.1',
    '127.0.0.1 evil.example',
    'workstation-7.evil.example',
    '',
  ];
  const own = [
    '127.0.0.1',
    '127.0.0.1:8080',
    '10.244.3.17:8080',
    '[::1]:8080',
    '[fd00:95::2]',
    '[fd00:95::2]:8080',
    '[::ffff:10.0.0.1]:8080',
    'localhost',
    'LocalHost:9090',
    'localhost.',
    'kubelet-guard.kubelet-guard.svc:8080',
    'kubelet-guard-sweeper.security.svc.cluster.local',
    'a-1.kubelet-guard.kubelet-guard.svc.cluster.local.:8080',
    'workstation-7:8080',
    'Workstation-7',
  ];

  test.each(endpoints)('is checked for %s %s', async (method, path) => {
    let asked = 0;
    const count = () => (asked += 1);
    const state: Partial<LocalPortDeps> = {
      metrics: { contentType: 'text/plain', text: () => Promise.resolve(`${count()}`) },
      unready: () => `${count()}`,
      report: () => ({ reason: `${count()}` }),
      sweep: () => ({ state: count() > 0 ? 'started' : 'queued' }),
    };
    const { asked: client } = local(state);
    for (const host of foreign) {
      const answer = await client[method](path).set('host', host);
      expect([host, answer.status, asked]).toStrictEqual([host, 421, 0]);
    }
  });

  test.each(own)('may be %j, as probes, Prometheus and people send it', async (host) => {
    const { asked } = local();
    expect((await asked.get('/livez').set('host', host)).status).toBe(200);
    expect((await asked.post('/api/v1/sweep').set('host', host)).status).toBe(202);
  });

  test('is named in the answer that rejects it', async () => {
    const answer = await local().asked.get('/metrics').set('host', 'evil.example');
    expect(answer.body).toStrictEqual({
      reason: 'this host is not served here: call it by an IP address, localhost or NAME.NAMESPACE.svc',
    });
  });

  test('may be missing in HTTP/1.0, which no browser uses', async () => {
    const { socket } = await connected({});
    socket.write('GET /livez HTTP/1.0\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 /);
  });

  test('is also checked if the request line has the whole URL', async () => {
    const { socket } = await connected({});
    socket.write('GET http://127.0.0.1/metrics HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 421 /);
  });
});

test('a page of another site can neither show nor execute an answer', async () => {
  const { asked } = local();
  for (const path of ['/livez', '/readyz', '/metrics', '/api/v1/report', '/']) {
    const { headers } = await asked.get(path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
});

describe('the report', () => {
  test('is served once there is one', async () => {
    const answer = await local({ report: () => ({ chunks: ['{"kind":', '"GuardReport"}'] }) }).asked.get(
      '/api/v1/report',
    );
    expect([answer.status, answer.body]).toStrictEqual([200, { kind: 'GuardReport' }]);
    const none = await local().asked.get('/api/v1/report');
    expect([none.status, none.body]).toStrictEqual([404, { reason: 'no sweep has completed' }]);
  });

  test('is not rendered for HEAD', async () => {
    const chunks = {
      [Symbol.iterator]: (): Iterator<string> => {
        throw new Error('made');
      },
    };
    const { asked, lines } = local({ report: () => ({ chunks }) });
    const answer = await asked.head('/api/v1/report');
    expect([answer.status, answer.type, lines.text]).toStrictEqual([200, 'application/json', '']);
  });

  test('is rendered no faster than the client reads, and stops when the client disconnects', async () => {
    let made = 0;
    const { promise: ended, resolve } = Promise.withResolvers<undefined>();
    const chunks = function* () {
      try {
        for (; made < 1000; made += 1) yield 'x'.repeat(100_000);
      } finally {
        resolve(undefined);
      }
    };
    const { socket } = await connected({ report: () => ({ chunks: chunks() }) });
    socket.write('GET /api/v1/report HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    await once(socket, 'readable');
    socket.pause();
    // the whole report is 100 MB; only what the kernel buffers is rendered
    expect(made).toBeLessThan(300);
    socket.destroy();
    await ended;
    expect(made).toBeLessThan(1000);
  });

  test('is complete for a client that reads all of it', async () => {
    const chunks = Array.from({ length: 2000 }, (_, index) => `${index},`.repeat(500));
    const { socket } = await connected({ report: () => ({ chunks }) });
    socket.write('GET /api/v1/report HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n');
    const answer = await text(socket);
    expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(chunks.join(''));
  });

  test('is cut off if its second half fails', async () => {
    const chunks = function* () {
      yield '{"findings":[';
      throw new Error('a bug');
    };
    const { asked, lines } = local({ report: () => ({ chunks: chunks() }) });
    await expect(asked.get('/api/v1/report')).rejects.toThrow(/aborted|hang up/);
    expect(lines.entries).toMatchObject([{ level: 'error', err: { message: 'a bug' } }]);
  });
});

describe('a sweep', () => {
  const answers: readonly [SweepAnswer, number, object][] = [
    [{ state: 'started' }, 202, { state: 'started' }],
    [{ state: 'queued' }, 202, { state: 'queued' }],
    [{ refused: 'not-leading', reason: 'a leads; ask it' }, 409, { reason: 'a leads; ask it' }],
    [{ refused: 'no-sweeper', reason: 'no cluster' }, 404, { reason: 'no cluster' }],
    [{ refused: 'too-soon', reason: 'wait', retryAfter: 4 }, 429, { reason: 'wait' }],
  ];
  test.each(answers)('that results in %j is answered with %d', async (sweep, status, body) => {
    const answer = await local({ sweep: () => sweep })
      .asked.post('/api/v1/sweep?x=1')
      .send({ ignored: true });
    expect([answer.status, answer.body]).toStrictEqual([status, body]);
    expect(answer.headers['retry-after']).toBe(status === 429 ? '4' : undefined);
  });

  test.each(['get', 'head', 'put', 'delete', 'options'] as const)('is not started by %s', async (method) => {
    let count = 0;
    const { asked } = local({ sweep: () => ({ state: (count += 1) > 0 ? 'started' : 'queued' }) });
    const answer = await asked[method]('/api/v1/sweep');
    expect([answer.status, answer.headers.allow, count]).toStrictEqual([405, 'POST', 0]);
  });

  test.each<[number, Record<string, string>]>([
    [403, { origin: 'https://evil.example' }],
    [403, { origin: 'null' }],
    [403, { 'sec-fetch-site': 'cross-site' }],
    [403, { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080' }],
    [403, { origin: 'http://127.0.0.1:9999', host: '127.0.0.1:8080' }],
    [403, { origin: 'http://127.0.0.1:8080', host: 'localhost:8080' }],
    // a name of the attacker that points at this address
    [421, { origin: 'http://evil.example:8080', host: 'evil.example:8080', 'sec-fetch-site': 'same-origin' }],
    [421, { host: 'evil.example', 'sec-fetch-site': 'same-origin' }],
    [421, { host: 'evil.example' }],
    [202, { origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080', 'sec-fetch-site': 'same-origin' }],
    [202, { origin: 'http://localhost:8080', host: 'localhost:8080' }],
    [202, { origin: 'http://[::1]:8080', host: '[::1]:8080', 'sec-fetch-site': 'same-origin' }],
    [202, { host: 'kubelet-guard.kubelet-guard.svc' }],
  ])('is answered with %d to a client that sends %j', async (status, headers) => {
    let count = 0;
    const sweep = (): SweepAnswer => {
      count += 1;
      return { state: 'started' };
    };
    const answer = await local({ sweep }).asked.post('/api/v1/sweep').set(headers);
    expect([answer.status, count]).toStrictEqual([status, status === 202 ? 1 : 0]);
  });
});
