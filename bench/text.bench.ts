// Measures the text report of simulated nodes of which two of five do not pass, for three reasons: time, lines and memory.
// Run: node --expose-gc bench/text.bench.ts

import { reportHead } from '../src/outputs/report.ts';
import { renderText } from '../src/outputs/text/text.ts';
import { findingsOfAll } from '../test/support/many-nodes.ts';

const ROUNDS = 5;
const RUN = { id: 'bench', entrance: 'sweep', startedAt: '', finishedAt: '' } as const;
const SUMMARY = { pass: 0, fail: 0, unknown: 0 };

for (const nodes of [5000, 20_000]) {
  const times: number[] = [];
  let text = '';
  let most = 0;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    text = renderText(
      { ...reportHead(RUN, [], SUMMARY), findings: findingsOfAll(nodes) },
      { color: false, quiet: false },
    );
    times.push(performance.now() - began);
    globalThis.gc?.();
    most = Math.max(most, process.memoryUsage().heapUsed - before);
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN;
  const kept = `${(most / 1024 / 1024).toFixed(1)} MiB kept after it`;
  console.log(`${nodes} nodes: ${median.toFixed(0)} ms, ${text.split('\n').length - 1} lines, ${kept}`);
}
