import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';

import { Authority, type KeyPair, type Wanted } from '../e2e/support/pki.ts';

/** A server for one test, on loopback. */
export interface TestServer {
  readonly port: number;
  /** The received requests, as `METHOD path authorization`. */
  readonly asked: readonly string[];
  /** Resolves when this many connections were closed. */
  readonly closed: (count: number) => Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const started: { readonly stop: () => Promise<void> }[] = [];

/** The CA of the tests. */
export const authority = new Authority('test-ca');

/** A certificate of the tests' CA. */
export function issue(wanted: Partial<Wanted>): KeyPair {
  return authority.issue({ name: 'server', ...wanted });
}

/** Serves HTTPS with this certificate, or HTTP without one. With the CA of callers it requests a client certificate. */
export async function serve(pair: KeyPair | undefined, answer: Answer, callers?: string): Promise<TestServer> {
  const asked: string[] = [];
  const listener: Answer = (request, response) => {
    asked.push([request.method, request.url, request.headers.authorization].filter(Boolean).join(' '));
    answer(request, response);
  };
  const asking = callers === undefined ? {} : { requestCert: true, rejectUnauthorized: false, ca: callers };
  const server =
    pair === undefined
      ? createServer(listener)
      : createTlsServer({ cert: pair.certificate, key: pair.key, ...asking }, listener);
  return { ...(await start(server)), asked };
}

/** Runs the test's function for each connection. */
export function serveRaw(accept: (socket: Socket) => void): Promise<Omit<TestServer, 'asked'>> {
  return start(
    createNetServer((socket) => {
      // otherwise it would not notice that the client closes the connection
      socket.resume();
      accept(socket);
    }),
  );
}

/** Stops all started servers. */
export async function stopServers(): Promise<void> {
  await Promise.all(started.splice(0).map(({ stop }) => stop()));
}

/** Answers with JSON. */
export function json(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function start(server: ReturnType<typeof createNetServer>): Promise<Omit<TestServer, 'asked'>> {
  const sockets = new Set<Socket>();
  let closedCount = 0;
  const waiting = new Set<() => void>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      closedCount += 1;
      for (const look of waiting) look();
    });
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  started.push({
    stop: async () => {
      const ended = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await ended;
    },
  });
  return {
    port: (server.address() as AddressInfo).port,
    closed: (count) => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const look = (): void => {
        if (closedCount >= count) resolve(undefined);
      };
      waiting.add(look);
      look();
      return promise;
    },
  };
}
