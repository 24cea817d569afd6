// Measures how a sweep in the same process slows down the webhook: the latency of reviews at a steady rate, in turn with
// and without a sweep of simulated kubelets.
// Run: node bench/latency.bench.ts

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, createServer } from 'node:https';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { yieldToReviews } from '../src/sweeper/yield-to-reviews.ts';
import { developmentCertificates } from '../src/runtime/certificates/development.ts';
import { guard, post, readReview, type Client } from './support/guard.ts';
import { serveKubelets } from './support/kubelets.ts';
import { sweepOf, ways } from './support/sweep.ts';

const NODES = 5000;
const RATE = 200;
const REVIEWS = 1600;
const ROUNDS = 3;
const BUDGET = 2;
const RECENT = 1000;

const pauseUnless = (milliseconds: number, signal: AbortSignal) => pause(milliseconds, undefined, { signal });

/** The webhook, and on demand repeated sweeps in the same process until the parent stops them. */
function serve(folder: string, kubelets: number): void {
  const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
  let reviewed = -Infinity;
  const answer = guard();
  const server = createServer({ cert: file('tls.crt'), key: file('tls.key'), minVersion: 'TLSv1.2' }, (...call) => {
    reviewed = performance.now();
    answer(...call);
  });
  const turn = yieldToReviews(() => performance.now() - reviewed < RECENT, pauseUnless);
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }));
  let wanted: unknown;
  const isWanted = () => wanted === 'sweep';
  process.on('message', (message) => {
    wanted = message;
    if (!isWanted()) return;
    void (async () => {
      while (isWanted()) await sweepOf(NODES, kubelets, ways.both(), turn);
      process.send?.('rests');
    })();
  });
  process.on('disconnect', () => process.exit());
}

async function start(role: string, ...rest: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(import.meta.filename, [role, ...rest]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, port };
}

/** Milliseconds that each review took; no review waits for the previous one. */
async function steadily(client: Client, body: string): Promise<number[]> {
  const began = performance.now();
  const times: number[] = [];
  const calls: Promise<void>[] = [];
  for (let index = 0; index < REVIEWS; index++) {
    const due = began + (index * 1000) / RATE;
    const early = due - performance.now();
    if (early > 0) await pause(early);
    const sent = performance.now();
    calls.push(
      post(client, body).then(() => {
        times.push(performance.now() - sent);
      }),
    );
  }
  await Promise.all(calls);
  return times;
}

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  await developmentCertificates(folder, new Date());
  const body = readReview();
  const kubelets = await start('kubelets', folder);
  const webhook = await start('webhook', folder, String(kubelets.port));
  const client = { port: webhook.port, agent: new Agent({ keepAlive: true, rejectUnauthorized: false }) };
  await steadily(client, body);

  const quiet: number[] = [];
  const swept: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    quiet.push(...(await steadily(client, body)));
    webhook.child.send('sweep');
    swept.push(...(await steadily(client, body)));
    webhook.child.send('rest');
    await once(webhook.child, 'message');
  }
  console.log(
    `${RATE} reviews a second, ${ROUNDS} rounds of ${REVIEWS}, with and without a sweep of ${NODES} kubelets`,
  );
  for (const [name, times] of Object.entries({ quiet, swept })) {
    const [half, most] = [quantile(times, 0.5), quantile(times, 0.99)].map((time) => time.toFixed(2));
    console.log(`${name}: median ${half} ms, p99 ${most} ms`);
  }
  console.log(`p99 ratio ${(quantile(swept, 0.99) / quantile(quiet, 0.99)).toFixed(2)} (budget ${BUDGET})`);
  client.agent.destroy();
  for (const { child } of [webhook, kubelets]) child.disconnect();
  rmSync(folder, { recursive: true });
}

const [role, folder = '', kubelets] = process.argv.slice(2);
if (role === 'kubelets') {
  // real kubelets run on other hosts and use no CPU here
  setPriority(19);
  serveKubelets(folder);
} else if (role === 'webhook') serve(folder, Number(kubelets));
else await main();
