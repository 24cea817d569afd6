// Measures many readers of the page about 5,000 nodes at once, while what it shows changes: how long they wait, how long another call
// waits meanwhile, and the memory. With the argument `alone` the page is rendered for each of them, to compare.
// Run: node bench/page-readers.bench.ts [alone]

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { pageOf } from '../src/commands/serve/local/page.ts';
import { sharePage } from '../src/commands/serve/local/shared-page.ts';
import { sampleReport } from '../test/support/sample-clusters.ts';

const NODES = 5000;
const READERS = 50;
const isAlone = process.argv[2] === 'alone';

const report = sampleReport(NODES);
let version = 0;
const render = () => pageOf({ report }, { now: '2026-11-28T04:00:00Z', version: `bench-${version}` });
const shared = sharePage({ render, version: () => `bench-${version}`, clock: () => performance.now() });
const server = createServer((request, response) => {
  version += 1;
  if (request.url !== '/') response.end('ok');
  else if (isAlone) response.end([...render()].join(''));
  else void shared(response).then((bytes) => response.end(bytes));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

const timed = async (path: string): Promise<number> => {
  const began = performance.now();
  await (await fetch(`${url}${path}`)).arrayBuffer();
  return performance.now() - began;
};
await timed('');
const before = process.memoryUsage().rss;
const reading = Promise.all(Array.from({ length: READERS }, () => timed('')));
const other = await timed('livez');
const slowest = Math.max(...(await reading));
const grown = (process.resourceUsage().maxRSS * 1024 - before) / 1024 / 1024;
console.log(
  `${READERS} readers: all have the page after ${slowest.toFixed(0)} ms, another call after ${other.toFixed(0)} ms, ${grown.toFixed(0)} MiB more`,
);
server.closeAllConnections();
server.close();
