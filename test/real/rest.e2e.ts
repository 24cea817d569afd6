// What the product costs a cluster in which nothing happens, and how fast it is ready.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { eventually } from '../e2e/support/wait.ts';
import { usageOf } from './support/cgroups.ts';
import { describeInCluster } from './support/shared.ts';

const OVERLAY = join(import.meta.dirname, '../../manifests/overlays/node-agent');
/** Milliseconds that are measured. */
const WINDOW = 60_000;
const MILLICORES = 4;
const MEBIBYTES = 75;
/** Between the start of a container and its pod's condition Ready; both are given in whole seconds. */
const READY_SECONDS = 2;

jest.setTimeout(240_000);

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: {
    readonly conditions?: readonly { type: string; status: string; lastTransitionTime: string }[];
    readonly containerStatuses?: readonly { containerID?: string; state: { running?: { startedAt: string } } }[];
  };
}

interface Running {
  readonly name: string;
  readonly id: string;
  readonly readySeconds: number;
}

describeInCluster('at rest,', (cluster) => {
  const cleanup = new Cleanup();
  let containers: readonly Running[];

  beforeAll(async () => {
    const wait = ['--ignore-not-found', '--wait', '--timeout=90s'];
    cleanup.add(() => cluster.kubectl(['delete', '-k', OVERLAY, ...wait], { within: 100_000 }));
    expect((await cluster.kubectl(['apply', '-k', OVERLAY])).stderr).toBe('');
    containers = await eventually('all pods to be ready', runningContainers, { within: 120_000 });
    await eventually('the first sweep', async () => {
      const selector = ['--selector', 'app.kubernetes.io/component=sweeper', '--tail=-1'];
      const { stdout } = await cluster.kubectl(['--namespace', 'kubelet-guard', 'logs', ...selector]);
      return stdout.includes('a sweep is complete') ? true : undefined;
    });
  }, 200_000);
  afterAll(() => cleanup.run(), 120_000);

  test(`each container uses at most ${MILLICORES} millicores, and at most ${MEBIBYTES} MiB on average`, async () => {
    const ids = containers.map(({ id }) => id);
    const before = await usageOf(cluster, ids);
    await setTimeout(WINDOW);
    const after = await usageOf(cluster, ids);
    const used = containers.map(({ name }, index) => {
      const [first, last] = [before[index], after[index]];
      if (first === undefined || last === undefined) throw new Error('a container is missing');
      const millicores = ((last.cpu - first.cpu) / (last.time - first.time)) * 1000;
      return { name, millicores: round(millicores), mebibytes: round(last.memory / 1024 / 1024) };
    });
    for (const { name, millicores, mebibytes } of used)
      process.stderr.write(`at rest: ${name} ${millicores} millicores, ${mebibytes} MiB\n`);

    expect(used.filter(({ millicores }) => !(millicores <= MILLICORES))).toEqual([]);
    // the pages of Node's program are shared, and count in the container that read them first
    const all = used.reduce((sum, { mebibytes }) => sum + mebibytes, 0);
    expect(all / used.length).toBeLessThanOrEqual(MEBIBYTES);
  });

  test(`half of the containers were ready at most ${READY_SECONDS} seconds after their start`, () => {
    for (const { name, readySeconds } of containers) process.stderr.write(`ready: ${name} after ${readySeconds} s\n`);
    // all start at the same time here, on whatever else this machine does
    const sorted = containers.map(({ readySeconds }) => readySeconds).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(READY_SECONDS);
  });

  /** The containers of all pods, or undefined while one of them is not ready. */
  async function runningContainers(): Promise<readonly Running[] | undefined> {
    const selector = ['--selector', 'app.kubernetes.io/name=kubelet-guard'];
    const { stdout } = await cluster.kubectl(['get', 'pods', '--all-namespaces', '--output', 'json', ...selector]);
    const { items } = JSON.parse(stdout) as { readonly items: readonly Pod[] };
    const running = items.flatMap(({ metadata: { name }, status }) => {
      const [container] = status.containerStatuses ?? [];
      const startedAt = container?.state.running?.startedAt;
      const ready = status.conditions?.find(({ type, status: is }) => type === 'Ready' && is === 'True');
      if (container?.containerID === undefined || startedAt === undefined || ready === undefined) return [];
      const readySeconds = (Date.parse(ready.lastTransitionTime) - Date.parse(startedAt)) / 1000;
      return [{ name, id: container.containerID.replace(/^\w+:\/\//, ''), readySeconds }];
    });
    return items.length >= 5 && running.length === items.length ? running : undefined;
  }
});

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
