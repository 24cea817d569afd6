import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';

/** More than all API servers of a cluster keep open to one webhook. One that is idle takes 52 KiB. */
export const CONNECTIONS = 512;

interface Connection {
  readonly socket: Socket;
  readonly from: string;
}

/**
 * Bounds the connections of a server. One too many ends another one: of the address that has most, the one that was idle, or
 * slow with its request, for longest. So an API server that calls now and then keeps its connections, however many
 * somebody else opens.
 */
export function boundConnections(server: Server, most = CONNECTIONS): void {
  // in the order in which something last happened on them
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
    connections.set(key, { socket, from: socket.remoteAddress ?? '' });
    socket.once('close', () => {
      if (connections.get(key)?.socket === socket) connections.delete(key);
    });
    if (connections.size > most) victimOf(connections)?.socket.destroy();
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    touch(socket);
    response.once('finish', () => {
      touch(socket);
    });
  });
}

/** The same for a connection and for TLS on it. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`;
}

function victimOf(connections: ReadonlyMap<string, Connection>): Connection | undefined {
  const counts = new Map<string, number>();
  for (const { from } of connections.values()) counts.set(from, (counts.get(from) ?? 0) + 1);
  const most = Math.max(...counts.values());
  for (const connection of connections.values()) if (counts.get(connection.from) === most) return connection;
  return undefined;
}
