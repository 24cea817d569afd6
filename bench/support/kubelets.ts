// Thousands of kubelets in one process: an HTTPS server on every address of the loopback network that asks for a client
// certificate, names a CA and answers /configz as a kubelet does.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

import type { ListedNode } from '../../src/evidence/nodes.ts';

const CONFIGZ = JSON.stringify({
  kubeletconfig: {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    authentication: {
      x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
      webhook: { enabled: true, cacheTTL: '2m0s' },
      anonymous: { enabled: false },
    },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
    // as long as a real one, which lists every default
    ...Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`setting${index}`, 'value-of-the-setting'])),
  },
});

/** The end of the names of all kubelets. */
export const DOMAIN = 'eu-central-1.compute.internal';

/** Serves, and sends the port to the parent process; ends with the parent. */
export function serveKubelets(folder: string): void {
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const tls = { cert: file('tls.crt'), key: file('tls.key'), ca: file('ca.crt') };
  const options = { ...tls, requestCert: true, rejectUnauthorized: false, sessionTimeout: 1 };
  const server = createServer(options, (incoming, response) => {
    incoming.resume();
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(CONFIGZ) });
    response.end(CONFIGZ);
  });
  server.listen(0, '0.0.0.0', 4096, () => process.send?.({ port: (server.address() as { port: number }).port }));
  process.on('disconnect', () => process.exit());
}

/** Nodes with one address each, page by page. */
export async function* listNodes(count: number, port: number): AsyncGenerator<readonly ListedNode[]> {
  for (let first = 0; first < count; first += 250) {
    // one turn of the event loop, like an answer of the API server
    await new Promise((resolve) => setImmediate(resolve));
    yield Array.from({ length: Math.min(250, count - first) }, (_, index) => nodeOf(first + index, port));
  }
}

function nodeOf(index: number, port: number): ListedNode {
  // one address for each node: a kubelet at the address of two nodes proves nothing about either
  const address = `127.${1 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${1 + (index % 250)}`;
  const name = `ip-${address.replaceAll('.', '-')}-${index}.${DOMAIN}`;
  const uid = `11111111-2222-4333-8444-${index.toString(16).padStart(12, '0')}`;
  const traits = {
    name,
    uid,
    addresses: [address],
    createdAt: undefined,
    readySince: undefined,
    pool: `pool-${index % 5}`,
    isControlPlane: false,
    isVirtual: false,
  };
  return { ...traits, target: { name, uid, address, port } };
}
