import { createServer, request } from 'node:https';
import type { Cleanup } from './cleanup.ts';
import type { KeyPair } from './pki.ts';

/**
 * One address for several servers on loopback: every request goes to a random one, also if requests come over
 * the same connection.
 *
 * @param serving the balancer's own certificate
 * @param authority the CA of the servers behind it, PEM
 * @returns the port on which it listens
 */
export async function balance(
  cleanup: Cleanup,
  serving: KeyPair,
  authority: string,
  ports: readonly number[],
): Promise<number> {
  const server = createServer({ cert: serving.certificate, key: serving.key }, (incoming, response) => {
    const port = ports[Math.floor(Math.random() * ports.length)];
    const { method, headers, url: path } = incoming;
    // a new connection each time, because a reused one can be closed at the moment when it is used
    const to = { host: '127.0.0.1', port, ca: authority, agent: false };
    const outgoing = request({ ...to, method, headers, path }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.once('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  // it closes no connection that the API server is just about to use
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  cleanup.add(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given');
  return address.port;
}
