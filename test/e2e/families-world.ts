// An API server with one node, and the node's kubelet: a cluster with one address family, in the current network namespace.
// Argument: the address of both. Writes a line when it listens.

import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import { Authority } from './support/pki.ts';

const [, , address = '::1'] = process.argv;
const authority = new Authority('e2e-ca');
const pair = authority.issue({ name: 'system:node:node-1', addresses: [address], hosts: ['node-1'] });
const configuration = {
  authentication: { x509: { clientCAFile: '/ca.crt' }, anonymous: { enabled: false }, webhook: { enabled: true } },
  authorization: { mode: 'Webhook' },
};
const node = {
  metadata: { name: 'node-1', uid: 'uid-1' },
  status: { addresses: [{ type: 'InternalIP', address }] },
};

createTlsServer(
  {
    cert: pair.certificate,
    key: pair.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
  },
  ({ url, headers }, response) => {
    const isKnown = url === '/configz' && headers.authorization === 'Bearer the-token';
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kubeletconfig: configuration }));
  },
).listen(10250, address);

createServer(({ url = '', method }, response) => {
  const metadata = { resourceVersion: '1' };
  response.setHeader('content-type', 'application/json');
  if (method === 'POST')
    response.end(JSON.stringify({ spec: { expirationSeconds: 600 }, status: { token: 'the-token' } }));
  else if (url === '/version') response.end(JSON.stringify({ gitVersion: 'v1.37.2' }));
  else response.end(JSON.stringify({ kind: 'List', metadata, items: url.startsWith('/api/v1/nodes') ? [node] : [] }));
}).listen(6443, address, () => {
  process.stdout.write('listening\n');
});
