import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

import { afterEach, expect, test } from '@jest/globals';

import { limitConnections } from '../../src/runtime/connections.ts';

const opened: Socket[] = [];
let server: Server;

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function serve(most: number): Promise<number> {
  server = createServer((request, response) => {
    request.resume().once('end', () => response.end('{}'));
  });
  limitConnections(server, most);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A connection that the server knows of. */
async function open(port: number, localAddress: string): Promise<Socket> {
  const accepted = once(server, 'connection');
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  opened.push(socket);
  await accepted;
  return socket;
}

async function ask(socket: Socket): Promise<void> {
  const answered = once(socket, 'data');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await answered;
}

test('a connection over the limit closes the one that has been idle for longest', async () => {
  const port = await serve(3);
  const [first, second] = [await open(port, '127.0.0.1'), await open(port, '127.0.0.1')];
  await ask(first);
  const ended = once(second, 'close');
  await open(port, '127.0.0.1');
  await open(port, '127.0.0.1');
  await ended;
  await ask(first);
  expect([first.destroyed, second.destroyed]).toStrictEqual([false, true]);
});

test('a connection with a slow request counts as idle since the start of the request', async () => {
  const port = await serve(2);
  const slow = await open(port, '127.0.0.1');
  const asked = once(server, 'request');
  slow.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nx');
  await asked;
  const other = await open(port, '127.0.0.1');
  await ask(other);
  const ended = once(slow, 'close');
  await open(port, '127.0.0.1');
  await ended;
  await ask(other);
});

test('the client with the most connections loses one, so that a client that calls seldom keeps its connection', async () => {
  const port = await serve(20);
  const seldom = await open(port, '127.0.0.1');
  await ask(seldom);
  const many: Socket[] = [];
  for (let index = 0; index < 100; index += 1) many.push(await open(port, '127.0.0.2'));
  await ask(seldom);
  const last = many.at(-1);
  if (last !== undefined) await ask(last);
  expect(many.filter(({ destroyed }) => !destroyed).length).toBeLessThan(100);
  const connections = await new Promise((resolve) => {
    server.getConnections((_error, count) => {
      resolve(count);
    });
  });
  expect(connections).toBeLessThanOrEqual(20);
});

test('connections that come at the same time close as many others', () => {
  // the server never listens
  const fake = createServer().removeAllListeners('connection');
  limitConnections(fake, 2);
  const destroyed: number[] = [];
  for (let port = 1; port <= 5; port += 1) {
    // the close event of a real socket comes after all of them
    const socket = { remoteAddress: 'a', remotePort: port, once: () => socket, destroy: () => destroyed.push(port) };
    fake.emit('connection', socket);
  }
  expect(destroyed).toStrictEqual([1, 2, 3]);
});
