// node .ci/results.mjs FILE: the counts in a result of Jest, on one line: passed, failed, skipped. On stderr the slowest suites.

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const r = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const suites = r.testResults
  .map(({ name, startTime, endTime }) => ({ name: relative('.', name), seconds: (endTime - startTime) / 1000 }))
  .filter(({ seconds }) => seconds >= 10)
  .toSorted((a, b) => b.seconds - a.seconds);
for (const { name, seconds } of suites.slice(0, 10)) {
  process.stderr.write(`${seconds.toFixed(0).padStart(8)} s  ${name}\n`);
}
console.log(r.numPassedTests, r.numFailedTests + r.numRuntimeErrorTestSuites, r.numPendingTests + r.numTodoTests);
