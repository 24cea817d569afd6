// A release of the chart: installed, tested, upgraded, uninstalled.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { run } from '../e2e/support/programs.ts';
import { CHART, helmPath } from '../support/manifests.ts';
import { doctorFindsNothing, figure, quiet, rolledOut, seconds } from './support/installation.ts';
import { expectAsBefore, inventory } from './support/inventory.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(480_000);

const skipped = helmPath === undefined ? ' (skipped: there is no helm on the PATH, and HELM is not set)' : '';
const testHelm = helmPath === undefined ? test.skip : test;

describeInCluster('a release of the chart', (cluster) => {
  const cleanup = new Cleanup();
  let before: readonly string[];

  beforeAll(async () => {
    before = await inventory(cluster);
    quiet(await cluster.kubectl(['create', 'namespace', 'kubelet-guard']), 'kubectl create namespace');
    cleanup.add(() => cluster.kubectl(['delete', 'namespace', 'kubelet-guard', '--wait'], { within: 180_000 }));
    const label = ['label', 'namespace', 'kubelet-guard', 'pod-security.kubernetes.io/enforce=restricted'];
    quiet(await cluster.kubectl(label), 'kubectl label');
  });
  afterAll(() => cleanup.run(), 400_000);

  const helm = async (...args: readonly string[]) => {
    const place = ['--kubeconfig', cluster.kubeconfig, '--namespace', 'kubelet-guard'];
    const { code, stdout, stderr } = await run([helmPath ?? 'helm', ...args, ...place], { within: 180_000 });
    if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  testHelm(`becomes available, and passes helm test at once${skipped}`, async () => {
    cleanup.add(() =>
      run(
        [
          helmPath ?? 'helm',
          'uninstall',
          'guard',
          '--ignore-not-found',
          '--kubeconfig',
          cluster.kubeconfig,
          '--namespace',
          'kubelet-guard',
        ],
        { within: 180_000 },
      ),
    );
    await helm('install', 'guard', CHART, '--set', 'preset=audit');
    figure(`helm test right after helm install: ${String(await seconds(() => helm('test', 'guard')))} s`);
    await rolledOut(cluster);
  });

  testHelm(`is upgraded, and doctor finds no problem${skipped}`, async () => {
    await helm('upgrade', 'guard', CHART, '--reuse-values', '--set', 'protectRegistration.enabled=true');
    await rolledOut(cluster);
    expect(await doctorFindsNothing(cluster)).toContain('0 problems, 0 unknown');
  });

  testHelm(`leaves nothing when it is uninstalled${skipped}`, async () => {
    figure(`helm uninstall: ${String(await seconds(() => helm('uninstall', 'guard')))} s`);
    await cleanup.run();
    await expectAsBefore(cluster, before);
  });
});
