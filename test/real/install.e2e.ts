// The overlays of the manifests, applied with kubectl until everything is available.

import { afterEach, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(180_000);

const OVERLAYS = join(import.meta.dirname, '../../manifests/overlays');

describeInCluster('the overlays', (cluster) => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run(), 120_000);

  test.each(['audit'])('%s becomes available, and leaves nothing', async (overlay) => {
    const folder = join(OVERLAYS, overlay);
    cleanup.add(() => cluster.kubectl(['delete', '-k', folder, '--ignore-not-found', '--wait'], { within: 90_000 }));

    expect((await cluster.kubectl(['apply', '-k', folder])).stderr).toBe('');
    for (const deployment of ['kubelet-guard', 'kubelet-guard-sweeper']) {
      const wait = ['--namespace', 'kubelet-guard', 'rollout', 'status', `deployment/${deployment}`, '--timeout=60s'];
      expect(await cluster.kubectl(wait, { within: 70_000 })).toMatchObject({ code: 0, stderr: '' });
    }
  });
});
