// Measures `check`: its start-up on one manifest against an empty Node program, and its CPU for 1,000 manifests beyond
// that start-up. Runs alternate, so that the ratio of their medians is useful on a busy machine.
// Run: npm run build && node bench/check.bench.ts

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const RUNS = 25;
const MANY_RUNS = 5;
const MANIFESTS = 1000;
const START_BUDGET = 2;
const CPU_BUDGET = 1.5;

const program = join(import.meta.dirname, '../dist/main.js');
const manifest = join(import.meta.dirname, '../test/fixtures/kubeadm-v1.37.2/kube-apiserver.yaml');

interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

/** Every program reports its own CPU on a separate pipe when it ends, which costs all of them the same. */
const meter = `const { writeSync } = require('node:fs');
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeSync(3, String((user + system) / 1000));
});
`;

function run(meterFile: string, args: readonly string[]): Cost {
  const start = performance.now();
  const { status, output, stderr } = spawnSync(process.execPath, ['--require', meterFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const wall = performance.now() - start;
  // a failed run has not done the measured work
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status ?? 'a signal'}: ${stderr}`);
  return { wall, cpu: Number(output[3]) };
}

function median(costs: readonly Cost[], kind: keyof Cost): number {
  return costs.map((cost) => cost[kind]).sort((a, b) => a - b)[costs.length >> 1] ?? NaN;
}

function verdict(within: boolean): string {
  return within ? 'within the budget' : 'OVER THE BUDGET';
}

function startUp(meterFile: string, empty: string): number {
  const nothing: Cost[] = [];
  const one: Cost[] = [];
  for (let round = 0; round < RUNS; round += 1) {
    nothing.push(run(meterFile, [empty]));
    one.push(run(meterFile, [program, 'check', manifest]));
  }
  for (const kind of ['wall', 'cpu'] as const) {
    const [base, cost] = [median(nothing, kind), median(one, kind)];
    const ratio = cost / base;
    const figures = `${cost.toFixed(1)} ms against ${base.toFixed(1)} ms of an empty program`;
    console.log(
      `start-up, ${kind}: ${ratio.toFixed(2)} (${figures}), ${verdict(ratio <= START_BUDGET)} of ${START_BUDGET}`,
    );
  }
  return median(one, 'cpu');
}

function thousand(meterFile: string, folder: string, start: number): void {
  mkdirSync(folder);
  for (let index = 0; index < MANIFESTS; index += 1) {
    cpSync(manifest, join(folder, `kube-apiserver-${String(index).padStart(4, '0')}.yaml`));
  }
  const costs = Array.from({ length: MANY_RUNS }, () => run(meterFile, [program, 'check', folder]));
  const beyond = (median(costs, 'cpu') - start) / 1000;
  console.log(
    `${MANIFESTS} manifests: ${beyond.toFixed(2)} s of CPU beyond start-up, ${verdict(beyond <= CPU_BUDGET)} of ${CPU_BUDGET} s`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-bench-'));
try {
  const meterFile = join(folder, 'meter.cjs');
  const empty = join(folder, 'empty.mjs');
  writeFileSync(meterFile, meter);
  writeFileSync(empty, '');
  const start = startUp(meterFile, empty);
  thousand(meterFile, join(folder, 'manifests'), start);
} finally {
  rmSync(folder, { recursive: true });
}
