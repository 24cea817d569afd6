// A connection to a server through a proxy: CONNECT (RFC 9110) or SOCKS 5 (RFC 1928, RFC 1929).

import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { hostOf, portOf, proxyAuthorization } from './proxy.ts';

/** Where a tunnel leads. */
export interface Destination {
  readonly host: string;
  readonly port: number;
}

/** A proxy cannot be reached, or refuses a connection. */
export class ProxyFault extends Error {
  override readonly name = 'ProxyFault';
}

const PATIENCE = 30_000;
const HEAD_LIMIT = 16_384;

/**
 * Opens a tunnel.
 *
 * @param ca verifies the proxy itself, if it is an HTTPS proxy; the CAs of the system do by default
 * @throws ProxyFault with the proxy's name where it refuses the connection
 */
export async function openTunnel(proxy: URL, to: Destination, ca: string | undefined): Promise<Socket> {
  const place = { host: hostOf(proxy), port: portOf(proxy) };
  const isTls = proxy.protocol === 'https:';
  const name = isIP(place.host) === 0 ? { servername: place.host } : {};
  const socket = isTls ? connectTls({ ...place, ...name, ...(ca !== undefined && { ca }) }) : connect(place);
  const reader = readerOf(socket);
  try {
    await reader.until(isTls ? 'secureConnect' : 'connect');
    if (proxy.protocol.startsWith('socks')) await socks(socket, reader, proxy, to);
    else await connectThrough(socket, reader, proxy, to);
    reader.release();
    return socket;
  } catch (cause) {
    socket.destroy();
    throw new ProxyFault(`the proxy ${place.host}:${place.port}: ${(cause as Error).message || 'no reason given'}`, {
      cause,
    });
  }
}

async function connectThrough(socket: Socket, reader: Reader, proxy: URL, to: Destination): Promise<void> {
  const authority = `${isIP(to.host) === 6 ? `[${to.host}]` : to.host}:${to.port}`;
  const headers = Object.entries({ Host: authority, ...proxyAuthorization(proxy) });
  const lines = [`CONNECT ${authority} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const head = await reader.head();
  const [, status = '', reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?([^\r\n]*)/.exec(head) ?? [];
  if (!status.startsWith('2')) {
    throw new Error(status === '' ? 'its answer is not HTTP' : `it refuses the connection: HTTP ${status} ${reason}`);
  }
}

async function socks(socket: Socket, reader: Reader, proxy: URL, to: Destination): Promise<void> {
  const [username, password] = [proxy.username, proxy.password].map((text) => Buffer.from(decodeURIComponent(text)));
  const hasUser = proxy.username !== '';
  socket.write(Buffer.from(hasUser ? [5, 2, 0, 2] : [5, 1, 0]));
  const [version, method] = await reader.bytes(2);
  if (version !== 5) throw new Error('its answer is not SOCKS 5');
  if (method === 2 && hasUser && username !== undefined && password !== undefined) {
    socket.write(Buffer.from([1, username.length, ...username, password.length, ...password]));
    const [, denied] = await reader.bytes(2);
    if (denied !== 0) throw new Error('it refuses the user name or password of its address');
  } else if (method !== 0) {
    throw new Error('it wants a user name and password: put them into its address, as socks5://USER:PASSWORD@HOST');
  }
  socket.write(Buffer.from([5, 1, 0, ...addressOf(to.host), to.port >> 8, to.port & 255]));
  const [, reply = 255, , type] = await reader.bytes(4);
  if (reply !== 0) throw new Error(`it refuses the connection: SOCKS reply ${reply}`);
  const [length = 0] = type === 3 ? await reader.bytes(1) : [type === 4 ? 16 : 4];
  await reader.bytes(length + 2);
}

/** An address, or a name that the proxy looks up. */
function addressOf(host: string): number[] {
  if (isIP(host) === 4) return [1, ...host.split('.').map(Number)];
  if (isIP(host) === 0) return [3, Buffer.byteLength(host), ...Buffer.from(host)];
  const [head = [], tail = []] = host.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return [4, ...groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255])];
}

/** Reads the answer of the proxy from a socket, and not one byte more. */
interface Reader {
  readonly until: (event: 'connect' | 'secureConnect') => Promise<void>;
  readonly bytes: (count: number) => Promise<Buffer>;
  /** Up to the empty line. */
  readonly head: () => Promise<string>;
  /** Stops reading, so that the socket can be used. */
  readonly release: () => void;
}

function readerOf(socket: Socket): Reader {
  let fail: ((cause: Error) => void) | undefined;
  let look: (() => void) | undefined;
  let failure: Error | undefined;
  const failed = (cause: Error): void => {
    failure ??= cause;
    fail?.(failure);
  };
  const late = (): void => {
    failed(new Error(`no answer within ${PATIENCE} ms`));
  };
  const closed = (): void => {
    failed(new Error('it closed the connection'));
  };
  const readable = (): void => look?.();
  socket.setTimeout(PATIENCE, late).on('error', failed).on('close', closed).on('readable', readable);
  const wait = <T>(take: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      fail = reject;
      look = () => {
        const found = take();
        if (found !== undefined) resolve(found);
      };
      if (failure === undefined) look();
      else reject(failure);
    });
  const bytes = (count: number): Promise<Buffer> => wait(() => (socket.read(count) as Buffer | null) ?? undefined);
  return {
    until: (event) =>
      new Promise((resolve, reject) => {
        fail = reject;
        socket.once(event, () => {
          resolve();
        });
      }),
    bytes,
    head: async () => {
      let head = '';
      while (!head.endsWith('\r\n\r\n')) {
        if (head.length > HEAD_LIMIT) throw new Error('its answer is too long');
        head += (await bytes(1)).toString('latin1');
      }
      return head;
    },
    release: () => {
      socket.setTimeout(0).off('timeout', late).off('close', closed).off('readable', readable);
      // the listener for errors stays: without one an error would end the process
    },
  };
}
