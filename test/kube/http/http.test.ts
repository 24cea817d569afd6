import type { ServerResponse } from 'node:http';
import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';

import { afterEach, describe, expect, test } from '@jest/globals';

import { HttpFault } from '../../../src/kube/http/fault.ts';
import { httpsUrl, send, stream, type HttpRequest } from '../../../src/kube/http/http.ts';
import { authority, issue, json, serve, serveRaw, stopServers } from '../../support/https-server.ts';

afterEach(stopServers);

const secureContext = createSecureContext({ ca: authority.certificate });
const loopback = issue({ addresses: ['127.0.0.1'] });
const signal = () => new AbortController().signal;

function get(port: number, more: Partial<HttpRequest> = {}, stop = signal()) {
  const url = httpsUrl('127.0.0.1', port, '/x');
  return send({ url, tls: { secureContext }, timeout: 5000, limit: 1000, ...more }, stop);
}

test.each([
  ['7', 7],
  ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
])('Retry-After of %j is %j seconds', async (header, seconds) => {
  const { port } = await serve(loopback, (_request, response) => {
    response.writeHead(429, { 'retry-after': header }).end();
  });
  expect((await get(port)).retryAfter).toBe(seconds);
});

describe('a stream', () => {
  test('can be silent for longer than its start may take, but not without a limit', async () => {
    const lines: string[] = [];
    const { port } = await serve(loopback, (_request, response) => {
      response.write('a\n');
      setTimeout(() => response.write('b\n'), 2000);
    });
    const take = { open: () => lines.push('open'), line: (line: string) => lines.push(line) };
    const request = { url: httpsUrl('127.0.0.1', port, '/x'), tls: { secureContext }, limit: 1000 };
    await expect(stream({ ...request, timeout: 1500, silence: 5000 }, take, signal())).rejects.toMatchObject({
      code: 'timeout',
      message: 'no answer within 5000 ms',
    });
    expect(lines).toStrictEqual(['open', 'a', 'b']);
  });
});

describe('a call', () => {
  test('gives status, content type and text of a verified server', async () => {
    const { port, asked } = await serve(loopback, (request, response) => {
      request.on('data', (chunk: Buffer) => {
        json(response, 418, { got: chunk.toString(), header: request.headers['x-y'] });
      });
    });
    const answer = await get(port, { method: 'POST', headers: { 'x-y': 'z' }, body: 'text' });
    expect(answer).toStrictEqual({
      status: 418,
      contentType: 'application/json',
      text: '{"got":"text","header":"z"}',
      unverified: undefined,
    });
    expect(asked).toStrictEqual(['POST /x']);
  });

  test('reports why a server is not verified, if it is called anyway', async () => {
    const other = issue({ hosts: ['elsewhere'] });
    const { port } = await serve(other, (_request, response) => response.end('x'));
    const unverified = { tls: { secureContext, rejectUnauthorized: false } };
    expect(await get(port, unverified)).toMatchObject({ text: 'x', unverified: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const plain = await serve(undefined, (_request, response) => response.end('y'));
    const url = new URL(`http://127.0.0.1:${plain.port}/`);
    expect(await get(port, { url })).toMatchObject({ text: 'y', unverified: 'the connection is not encrypted' });
  });

  test.each([
    ['of another CA', issue({ addresses: ['127.0.0.1'] }), createSecureContext({ ca: [] }), 'unable to verify'],
    ['of another name', issue({ hosts: ['elsewhere'] }), secureContext, 'does not match'],
  ])('sends nothing to a server with a certificate %s', async (_name, pair, context, reason) => {
    const { port, asked, closed } = await serve(pair, (_request, response) => response.end());
    const headers = { authorization: 'Bearer secret' };
    const call = get(port, { headers, tls: { secureContext: context } });
    await expect(call).rejects.toMatchObject({ code: 'tls', message: expect.stringContaining(reason) });
    await closed(1);
    expect(asked).toStrictEqual([]);
  });

  test.each([301, 302, 303, 307, 308])('does not follow a redirect with %d', async (status) => {
    const target = await serve(loopback, (_request, response) => response.end());
    const { port, closed } = await serve(loopback, (_request, response) => {
      response.writeHead(status, { location: httpsUrl('127.0.0.1', target.port).href }).end('elsewhere');
    });
    await expect(get(port)).rejects.toMatchObject({ code: 'redirected' });
    await closed(1);
    expect(target.asked).toStrictEqual([]);
  });

  test('reads up to the limit and no further', async () => {
    const { port } = await serve(loopback, (_request, response) => response.end('x'.repeat(1000)));
    expect((await get(port)).text).toHaveLength(1000);
    const endless = await serve(loopback, (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(100)));
      };
      response.on('drain', more);
      more();
    });
    await expect(get(endless.port)).rejects.toMatchObject({ code: 'too-large' });
    await endless.closed(1);
  });

  test.each([
    ['sends nothing', () => undefined],
    ['never ends its answer', (response: ServerResponse) => response.write('x')],
  ])('does not wait for a server that %s', async (_name, answer) => {
    const { port, closed } = await serve(loopback, (_request, response) => {
      answer(response);
    });
    await expect(get(port, { timeout: 300 })).rejects.toMatchObject({ code: 'timeout' });
    await closed(1);
  });

  test('does not wait for a handshake that does not come', async () => {
    const { port, closed } = await serveRaw(() => undefined);
    await expect(get(port, { timeout: 100 })).rejects.toMatchObject({ code: 'timeout' });
    await closed(1);
  });

  test('ends when it is stopped', async () => {
    const stopped = new AbortController();
    const { port, asked, closed } = await serve(loopback, () => {
      stopped.abort();
    });
    await expect(get(port, {}, stopped.signal)).rejects.toMatchObject({ message: /stopped/ });
    await closed(1);
    await expect(get(port, {}, stopped.signal)).rejects.toBeInstanceOf(HttpFault);
    expect(asked).toHaveLength(1);
  });

  test.each([
    ['closes the connection at once', 'unreachable', (socket: Socket) => socket.destroy()],
    ['speaks no TLS', 'tls', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n')],
  ])('to a server that %s fails as %s', async (_name, code, accept) => {
    const { port } = await serveRaw((socket) => {
      accept(socket);
    });
    await expect(get(port)).rejects.toMatchObject({ code });
  });

  test.each([
    ['something that is not HTTP', 'malformed', 'nonsense\r\n\r\n'],
    ['endless headers', 'malformed', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`],
    [
      'another protocol',
      'unreachable',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    ['an answer that breaks off', 'unreachable', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx'],
    ['nothing', 'unreachable', ''],
  ])('that is answered with %s fails as %s', async (_name, code, text) => {
    const { port } = await serveRaw((socket) => {
      socket.once('data', () => socket.end(text));
    });
    await expect(get(port, { url: new URL(`http://127.0.0.1:${port}/`) })).rejects.toMatchObject({ code });
  });

  test('to a port where nothing listens fails', async () => {
    const { port } = await serveRaw(() => undefined);
    await stopServers();
    await expect(get(port)).rejects.toMatchObject({ code: 'unreachable', message: /ECONNREFUSED/ });
  });

  test('with an invalid header fails, and the message does not contain it', async () => {
    const call = get(1, { headers: { authorization: 'Bearer secret\r\nx: y' } });
    await expect(call).rejects.toMatchObject({ code: 'malformed', message: expect.not.stringContaining('secret') });
  });

  test('is not sent if the host name resolves to an address that is not allowed', async () => {
    const { port, asked, closed } = await serve(issue({ hosts: ['localhost'] }), (_request, response) =>
      response.end(),
    );
    const seen: string[] = [];
    const accepts = (address: string): boolean => seen.push(address) === 0;
    const url = new URL(`https://localhost:${port}/`);
    await expect(get(port, { url, accepts })).rejects.toMatchObject({ code: 'unreachable', message: /127.0.0.1/ });
    await closed(1);
    expect({ seen, asked }).toStrictEqual({ seen: ['127.0.0.1'], asked: [] });
  });

  test('that fails over a kept connection has that in its fault', async () => {
    const { port, asked } = await serve(loopback, (request, response) => {
      if (asked.length > 1) request.socket.destroy();
      else response.end('x');
    });
    const agent = new Agent({ keepAlive: true, ca: authority.certificate });
    const first = await get(port, { agent });
    expect(first.unverified).toBeUndefined();
    await expect(get(port, { agent })).rejects.toMatchObject({ code: 'unreachable', wasReused: true });
    agent.destroy();
  });
});

test('an IPv6 address becomes part of a URL', () => {
  expect(httpsUrl('2001:db8::1', 10250, '/configz').href).toBe('https://[2001:db8::1]:10250/configz');
});
