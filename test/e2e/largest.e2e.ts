import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { succeeded, type Answer } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { CA_FILE, kubeletConfigMap, type ConfigMap } from './support/samples.ts';

jest.setTimeout(90_000);

const TRIES = 3;
const KIB = 1024;
/** A character that takes six bytes in a review. */
const ESCAPED = '<';

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'with the largest objects that etcd stores', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let guard: Guard;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    guard = await installGuard(cleanup, plane, 'enforce');
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  /** As large as a ConfigMap may be: 1 MiB of data, 256 KiB of annotations. */
  function largest(object: ConfigMap): ConfigMap {
    const size = Object.values(object.data).join('').length + 100;
    const data = { ...object.data, other: ESCAPED.repeat(KIB * KIB - size) };
    return {
      ...object,
      metadata: { ...object.metadata, annotations: { a: ESCAPED.repeat(255 * KIB) } },
      data,
    } as ConfigMap;
  }

  /** A denial within the shipped timeout. In a stall of the machine the API server does not wait for the answer: one of three counts. */
  async function denial(send: () => Promise<Answer>): Promise<Answer> {
    let answer = await send();
    for (let tries = 1; tries < TRIES && answer.status !== 403; tries += 1) answer = await send();
    expect([answer.status, answer.message]).toEqual([403, expect.any(String)]);
    return answer;
  }

  test('a bad kubelet-config is denied, however much other data it has', async () => {
    const failing = kubeletConfigMap(undefined);
    for (const object of [failing, largest(failing)]) {
      const { message } = await denial(() => plane.admin.create(object, '?dryRun=All'));
      expect(message).toContain('clientCAFile is not set');
    }
  });

  test('an update with two of the largest objects is checked, and its content decides', async () => {
    const passing = largest(kubeletConfigMap(CA_FILE));
    succeeded(await plane.admin.create(passing));

    const edited = { ...passing, data: { ...passing.data, more: 'x' } };
    const before = await guard.reviews({ decision: 'allow' });
    let after = before;
    for (let tries = 0; tries < TRIES && after === before; tries += 1) {
      expect(await plane.admin.replace(edited, '?dryRun=All')).toMatchObject({ status: 200, warnings: [] });
      after = await guard.reviews({ decision: 'allow' });
    }
    expect(after).toBeGreaterThan(before);
    const worse = await denial(() => plane.admin.replace(largest(kubeletConfigMap(undefined)), '?dryRun=All'));

    expect(worse.message).toContain('clientCAFile is not set');
  });

  test('a pod of nearly 1.5 MiB is checked', async () => {
    const podOf = (bytes: number) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'large', namespace: 'kube-system' },
      spec: {
        containers: [
          {
            name: 'kube-apiserver',
            image: 'registry.example/kube-apiserver:v1',
            command: ['kube-apiserver', '--etcd-servers=http://127.0.0.1:2379'],
            env: [{ name: 'A', value: ESCAPED.repeat(bytes) }],
          },
        ],
      },
    });
    for (const bytes of [1, 1490 * KIB]) {
      const { message } = await denial(() => plane.admin.create(podOf(bytes), '?dryRun=All'));
      expect(message).toContain('--kubelet-client-certificate');
    }
  });
});
