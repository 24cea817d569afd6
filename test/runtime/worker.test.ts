import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { runAside, type Aside } from '../../src/runtime/worker.ts';

/** Does what its job says. */
const SCRIPT = `
const { parentPort } = require('node:worker_threads');
const held = [];
parentPort.postMessage('loaded');
parentPort.on('message', (job) => {
  if (job === 'forever') for (;;);
  if (job === 'regexp') /^(a+)+$/.test('a'.repeat(64) + 'b');
  if (job === 'memory') for (;;) held.push(new Array(1000).fill(job + held.length));
  if (job === 'throw') throw new Error('a bug');
  parentPort.postMessage('done ' + job);
});
`;

let aside: Aside<string, string> | undefined;

afterEach(() => aside?.stop());

function start(wait = 60_000, within = 10_000): Aside<string, string> {
  const file = join(mkdtempSync(join(tmpdir(), 'aside-')), 'script.cjs');
  writeFileSync(file, SCRIPT);
  aside = runAside(file, { wait, within, heap: 16 });
  return aside;
}

function run(thread: Aside<string, string>, job: string, from = 'x', signal = new AbortController().signal) {
  return thread.run({ job, from, signal, transfer: [] });
}

test('tasks are done one after the other', async () => {
  const thread = start();
  const done = await Promise.all(['a', 'b', 'c'].map((job) => run(thread, job)));
  expect(done).toStrictEqual([{ result: 'done a' }, { result: 'done b' }, { result: 'done c' }]);
});

test.each(['forever', 'regexp'])('a task that takes too long is ended (%s), and so is the next one', async (job) => {
  const thread = start(60_000, 1500);
  const slow = run(thread, job);
  expect(await slow).toStrictEqual({ failed: 'slow' });
  expect(
    await start().run({ job: 'next', from: 'x', signal: new AbortController().signal, transfer: [] }),
  ).toStrictEqual({
    result: 'done next',
  });
  await thread.stop();
});

test.each(['memory', 'throw'])('a task that ends its thread (%s) ends nothing else', async (job) => {
  const thread = start();
  expect(await Promise.all([run(thread, job), run(thread, 'next')])).toStrictEqual([
    { failed: 'ended' },
    { result: 'done next' },
  ]);
});

test('who asks for little goes before who asks for much', async () => {
  const thread = start();
  await thread.ready;
  const order: string[] = [];
  const ask = async (job: string, from: string) => {
    await run(thread, job, from);
    order.push(job);
  };
  await Promise.all([ask('m1', 'm'), ask('m2', 'm'), ask('m3', 'm'), ask('a1', 'a')]);
  expect(order).toStrictEqual(['m1', 'a1', 'm2', 'm3']);
});

test('what nobody waits for any more is not begun, nor what waited too long', async () => {
  const thread = start(0);
  const abort = new AbortController();
  const gone = run(thread, 'forever', 'x', abort.signal);
  const late = run(thread, 'forever');
  abort.abort();
  // not before the thread is loaded, and that takes longer than they may wait
  expect(await Promise.all([gone, late])).toStrictEqual([undefined, { failed: 'late' }]);
});

test('the end leaves nobody waiting', async () => {
  const thread = start();
  await thread.ready;
  const pending = [run(thread, 'forever'), run(thread, 'next')];
  await thread.stop();
  expect(await Promise.all(pending)).toStrictEqual([undefined, undefined]);
});
