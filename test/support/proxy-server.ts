import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy on loopback that resolves every name to 127.0.0.1. */
export interface TestProxy {
  readonly port: number;
  /** The requested targets, in order. */
  readonly asked: readonly string[];
  readonly stop: () => Promise<void>;
}

interface ProxyOptions {
  /** The required `user:password`. */
  readonly user?: string;
  /** The answer to CONNECT if the proxy rejects it. */
  readonly answer?: string;
}

/** Starts a proxy for CONNECT and SOCKS 5. */
export async function startProxy({ user, answer }: ProxyOptions = {}): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const pipe = (client: Socket, to: string, port: number, greeting: Buffer | string): void => {
    asked.push(`${to}:${port}`);
    const server = connect(port, '127.0.0.1', () => {
      client.write(greeting);
      client.pipe(server).pipe(client);
    });
    server.on('error', () => client.destroy());
    client.on('close', () => server.destroy());
  };
  const http = async (client: Socket, first: Buffer): Promise<void> => {
    let head = first.toString();
    while (!head.includes('\r\n\r\n')) head += (await next(client)).toString();
    const [, to = '', port = ''] = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    const wanted = user === undefined ? '' : `Proxy-Authorization: Basic ${Buffer.from(user).toString('base64')}\r\n`;
    if (answer !== undefined) client.end(answer);
    else if (!head.includes(wanted)) client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    else pipe(client, to, Number(port), 'HTTP/1.1 200 Connection established\r\n\r\n');
  };
  const socks = async (client: Socket): Promise<void> => {
    client.write(Buffer.from([5, user === undefined ? 0 : 2]));
    if (user !== undefined) {
      const [, length = 0, ...rest] = await next(client);
      const given = Buffer.from(rest.slice(0, length)).toString();
      const isKnown = `${given}:${Buffer.from(rest.slice(length + 1)).toString()}` === user;
      client.write(Buffer.from([1, isKnown ? 0 : 1]));
      if (!isKnown) return;
    }
    const request = await next(client);
    const to = request[3] === 3 ? request.subarray(5, -2).toString() : request.subarray(4, -2).toString('hex');
    pipe(client, to, request.readUInt16BE(request.length - 2), Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  };
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => undefined).on('close', () => sockets.delete(client));
    void next(client)
      .then((first) => (first[0] === 5 ? socks(client) : http(client, first)))
      .catch(() => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function next(client: Socket): Promise<Buffer> {
  const [chunk] = (await Promise.race([
    once(client, 'data'),
    once(client, 'close').then(() => {
      throw new Error('closed');
    }),
  ])) as [Buffer];
  return chunk;
}
