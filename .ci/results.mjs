// node .ci/results.mjs FILE FAILURES: the counts in a result of Jest, on one line: passed, failed, skipped. On stderr the slowest suites.
// What failed is added to the file FAILURES: the suite, the test and the start of its message.

import { appendFileSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const [, , file, failures] = process.argv;
const r = JSON.parse(readFileSync(file, 'utf8'));
const suites = r.testResults
  .map(({ name, startTime, endTime }) => ({ name: relative('.', name), seconds: (endTime - startTime) / 1000 }))
  .filter(({ seconds }) => seconds >= 10)
  .toSorted((a, b) => b.seconds - a.seconds);
for (const { name, seconds } of suites.slice(0, 10)) {
  process.stderr.write(`${seconds.toFixed(0).padStart(8)} s  ${name}\n`);
}
for (const { name, message, assertionResults } of r.testResults) {
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, failureMessages } of failed) add(`${relative('.', name)}: ${fullName}`, failureMessages[0]);
  if (message && assertionResults.length === 0) add(relative('.', name), message);
}
console.log(r.numPassedTests, r.numFailedTests + r.numRuntimeErrorTestSuites, r.numPendingTests + r.numTodoTests);

function add(title, message = '') {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .map((line) => line.trim());
  const start = lines
    .filter((line) => line !== '' && !line.startsWith('at '))
    .slice(0, 4)
    .join(' | ');
  appendFileSync(failures, `  ${title}\n      ${start.slice(0, 300)}\n`);
}
