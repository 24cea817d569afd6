import { connect, createServer, type Socket } from 'node:net';
import type { Cleanup } from './cleanup.ts';

/**
 * Forwards TCP from an address of this host to a port on loopback.
 *
 * @param to returns the port, and is called for every connection
 * @returns the port on which it listens
 */
export async function forward(cleanup: Cleanup, host: string, to: () => number): Promise<number> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: to() });
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      keep(socket);
      socket.setNoDelay(true).once('error', () => other.destroy());
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host, resolve);
  });
  cleanup.add(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given');
  return address.port;
}
