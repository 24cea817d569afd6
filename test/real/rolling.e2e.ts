// What a restart, an upgrade and the end of replicas do to writes that the webhook has to deny.

import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { registeredBundle } from '../e2e/support/certificates.ts';
import { Cleanup } from '../e2e/support/cleanup.ts';
import { kubeletConfigMap } from '../e2e/support/samples.ts';
import { eventually } from '../e2e/support/wait.ts';
import { figure, install, quiet, rolledOut, seconds } from './support/installation.ts';
import { IMAGE, imageOnNode } from './support/real-cluster.ts';
import { adminOf, sendReviews, type Reviews } from './support/reviews.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(480_000);

const NEXT = IMAGE.replace(/:.*/, ':next');
/** In milliseconds. */
const LATE = 4000;
const DEPLOYMENTS = ['deployment/kubelet-guard', 'deployment/kubelet-guard-sweeper'];

describeInCluster('under 20 reviews a second', (cluster) => {
  const cleanup = new Cleanup();
  const admin = () => adminOf(cluster);
  const own = (...args: readonly string[]) => cluster.kubectl(['--namespace', 'kubelet-guard', ...args]);
  const ctr = (...args: readonly string[]) => cluster.enter(['ctr', '--namespace', 'k8s.io', 'images', ...args]);

  beforeAll(async () => {
    await install(cluster, cleanup, 'enforce');
    await denies();
  }, 400_000);
  afterAll(() => cleanup.run(), 240_000);

  /** Waits until the API server calls the webhook. */
  const denies = () =>
    eventually(
      'a write to be denied',
      async () =>
        (await admin().replace(kubeletConfigMap(undefined), '?dryRun=All')).status === 403 ? true : undefined,
      { within: 90_000 },
    );

  /** Stops to send when a step has ended, also if it fails. */
  async function whileSending<T>(reviews: Reviews, step: () => Promise<T>) {
    try {
      const took = await step();
      return { took, outcome: await reviews.stop() };
    } finally {
      await reviews.stop();
    }
  }

  /** Sends reviews while something happens, and expects each of them to be denied. */
  async function denyingAll(what: string, step: (reviews: Reviews) => Promise<unknown>): Promise<void> {
    const reviews = sendReviews(admin(), 20);
    const { took, outcome } = await whileSending(reviews, () => seconds(() => step(reviews)));
    const { sent, denied, through, failures, excused, slowest } = outcome;
    figure(
      `${what}: ${String(took)} s, ${String(denied)} of ${String(sent)} denied, ${String(through)} let through, ${String(excused)} while the machine stood still, slowest ${String(slowest)} ms`,
    );
    expect(sent).toBeGreaterThanOrEqual(20);
    expect({ through, failures }).toEqual({ through: 0, failures: [] });
  }

  test('a rolling restart of both Deployments lets nothing through', () =>
    denyingAll('rolling restart', async () => {
      quiet(await own('rollout', 'restart', ...DEPLOYMENTS), 'kubectl rollout restart');
      await rolledOut(cluster);
    }));

  test('an upgrade to another image lets nothing through', async () => {
    const from = await imageOnNode(cluster);
    const to = from.replace(IMAGE, NEXT);
    expect(await ctr('tag', from, to)).toMatchObject({ code: 0 });
    cleanup.add(() => ctr('rm', to));
    await denyingAll('upgrade', async () => {
      for (const deployment of DEPLOYMENTS)
        quiet(await own('set', 'image', deployment, `*=${NEXT}`), 'kubectl set image');
      await rolledOut(cluster);
    });
    const images = ['get', 'pods', '--output=jsonpath={.items[*].spec.containers[*].image}'];
    await eventually(
      'only pods of the other image',
      async () => (new Set(quiet(await own(...images), 'kubectl get pods').split(' ')).size === 1 ? true : undefined),
      { within: 90_000 },
    );
  });

  test(`a replica that ends accepts connections until a kube-proxy that is ${LATE / 1000} seconds late sends no more`, async () => {
    const name = '--output=jsonpath={.items[0].metadata.name}';
    const pods = ['get', 'pods', '--selector=app.kubernetes.io/component=webhook', name];
    const pod = quiet(await own(...pods), 'kubectl get pods');
    const address = quiet(
      await own('get', 'service', 'kubelet-guard', '--output=jsonpath={.spec.clusterIP}'),
      'kubectl get service',
    );
    // SIGSTOP would also stop the program that waits for kube-proxy
    const freeze = async (state: 'FROZEN' | 'THAWED') => {
      const path = 'sed -n "s/.*:freezer://p" "/proc/$(pgrep --exact kube-proxy)/cgroup"';
      const script = `echo ${state} >"/sys/fs/cgroup/freezer$(${path})/freezer.state"`;
      expect(await cluster.enter(['sh', '-ec', script])).toMatchObject({ code: 0 });
    };
    // an API server keeps its connections, so it rarely makes a new one; this makes one after the other
    const connecting = cluster.enter([process.execPath, '--eval', connectTo(address, 3 * LATE)]);
    await freeze('FROZEN');
    try {
      quiet(await own('delete', 'pod', pod, '--wait=false'), 'kubectl delete pod');
      await setTimeout(LATE);
    } finally {
      await freeze('THAWED');
    }
    const { stdout } = await connecting;
    figure(`a replica ended, kube-proxy was ${LATE / 1000} s late: ${stdout}`);
    expect(JSON.parse(stdout)).toEqual({ made: expect.any(Number), errors: [] });
    await own('wait', 'pod', pod, '--for=delete', '--timeout=120s');
    await rolledOut(cluster);
  });

  test('a removed caBundle is restored', async () => {
    const before = await registeredBundle(admin());
    expect(before).toContain('BEGIN CERTIFICATE');
    const patch = JSON.stringify([{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }]);
    quiet(
      await cluster.kubectl([
        'patch',
        'validatingwebhookconfiguration',
        'kubelet-guard',
        '--type=json',
        '--patch',
        patch,
      ]),
      'kubectl patch',
    );
    const took = await seconds(() =>
      eventually('the caBundle', async () => ((await registeredBundle(admin())) === before ? true : undefined), {
        within: 90_000,
      }),
    );
    figure(`a removed caBundle is back after ${String(took)} s`);
  });

  test.each([
    ['one killed replica', 1],
    ['both killed replicas', 2],
  ])('%s: the process starts again, and writes are denied again', async (what, count) => {
    const selector = ['--selector', 'app.kubernetes.io/component=webhook'];
    const ids = '--output=jsonpath={.items[*].status.containerStatuses[*].containerID}';
    const containers = await eventually(
      'no pod to be left of an earlier rollout',
      async () => {
        const found = quiet(await own('get', 'pods', ...selector, ids), 'kubectl get pods').split(' ');
        return found.length === 2 ? found : undefined;
      },
      { within: 90_000 },
    );
    const state = async () => {
      const fields = '{.restartCount} {.ready}{"\\n"}';
      const statuses = `--output=jsonpath={range .items[*].status.containerStatuses[*]}${fields}{end}`;
      const text = quiet(await own('get', 'pods', ...selector, statuses), 'kubectl get pods');
      const rows = text.trim().split('\n');
      return {
        restarts: rows.reduce((sum, row) => sum + Number(row.split(' ')[0]), 0),
        areReady: rows.every((row) => row.endsWith(' true')),
      };
    };
    const { restarts: before } = await state();
    const { outcome } = await whileSending(sendReviews(admin(), 20), async () => {
      for (const id of containers.slice(0, count)) {
        const kill = ['tasks', 'kill', '--signal', 'SIGKILL', id.replace('containerd://', '')];
        expect(await cluster.enter(['ctr', '--namespace', 'k8s.io', ...kill])).toMatchObject({ code: 0 });
      }
      // the kubelet waits before it starts a container for the second time; and the Deployment is late to say that one is not ready
      await eventually(
        'the container to be ready again',
        async () => {
          const { restarts, areReady } = await state();
          return restarts >= before + count && areReady ? true : undefined;
        },
        { within: 120_000 },
      );
      await rolledOut(cluster);
      await denies();
    });
    figure(`${what}: ${String(outcome.through)} of ${String(outcome.sent)} let through`);
    expect(outcome.failures).toEqual([]);
    await denyingAll(`after ${what}`, ({ sent }) =>
      eventually('a second of reviews', () => (sent() >= 20 ? true : undefined)),
    );
  });
});

/** A program that makes connections for a while, 20 a second, and prints what became of them. */
function connectTo(host: string, milliseconds: number): string {
  return `
    const [net, errors] = [require('node:net'), []];
    let made = 0;
    const connect = () => net.connect(443, '${host}', function () { made += 1; this.destroy(); })
      .setTimeout(1000, function () { this.destroy(new Error('timeout')); }).on('error', ({ message }) => errors.push(message));
    const timer = setInterval(connect, 50);
    setTimeout(() => clearInterval(timer), ${String(milliseconds)});
    process.on('exit', () => console.log(JSON.stringify({ made, errors })));`;
}
