// Faults of credentials, rights, network and server: one line, once, with kubectl's own words.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FAULTS, type FaultMaterial, type FaultRow } from './cluster-fault-rows.ts';
import { startFaultWorld } from './cluster-fault-world.ts';
import { describeWith, kubectlPath } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import type { ControlPlane } from './support/control-plane.ts';
import { productCommand } from './support/product.ts';
import { run, type Result } from './support/programs.ts';

jest.setTimeout(120_000);

const OPTIONS = { assets: ['etcd', 'kube-apiserver'], tools: kubectlPath === undefined ? ['kubectl'] : [] };

describeWith(OPTIONS, 'a cluster that cannot be asked', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let material: FaultMaterial;

  beforeAll(async () => {
    ({ plane, material } = await startFaultWorld(cleanup));
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  function prepare({ setup }: FaultRow): string {
    const folder = mkdtempSync(join(plane.dir, 'row-'));
    for (const [name, content] of Object.entries(setup(material).files)) {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      writeFileSync(join(folder, name), text, { mode: 0o700 });
    }
    return folder;
  }

  /** Standard error, without what differs from run to run. */
  function shown(text: string, folder: string): string {
    return text
      .replaceAll(new URL(material.server).host, 'SERVER')
      .replaceAll(folder, 'FOLDER')
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT');
  }

  const inFolder = (command: readonly string[], folder: string): Promise<Result> =>
    run(['sh', '-c', 'cd "$0" && unset KUBECONFIG && HOME=$0 exec "$@"', folder, ...command], { within: 60_000 });

  test('the rights of a sweep can be applied alone, as README.md says', async () => {
    const manifests = fileURLToPath(new URL('../../', import.meta.url));
    const readme = readFileSync(join(manifests, 'README.md'), 'utf8').replace(/\s+/g, ' ');
    const [, args = ''] = /`kubectl (apply -f [^`]*rbac\.yaml)`/.exec(readme) ?? [];
    const command = [
      kubectlPath ?? 'kubectl',
      '--kubeconfig',
      plane.kubeconfig,
      '--cache-dir',
      join(plane.dir, 'cache'),
      ...args.split(' '),
    ];

    expect(await inFolder(command, manifests)).toMatchObject({
      code: 0,
      stderr: expect.not.stringMatching(/^error/im),
    });
  });

  test.each(FAULTS)('$name is one line, and kubectl has the same words for it', async (row) => {
    const folder = prepare(row);
    const command = (name: string) => inFolder(productCommand(name, '--kubeconfig', 'config'), folder);
    const sweep = await command('sweep');
    const doctor = await command('doctor');
    const line = `kubelet-guard: ${row.line}\n`;
    const own = row.name === 'a plugin that fails' ? 'log in first\n' : '';

    expect(shown(sweep.stderr, folder)).toBe(`${own}${line}`);
    expect(shown(doctor.stderr, folder)).toBe(row.hasReport === true ? '' : `${own}${line}`);
    expect([sweep.code, doctor.code]).toEqual([row.code ?? 3, row.code ?? 3]);
    if (row.hasReport !== true) expect([sweep.stdout, doctor.stdout]).toEqual(['', '']);
    const [, words] = /kubectl: "(.*?)"\)/.exec(sweep.stderr) ?? [];
    if (words === undefined || row.asksForPassword === true) return;
    // elsewhere a timeout in a stall of the machine would have other words
    const patience = row.name === 'a server that does not answer' ? '2s' : '20s';
    const args = ['--kubeconfig', 'config', '--cache-dir', 'cache', '--request-timeout', patience, 'get', 'nodes'];
    const kubectl = await inFolder([kubectlPath ?? 'kubectl', ...args], folder);
    expect(`${kubectl.stderr}${kubectl.stdout}`).toContain(words);
  });
});
