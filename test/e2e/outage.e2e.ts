import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { parse } from 'yaml';
import { succeeded, type Answer, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { CA_FILE, configMap, kubeletConfigMap, pod, type Pod } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(120_000);

const SHIPPED = new URL('../../manifests/base/validating-webhook-configuration.yaml', import.meta.url);
const WRITES = 40;

interface Registration extends KubeObject {
  readonly webhooks: readonly { readonly clientConfig: object; readonly timeoutSeconds: number }[];
}

interface Timed extends Answer {
  readonly milliseconds: number;
}

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'a webhook that accepts connections and never answers', () => {
  const cleanup = new Cleanup();
  const shipped = parse(readFileSync(SHIPPED, 'utf8')) as Registration;
  const timeout = (shipped.webhooks[0]?.timeoutSeconds ?? 0) * 1000;
  let plane: ControlPlane;
  let there: Pod;
  let calls = 0;
  let before: readonly number[];

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    there = succeeded(await plane.admin.create(pod('unrelated', { args: ['--v=2'] }))).body as Pod;
    before = await writeUnrelated();
    const port = await blackHole();
    // as shipped, with Ignore and two seconds, but at another address
    const clientConfig = { url: `https://127.0.0.1:${port}/validate` };
    const webhooks = shipped.webhooks.map((webhook) => ({ ...webhook, clientConfig }));
    succeeded(await plane.admin.create({ ...shipped, webhooks } as KubeObject));
    await eventually('the API server to call it', async () => {
      await write(kubeletConfigMap(CA_FILE));
      return calls > 0 ? true : undefined;
    });
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  test('delays no unrelated write in kube-system, because it is not called for those', async () => {
    const asked = calls;
    const during = await writeUnrelated();

    expect(calls).toBe(asked);
    // a third of the writes are of each kind; some of them can be late because the machine stalls
    expect(quantile(during, 0.75)).toBeLessThan(timeout / 2);
    process.stderr.write(
      `outage: unrelated writes take ${quantile(before, 0.5).toFixed(1)} ms without and ${quantile(during, 0.5).toFixed(1)} ms with it (median of ${during.length})\n`,
    );
  });

  test.each([
    ['kubelet-config', kubeletConfigMap(undefined)],
    ['a pod', pod('any', { command: ['sleep', '1d'] })],
  ])('delays %s by its timeout, and the write succeeds', async (_name, object) => {
    const times: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      const asked = calls;
      const { status, milliseconds } = await write(object);

      expect(status).toBe(201);
      expect(calls).toBe(asked + 1);
      times.push(milliseconds);
    }
    expect(Math.min(...times)).toBeGreaterThanOrEqual(timeout - 100);
    // of three, because the machine can stall
    expect(Math.min(...times)).toBeLessThan(2 * timeout);
  });

  /** Accepts connections and never answers. */
  async function blackHole(): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      calls += 1;
      sockets.add(socket.on('error', () => undefined));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    cleanup.add(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  function write(object: KubeObject): Promise<Timed> {
    return timed(() => plane.admin.create(object, '?dryRun=All'));
  }

  async function timed(send: () => Promise<Answer>): Promise<Timed> {
    const began = performance.now();
    const answer = await send();
    return { ...answer, milliseconds: performance.now() - began };
  }

  /** How long unrelated writes take: another ConfigMap, a pod's annotation, another namespace. */
  async function writeUnrelated(): Promise<readonly number[]> {
    const times: number[] = [];
    for (let count = 0; count < WRITES; count += 1) {
      const noted = { ...there, metadata: { ...there.metadata, annotations: { count: String(count) } } };
      for (const send of [
        () => plane.admin.create(configMap('unrelated', { key: 'value' }), '?dryRun=All'),
        () => plane.admin.replace(noted, '?dryRun=All'),
        () => plane.admin.create(pod('unrelated', { command: ['kube-apiserver'] }, 'default'), '?dryRun=All'),
      ]) {
        times.push((await timed(async () => succeeded(await send()))).milliseconds);
      }
    }
    return times;
  }
});

/** The value below which this part of the values is. */
function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN;
}
