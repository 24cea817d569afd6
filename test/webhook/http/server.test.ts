import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { connect, type ConnectionOptions, TLSSocket } from 'node:tls';

import { afterEach, describe, expect, test } from '@jest/globals';

import { changeIdentity, createWebhookServer, type ServingIdentity } from '../../../src/webhook/http/server.ts';
import { Authority, type KeyPair } from '../../e2e/support/pki.ts';

const authority = new Authority('serving-ca');
const clients = new Authority('client-ca');

let server: Server | undefined;

afterEach(async () => {
  const closed = server && once(server, 'close');
  server?.close();
  server?.closeAllConnections();
  await closed;
});

function identity(clientCA?: string): ServingIdentity {
  return { ...authority.issue({ name: 'guard', addresses: ['127.0.0.1'] }), clientCA };
}

async function serve(first: ServingIdentity): Promise<number> {
  server = createWebhookServer((_request, response) => {
    // the answer is delayed, so that requests are in flight when the certificate changes
    setImmediate(() => response.end('{}'));
  }, first);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function change(next: ServingIdentity): void {
  if (server !== undefined) changeIdentity(server, next);
}

/** One request, with the certificate of the server that answered. */
async function ask(port: number, agent: Agent): Promise<string> {
  const outgoing = request({ host: '127.0.0.1', port, agent, method: 'POST', path: '/validate' });
  const answered = once(outgoing, 'response');
  outgoing.end('{}');
  const [response] = (await answered) as [IncomingMessage];
  if (!(response.socket instanceof TLSSocket)) throw new Error('this is not TLS');
  const { serialNumber } = response.socket.getPeerCertificate();
  response.resume();
  await once(response, 'end');
  return serialNumber;
}

/** Whether a client gets an answer. */
async function isAnswered(port: number, pair: Partial<KeyPair>, options: ConnectionOptions = {}): Promise<boolean> {
  const credentials = { cert: pair.certificate, key: pair.key, ca: authority.certificate };
  const socket = connect({ host: '127.0.0.1', port, ...credentials, ...options });
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await Promise.race([once(socket, 'data'), once(socket, 'close')]).catch(() => undefined);
  socket.destroy();
  return text.startsWith('HTTP/1.1 200');
}

describe('a change of the certificate', () => {
  test('breaks no connection and no request, and serves new connections', async () => {
    const port = await serve(identity());
    const sockets = new Set<Socket>();
    const errors: unknown[] = [];
    server?.on('secureConnection', (socket: TLSSocket) => sockets.add(socket));
    server?.on('tlsClientError', (error) => errors.push(error));
    const kept = new Agent({ keepAlive: true, maxSockets: 8, ca: authority.certificate });
    let flowing = true;
    const seen: string[] = [];
    const flow = async () => {
      while (flowing && errors.length === 0)
        seen.push(await ask(port, kept).catch((error: unknown) => String(errors.push(error))));
    };
    const flows = Array.from({ length: 8 }, flow);

    const serials = new Set<string>();
    for (let changes = 0; changes < 20; changes += 1) {
      const { length } = seen;
      while (seen.length < length + 40 && errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
      change(identity());
      const fresh = new Agent({ ca: authority.certificate });
      serials.add(await ask(port, fresh));
      fresh.destroy();
    }
    flowing = false;
    await Promise.all(flows);
    kept.destroy();

    expect(errors).toEqual([]);
    expect(serials.size).toBe(20);
    expect(seen.length).toBeGreaterThan(800);
    // the eight kept connections stayed open, with their first certificate
    expect([sockets.size, new Set(seen).size]).toEqual([28, 1]);
  });

  test('still rejects TLS versions before 1.2', async () => {
    const port = await serve(identity());
    change(identity());
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' };
    expect(await isAnswered(port, {}, old)).toBe(false);
    expect(await isAnswered(port, {}, { maxVersion: 'TLSv1.2' })).toBe(true);
  });
});

describe('if client certificates are required', () => {
  const apiServer = clients.issue({ name: 'kube-apiserver' });
  const stranger = authority.issue({ name: 'kube-apiserver' });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'only a client with a certificate of the CA is answered, over %s',
    async (version) => {
      const port = await serve(identity(clients.certificate));
      const only: ConnectionOptions = { minVersion: version, maxVersion: version };
      expect(await isAnswered(port, apiServer, only)).toBe(true);
      expect(await isAnswered(port, stranger, only)).toBe(false);
      expect(await isAnswered(port, {}, only)).toBe(false);
    },
  );

  test('they are required after a change too, of the new CA', async () => {
    const port = await serve(identity(clients.certificate));
    change(identity(clients.certificate));
    expect([await isAnswered(port, apiServer), await isAnswered(port, {})]).toEqual([true, false]);
    change(identity(authority.certificate));
    expect([await isAnswered(port, apiServer), await isAnswered(port, stranger)]).toEqual([false, true]);
  });

  test('a TLS session from before the change does not replace a certificate', async () => {
    const port = await serve(identity(clients.certificate));
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: authority.certificate,
      cert: apiServer.certificate,
      key: apiServer.key,
    });
    const [session] = (await once(socket, 'session')) as [Buffer];
    socket.destroy();
    change(identity(authority.certificate));
    expect(await isAnswered(port, {}, { session })).toBe(false);
  });
});
