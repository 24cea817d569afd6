import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import supertest from 'supertest';

import { createLocal } from '../../../../src/commands/serve/local/port.ts';
import { sharePage } from '../../../../src/commands/serve/local/shared-page.ts';
import { createLog } from '../../../../src/runtime/log.ts';
import { Lines } from '../../../support/admission.ts';

let server: Server;
/** What was done for callers. */
let done: string[];
let parts: () => Iterable<string>;

beforeEach(async () => {
  done = [];
  parts = () => ['<!doctype html>'];
  const page = sharePage({
    render: () => {
      done.push('page');
      return parts();
    },
    version: () => 'a-1',
    clock: () => 0,
  });
  const listener = createLocal({
    names: [],
    log: createLog('silent', new Lines()),
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('metric 1\n') },
    unready: () => undefined,
    page,
    openEvents: (response) => {
      done.push('events');
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('event: changed\ndata: a-1\n\n');
      return undefined;
    },
    report: () => ({ reason: 'no sweep is complete yet' }),
    sweep: () => ({ state: 'started' }),
  });
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** The status of a request whose first line is sent as it is. */
async function statusOf(line: string, host = '127.0.0.1'): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  socket.write(`${line} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  return Number((await text(socket)).split(' ', 2)[1]);
}

describe.each(['/', '/events'])('%s', (path) => {
  const what = path === '/' ? 'page' : 'events';

  test.each(['post', 'put', 'patch', 'delete', 'options'] as const)('is not answered to %s', async (method) => {
    const { status, headers } = await supertest(server)[method](path);
    expect([status, headers.allow, done]).toStrictEqual([405, 'GET, HEAD', []]);
  });

  test('is not made for HEAD', async () => {
    expect([(await supertest(server).head(path)).status, done]).toStrictEqual([200, []]);
  });

  test.each(['evil.example', '127.0.0.1.evil.example', 'evil.example:8080', '127.1', ''])(
    'is not answered to the host %j, which a page of another site can point here',
    async (host) => {
      expect([(await supertest(server).get(path).set('host', host)).status, done]).toStrictEqual([421, []]);
    },
  );

  test.each<Record<string, string>>([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', origin: 'https://evil.example' },
  ])('is not answered to a page of another site, which sends %j', async (headers) => {
    expect([(await supertest(server).get(path).set(headers)).status, done]).toStrictEqual([403, []]);
  });

  test.each<Record<string, string>>([
    {},
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
  ])('is answered to the page itself, to a person and to programs, which send %j', async (headers) => {
    expect([(await supertest(server).get(path).set(headers)).status, done]).toStrictEqual([200, [what]]);
  });

  test.each([`/${path}`, `/.${path}`, `/x/..${path}`, `${path}/`, `${path}%2e`, `${path}\\`, `${path};x`])(
    'is not at %s',
    async (other) => {
      expect([await statusOf(`GET ${other}`), done]).toStrictEqual([404, []]);
    },
  );

  test('is answered with a query', async () => {
    expect([await statusOf(`GET ${path}?x=/../events`), done]).toStrictEqual([200, [what]]);
  });

  test('is not answered if the request line has the whole URL, of this host or another', async () => {
    expect(await statusOf(`GET http://127.0.0.1${path}`)).toBe(404);
    expect(await statusOf(`GET http://evil.example${path}`)).toBe(404);
    expect(await statusOf(`GET http://127.0.0.1${path}`, 'evil.example')).toBe(421);
    expect(done).toStrictEqual([]);
  });
});

test.each(['//', '/..', '/../', '/index.html', '/.', '/%2e%2e/', '/events/..', '*', '/api/../'])(
  '%s is not the page',
  async (path) => {
    expect([await statusOf(`GET ${path}`), done]).toStrictEqual([404, []]);
  },
);

test('a link on another site leads to the page, and opens no stream', async () => {
  const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  expect((await supertest(server).get('/').set(headers)).status).toBe(200);
  expect((await supertest(server).get('/events').set(headers)).status).toBe(403);
  expect(done).toStrictEqual(['page']);
});

test('health and metrics are answered while a page is rendered that takes long', async () => {
  const order: string[] = [];
  let isAnswered = false;
  parts = function* () {
    yield '<!doctype html>';
    // without a turn of the event loop this never ends
    while (!isAnswered) yield '';
    yield '</html>';
  };
  const page = supertest(server)
    .get('/')
    .then(({ status, text: body }) => order.push(`page ${status} ${body}`));
  while (done.length === 0) await new Promise(setImmediate);
  for (const path of ['/livez', '/readyz', '/metrics']) {
    order.push(`${path} ${(await supertest(server).get(path)).status}`);
  }
  isAnswered = true;
  await page;
  expect(order).toStrictEqual(['/livez 200', '/readyz 200', '/metrics 200', 'page 200 <!doctype html></html>']);
});
