// What the webhook costs beside a bare HTTPS server that only parses the same body and answers. Both run as processes
// of their own and are asked in turn by the same client, so that their ratio means something on a busy machine.
// Run: node bench/webhook.bench.ts

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { Agent, createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { developmentCertificates } from '../src/runtime/development-certificates.ts';
import { guard, post, readReview, type Client } from './support/guard.ts';

const CONNECTIONS = 4;
const REQUESTS = 4000;
const ROUNDS = 9;
const BUDGET = 1.4;

type Role = 'bare' | 'guard';

function serve(role: Role, folder: string): void {
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const listener = role === 'bare' ? bare : guard();
  const server = createServer({ cert: file('tls.crt'), key: file('tls.key'), minVersion: 'TLSv1.2' }, listener);
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }));
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.on('disconnect', () => process.exit());
}

const bare: Parameters<typeof createServer>[1] = (incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
  incoming.on('end', () => {
    const { request } = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string } };
    const body = JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: request.uid, allowed: true },
    });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
};

interface Server extends Client {
  readonly child: ChildProcess;
}

async function start(role: Role, folder: string): Promise<Server> {
  const child = fork(import.meta.filename, [role, folder]);
  const [message] = (await once(child, 'message')) as [{ port: number }];
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, rejectUnauthorized: false });
  return { child, port: message.port, agent };
}

async function cpu({ child }: Server): Promise<number> {
  child.send('cpu');
  const [usage] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return usage.user + usage.system;
}

async function round(server: Server, body: string): Promise<number> {
  const before = await cpu(server);
  let left = REQUESTS;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await post(server, body);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return ((await cpu(server)) - before) / REQUESTS;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  await developmentCertificates(folder, new Date());
  const body = readReview();
  const servers = { bare: await start('bare', folder), guard: await start('guard', folder) };
  const costs: Record<Role, number[]> = { bare: [], guard: [] };
  for (let index = -2; index < ROUNDS; index++) {
    for (const role of ['bare', 'guard'] as const) {
      const cost = await round(servers[role], body);
      if (index >= 0) costs[role].push(cost);
    }
  }
  for (const { child, agent } of Object.values(servers)) {
    agent.destroy();
    child.disconnect();
  }
  const [bareCost, guardCost] = [median(costs.bare), median(costs.guard)];
  const ratio = guardCost / bareCost;
  console.log(`body ${body.length} B, ${ROUNDS} rounds of ${REQUESTS} reviews over ${CONNECTIONS} connections`);
  console.log(`bare node:https ${bareCost.toFixed(1)} µs, webhook ${guardCost.toFixed(1)} µs of CPU for each review`);
  console.log(`ratio ${ratio.toFixed(2)} (budget ${BUDGET})`);
}

const [role, folder] = process.argv.slice(2);
if (folder !== undefined && (role === 'bare' || role === 'guard')) serve(role, folder);
else await main();
