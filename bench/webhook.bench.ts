// Measures the webhook against a bare HTTPS server that only parses the same body and answers, and the cost of its parts:
// each server has one part more than the previous one. Each runs in its own process, and the same client calls them in turn,
// so that their ratios are useful on a busy machine.
// Run: node bench/webhook.bench.ts

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { Agent, createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Validate } from '../src/webhook/validator.ts';
import { developmentCertificates } from '../src/runtime/certificates/development.ts';
import { guard, post, readReview, type Client } from './support/guard.ts';

const CONNECTIONS = 4;
const REQUESTS = 4000;
const ROUNDS = 9;
/** CPU for each review, and the 99th percentile of the latency, against the bare server. */
const BUDGET = { cpu: 1.3, p99: 1.5 };
/** Milliseconds: about the time of a validation in a hot loop. */
const SPIN = 0.013;

const bare: RequestListener = (incoming, response) => {
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

const allowed: ReturnType<Validate> = { allowed: true, denied: [], warned: [], exempted: [], problems: [] };

/** A validator that uses CPU and no memory. */
const spin: Validate = () => {
  const began = performance.now();
  while (performance.now() - began < SPIN);
  return allowed;
};

const LISTENERS = {
  bare: () => bare,
  'no validation': () => guard(() => allowed),
  'a validator that spins': () => guard(spin),
  webhook: () => guard(),
} as const satisfies Record<string, () => RequestListener>;

type Role = keyof typeof LISTENERS;
const ROLES = Object.keys(LISTENERS) as Role[];

function serve(role: Role, folder: string): void {
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const server = createServer(
    { cert: file('tls.crt'), key: file('tls.key'), minVersion: 'TLSv1.2' },
    LISTENERS[role](),
  );
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }));
  process.on('message', () => process.send?.({ ...process.cpuUsage(), rss: process.memoryUsage.rss() }));
  process.on('disconnect', () => process.exit());
}

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

interface Cost {
  readonly cpu: number;
  readonly p99: number;
}

async function round(server: Server, body: string): Promise<Cost> {
  const before = await cpu(server);
  const took: number[] = [];
  let left = REQUESTS;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const began = performance.now();
      await post(server, body);
      took.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const p99 = took.toSorted((a, b) => a - b)[Math.floor(0.99 * took.length)] ?? NaN;
  return { cpu: ((await cpu(server)) - before) / REQUESTS, p99 };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  await developmentCertificates(folder, new Date());
  const body = readReview();
  const servers: (readonly [Role, Server])[] = [];
  for (const role of ROLES) servers.push([role, await start(role, folder)]);
  const costs = new Map<Role, Cost[]>(ROLES.map((role) => [role, []]));
  for (let index = -2; index < ROUNDS; index++) {
    for (const [role, server] of servers) {
      const cost = await round(server, body);
      if (index >= 0) costs.get(role)?.push(cost);
    }
  }
  for (const [, { child, agent }] of servers) {
    agent.destroy();
    child.disconnect();
  }
  console.log(`body ${body.length} B, ${ROUNDS} rounds of ${REQUESTS} reviews over ${CONNECTIONS} connections`);
  const of = (role: Role, what: keyof Cost): number => median((costs.get(role) ?? []).map((cost) => cost[what]));
  for (const role of ROLES) {
    const ratios = { cpu: of(role, 'cpu') / of('bare', 'cpu'), p99: of(role, 'p99') / of('bare', 'p99') };
    console.log(
      `${role.padEnd(22)} ${of(role, 'cpu').toFixed(1)} µs of CPU for each review (${ratios.cpu.toFixed(2)}), ` +
        `p99 ${of(role, 'p99').toFixed(2)} ms (${ratios.p99.toFixed(2)})`,
    );
  }
  console.log(`budget of the webhook: CPU ${BUDGET.cpu}, p99 ${BUDGET.p99}, against the bare server`);
}

const [role, folder] = process.argv.slice(2);
const known = ROLES.find((name) => name === role);
if (folder !== undefined && known !== undefined) serve(known, folder);
else await main();
