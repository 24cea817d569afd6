// Hostile servers in place of kubelets, and middleboxes that break the connection to a kubelet.

import { createServer as createHttps, Server as HttpsServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { succeeded } from './api.ts';
import type { Cleanup } from './cleanup.ts';
import type { ControlPlane } from './control-plane.ts';
import { addNetwork } from './network.ts';
import type { KeyPair } from './pki.ts';

/** Nodes in the API whose kubelets are servers in this process. */
export interface HostileNodes {
  /** The name of the node with this behaviour. */
  readonly nameOf: (behaviour: Behaviour) => string;
  /** The paths that were requested because of a redirect. */
  readonly followed: () => readonly string[];
}

type Speak = (socket: Socket) => void;
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** What the servers do with a connection. */
const TALKS = {
  'accepts-only': () => undefined,
  'closes-at-once': (socket) => {
    socket.destroy();
  },
  'talks-garbage': (socket) => {
    socket.write(Buffer.alloc(4096, 0xa5));
  },
  'talks-garbage-for-ever': (socket) => {
    flood(socket, Buffer.alloc(65_536, 0xa5));
  },
  'never-ends-its-handshake': (socket) => {
    flood(socket, Buffer.from([0x16, 0x03, 0x03, 0x00, 0x01, 0x02])); // records of one byte
  },
  'shakes-hands-a-byte-a-second': (socket) => {
    trickle(socket, Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00, 0x02]));
  },
  'speaks-plain-http': (socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
  },
} as const satisfies Record<string, Speak>;

/** What the servers answer over TLS; no server requests a client certificate. */
const ANSWERS = {
  'sends-an-endless-body': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    flood(response, Buffer.alloc(65_536, '[')); // as deep as it is long
  },
  'sends-a-byte-a-second': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    trickle(response, Buffer.from('{"kubeletconfig":'));
  },
  'sends-html': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome</body></html>');
  },
  'sends-another-json': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
  },
  'answers-401': (_request, response) => {
    response.writeHead(401).end('Unauthorized');
  },
  'answers-403': (_request, response) => {
    response.writeHead(403).end('Forbidden (user=x, verb=get, resource=nodes, subresource(s)=[configz proxy])');
  },
  'answers-404': (_request, response) => {
    response.writeHead(404).end('404 page not found');
  },
  redirects: (_request, response) => {
    response.writeHead(302, { location: FOLLOWED }).end();
  },
  'has-a-huge-certificate-chain': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  },
} as const satisfies Record<string, Answer>;

export type Behaviour = keyof typeof TALKS | keyof typeof ANSWERS;

const FOLLOWED = '/followed';
/** The number of certificates in a chain of about 500 kB. */
const HUGE = 1_000;

/** Starts one server for each behaviour, on an address of this host that is not loopback, and registers a node for it. */
export async function startHostileNodes(cleanup: Cleanup, plane: ControlPlane): Promise<HostileNodes> {
  const { host } = await addNetwork(cleanup);
  const nameOf = (behaviour: string) => `hostile-${behaviour}`;
  // a fake kubelet uses the names of a kubelet
  const hosts = Object.keys({ ...TALKS, ...ANSWERS }).map(nameOf);
  const pair = plane.authority.issue({ name: 'kubelet', addresses: [host], hosts });
  const followed: string[] = [];
  const watched =
    (answer: Answer): Answer =>
    (request, response) => {
      if (request.url === FOLLOWED) followed.push(request.url);
      answer(request, response);
    };
  const servers: [string, Server | HttpsServer][] = [
    ...Object.entries<Speak>(TALKS).map(([behaviour, talk]): [string, Server] => [behaviour, createServer(talk)]),
    ...Object.entries<Answer>(ANSWERS).map(([behaviour, answer]): [string, HttpsServer] => [
      behaviour,
      createHttps({ cert: certificateOf(behaviour, pair), key: pair.key }, watched(answer)),
    ]),
  ];
  for (const [behaviour, server] of servers) {
    const port = await listen(cleanup, server, host);
    succeeded(await plane.admin.create(nodeAt(nameOf(behaviour), host, port)));
  }
  return { nameOf, followed: () => followed };
}

/** A Node as its kubelet would register it. */
export function nodeAt(name: string, address: string, port: number) {
  const status = {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status };
}

function certificateOf(behaviour: string, { certificate }: KeyPair): string {
  return behaviour === 'has-a-huge-certificate-chain' ? certificate.repeat(HUGE) : certificate;
}

/** Writes the same data repeatedly, as fast as the client reads it. */
function flood(to: Socket | ServerResponse, chunk: Buffer): void {
  const more = () => {
    while (!to.destroyed && to.write(chunk));
  };
  to.on('drain', more);
  more();
}

/** Writes a byte a second, and starts again at the end. */
function trickle(to: Socket | ServerResponse, bytes: Buffer): void {
  let next = 0;
  const timer = setInterval(() => {
    to.write(bytes.subarray(next, next + 1));
    next = (next + 1) % bytes.length;
  }, 1_000);
  to.once('close', () => {
    clearInterval(timer);
  });
}

async function listen(cleanup: Cleanup, server: Server | HttpsServer, host: string): Promise<number> {
  const isPlain = !(server instanceof HttpsServer);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    if (isPlain) socket.resume(); // a socket that is not read does not report that the client is gone
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host, resolve);
  });
  cleanup.add(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given');
  return address.port;
}
