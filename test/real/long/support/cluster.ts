// A cluster of its own for a long test, with the product under `ratchet` and node agents in it.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { afterAll, beforeAll, describe } from '@jest/globals';

import { Cleanup } from '../../../e2e/support/cleanup.ts';
import { productCommand } from '../../../e2e/support/product.ts';
import { findProgram, run, type Result } from '../../../e2e/support/programs.ts';
import { startDocSession, type DocSession } from '../../../support/doc-session.ts';
import { CHECKOUT } from '../../../support/dockerfile.ts';
import { rolledOut } from '../../support/installation.ts';
import { IMAGE_FOLDER, ownFolder } from '../../support/ownership.ts';
import {
  buildImage,
  clusterAt,
  startCluster,
  VARIABLE,
  type Place,
  type RealCluster,
} from '../../support/real-cluster.ts';

const { REAL_TESTBED: testbed = '', REAL_NETWORK: network, [VARIABLE]: place = '' } = process.env;

/** The time limit of a cluster's start in milliseconds: the first one builds what runs on it. */
const START = 3_600_000;

/** The cluster of a group of tests. It is there while they run. */
export interface OwnCluster {
  readonly cluster: () => RealCluster;
  readonly cleanup: Cleanup;
}

/**
 * A group of tests with a cluster of its own. They are skipped without REAL_TESTBED, the folder of real-up.sh. With a shared
 * cluster of test/real they run in that one.
 *
 * @param assets builds the programs of another version, and returns their folder
 */
export function describeInOwnCluster(
  name: string,
  body: (own: OwnCluster) => void,
  assets: () => Promise<string | undefined> = () => Promise.resolve(undefined),
): void {
  const cleanup = new Cleanup();
  let started: RealCluster | undefined;
  const cluster = () => {
    if (started === undefined) throw new Error('the cluster is not started');
    return started;
  };
  if (testbed === '') {
    const reason = 'skipped: REAL_TESTBED is not set, so there is nothing that starts a cluster';
    process.stderr.write(`SKIPPED ${name}: ${reason}\n`);
    describe.skip(`${name} (${reason})`, () => {
      body({ cluster, cleanup });
    });
    return;
  }
  describe(name, () => {
    beforeAll(async () => {
      const programs = await assets();
      started = await timed('the cluster is ready', () => provide(cleanup, programs));
      await timed('the product is available', () => install(cluster()));
    }, START);
    afterAll(() => cleanup.run(), 120_000);
    body({ cluster, cleanup });
  });
}

async function provide(cleanup: Cleanup, assets: string | undefined): Promise<RealCluster> {
  if (place !== '' && assets === undefined) return clusterAt(JSON.parse(place) as Place);
  const folder = ownFolder(IMAGE_FOLDER);
  cleanup.add(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const image = join(folder, 'kubelet-guard.tar');
  await buildImage(testbed, CHECKOUT, image);
  const options = { ...(network !== undefined && { network }), ...(assets !== undefined && { assets }) };
  return startCluster(cleanup, testbed, image, options);
}

/** Installs the webhook and sweeper under `ratchet` and the node agent, and waits until all are available. */
async function install(cluster: RealCluster): Promise<void> {
  const folder = join(cluster.dir, 'overlay');
  mkdirSync(folder, { recursive: true });
  const part = (name: string) => relative(folder, join(CHECKOUT, 'manifests', name));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [part('base')],
    components: ['ratchet', 'node-agent'].map((name) => part(`components/${name}`)),
  };
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  await succeeded(cluster.kubectl(['apply', '-k', folder], { within: 120_000 }));
  await rolledOut(cluster, 240);
}

/** The standard output of a program that has to succeed. */
export async function succeeded(result: Promise<Result>): Promise<string> {
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(`exit code ${String(code)}: ${stdout}${stderr}`);
  return stdout;
}

/** Runs a program of the testbed that has to succeed; returns the last line that it prints. */
export async function ofTestbed(command: readonly string[], within: number): Promise<string> {
  const [program = '', ...args] = command;
  const stdout = await succeeded(run([join(testbed, program), ...args], { within }));
  return stdout.trimEnd().split('\n').at(-1) ?? '';
}

/** Measures a step, and prints how long it took. */
export async function timed<T>(what: string, step: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const made = await step();
  process.stderr.write(`${what} after ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  return made;
}

/** A shell for the blocks of the pages. Its kubeadm is that of the node, and its /etc/kubeadm/patches too. */
export function documented({ dir, kubeconfig }: RealCluster, cleanup: Cleanup): DocSession {
  const session = startDocSession({
    kubeconfig,
    holds: [],
    programs: {
      'kubelet-guard': productCommand(),
      kubeadm: [join(dir, 'enter'), 'kubeadm'],
      systemctl: ['sh', '-c', `exec "$0" '${dir}'`, join(testbed, 'restart-kubelet.sh')],
      // by its path: the shell would find this wrapper again
      kubectl: [process.env.KUBECTL ?? findProgram('kubectl') ?? '', '--cache-dir', join(dir, 'kubectl')],
    },
    shown: {
      [join(dir, 'root/etc/kubeadm/patches')]: '/etc/kubeadm/patches',
      [`${addressOf(kubeconfig)}:6443`]: '10.0.0.10:6443',
    },
    within: 900_000,
  });
  cleanup.add(() => {
    session.end();
  });
  return session;
}

function addressOf(kubeconfig: string): string {
  return /server: https:\/\/([\d.]+):/.exec(readFileSync(kubeconfig, 'utf8'))?.[1] ?? '';
}
