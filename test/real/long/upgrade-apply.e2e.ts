// A real `kubeadm upgrade apply` under ratchet: good ones pass, and one that loses the client key is rolled back.

import { expect, jest, test } from '@jest/globals';

import { describeInOwnCluster, documented, timed } from './support/cluster.ts';
import {
  nextDenial,
  expectWhole,
  kubeletLog,
  mirrorPodCommand,
  restartWebhookDuring,
  upgrade,
  verbosity,
  withoutClientKey,
  writePatches,
} from './support/upgrade.ts';

jest.setTimeout(1_800_000);

describeInOwnCluster('kubeadm upgrade apply', ({ cluster, cleanup }) => {
  test('passes if it keeps the client key', async () => {
    const { code, stdout } = await timed('a good upgrade ended', () => upgrade(cluster(), verbosity(1)));
    expect(stdout).toContain('[upgrade] SUCCESS!');
    expect(code).toBe(0);
    await expectWhole(cluster());
    expect(await mirrorPodCommand(cluster())).toContain('--v=1');
  });

  test('passes while the webhook restarts again and again', async () => {
    const logged = kubeletLog(cluster()).length;
    const run = timed('a good upgrade ended', () => upgrade(cluster(), verbosity(2)));
    const restarts = await restartWebhookDuring(cluster(), run);
    process.stderr.write(`meanwhile the webhook was restarted ${String(restarts)} times\n`);
    const { code, stdout } = await run;
    expect(stdout).toContain('[upgrade] SUCCESS!');
    expect(code).toBe(0);
    expect(restarts).toBeGreaterThan(0);
    await expectWhole(cluster());
    expect(await mirrorPodCommand(cluster())).toContain('--v=2');
    expect(
      kubeletLog(cluster())
        .slice(logged)
        .match(/.*denied the request.*/g),
    ).toBeNull();
  });

  test('is rolled back if it loses the client key', async () => {
    const before = await mirrorPodCommand(cluster());
    const session = documented(cluster(), cleanup);
    await writePatches(cluster(), await withoutClientKey(cluster()));
    const [, denial] = await Promise.all([
      timed('a bad upgrade was rolled back', () => session.run('upgrade-rolled-back')),
      nextDenial(cluster()).then(async (message) => {
        await session.run('upgrade-meanwhile');
        return message;
      }),
    ]);
    expect(denial).toContain('in Pod kube-system/kube-apiserver-node-1, container kube-apiserver');
    expect(denial).toContain('--kubelet-client-key is not set (at /spec/containers/0/command)');
    expect(denial).toContain('Denied by ratchet (before: passed)');
    await expectWhole(cluster());
    expect(await mirrorPodCommand(cluster())).toEqual(before);
    await session.run('upgrade-afterwards');
  });

  test('passes after that', async () => {
    const { code } = await upgrade(cluster(), verbosity(3));
    expect(code).toBe(0);
    await expectWhole(cluster());
  });
});
