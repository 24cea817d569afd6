import { expect, test } from '@jest/globals';

import { explainControl } from '../../../src/commands/explain/explain.ts';
import { controls } from '../../../src/controls/index.ts';
import { runCli } from '../../support/run-cli.ts';

test.each(controls)('$slug is explained in lines of at most 100 characters', (control) => {
  const text = explainControl(control);
  expect(text.startsWith(`${control.slug}: ${control.title}\n`)).toBe(true);
  expect(text.split('\n').filter((line) => line.length > 100)).toStrictEqual([]);
  for (const { id } of control.benchmarks) expect(text).toContain(id);
  for (const code of Object.keys(control.codes)) expect(text).toContain(`${code}: `);
});

async function explained(...args: string[]): Promise<readonly string[]> {
  const { status, stdout } = await runCli(['explain', ...args]);
  expect(status).toBe(0);
  const slugs = controls.map(({ slug }) => slug);
  return [...stdout.matchAll(/^(\S+): /gm)].flatMap(([, slug = '']) => (slugs.includes(slug) ? [slug] : []));
}

test('explain lists every control with its ids', async () => {
  const { status, stdout } = await runCli(['explain']);
  expect(status).toBe(0);
  for (const { slug, title } of controls) expect(stdout).toMatch(new RegExp(`^${slug} +${title}$`, 'm'));
  expect(stdout).toContain('CIS Kubernetes Benchmark 4.2.3; CIS AKS Benchmark 3.2.3');
  expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
});

test.each([
  [['kubelet-client-ca'], ['kubelet-client-ca']],
  [['1.2.4'], ['apiserver-kubelet-client-cert']],
  [['v-242420'], ['kubelet-client-ca']],
  [['cis-aks', '3.2.3'], ['kubelet-client-ca']],
  [['cis-aks 3.2.3'], ['kubelet-client-ca']],
  [['cis-openshift-1.8', '1.2.3'], ['apiserver-kubelet-client-cert']],
  [['cis-openshift', '4.2.2'], ['kubelet-anonymous-auth']],
  [['4.2.2'], ['kubelet-authorization-mode']],
  [
    ['4.2.3', 'V-242420', 'kubelet-anonymous-auth'],
    ['kubelet-client-ca', 'kubelet-anonymous-auth'],
  ],
])('explain %j shows %j', async (args, slugs) => {
  expect(await explained(...args)).toEqual(slugs);
});

test('explain lists all that an id can mean', async () => {
  const { stdout } = await runCli(['explain', '4.2.2']);
  expect(stdout).toMatch(
    /^4\.2\.2 is the id of different controls:\n {2}kubelet-anonymous-auth\n {4}in CIS OpenShift/m,
  );
  expect(stdout).toContain(
    '\n  kubelet-authorization-mode\n    in CIS Kubernetes Benchmark (v1.5 to v1.24, v1.7 to v2.0)\n',
  );
  expect((await runCli(['explain', 'V-242420'])).stdout).not.toContain('different controls');
});

test('explain lists the controls of a benchmark', async () => {
  const { stdout } = await runCli(['explain', 'cis-aks']);
  expect(stdout).toContain('CIS AKS Benchmark 3.2.3');
  expect(stdout).not.toMatch(/apiserver-kubelet-client-cert|CIS Kubernetes/);
  expect((await runCli(['explain', 'cis-gke-1.8'])).stdout).toBe('cis-gke-1.8 has none of the controls\n');
});

test.each([
  ['kubelet-clientca', 'did you mean kubelet-client-ca? the controls are '],
  ['4.2.33', 'did you mean 4.2.3'],
  ['cis-ask', 'did you mean cis-aks or cis-ack?'],
  ['cis-aks 9.9.9', 'cis-aks has no control 9.9.9; the ids are 3.2.3, 3.2.1, 3.2.2'],
])('explain %s exits with 2 and says what is known', async (arg, reason) => {
  const { status, stdout, stderr } = await runCli(['explain', arg]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(reason);
});
