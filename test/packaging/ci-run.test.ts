// .ci/parts.sh: what CI counts, prints and builds in the background; and which suites it runs where.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from '@jest/globals';

import { CHECKOUT } from '../support/dockerfile.ts';

const bin = mkdtempSync(join(tmpdir(), 'kubelet-guard-ci-'));
afterAll(() => {
  rmSync(bin, { recursive: true, force: true });
});

/** Stands for `npm run -s SCRIPT -- --json --outputFile=FILE`: the script's name says what it ends with. */
const NPM = `#!/bin/sh
script=$3
for word; do case $word in --outputFile=*) file=\${word#*=} ;; esac; done
case $script in
  good) echo '{"numPassedTests":7,"numFailedTests":0,"numRuntimeErrorTestSuites":0,"numPendingTests":2,"numTodoTests":0,"testResults":[]}' >"$file" ;;
  bad) printf '%s\\n' '{"numPassedTests":3,"numFailedTests":1,"numRuntimeErrorTestSuites":1,"numPendingTests":0,"numTodoTests":0,"testResults":[
    {"name":"'$PWD'/test/a.test.ts","startTime":0,"endTime":1,"message":"all of it","assertionResults":[
      {"status":"passed","fullName":"good","failureMessages":[]},
      {"status":"failed","fullName":"group it works","failureMessages":["\\u001b[31mError: no\\u001b[39m\\n\\nExpected: 1\\n    at f (a.ts:1:1)"]}]},
    {"name":"'$PWD'/test/b.test.ts","startTime":0,"endTime":1,"message":"cannot be loaded","assertionResults":[]}]}' >"$file"; exit 1 ;;
  crash) echo 'what it printed'; exit 134 ;;
  none) echo '{"numPassedTests":0,"numFailedTests":0,"numRuntimeErrorTestSuites":0,"numPendingTests":0,"numTodoTests":0,"testResults":[]}' >"$file" ;;
  gate) exit 0 ;;
  *) exit 1 ;;
esac
`;

function runParts(script: string): { code: number | null; lines: readonly string[] } {
  writeFileSync(join(bin, 'npm'), NPM);
  chmodSync(join(bin, 'npm'), 0o755);
  const text = `set -uo pipefail\nsource .ci/parts.sh\ntrap stop_background EXIT\n${script}`;
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` };
  const { status, stdout } = spawnSync('bash', ['-c', text], { cwd: CHECKOUT, encoding: 'utf8', env });
  return { code: status, lines: stdout.trimEnd().split('\n') };
}

describe('the parts of CI', () => {
  test('are counted, and the last line is their sum', () => {
    const { code, lines } = runParts('part one jest good; part lint gate gate; finish');

    expect(lines.at(-1)).toBe('8 passed, 0 failed, 2 skipped');
    expect(code).toBe(0);
    expect(lines.slice(-5, -1).map((line) => line.replace(/ +/g, ' '))).toEqual([
      'Parts:',
      expect.stringMatching(/^one \d+ s 7 passed 0 failed 2 skipped$/),
      expect.stringMatching(/^lint \d+ s 1 passed 0 failed 0 skipped$/),
      expect.stringMatching(/^all \d+ s$/),
    ]);
  });

  test.each([
    ['jest bad', '3 passed, 2 failed'],
    ['jest crash', '0 passed, 1 failed'],
    ['jest none', '0 passed, 1 failed'],
    ['gate unknown', '0 passed, 1 failed'],
    ['skip nothing', '0 passed, 0 failed, 1 skipped'],
  ])('that end badly fail: %s', (command, last) => {
    const { code, lines } = runParts(`part it ${command}; finish`);

    expect(lines.at(-1)).toBe(last);
    expect(code).toBe(1);
  });

  test('name what failed just before the last line', () => {
    const { lines } = runParts('part it jest bad; part lint gate unknown; finish');

    expect(lines.slice(-7)).toEqual([
      'Failed:',
      '  test/a.test.ts: group it works',
      '      Error: no | Expected: 1',
      '  test/b.test.ts',
      '      cannot be loaded',
      '  unknown',
      '3 passed, 3 failed',
    ]);
  });

  test('wait for what is built beside them, and get its last line', () => {
    const { lines } = runParts(`
      slow() { cd /; until [[ -e ${bin}/go ]]; do read -rt 0.05 <> <(:); done; echo noise; echo "/path of/$1"; }
      background first slow 'a b'
      background broken false
      background last echo there
      start_background
      touch ${bin}/go
      built first path && echo "got $path"
      built broken path || echo "no broken"
      built other path || echo "no other"
      built last path && echo "got $path in \${PWD##*/}"
      part it gate gate; finish`);

    expect(lines).toEqual(expect.arrayContaining(['got /path of/a b', 'no broken', 'no other']));
    expect(lines.some((line) => line.startsWith('got there in ') && line !== 'got there in ')).toBe(true);
    expect(lines.filter((line) => /^ {2}(first|broken|last) .* in the background/.test(line))).toHaveLength(3);
    expect(lines.at(-1)).toBe('1 passed, 0 failed');
  });
});

test('a part for which no time is left is skipped, and so is one whose build does not end in time', () => {
  const { lines } = runParts(`
    limit=100
    background slow sleep 600
    start_background
    timely 50 quick gate gate
    timely 101 long gate gate
    built slow path || has_ended slow || skip 'slow was not built in time'
    finish`);

  expect(lines).toContain('SKIPPED: long: there is no time left for it');
  expect(lines).toContain('SKIPPED: slow was not built in time');
  expect(lines.at(-1)).toBe('1 passed, 0 failed, 2 skipped');
});

interface Project {
  readonly displayName: string;
  readonly testMatch: readonly string[];
  readonly testPathIgnorePatterns: readonly string[];
}

test('the suites that run together and those that run alone are all end-to-end suites, each once', async () => {
  const file = join(CHECKOUT, 'jest.config.mjs');
  const { default: config } = (await import(file)) as { default: { readonly projects: readonly Project[] } };
  const project = (name: string) => config.projects.find(({ displayName }) => displayName === name);
  const here = (path: string) => path.replace('<rootDir>', CHECKOUT);
  const alone = project('alone')?.testMatch.map(here) ?? [];

  expect(alone.length).toBeGreaterThan(0);
  expect(alone.filter((path) => !existsSync(path))).toEqual([]);
  expect(project('together')?.testMatch).toEqual(project('e2e')?.testMatch);
  expect(project('together')?.testPathIgnorePatterns.map(here)).toEqual(expect.arrayContaining(alone));
  const short = project('short')?.testMatch.map(here) ?? [];
  expect(short.filter((path) => !existsSync(path))).toEqual([]);
});
