// npm run test:real -- [JEST ARGUMENT...]
//
// Builds the image, starts a real cluster of one node with it, runs the tests of test/real there, and stops the cluster.
// REAL_TESTBED is the folder of real-up.sh; REAL_NETWORK and REAL_NODE are another network and name of the node. With
// REAL_KEEP=FOLDER the cluster stays, and the next run uses it again, with the image as it is then.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { buildImage, clusterAt, importImage, startCluster, VARIABLE, type Place } from './support/real-cluster.ts';

const ROOT = join(import.meta.dirname, '../..');
const { REAL_TESTBED: testbed = '', REAL_KEEP: kept = '', REAL_NETWORK: network, REAL_NODE: node } = process.env;

const cleanup = new Cleanup();

async function provide(): Promise<Place> {
  const folder = kept === '' ? mkdtempSync(join(tmpdir(), 'kubelet-guard-image-')) : kept;
  if (kept === '') {
    cleanup.add(() => {
      rmSync(folder, { recursive: true, force: true });
    });
  }
  mkdirSync(folder, { recursive: true });
  const image = join(folder, 'kubelet-guard.tar');
  await timed('the image', () => buildImage(testbed, ROOT, image));
  const note = join(folder, 'cluster.json');
  if (existsSync(note)) {
    const place = JSON.parse(readFileSync(note, 'utf8')) as Place;
    await importImage(clusterAt(place), image);
    return place;
  }
  const options = { ...(network !== undefined && { network }), ...(node !== undefined && { node }) };
  const owner = kept === '' ? cleanup : new Cleanup();
  const cluster = await timed('the cluster', () => startCluster(owner, testbed, image, options));
  const place = { dir: cluster.dir, node: cluster.node, image };
  if (kept !== '') writeFileSync(note, JSON.stringify(place));
  return place;
}

async function timed<T>(what: string, step: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const made = await step();
  process.stderr.write(`${what} is there after ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return made;
}

async function runTests(place: Place): Promise<number> {
  const jest = ['run', '-s', 'jest', '--', '--selectProjects', 'real', '--runInBand', '--no-watchman'];
  const env = { ...process.env, [VARIABLE]: JSON.stringify(place), REAL_TESTBED: testbed };
  const child = spawn('npm', [...jest, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

if (testbed === '') {
  process.stderr.write('REAL_TESTBED is not set: there is nothing that starts a cluster\n');
  process.exit(2);
}
try {
  process.exitCode = await runTests(await provide());
} finally {
  await cleanup.run();
}
