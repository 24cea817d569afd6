import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';

import { StartError } from './start-error.ts';

/** Where to listen. */
export interface Address {
  /** Empty for all addresses of this machine, of both families. */
  readonly host: string;
  readonly port: number;
}

/** A server of node:http or node:https, as far as it matters here. */
export interface HttpServer extends Server {
  readonly closeIdleConnections: () => void;
}

/** How long a stop may take, in milliseconds. */
export interface Patience {
  /** While clients still come, because they have not heard of the stop; each answer ends its connection. */
  readonly linger: number;
  /** For answers after that; what is not done then is cut off. */
  readonly patience: number;
}

/** A server that listens. */
export interface Listener {
  readonly address: Address;
  /** Serves on for a while, then accepts no more connections and waits for what is being answered. */
  readonly drain: (patience: Patience) => Promise<void>;
  /** Ends every connection at once. */
  readonly cut: () => void;
}

/** How often connections are looked at that became idle while the server stops. */
const IDLE_CHECK = 20;

/**
 * Reads `HOST:PORT`, with brackets around an IPv6 address, or `:PORT` for all addresses; port 0 lets the system choose one.
 *
 * @param flag that gave it, for the fault
 */
export function parseAddress(text: string, flag: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([^[\]]+)\]|([^[\]:\s]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    throw new StartError(
      'usage',
      `${flag} must be HOST:PORT, such as :8443, 127.0.0.1:8443 or [::1]:8443, not ${JSON.stringify(text)}`,
    );
  }
  return { host, port };
}

/** The address as it stands in a URL. */
export function authorityOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Makes a server listen.
 *
 * @param flag by which the user can choose another address
 * @throws StartError where the address cannot be had
 */
export async function listen(server: HttpServer, address: Address, flag: string): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // without a host Node listens on :: for both families, and on 0.0.0.0 where the kernel has no IPv6
  server.listen({ port: address.port, ...(address.host !== '' && { host: address.host }) });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const fault = faultOf((cause as NodeJS.ErrnoException).code, address);
    throw new StartError('listen', `${fault}; or choose another address with ${flag} HOST:PORT`, { cause });
  }
  const { promise: wasCut, resolve: tell } = Promise.withResolvers<undefined>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    tell(undefined);
  };
  const { address: own, port } = server.address() as AddressInfo;
  return {
    address: { host: address.host === '' ? own : address.host, port },
    drain: (patience) => drain(server, patience, cut, wasCut),
    cut,
  };
}

async function drain(
  server: HttpServer,
  { linger, patience }: Patience,
  cut: () => void,
  wasCut: Promise<undefined>,
): Promise<void> {
  // A client sends its next request at any moment, and a POST that meets a closed connection is lost: it has to be told.
  server.prependListener('request', (_request, response: ServerResponse) => response.setHeader('connection', 'close'));
  await unlessCut(linger, wasCut);
  const closed = once(server, 'close');
  server.close();
  // a connection that carried a request becomes idle only after the answer
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_CHECK);
  const deadline = setTimeout(cut, patience);
  await closed;
  clearInterval(idle);
  clearTimeout(deadline);
}

function faultOf(code: string | undefined, address: Address): string {
  const where = authorityOf(address);
  switch (code) {
    case 'EADDRINUSE':
      return `another program listens on ${where} already: stop it`;
    case 'EACCES':
      return `this user may not listen on ${where}: take a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no address ${address.host}: check it`;
    default:
      return `cannot listen on ${where} (${code ?? 'no reason given'})`;
  }
}

/** Waits, but not after the server is cut off: a timer that is left would keep the process alive. */
async function unlessCut(milliseconds: number, wasCut: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([wasCut, promise]);
  clearTimeout(timer);
}
