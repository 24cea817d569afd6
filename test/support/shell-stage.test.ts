import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { shells, Stage } from './shell-stage.ts';

let stage: Stage;

beforeAll(() => {
  stage = new Stage();
});

afterAll(() => {
  stage.remove();
});

/** The processes that have the folder of the stage in their environment. */
function leftovers(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`STUB_LOG=${stage.folder}`);
    } catch {
      // the process has ended, or belongs to another user
      return false;
    }
  });
}

/** Resolves when there are no such processes: a killed process takes a moment to end. */
async function none(list: () => string[]): Promise<void> {
  while (list().length > 0) await setImmediate();
  expect(list()).toStrictEqual([]);
}

describe.each(shells)('%s', (shell) => {
  test('starts the stand-in with the arguments of the script', () => {
    expect(stage.run(shell, 'kube-apiserver --a "$1"', ['b c'])).toStrictEqual([['--a', 'b c']]);
    expect(stage.run(shell, 'kube-apiserver "', [])).toBeUndefined();
  });

  test.each([
    ['a fork bomb', 'f() { f | f & }; f'],
    ['a fork bomb that waits', 'f() { f & f & wait; }; f'],
    ['a process in the background', 'sleep 1000 & kube-apiserver'],
    ['a process without output in the background', 'sleep 1000 >/dev/null 2>&1 & kube-apiserver'],
  ])('leaves nothing behind after %s', async (_name, script) => {
    stage.run(shell, script, [], 500);
    await none(leftovers);
  });
});
