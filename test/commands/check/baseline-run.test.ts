import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { runCli } from '../../support/run-cli.ts';

const manifest = join(import.meta.dirname, '../../fixtures/kubeadm-v1.37.2/kube-apiserver.yaml');
const compliant = readFileSync(manifest, 'utf8');
const withoutKey = compliant.replace(/^.*--kubelet-client-key=.*\n/m, '');
const withoutBoth = withoutKey.replace(/^.*--kubelet-client-certificate=.*\n/m, '');
// a variable that nothing in the pod sets
const withUnknownKey = compliant
  .replace(/(--kubelet-client-key=).*/, '$1$(KEY)')
  .replace('    image:', '    envFrom: [{configMapRef: {name: e}}]\n    image:');
const kubelet = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const kubeletWithCA = `${kubelet}authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\n`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-baseline-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
  }
}

/** `check` in the folder. */
function check(...args: readonly string[]) {
  return runCli(['check', ...args], { cwd: folder });
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

describe('check --write-baseline', () => {
  test('writes the report, prints it too, and does not change the exit code', async () => {
    write({ 'm/a.yaml': withoutKey });
    const plain = await check('m');
    expect(await check('--write-baseline', 'b.json', 'm')).toStrictEqual(plain);
    expect(plain.status).toBe(1);
    expect(read('b.json')).toMatchObject({ kind: 'GuardReport', run: { complete: true }, summary: { fail: 1 } });
    expect(readdirSync(folder).sort()).toStrictEqual(['b.json', 'm']);
  });

  test('writes nothing if the run is incomplete, and keeps the old baseline', async () => {
    write({ 'a.yaml': compliant, 'b.json': 'old' });
    for (const more of [[], ['--fail-on', 'never']]) {
      expect(await check(...more, '--write-baseline', 'b.json', 'a.yaml', 'nowhere')).toMatchObject({
        status: 3,
        stderr: expect.stringContaining('the baseline is not written because the run is incomplete'),
      });
    }
    expect(await check('--write-baseline', 'b.json', 'b.json')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('kubelet-guard: the baseline is not written because '),
    });
    expect(readFileSync(join(folder, 'b.json'), 'utf8')).toBe('old');
  });

  test('follows a symbolic link, and rejects a path that is not a file', async () => {
    write({ 'a.yaml': compliant, 'there/b.json': 'old' });
    symlinkSync('there/b.json', join(folder, 'b.json'));
    expect((await check('--write-baseline', 'b.json', 'a.yaml')).status).toBe(0);
    expect(lstatSync(join(folder, 'b.json')).isSymbolicLink()).toBe(true);
    expect(read('there/b.json')).toMatchObject({ kind: 'GuardReport' });
    for (const path of ['there', 'no/where.json', '']) {
      expect(await check('--write-baseline', path, 'a.yaml')).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/^kubelet-guard: the baseline .* cannot be written.*\n$/),
      });
    }
    expect(readdirSync(folder).sort()).toStrictEqual(['a.yaml', 'b.json', 'there']);
  });
});

describe('check --baseline', () => {
  test('shows and counts only worse findings in every format', async () => {
    write({ 'm/a.yaml': withoutKey, 'm/k.yaml': kubeletWithCA });
    await check('--write-baseline', 'b.json', 'm');
    expect(await check('--baseline', 'b.json', 'm')).toStrictEqual({
      status: 0,
      stdout: 'nothing is worse than the baseline; not worse: 1 failed, 1 passed, 0 unknown\n',
      stderr: '',
    });

    write({ 'm/a.yaml': withoutBoth });
    expect(await check('--baseline', 'b.json', 'm')).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(
        /^FAIL .*worse than the baseline: 1 kube-apiserver configuration fails; not worse: 0 f/s,
      ),
    });
    const { status, stdout } = await check('--baseline', 'b.json', '--output', 'json', 'm');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      summary: { pass: 0, fail: 1, unknown: 0 },
      run: { baseline: { notShown: { pass: 1, fail: 0, unknown: 0 }, mended: 0, gone: 0 } },
      findings: [{ control: 'apiserver-kubelet-client-cert' }],
    });
    write({ 'worse.json': stdout });
    expect(await check('--baseline', 'worse.json', 'm')).toMatchObject({ status: 2, stdout: '' });
  });

  test('exits with 3 if a finding that passed is now unknown, but not if it was unknown before', async () => {
    write({ 'a.yaml': compliant });
    await check('--write-baseline', 'b.json', 'a.yaml');
    write({ 'a.yaml': withUnknownKey });
    expect(await check('--baseline', 'b.json', 'a.yaml')).toMatchObject({
      status: 3,
      stdout: expect.stringMatching(/^UNKNOWN /),
    });
    expect((await check('--baseline', 'b.json', 'a.yaml', 'nowhere')).status).toBe(3);
    await check('--write-baseline', 'b.json', 'a.yaml');
    expect((await check('--baseline', 'b.json', 'a.yaml')).status).toBe(0);
    write({ 'a.yaml': withoutKey });
    expect((await check('--baseline', 'b.json', 'a.yaml')).status).toBe(1);
  });

  test('prints how many findings are fixed or gone, and whether nothing is left to check', async () => {
    write({ 'm/a.yaml': withoutKey, 'm/k.yaml': kubelet });
    await check('--write-baseline', 'b.json', 'm');
    write({ 'm/a.yaml': compliant });
    rmSync(join(folder, 'm/k.yaml'));
    expect(await check('--baseline', 'b.json', 'm')).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^kubelet-guard: since the baseline: 1 fixed, 1 no longer checked; .*\n$/),
    });
    rmSync(join(folder, 'm/a.yaml'));
    expect(await check('--baseline', 'b.json', 'm')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('nothing to check'),
    });
  });

  test('recognises the files of a folder that is named differently or was moved', async () => {
    write({ 'm/one/k.yaml': kubelet, 'm/two/k.yaml': kubeletWithCA });
    await check('--write-baseline', 'b.json', 'm');
    for (const path of ['./m/', 'm/../m', join(folder, 'm'), 'm/one/k.yaml']) {
      expect((await check('--baseline', 'b.json', path)).status).toBe(0);
    }
    renameSync(join(folder, 'm'), join(folder, 'moved'));
    expect((await check('--baseline', 'b.json', 'moved')).status).toBe(0);
    write({ 'moved/one/k.yaml': kubeletWithCA, 'moved/two/k.yaml': kubelet });
    expect(await check('--baseline', 'b.json', 'moved')).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^FAIL .* moved\/two\/k\.yaml/),
    });
  });

  test.each([
    ['is missing', undefined, /b\.json cannot be read \(ENOENT\)/],
    ['is not JSON', 'kind: GuardReport\n', /b\.json is not JSON/],
    ['is another object', '{"kind":"Pod"}', /b\.json is not a GuardReport/],
    ['has no run', '{"apiVersion":"kubelet-guard.dev/v1alpha1","kind":"GuardReport"}', /has no run with an id/],
  ])('exits with 2 and prints one line if the baseline %s', async (_what, content, reason) => {
    write({ 'a.yaml': compliant, ...(content !== undefined && { 'b.json': content }) });
    const { status, stdout, stderr } = await check('--baseline', 'b.json', 'a.yaml');
    expect({ status, stdout }).toStrictEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(reason);
    expect(stderr).toMatch(/^kubelet-guard: .*\n$/);
  });
});

describe('check --generate-exemptions', () => {
  test('prints exemptions with a reason and an expiry date that make the same files pass', async () => {
    write({ 'm/a.yaml': withoutKey, 'm/k.yaml': kubelet });
    const { status, stdout, stderr } = await check('--generate-exemptions', 'm');
    expect({ status, stderr }).toStrictEqual({ status: 1, stderr: '' });
    expect(stdout).toMatch(
      /^exemptions:\n {2}- control: apiserver-kubelet-client-cert\n {4}subject: "pod\/kube-system\//,
    );
    write({ 'guard.yaml': `apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n${stdout}` });
    expect(await check('--config', 'guard.yaml', 'm')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        /^EXEMPT .*\n1 kube-apiserver configuration is exempt; 1 kubelet configuration is exempt\n$/s,
      ),
      stderr: '',
    });
    expect(await check('--config', 'guard.yaml', '--generate-exemptions', 'm')).toStrictEqual({
      status: 0,
      stdout: 'exemptions: []\n',
      stderr: '',
    });
  });

  test('sets the expiry date that --expires names', async () => {
    write({ 'k.yaml': kubelet });
    expect((await check('--generate-exemptions', '--expires', '2999-12-31', 'k.yaml')).stdout).toContain(
      'expires: 2999-12-31',
    );
  });

  test('writes the exemptions to a file', async () => {
    write({ 'k.yaml': kubelet });
    expect((await check('--generate-exemptions', '--output-file', 'e.yaml', 'k.yaml')).stdout).toBe('');
    expect(existsSync(join(folder, 'e.yaml'))).toBe(true);
  });
});

test('an expired exemption does not apply, and a warning is printed', async () => {
  const exemption = '{ control: kubelet-client-ca, subject: "*/*", reason: "vendor appliance", expires: 2020-01-31 }';
  const head = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
  write({ 'k.yaml': kubelet, 'guard.yaml': `${head}exemptions:\n  - ${exemption}\n` });
  expect(await check('--config', 'guard.yaml', 'k.yaml')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^kubelet-guard: the exemption .* expired on 2020-01-31 and no longer applies: .*\n$/,
    ),
  });
  const { stdout } = await check('--config', 'guard.yaml', '--output', 'json', 'k.yaml');
  const { exemptions } = JSON.parse(stdout) as GuardReport;
  const reason = 'vendor appliance';
  expect(exemptions).toEqual([
    { control: 'kubelet-client-ca', subject: '*/*', reason, expires: '2020-01-31', expired: true },
  ]);
});

test.each([
  ['--baseline with --write-baseline', ['--baseline', 'b', '--write-baseline', 'c'], 'cannot be used with'],
  ['--generate-exemptions with --baseline', ['--generate-exemptions', '--baseline', 'b'], 'cannot be used with'],
  ['--generate-exemptions with --output json', ['--generate-exemptions', '--output', 'json'], 'cannot be used with'],
  ['--expires without --generate-exemptions', ['--expires', '2999-12-31'], '--expires needs --generate-exemptions'],
  ['--expires in the past', ['--generate-exemptions', '--expires', '2020-01-31'], 'today or later'],
  [
    '--expires on a day that does not exist',
    ['--generate-exemptions', '--expires', '2999-02-31'],
    'must be a day as YYYY-MM-DD',
  ],
  [
    '--expires in another date format',
    ['--generate-exemptions', '--expires', '31.12.2999'],
    'must be a day as YYYY-MM-DD',
  ],
])('wrong use exits with 2: %s', async (_what, args, reason) => {
  expect(await check(...args, '.')).toStrictEqual({ status: 2, stdout: '', stderr: expect.stringContaining(reason) });
});
