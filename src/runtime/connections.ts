// Limits the number of connections of a server.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';

/** More connections than all API servers of a cluster keep open to one webhook. An idle connection takes 52 KiB. */
export const MAX_CONNECTIONS = 512;

interface Connection {
  readonly socket: Socket;
  readonly address: string;
}

/**
 * Limits the connections of a server. A connection over the limit closes another one: of the address with the most
 * connections, the one that has been idle, or slow with its request, for longest. So an API server that calls now and then
 * keeps its connections, however many connections another client opens.
 */
export function limitConnections(server: Server, limit = MAX_CONNECTIONS): void {
  // ordered by their last activity
  const connections = new Map<string, Connection>();

  const touch = (socket: Socket): void => {
    const key = keyOf(socket);
    const connection = connections.get(key);
    if (connection === undefined) return;
    connections.delete(key);
    connections.set(key, connection);
  };

  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket);
    connections.set(key, { socket, address: socket.remoteAddress ?? '' });
    socket.once('close', () => {
      if (connections.get(key)?.socket === socket) connections.delete(key);
    });
    if (connections.size <= limit) return;
    const idlest = idlestOf(connections);
    if (idlest === undefined) return;
    // at once, because its close event comes later, and more connections can come before it
    connections.delete(keyOf(idlest.socket));
    idlest.socket.destroy();
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    touch(socket);
    response.once('finish', () => {
      touch(socket);
    });
  });
}

/** The same key for a TCP connection and for the TLS connection on it. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}

/** The connection to close. */
function idlestOf(connections: ReadonlyMap<string, Connection>): Connection | undefined {
  const counts = new Map<string, number>();
  for (const { address } of connections.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
  const most = Math.max(...counts.values());
  for (const connection of connections.values()) if (counts.get(connection.address) === most) return connection;
  return undefined;
}
