// npm run test:real -- [JEST ARGUMENT...]
//
// Builds the image, starts a real cluster of one node with it, runs the tests of test/real there, and stops the cluster.
// REAL_TESTBED is the folder of real-up.sh; REAL_NETWORK and REAL_NODE are another network and name of the node. With
// REAL_KEEP=FOLDER the cluster stays, and the next run uses it again, with the image as it is then.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { clearLeftovers, disown, IMAGE_FOLDER, ownFolder, takeDown } from './support/ownership.ts';
import { buildImage, clusterAt, importImage, startCluster, VARIABLE, type Place } from './support/real-cluster.ts';

const ROOT = join(import.meta.dirname, '../..');
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const { REAL_TESTBED: testbed = '', REAL_KEEP: kept = '', REAL_NETWORK: network, REAL_NODE: node } = process.env;

const cleanup = new Cleanup();
const stop = new AbortController();

async function provide(): Promise<Place> {
  const folder = kept === '' ? ownFolder(IMAGE_FOLDER) : kept;
  if (kept === '') {
    cleanup.add(() => {
      rmSync(folder, { recursive: true, force: true });
    });
  }
  mkdirSync(folder, { recursive: true });
  const image = join(folder, 'kubelet-guard.tar');
  await timed('the image', () => buildImage(testbed, ROOT, image, stop.signal));
  const note = join(folder, 'cluster.json');
  const earlier = await keptCluster(note);
  if (earlier !== undefined) {
    await importImage(clusterAt(earlier), image);
    return earlier;
  }
  const options = {
    ...(network !== undefined && { network }),
    ...(node !== undefined && { node }),
    signal: stop.signal,
  };
  const owner = new Cleanup();
  let stays = false;
  cleanup.add(() => (stays ? undefined : owner.run()));
  const cluster = await timed('the cluster', () => startCluster(owner, testbed, image, options));
  const place = { dir: cluster.dir, node: cluster.node, image };
  if (kept !== '') {
    writeFileSync(note, JSON.stringify(place));
    disown(cluster.dir);
    stays = true;
  }
  return place;
}

/** The cluster that an earlier run has kept. One that no longer runs is cleared away. */
async function keptCluster(note: string): Promise<Place | undefined> {
  if (!existsSync(note)) return undefined;
  const place = JSON.parse(readFileSync(note, 'utf8')) as Place;
  const runs = existsSync(place.dir) && (await clusterAt(place).enter(['true'])).code === 0;
  if (runs) return place;
  process.stderr.write(`the cluster in ${place.dir}, which ${note} names, does not run: another one is started\n`);
  await takeDown(testbed, place.dir);
  rmSync(note);
  return undefined;
}

async function timed<T>(what: string, step: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const made = await step();
  process.stderr.write(`${what} is there after ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return made;
}

async function runTests(place: Place): Promise<number> {
  stop.signal.throwIfAborted();
  const jest = ['run', '-s', 'jest', '--', '--selectProjects', 'real', '--runInBand', '--no-watchman'];
  const env = { ...process.env, [VARIABLE]: JSON.stringify(place), REAL_TESTBED: testbed };
  const child = spawn('npm', [...jest, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit', env });
  stop.signal.addEventListener('abort', () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** Makes a signal end the run with all that it started. A second signal changes nothing. */
function stopOnSignals(): void {
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      process.stderr.write(`${signal}: the cluster is stopped\n`);
      stop.abort(new Error(`ended by ${signal}`));
      process.exitCode = code;
    });
  }
}

if (testbed === '') {
  process.stderr.write('REAL_TESTBED is not set: there is nothing that starts a cluster\n');
  process.exit(2);
}
stopOnSignals();
try {
  for (const folder of await clearLeftovers(testbed)) {
    process.stderr.write(`${folder} was left by a run that was killed: it is deleted\n`);
  }
  const code = await runTests(await provide());
  process.exitCode ??= code;
} catch (cause) {
  if (!stop.signal.aborted) process.stderr.write(`${(cause as Error).message}\n`);
  process.exitCode ??= 1;
} finally {
  await cleanup.run().catch((cause: unknown) => {
    process.stderr.write(`${String(cause)}\n`);
    if (process.exitCode === 0) process.exitCode = 1;
  });
}
