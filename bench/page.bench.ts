// Measures the page of simulated clusters: its CPU time against JSON of the same report, its size, its longest part, and the heap
// that it keeps. Run: node --expose-gc bench/page.bench.ts

import { controls } from '../src/controls/index.ts';
import type { GuardReport } from '../src/outputs/guard-report.ts';
import { renderPage } from '../src/outputs/html/page.ts';
import { digest } from '../src/runtime/digest.ts';
import { longNames, manyReasons } from '../test/support/large-reports.ts';
import { sampleReport } from '../test/support/sample-clusters.ts';

const ROUNDS = 9;
const WARM = 3;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function measure(name: string, { findings, ...head }: GuardReport): void {
  const [page, json, wall, longest]: [number[], number[], number[], number[]] = [[], [], [], []];
  let bytes = 0;
  let most = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    globalThis.gc?.();
    const heap = process.memoryUsage().heapUsed;
    const began = performance.now();
    let slowest = 0;
    const cpu = cpuOf(() => {
      bytes = 0;
      let last = performance.now();
      for (const part of renderPage(findings, { head, context: { controls, digest }, live: undefined })) {
        bytes += Buffer.byteLength(part);
        slowest = Math.max(slowest, performance.now() - last);
        last = performance.now();
      }
    });
    const took = performance.now() - began;
    globalThis.gc?.();
    most = Math.max(most, process.memoryUsage().heapUsed - heap);
    const floor = cpuOf(() => JSON.stringify({ ...head, findings }));
    if (round < WARM) continue;
    page.push(cpu);
    json.push(floor);
    wall.push(took);
    longest.push(slowest);
  }
  const [cpu, floor] = [median(page), median(json)];
  console.log(
    `${name}: ${cpu.toFixed(0)} ms CPU (${median(wall).toFixed(0)} ms), ${(cpu / floor).toFixed(1)} times JSON (${floor.toFixed(0)} ms), ` +
      `longest part ${median(longest).toFixed(0)} ms, ${(bytes / 1e6).toFixed(2)} MB, ${(most / 1048576).toFixed(1)} MiB kept after it`,
  );
}

for (const nodes of [500, 5000]) measure(`${nodes} nodes`, sampleReport(nodes));
measure('5000 nodes, 200 reasons', manyReasons(5000, 200));
measure('5000 nodes, names of 253 characters', longNames(5000));
