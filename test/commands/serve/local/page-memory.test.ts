import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterEach, expect, test } from '@jest/globals';

import { pageOf, reportChunks, type LastReport } from '../../../../src/commands/serve/local/page.ts';
import { createLocal } from '../../../../src/commands/serve/local/port.ts';
import { sharePage } from '../../../../src/commands/serve/local/shared-page.ts';
import { reportStream } from '../../../../src/outputs/report.ts';
import { createLog } from '../../../../src/runtime/log.ts';
import type { SweepResult } from '../../../../src/sweeper/run/sweep.ts';
import { configz, evidence, node, run, stream, unanswered } from '../../../sweeper/run/cluster.ts';
import { Lines } from '../../../support/admission.ts';

const NODES = 5000;
const RENDERINGS = 20;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** The result of a real sweep of many nodes: every fifth fails, and every seventh does not answer. */
function swept(): Promise<SweepResult> {
  const names = Array.from({ length: NODES }, (_, index) => `pool-${index % 8}-node-${index}.example.internal`);
  const ask = (name: string) => {
    const index = Number(/node-(\d+)/.exec(name)?.[1]);
    if (index % 7 === 0) return unanswered(name, 'configz', 'unreachable');
    return configz(name, index % 5 === 0 ? undefined : '/etc/kubernetes/pki/ca.crt');
  };
  return run({ nodes: () => stream([names.map((name) => node(name))]), evidence: [evidence('configz', ask)] });
}

/** The local port over a result, composed as in `serve`. */
async function serving(result: SweepResult) {
  const last = (): LastReport => ({
    report: reportStream(result, () => result.findings.all(), result.exemptionFor),
  });
  // each rendering is another version, so that none is shared
  let version = 0;
  const page = sharePage({
    render: () => pageOf(last(), { now: '2026-11-23T12:10:00Z', version: `a-${version}` }),
    version: () => `a-${(version += 1)}`,
    clock: () => 0,
  });
  const listener = createLocal({
    names: [],
    log: createLog('silent', new Lines()),
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
    unready: () => undefined,
    page,
    openEvents: () => 'none',
    report: () => reportChunks(last()),
    sweep: () => ({ state: 'started' }),
  });
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The bytes of an answer, and the memory in the middle of it. */
async function sizeOf(port: number, path: string, middle?: () => void): Promise<number> {
  const outgoing = get({ host: '127.0.0.1', port, path, agent: false });
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    if (bytes === 0) middle?.();
    bytes += chunk.length;
  });
  await once(response, 'end');
  return bytes;
}

/** What is in use when nothing is being done, in bytes. */
async function settled(): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise(setImmediate);
    gc();
  }
  return memory();
}

/** What is in use, in bytes. */
function memory(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('the memory grows by no more than the report while a page about 5,000 nodes is sent, and by nothing after 20 of them', async () => {
  const result = await swept();
  const port = await serving(result);
  // what is compiled and cached once
  for (let count = 0; count < 3; count += 1) await sizeOf(port, '/');
  const report = await sizeOf(port, '/api/v1/report');
  const before = await settled();
  let most = 0;
  for (let count = 0; count < RENDERINGS; count += 1) {
    const bytes = await sizeOf(port, '/', () => {
      if (count % 5 === 0) most = Math.max(most, memory() - before);
    });
    expect(bytes).toBeLessThan(5 * 1024 * 1024);
  }
  const after = (await settled()) - before;
  expect(most).toBeLessThan(report / 2);
  expect(after).toBeLessThan(report / 10);
}, 180_000);
