// Measures the peak memory of the real program, `serve --only=sweep`, that sweeps a large cluster twice: stand-ins for the API
// server and for the kubelets, each kubelet at an address of its own. All of it runs in its own network. Needs root.
// Run: npm run build && node bench/large-sweep.bench.ts [NODES [EVIDENCE]]

import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { Authority } from '../test/e2e/support/pki.ts';
import { callLocal } from '../test/e2e/support/local-port.ts';
import { DOMAIN, serveKubelets } from './support/kubelets.ts';

const NODES = 20_000;
const BUDGET = 300;
const SWEEPS = 2;
const LOCAL = 8080;
const HEADERS = { 'content-type': 'application/json' };
const main = join(import.meta.dirname, '../dist/main.js');

function nodeOf(index: number, port: number): object {
  const address = `10.${100 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${1 + (index % 250)}`;
  const name = `ip-${address.replaceAll('.', '-')}.${DOMAIN}`;
  const uid = `11111111-2222-4333-8444-${index.toString(16).padStart(12, '0')}`;
  const labels = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`example.com/label-${at}`, `value-${at}`]));
  return {
    metadata: { name, uid, labels, creationTimestamp: '2026-01-01T00:00:00Z' },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  };
}

/** An API server that has nodes, stores Leases, and has nothing else. */
function api(count: number, port: number): (incoming: IncomingMessage, response: ServerResponse) => void {
  const leases = new Map<string, object>();
  return (incoming, response) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    incoming.on('end', () => {
      const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://api');
      const answer = (status: number, object: unknown): void => {
        response.writeHead(status, HEADERS).end(typeof object === 'string' ? object : JSON.stringify(object));
      };
      const list = (items: readonly object[], next = ''): void => {
        answer(200, { metadata: { resourceVersion: '1', continue: next }, items });
      };
      if (searchParams.has('watch')) response.writeHead(200, HEADERS).flushHeaders();
      else if (pathname === '/version') answer(200, { major: '1', minor: '37', gitVersion: 'v1.37.2' });
      else if (pathname === '/api/v1/nodes') {
        const first = Number(searchParams.get('continue') ?? 0);
        const last = Math.min(count, first + Number(searchParams.get('limit') ?? count));
        const page = Array.from({ length: last - first }, (_, at) => nodeOf(first + at, port));
        list(page, last < count ? String(last) : '');
      } else if (pathname.includes('/leases')) {
        if (incoming.method !== 'GET') {
          const lease = JSON.parse(body) as { metadata: { name: string } };
          const metadata = { ...lease.metadata, uid: 'lease', resourceVersion: String(Date.now()) };
          leases.set(metadata.name, { ...lease, metadata });
        }
        const stored = leases.get(pathname.slice(pathname.lastIndexOf('/') + 1)) ?? [...leases.values()][0];
        answer(stored === undefined ? 404 : 200, stored ?? status(404));
      } else if (pathname.endsWith('/token')) {
        answer(201, { status: { token: 'token', expirationTimestamp: new Date(Date.now() + 600_000).toISOString() } });
      } else if (incoming.method === 'POST') {
        const object = JSON.parse(body) as { metadata: object };
        answer(201, { ...object, metadata: { ...object.metadata, uid: 'object', resourceVersion: '1' } });
      } else if (/\/(pods|configmaps)$/.test(pathname)) list([]);
      else answer(404, status(404));
    });
  };
}

function status(code: number): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', message: 'not found', code };
}

async function measure(count: number, evidence: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const authority = new Authority('bench');
  const { certificate, key } = authority.issue({ name: 'kubelet', hosts: [`*.${DOMAIN}`] });
  const config = `apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\nsweep: { evidence: [${evidence}] }\n`;
  const files = { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority.certificate, 'guard.yaml': config };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const kubelets = fork(import.meta.filename, ['kubelets', folder]);
  const [{ port }] = (await once(kubelets, 'message')) as [{ port: number }];
  const server = createServer(api(count, port)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: apiPort } = server.address() as AddressInfo;
  writeFileSync(
    join(folder, 'kubeconfig'),
    JSON.stringify({
      'current-context': 'bench',
      contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench', namespace: 'kubelet-guard' } }],
      clusters: [{ name: 'bench', cluster: { server: `http://127.0.0.1:${apiPort}` } }],
      users: [{ name: 'bench', user: {} }],
    }),
  );
  const paths = [`--kubeconfig=${join(folder, 'kubeconfig')}`, `--config=${join(folder, 'guard.yaml')}`];
  const trust = `--kubelet-certificate-authority=${join(folder, 'ca.crt')}`;
  const program = spawn(
    process.execPath,
    [main, 'serve', '--only=sweep', ...paths, trust, `--local-listen=127.0.0.1:${LOCAL}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let log = '';
  program.stdout.setEncoding('utf8').on('data', (chunk: string) => (log += chunk));
  const sweeps = () => log.split('\n').filter((line) => line.includes('"a sweep is complete"'));
  for (let sweep = 1; sweep <= SWEEPS; sweep += 1) {
    while (sweeps().length < sweep) {
      if (program.exitCode !== null) throw new Error(`the sweeper ended: ${log.slice(-3000)}`);
      await setTimeout(500);
      // right after a sweep, another one is refused for a while
      if (sweep > 1) await callLocal(LOCAL, '/api/v1/sweep', 'POST');
    }
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${program.pid ?? ''}/status`, 'utf8'))?.[1];
    const mebibytes = Number(peak) / 1024;
    const { nodes, seconds } = JSON.parse(sweeps()[sweep - 1] ?? '') as { nodes: unknown; seconds: number };
    console.log(
      `sweep ${sweep} of ${count} nodes by ${evidence}: ${mebibytes.toFixed(0)} MiB at most (budget ${BUDGET}), ${seconds} s, ${JSON.stringify(nodes)}`,
    );
  }
  program.kill();
  await once(program, 'exit');
  server.closeAllConnections();
  server.close();
  kubelets.disconnect();
  rmSync(folder, { recursive: true });
}

const [role = String(NODES), evidence = 'handshake,configz'] = process.argv.slice(2);
if (role === 'kubelets') serveKubelets(evidence);
else if (process.env.BENCH_NETWORK === undefined) {
  const network = 'ip link set lo up && ip route add local 10.96.0.0/11 dev lo && exec "$@"';
  const again = [process.execPath, import.meta.filename, role, evidence];
  const env = { ...process.env, BENCH_NETWORK: 'own' };
  const { status: code } = spawnSync('unshare', ['--net', 'sh', '-c', network, 'sh', ...again], {
    stdio: 'inherit',
    env,
  });
  process.exitCode = code ?? 1;
} else await measure(Number(role), evidence);
