// Measures a sweep against a bare loop of node:https GETs of the same kubelets with the same concurrency, and the memory
// for four times as many nodes.
// Run: node bench/sweep.bench.ts

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ListedNode } from '../src/evidence/nodes.ts';
import { Authority } from '../test/e2e/support/pki.ts';
import { DOMAIN, listNodes, serveKubelets } from './support/kubelets.ts';
import { CONCURRENCY, sweepOf, ways } from './support/sweep.ts';

const NODES = 5000;
const ROUNDS = 3;
const BUDGETS = { time: 1.3, memory: 1.2 };

/** The lower limit: the same calls, and the answers are ignored. */
async function bareLoop(count: number, port: number): Promise<void> {
  const waiting: ListedNode[] = [];
  for await (const page of listNodes(count, port)) waiting.push(...page);
  const worker = async (): Promise<void> => {
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if ('target' in node) await get(node.target.address, port);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function get(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer token' };
    request({ host, port, path: '/configz', agent: false, rejectUnauthorized: false, headers }, (response) => {
      response.resume().on('end', resolve);
    })
      .on('error', reject)
      .end();
  });
}

async function measure(work: () => Promise<void>): Promise<{ seconds: number; cpu: number }> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  await work();
  const used = process.cpuUsage(before);
  return { seconds: (performance.now() - began) / 1000, cpu: (used.user + used.system) / 1e6 };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function start(
  role: string,
  ...rest: string[]
): Promise<{ child: ChildProcess; message: Record<string, number> }> {
  const child = fork(import.meta.filename, [role, ...rest]);
  const [message] = (await once(child, 'message')) as [Record<string, number>];
  return { child, message };
}

async function memoryOf(count: number, port: number): Promise<number> {
  const { child, message } = await start('memory', String(count), String(port));
  child.disconnect();
  return message.rss ?? NaN;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const authority = new Authority('bench');
  const { certificate, key } = authority.issue({ name: 'kubelet', hosts: [`*.${DOMAIN}`] });
  const files = { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority.certificate };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const kubelets = await start('kubelets', folder);
  const port = kubelets.message.port ?? 0;

  const runs: Readonly<Record<string, () => Promise<void>>> = {
    bare: () => bareLoop(NODES, port),
    ...Object.fromEntries(Object.entries(ways).map(([name, make]) => [name, () => sweepOf(NODES, port, make())])),
  };
  await bareLoop(500, port);
  await sweepOf(500, port, ways.both());
  const results: Record<string, { seconds: number; cpu: number }[]> = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, work] of Object.entries(runs)) (results[name] ??= []).push(await measure(work));
  }
  const secondsOf = (name: string): number => median((results[name] ?? []).map(({ seconds }) => seconds));
  const cpuOf = (name: string): number => median((results[name] ?? []).map(({ cpu }) => cpu));
  console.log(`${NODES} kubelets, ${CONCURRENCY} at a time, medians of ${ROUNDS} rounds`);
  for (const name of Object.keys(runs)) {
    const ratio = (secondsOf(name) / secondsOf('bare')).toFixed(2);
    const each = ((cpuOf(name) / NODES) * 1e6).toFixed(0);
    console.log(
      `${name.padEnd(10)} ${secondsOf(name).toFixed(2)} s (${ratio} x the bare loop), ${each} µs of CPU a kubelet`,
    );
  }
  console.log(`configz: ratio ${(secondsOf('configz') / secondsOf('bare')).toFixed(2)} (budget ${BUDGETS.time})`);

  const few = await memoryOf(NODES, port);
  const many = await memoryOf(4 * NODES, port);
  const ratio = (many / few).toFixed(2);
  console.log(
    `memory: ${few.toFixed(0)} MiB for ${NODES} nodes, ${many.toFixed(0)} MiB for ${4 * NODES}, ratio ${ratio} (budget ${BUDGETS.memory})`,
  );
  kubelets.child.disconnect();
  rmSync(folder, { recursive: true });
}

const [role, ...rest] = process.argv.slice(2);
if (role === 'kubelets') serveKubelets(rest[0] ?? '');
else if (role === 'memory') {
  const [count = 0, port = 0] = rest.map(Number);
  // twice, as in a sweeper: the second sweep is compared with the first
  for (let round = 0; round < 2; round += 1) await sweepOf(count, port, ways.both());
  process.send?.({ rss: process.resourceUsage().maxRSS / 1024 });
} else await main();
