// The README's quick start, pasted, and every order in which the pages remove what it has installed.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { productCommand } from '../e2e/support/product.ts';
import { namedBlock, stepsOf } from '../support/doc-blocks.ts';
import { figure, install, leaderOf, overlayFolder, remove, seconds } from './support/installation.ts';
import { expectAsBefore, inventory } from './support/inventory.ts';
import { startReader } from './support/reader.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(720_000);

const UNINSTALL = () =>
  stepsOf(namedBlock('uninstall'))
    .map(({ command }) => command)
    .join('');
const REST = () => namedBlock('uninstall-rest').text;

describeInCluster('the quick start', (cluster) => {
  const cleanup = new Cleanup();
  const reader = () => startReader(cluster, { 'kubelet-guard': productCommand() });
  let before: readonly string[];

  beforeAll(async () => {
    before = await inventory(cluster);
    cleanup.add(() => remove(cluster, 'audit'));
  });
  afterAll(() => cleanup.run(), 400_000);

  test('prints the first report within a minute', async () => {
    let report = { code: -1, stdout: '', stderr: '' };
    const took = await seconds(async () => {
      report = await reader().paste(namedBlock('quick-start').text);
    });
    figure(`quick start: the first report after ${String(took)} s`);
    expect(report).toMatchObject({ code: 0 });
    expect(report.stdout).toContain('PASS     the link between kube-apiserver and kubelets');
    expect(report.stdout).toContain(`PASS     kubelet-client-ca  kubelet on ${cluster.node} (handshake)`);
    expect(took).toBeLessThanOrEqual(60);
  });

  test('is undone as docs/uninstall.md says, also twice', async () => {
    await leaderOf(cluster);
    expect(await reader().paste(UNINSTALL())).toMatchObject({ code: 0, stderr: '' });
    expect(await reader().paste(REST())).toMatchObject({ code: 0, stderr: '' });
    await expectAsBefore(cluster, before);
    expect(await reader().paste(REST() + UNINSTALL())).toMatchObject({ code: 0, stderr: '' });
  });

  test('is undone in the other order', async () => {
    await install(cluster, cleanup, 'audit');
    expect(await reader().paste(REST() + UNINSTALL())).toMatchObject({ code: 0, stderr: '' });
    await expectAsBefore(cluster, before);
  });

  test('is undone as docs/install.md says', async () => {
    await install(cluster, cleanup, 'audit');
    const commands = namedBlock('install-undo').text;
    expect(await reader().paste(commands, overlayFolder('audit'))).toMatchObject({ code: 0, stderr: '' });
    await expectAsBefore(cluster, before);
  });
});
