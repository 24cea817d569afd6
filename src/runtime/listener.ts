// Listens on an address, and closes a server without losing requests.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';

import { StartError } from './start-error.ts';

/** An address to listen on. */
export interface Address {
  /** Empty for all addresses of this machine, IPv4 and IPv6. */
  readonly host: string;
  readonly port: number;
}

/** A server of node:http or node:https. */
export interface HttpServer extends Server {
  readonly closeIdleConnections: () => void;
}

/** How long a stop may take, in milliseconds. */
export interface DrainOptions {
  /** The server still accepts connections, because clients do not know of the stop yet. Each answer closes its connection. */
  readonly linger: number;
  /** After that, the time for answers. Connections that are open then are closed. */
  readonly patience: number;
}

/** A server that listens. */
export interface Listener {
  readonly address: Address;
  /** Serves for a while, then accepts no more connections, and waits for answers. */
  readonly drain: (options: DrainOptions) => Promise<void>;
  /** Closes every connection at once. */
  readonly cut: () => void;
}

/** Milliseconds between two checks for connections that have become idle while the server stops. */
const IDLE_CHECK = 20;

/**
 * Parses `HOST:PORT`, with brackets around an IPv6 address, or `:PORT` for all addresses. With port 0 the system chooses one.
 *
 * @param flag the flag with the address, for the message
 * @throws StartError if the text is not an address
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

/** The address as in a URL. */
export function authorityOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Makes a server listen.
 *
 * @param flag the flag with the address, for the message
 * @throws StartError (rejects) if the address cannot be used
 */
export async function listen(server: HttpServer, address: Address, flag: string): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // without a host Node listens on :: for IPv4 and IPv6, and on 0.0.0.0 if the kernel has no IPv6
  server.listen({ port: address.port, ...(address.host !== '' && { host: address.host }) });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const fault = faultOf((cause as NodeJS.ErrnoException).code, address);
    throw new StartError('listen', `${fault}, or choose another address with ${flag} HOST:PORT`, { cause });
  }
  const { promise: wasCut, resolve: onCut } = Promise.withResolvers<undefined>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    onCut(undefined);
  };
  const { address: own, port } = server.address() as AddressInfo;
  return {
    address: { host: address.host === '' ? own : address.host, port },
    drain: (options) => drain(server, options, cut, wasCut),
    cut,
  };
}

async function drain(
  server: HttpServer,
  { linger, patience }: DrainOptions,
  cut: () => void,
  wasCut: Promise<undefined>,
): Promise<void> {
  // A client can send its next request at any moment, and a POST on a closed connection is lost: announce the close first.
  server.prependListener('request', (_request, response: ServerResponse) => response.setHeader('connection', 'close'));
  await lingerFor(linger, wasCut);
  const closed = once(server, 'close');
  server.close();
  // a connection with a request becomes idle only after the answer
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_CHECK);
  const deadline = setTimeout(cut, patience);
  await closed;
  clearInterval(idle);
  clearTimeout(deadline);
}

/** Waits, but no longer than until the connections are cut. It leaves no timer, which would keep the process alive. */
async function lingerFor(milliseconds: number, wasCut: Promise<undefined>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([wasCut, over]);
  clearTimeout(timer);
}

function faultOf(code: string | undefined, address: Address): string {
  const where = authorityOf(address);
  switch (code) {
    case 'EADDRINUSE':
      return `another program already listens on ${where}: stop it`;
    case 'EACCES':
      return `this user must not listen on ${where}: use a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine does not have the address ${address.host}: check it`;
    default:
      return `cannot listen on ${where} (${code ?? 'no reason given'}): check it`;
  }
}
