import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, expect, jest, test } from '@jest/globals';

import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { note } from './support/last-resort.ts';
import { Authority } from './support/pki.ts';
import { productCommand } from './support/product.ts';
import { must, run, startProgram } from './support/programs.ts';
import { eventually } from './support/wait.ts';
import { verdict } from './support/sweeper.ts';

jest.setTimeout(90_000);

const WORLD = fileURLToPath(new URL('families-world.ts', import.meta.url));
const V6 = 'fd00:95::2';
const V4 = '198.18.0.2';

describeWith({ assets: [], tools: ['ip', 'curl'], root: true }, 'in a network', () => {
  const cleanup = new Cleanup();
  const dir = mkdtempSync(join(tmpdir(), 'kubelet-guard-families-'));
  note('folder', dir);
  cleanup.add(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  afterAll(() => cleanup.run(), 30_000);

  /** A network namespace with only these addresses; returns the command line prefix that runs a program in it. */
  async function network(addresses: readonly string[]): Promise<(...command: string[]) => string[]> {
    const namespace = `kg${randomBytes(5).toString('hex')}`;
    note('network', namespace);
    cleanup.add(() => must('ip', 'netns', 'delete', namespace));
    await must('ip', 'netns', 'add', namespace);
    const within = (...command: string[]) => ['ip', 'netns', 'exec', namespace, ...command];
    const hasV6 = addresses.some((address) => address.includes(':'));
    // as in a kernel without IPv6
    if (!hasV6)
      await must(...within('sh', '-c', 'for all in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $all; done'));
    await must('ip', '-netns', namespace, 'link', 'set', 'lo', 'up');
    for (const address of addresses) {
      const options = address.includes(':') ? ['nodad'] : [];
      await must('ip', '-netns', namespace, 'address', 'add', address, 'dev', 'lo', ...options);
    }
    return within;
  }

  test.each([
    ['with only IPv6', [V6]],
    ['with only IPv4, and IPv6 switched off', [V4]],
    ['with both', [V6, V4]],
  ])('%s the webhook and the probes answer with the shipped arguments', async (what, addresses) => {
    const within = await network(addresses);
    const authority = new Authority('e2e-webhook-ca');
    const { certificate, key } = authority.issue({ name: 'kubelet-guard', addresses });
    const name = what.replaceAll(/\W/g, '-');
    const file = (kind: string, text: string) => {
      const path = join(dir, `${name}.${kind}`);
      writeFileSync(path, text);
      return path;
    };
    const files = [`--tls-cert-file=${file('crt', certificate)}`, `--tls-private-key-file=${file('key', key)}`];
    // the arguments of manifests/base/webhook.yaml
    const command = productCommand('serve', '--only=webhook', '--local-listen=:8080', ...files);
    const program = startProgram(cleanup, { name, dir, command: within(...command) });
    const status = async (url: string) => {
      const curl = ['curl', '--globoff', '--insecure', '--silent', '--max-time', '5', '--output', '/dev/null'];
      return (await run(within(...curl, '--write-out', '%{http_code}', url))).stdout;
    };
    for (const address of addresses) {
      const host = address.includes(':') ? `[${address}]` : address;
      const answers = (url: string, code: string) =>
        eventually(`${code} of ${url}`, async () => ((await status(url)) === code ? true : undefined), {
          context: program.tail,
        });
      await answers(`http://${host}:8080/livez`, '200');
      await answers(`https://${host}:8443/validate`, '405');
    }
  });

  test('with only IPv6 a sweep reaches API server and kubelet, by handshake and configz', async () => {
    const within = await network([V6]);
    const world = startProgram(cleanup, { name: 'world', dir, command: within(process.execPath, WORLD, V6) });
    await eventually('the world', () => Promise.resolve(world.log().includes('listening') ? true : undefined), {
      context: world.tail,
    });
    const kubeconfig = join(dir, 'kubeconfig');
    const config = {
      clusters: [{ name: 'x', cluster: { server: `http://[${V6}]:6443` } }],
      users: [{ name: 'x', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      'current-context': 'x',
    };
    writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
    const args = ['--kubeconfig', kubeconfig, '--evidence', 'handshake,configz', '--output', 'json'];
    const { stdout, stderr } = await run(within(...productCommand('sweep', ...args)));
    if (!stdout.startsWith('{')) throw new Error(`no report: ${stdout}${stderr}`);
    const report = JSON.parse(stdout) as GuardReport;
    expect(verdict(report, 'node-1')).toBe('pass pass pass');
    expect(report.run.problems).toEqual([]);
  });
});
