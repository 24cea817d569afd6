// The servers and credentials of the faults: a real API server, and others that only look like one.

import { createServer as createHttp } from 'node:http';
import { createServer as createTls } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';

import { startProxy } from '../support/proxy-server.ts';
import type { FaultMaterial } from './cluster-fault-rows.ts';
import type { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import type { KeyPair } from './support/pki.ts';
import { freePort } from './support/programs.ts';
import { addAccount } from './support/rights.ts';
import { readFileSync } from 'node:fs';

/** Starts them all. */
export async function startFaultWorld(cleanup: Cleanup): Promise<{ plane: ControlPlane; material: FaultMaterial }> {
  const plane = await startControlPlane(cleanup);
  const { authority } = plane;
  const account = JSON.parse(readFileSync(await addAccount(plane, 'nobody', []), 'utf8')) as {
    users: [{ user: { token: string } }];
  };
  const guarded = await startProxy({ user: 'me:secret' });
  cleanup.add(() => guarded.stop());
  const web = (pair: KeyPair) =>
    open(
      cleanup,
      createTls({ cert: pair.certificate, key: pair.key }, (_request, response) => {
        response.setHeader('content-type', 'text/html').end('<html><title>Welcome</title></html>');
      }),
    );
  const here = { name: 'web', addresses: ['127.0.0.1'] };
  return {
    plane,
    material: {
      server: `https://127.0.0.1:${plane.port}`,
      ca: authority.certificate,
      authority,
      token: account.users[0].user.token,
      pair: authority.issue({ name: 'me' }),
      ports: {
        closed: await freePort(),
        silent: await open(cleanup, createServer()),
        web: await web(authority.issue(here)),
        otherHost: await web(authority.issue({ name: 'web', hosts: ['api.example.com'], addresses: ['10.0.0.1'] })),
        expired: await web(authority.issue({ ...here, notAfter: new Date('2026-01-02T03:04:05Z') })),
        http: await open(
          cleanup,
          createHttp((_request, response) => response.end('hello')),
        ),
        guarded: guarded.port,
      },
    },
  };
}

function open(cleanup: Cleanup, server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const sockets = new Set<{ destroy: () => void }>();
  server.on('connection', (socket: { destroy: () => void }) => sockets.add(socket));
  server.listen(0, '127.0.0.1', () => {
    resolve((server.address() as AddressInfo).port);
  });
  cleanup.add(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return promise;
}
