import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { WorkerThread } from '../../src/runtime/worker.ts';

/** A script that does what its job says. */
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

let thread: WorkerThread<string, string> | undefined;

afterEach(() => thread?.stop());

function start(waitLimit = 60_000, timeLimit = 10_000): WorkerThread<string, string> {
  thread = new WorkerThread({ text: SCRIPT }, { waitLimit, timeLimit, heap: 16 });
  return thread;
}

function run(worker: WorkerThread<string, string>, job: string, address = 'x', signal = new AbortController().signal) {
  return worker.run({ job, address, signal, transfer: [] });
}

test('jobs run one after the other', async () => {
  const worker = start();
  const done = await Promise.all(['a', 'b', 'c'].map((job) => run(worker, job)));
  expect(done).toStrictEqual([{ result: 'done a' }, { result: 'done b' }, { result: 'done c' }]);
});

test('the script of a thread can be a file', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'worker-')), 'script.cjs');
  writeFileSync(file, SCRIPT);
  thread = new WorkerThread({ file }, { waitLimit: 60_000, timeLimit: 10_000, heap: 16 });
  expect(await run(thread, 'a')).toStrictEqual({ result: 'done a' });
});

test.each(['forever', 'regexp'])('a job that takes too long (%s) is ended, and the next one runs', async (job) => {
  const worker = start(60_000, 1500);
  const slow = run(worker, job);
  expect(await slow).toStrictEqual({ failed: 'slow' });
  expect(
    await start().run({ job: 'next', address: 'x', signal: new AbortController().signal, transfer: [] }),
  ).toStrictEqual({
    result: 'done next',
  });
  await worker.stop();
});

test.each(['memory', 'throw'])('a job that ends its thread (%s) ends no other job', async (job) => {
  const worker = start();
  expect(await Promise.all([run(worker, job), run(worker, 'next')])).toStrictEqual([
    { failed: 'ended' },
    { result: 'done next' },
  ]);
});

test('a caller with few jobs is served before a caller with many', async () => {
  const worker = start();
  await worker.ready;
  const order: string[] = [];
  const ask = async (job: string, address: string) => {
    await run(worker, job, address);
    order.push(job);
  };
  await Promise.all([ask('m1', 'm'), ask('m2', 'm'), ask('m3', 'm'), ask('a1', 'a')]);
  expect(order).toStrictEqual(['m1', 'a1', 'm2', 'm3']);
});

test('a job is not started if its caller has left or if it waited too long', async () => {
  const worker = start(0);
  const abort = new AbortController();
  const gone = run(worker, 'forever', 'x', abort.signal);
  const late = run(worker, 'forever');
  abort.abort();
  // jobs start when the thread has loaded, which takes longer than their wait limit
  expect(await Promise.all([gone, late])).toStrictEqual([undefined, { failed: 'waited' }]);
});

test('stop ends all jobs', async () => {
  const worker = start();
  await worker.ready;
  const pending = [run(worker, 'forever'), run(worker, 'next')];
  await worker.stop();
  expect(await Promise.all(pending)).toStrictEqual([undefined, undefined]);
});
