// The command line, run inside the test process. test/main.test.ts has the tests that need a separate process.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { runCli as run } from './support/run-cli.ts';

const manifest = join(import.meta.dirname, 'fixtures/kubeadm-v1.37.2/kube-apiserver.yaml');
const compliant = readFileSync(manifest, 'utf8');
const failing = compliant.replace(/^.*--kubelet-client-key=.*\n/m, '');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-cli-'));
  chmodSync(folder, 0o755);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function outcome(args: readonly string[]) {
  const { status, stderr } = await run(args);
  return { status, stderr };
}

describe('check', () => {
  test('exits with 0 if everything passes', async () => {
    const { status, stdout, stderr } = await run(['check', manifest]);
    expect({ status, stderr }).toStrictEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^PASS .*\n\n1 kube-apiserver configuration passes\n$/);
  });

  test('exits with 1 for a violation in every format, and shows its line', async () => {
    const path = write('failing.yaml', failing);
    expect(await run(['check', path])).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/failing\.yaml:\d+\n/),
    });
    const { status, stdout } = await run(['check', '--output', 'json', path]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'GuardReport', summary: { pass: 0, fail: 1, unknown: 0 } });
  });

  test('checks standard input', async () => {
    expect(await run(['check', '-'], { input: failing })).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('standard input:'),
    });
    expect((await run(['check', '-'], { input: compliant })).status).toBe(0);
  });

  test('takes paths with -f as well, which can be repeated', async () => {
    const path = write('failing.yaml', failing);
    const { status, stdout } = await run(['check', '-f', path, '-o', 'json', '--filename', manifest, manifest]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ summary: { pass: 2, fail: 1 } });
    expect((await run(['check', '-f', '-'], { input: failing })).status).toBe(1);
    expect((await run(['check', '-f', ''])).stderr).toContain('a path is empty');
  });

  test('checks a good file beside a missing one, and reports the missing one', async () => {
    expect(await run(['check', join(folder, 'missing.yaml'), manifest])).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('PASS'),
      stderr: expect.stringMatching(/^kubelet-guard: .*missing\.yaml: does not exist: .*\n$/),
    });
  });

  test('exits with 1, not 3, for a violation beside a missing file', async () => {
    expect((await run(['check', join(folder, 'missing.yaml'), write('failing.yaml', failing)])).status).toBe(1);
  });

  test.each([
    ['a missing path', () => [join(folder, 'nowhere')], /nowhere: does not exist/],
    ['broken YAML', () => [write('broken.yaml', 'a: [1\nb: }')], /broken\.yaml:?\d*: not readable as YAML or JSON/],
    ['binary content', () => [write('binary.yaml', Uint8Array.of(1, 0, 2))], /binary\.yaml: is binary/],
    ['a FIFO', () => [fifo('pipe.yaml')], /pipe\.yaml: is a FIFO, which is not opened/],
    ['a file of 1 GB', () => [sparse('large.yaml')], /large\.yaml: is larger than 64 MiB/],
    ['an empty file', () => [write('empty.yaml', '')], /nothing to check/],
    ['a folder with a link to itself', () => [loop('loop')], /nothing to check/],
    [
      'an object without a control',
      () => [write('service.yaml', 'apiVersion: v1\nkind: Service\n')],
      /nothing to check/,
    ],
    ['empty standard input', () => ['-'], /nothing to check/],
  ] as const)('exits with 3 and prints the reason for %s', async (_name, make, reason) => {
    const { status, stderr } = await outcome(['check', ...make()]);
    expect(stderr).toMatch(reason);
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^kubelet-guard: /);
    expect(status).toBe(3);
  });

  test('exits with the code that --fail-on selects', async () => {
    const path = write('failing.yaml', failing);
    expect((await run(['check', '--fail-on', 'never', path])).status).toBe(0);
    expect((await run(['check', '--fail-on', 'fail', path])).status).toBe(1);
    // as its help says: nothing that was found or missed shows in the code, wrong use does
    const nowhere = join(folder, 'nowhere');
    expect((await run(['check', '--fail-on', 'never', nowhere])).status).toBe(0);
    expect((await run(['check', '--fail-on', 'fail', nowhere])).status).toBe(3);
    expect((await run(['check', '--fail-on', 'never', '--config', nowhere, path])).status).toBe(2);
    for (const command of ['check', 'node', 'sweep'])
      expect((await run([command, '--help'])).stdout).toContain(
        'With --fail-on never the code is 0 whatever was found',
      );
  });

  test('writes the report to a file', async () => {
    const file = join(folder, 'report.json');
    expect(await run(['check', '--output', 'json', '--output-file', file, manifest])).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ kind: 'GuardReport' });
    expect(await outcome(['check', '--output-file', join(folder, 'no/where'), manifest])).toStrictEqual({
      status: 2,
      stderr: expect.stringMatching(/^kubelet-guard: the report cannot be written: .*\n$/),
    });
  });

  test('prints colours only on a terminal or with --color always', async () => {
    expect((await run(['check', manifest])).stdout).not.toContain('\u001b');
    expect((await run(['check', '--color', 'always', manifest])).stdout).toContain('\u001b[32mPASS');
    expect((await run(['check', manifest], { isTerminal: true })).stdout).toContain('\u001b[32mPASS');
    const env = { NO_COLOR: '1' };
    expect((await run(['check', '--color', 'auto', manifest], { isTerminal: true, env })).stdout).not.toContain(
      '\u001b',
    );
  });

  test('prints nothing with --quiet if everything passes', async () => {
    expect(await run(['check', '--quiet', manifest])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('reads a configuration, and rejects a wrong one', async () => {
    const head = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
    const off = write('off.yaml', `${head}controls:\n  apiserver-kubelet-client-cert: { action: off }\n`);
    expect(await outcome(['check', '--config', off, manifest])).toStrictEqual({
      status: 3,
      stderr: expect.stringContaining('nothing to check'),
    });
    expect(await outcome(['check', '--config', write('bad.yaml', `${head}nope: 1\n`), manifest])).toStrictEqual({
      status: 2,
      stderr: expect.stringMatching(/^kubelet-guard: .*bad\.yaml:3:1: /),
    });
  });
});

describe('wrong use', () => {
  test.each([
    ['an unknown option', ['check', '--nope', 'x'], "unknown option '--nope'"],
    ['no path', ['check'], 'name files and folders, or - for standard input; see kubelet-guard check --help'],
    ['an empty path', ['check', ''], 'a path is empty'],
    ['an unknown format', ['check', '--output', 'xml', 'x'], 'Allowed choices are text, wide, name, json'],
    ['an unknown --fail-on', ['check', '--fail-on', 'maybe', 'x'], 'Allowed choices are fail, unknown, never'],
    ['an unknown command', ['chek'], "unknown command 'chek' (did you mean check?); see kubelet-guard --help"],
    ['a misspelt option', ['check', '--fail-o', 'x'], '(did you mean --fail-on?); see kubelet-guard check --help'],
    ['a misspelt choice', ['check', '--fail-on', 'nevr', 'x'], 'Did you mean never? Allowed choices are fail, '],
    ['a misspelt format', ['sweep', '-o', 'jsn'], 'Did you mean json? Allowed choices are text, wide, name, json'],
    ['a misspelt evidence', ['sweep', '--evidence', 'configs'], 'Did you mean configz? Allowed choices are'],
    ['an error in a nested command', ['config', 'print', '--nope'], 'see kubelet-guard config print --help'],
    ['a misspelt nested command', ['config', 'chek'], '(did you mean check?); see kubelet-guard config --help'],
    ['an unknown control', ['explain', 'nope'], 'the controls are apiserver-kubelet-client-cert, kubelet-client-ca'],
    ['a missing configuration', ['check', '--config', 'nowhere.yaml', 'x'], 'nowhere.yaml'],
    ['a missing kubeconfig', ['sweep', '--kubeconfig', 'nowhere'], 'cannot read nowhere (ENOENT): check its path'],
    [
      'a context without a kubeconfig',
      ['sweep', '--context', 'a'],
      'guard: there is no kubeconfig, so there is no context a',
    ],
    ['an escape sequence in an option', ['check', '--\u001b[2J'], String.raw`--\u001b[2J`],
  ])('with %s exits with 2 and prints one line', async (_name, args, reason) => {
    const { status, stdout, stderr } = await run(args);
    expect({ status, stdout }).toStrictEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).toMatch(/^kubelet-guard: .*\n$/);
  });

  test('without a command exits with 2 and prints the help', async () => {
    expect(await run([])).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage: kubelet-guard') });
  });
});

/** The help of a command and of all commands below it. */
async function helps(path: readonly string[] = []): Promise<{ readonly path: string; readonly help: string }[]> {
  const { status, stdout: help } = await run([...path, '--help']);
  expect(status).toBe(0);
  const [, listed = ''] = /^Commands:\n((?: {2}.*\n)*)/m.exec(help) ?? [];
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name);
  const nested: { readonly path: string; readonly help: string }[] = [];
  for (const name of names.filter((name) => name !== 'help')) nested.push(...(await helps([...path, name])));
  return [{ path: path.join(' '), help }, ...nested];
}

test('the help of every command has examples of it, and begins with a verb', async () => {
  const all = await helps();
  const paths = all.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(['check', 'config print', 'export vap', 'completion fish', 'version']));
  for (const { path, help } of all) {
    const [, examples = ''] = /^Examples:\n([^]*)/m.exec(help) ?? [];
    expect([path, examples]).toEqual([path, expect.stringContaining(`kubelet-guard ${path}`)]);
    // an imperative, as kubectl has it: not "Judges", nor "The webhook"
    expect([path, help]).toEqual([path, expect.stringMatching(/^Usage: .*\n\n[A-Z][a-z]*[a-rt-z] /)]);
  }
});

test('--help names the exit codes, and --version prints the version', async () => {
  expect(await run(['check', '--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('Exit codes:') });
  expect(await run(['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test('explain prints the benchmark number of a control', async () => {
  expect(await run(['explain', 'kubelet-client-ca'])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('4.2.3'),
  });
});

function fifo(name: string): string {
  const path = join(folder, name);
  if (!existsSync(path)) expect(spawnSync('mkfifo', [path]).status).toBe(0);
  return path;
}

function sparse(name: string): string {
  const path = write(name, '');
  truncateSync(path, 1024 ** 3);
  return path;
}

function loop(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  if (!existsSync(join(path, 'again'))) symlinkSync('.', join(path, 'again'));
  return path;
}
