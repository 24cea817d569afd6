// A cluster of the minor version before, upgraded by a real kubeadm under ratchet: first with a patch that loses the client key, then well.

import { expect, jest, test } from '@jest/globals';
import { join } from 'node:path';

import { run } from '../../e2e/support/programs.ts';
import { importImage } from '../support/real-cluster.ts';
import { describeInOwnCluster, ofTestbed, succeeded, timed } from './support/cluster.ts';
import { nextDenial, expectWhole, upgrade, verbosity, VERSION, withoutClientKey } from './support/upgrade.ts';

jest.setTimeout(1_800_000);

const BEFORE = 'v1.36.3';

describeInOwnCluster(
  `an upgrade from ${BEFORE} to ${VERSION}`,
  ({ cluster }) => {
    let kubeadm: string;

    async function version(): Promise<string> {
      const { gitVersion } = JSON.parse(await succeeded(cluster().kubectl(['get', '--raw', '/version']))) as {
        readonly gitVersion: string;
      };
      return gitVersion;
    }

    test('finds a cluster that passes', async () => {
      kubeadm = join(await ofTestbed(['real-build.sh'], 1_800_000), 'kubeadm');
      await timed('the new images are there', async () => {
        await importImages(await ofTestbed(['real-images.sh'], 900_000));
      });
      expect(await version()).toBe(BEFORE);
      await expectWhole(cluster());
    });

    async function importImages(archives: string): Promise<void> {
      const folder = join(cluster().dir, 'images');
      await succeeded(run(['mkdir', '-p', folder]));
      await succeeded(run(['tar', '-xf', archives, '-C', folder], { within: 120_000 }));
      const names = (await succeeded(run(['ls', folder]))).trimEnd().split('\n');
      for (const name of names) await importImage(cluster(), join(folder, name));
    }

    test('is rolled back if it loses the client key', async () => {
      const patches = await withoutClientKey(cluster());
      const [{ code, stderr }, denial] = await Promise.all([
        timed('a bad upgrade was rolled back', () => upgrade(cluster(), patches, kubeadm)),
        nextDenial(cluster()),
      ]);
      expect(stderr).toContain('kubeadm has tried to recover everything into the earlier state');
      expect(code).toBe(1);
      expect(denial).toContain('Denied by ratchet (before: passed)');
      await expectWhole(cluster());
      expect(await version()).toBe(BEFORE);
    });

    test('passes if it keeps the client key', async () => {
      const { code, stdout } = await timed('a good upgrade ended', () => upgrade(cluster(), verbosity(1), kubeadm));
      expect(stdout).toContain('[upgrade] SUCCESS!');
      expect(code).toBe(0);
      await expectWhole(cluster());
      expect(await version()).toBe(VERSION);
    });
  },
  () => buildVersion(),
);

function buildVersion(): Promise<string> {
  return timed(`the programs of ${BEFORE} are there`, async () =>
    (await succeeded(run([join(import.meta.dirname, 'build-version.sh'), BEFORE], { within: 3_600_000 }))).trimEnd(),
  );
}
