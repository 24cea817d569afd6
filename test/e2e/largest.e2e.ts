import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { CA_FILE, kubeletConfigMap, type ConfigMap } from './support/samples.ts';

jest.setTimeout(90_000);

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

  test('a bad kubelet-config is denied, however much other data it has', async () => {
    const failing = kubeletConfigMap(undefined);
    for (const object of [failing, largest(failing)]) {
      const answer = await plane.admin.create(object);
      expect([answer.status, answer.message]).toEqual([403, expect.stringContaining('clientCAFile is not set')]);
    }
  });

  test('an update with two of the largest objects is checked, and its content decides', async () => {
    const passing = largest(kubeletConfigMap(CA_FILE));
    succeeded(await plane.admin.create(passing));
    const reviews = await guard.reviews();

    const edited = { ...passing, data: { ...passing.data, more: 'x' } };
    expect(await plane.admin.replace(edited)).toMatchObject({ status: 200, warnings: [] });
    const worse = await plane.admin.replace(largest(kubeletConfigMap(undefined)));

    expect([worse.status, worse.message]).toEqual([403, expect.stringContaining('clientCAFile is not set')]);
    expect(await guard.reviews()).toBe(reviews + 2);
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
      const answer = await plane.admin.create(podOf(bytes));
      expect([answer.status, answer.message]).toEqual([403, expect.stringContaining('--kubelet-client-certificate')]);
    }
  });
});
