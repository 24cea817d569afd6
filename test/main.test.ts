import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
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

const program = join(import.meta.dirname, '../src/main.ts');
const manifest = join(import.meta.dirname, 'fixtures/kubeadm-v1.37.2/kube-apiserver.yaml');
const compliant = readFileSync(manifest, 'utf8');
const failing = compliant.replace(/^.*--kubelet-client-key=.*\n/m, '');

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-main-'));
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

interface Run {
  readonly input?: string;
  readonly uid?: number;
  readonly env?: NodeJS.ProcessEnv;
}

function run(args: readonly string[], { input = '', ...options }: Run = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', input, timeout: 20_000, ...options });
}

function outcome(args: readonly string[], options?: Run): { status: number | null; stderr: string } {
  const { status, stderr } = run(args, options);
  return { status, stderr };
}

// root reads everything, and becomes somebody else, who has to be able to read the program; not so in a private folder
const nobody: Run = process.getuid?.() === 0 ? { uid: 65534 } : {};
const canBeRefused = spawnSync(process.execPath, ['--check', program], nobody).status === 0 ? test : test.skip;

describe('check', () => {
  test('gives 0 where all passed', () => {
    const { status, stdout, stderr } = run(['check', manifest]);
    expect({ status, stderr }).toStrictEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^PASS .*\n\n0 failed, 1 passed, 0 unknown\n$/);
  });

  test('gives 1 for a violation, in every format, and shows its line', () => {
    const path = write('failing.yaml', failing);
    expect(run(['check', path])).toMatchObject({ status: 1, stdout: expect.stringMatching(/failing\.yaml:\d+\n/) });
    const { status, stdout } = run(['check', '--output', 'json', path]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'GuardReport', summary: { pass: 0, fail: 1, unknown: 0 } });
  });

  test('judges standard input', () => {
    expect(run(['check', '-'], { input: failing })).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('standard input:'),
    });
    expect(run(['check', '-'], { input: compliant }).status).toBe(0);
  });

  test('judges a good file beside one that is missing, and says so', () => {
    expect(run(['check', join(folder, 'missing.yaml'), manifest])).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('PASS'),
      stderr: expect.stringMatching(/^kubelet-guard: .*missing\.yaml: does not exist: .*\n$/),
    });
  });

  test('gives 1, not 3, where a violation is certain', () => {
    expect(run(['check', join(folder, 'missing.yaml'), write('failing.yaml', failing)]).status).toBe(1);
  });

  test.each([
    ['a path that is missing', () => [join(folder, 'nowhere')], /nowhere: does not exist/],
    ['broken YAML', () => [write('broken.yaml', 'a: [1\nb: }')], /broken\.yaml:?\d*: not readable as YAML or JSON/],
    ['binary content', () => [write('binary.yaml', Uint8Array.of(1, 0, 2))], /binary\.yaml: is binary/],
    ['a FIFO', () => [fifo('pipe.yaml')], /pipe\.yaml: is a FIFO, which is not opened/],
    ['a file of 1 GB', () => [sparse('large.yaml')], /large\.yaml: is larger than 64 MiB/],
    ['an empty file', () => [write('empty.yaml', '')], /nothing to judge/],
    ['a folder that goes round in circles', () => [circle('circle')], /nothing to judge/],
    ['something else', () => [write('service.yaml', 'apiVersion: v1\nkind: Service\n')], /nothing to judge/],
    ['empty standard input', () => ['-'], /nothing to judge/],
  ] as const)('gives 3 and a line that says why for %s', (_name, make, reason) => {
    const { status, stderr } = outcome(['check', ...make()]);
    expect(stderr).toMatch(reason);
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^kubelet-guard: /);
    expect(status).toBe(3);
  });

  canBeRefused('gives 3 for a file that may not be read', () => {
    const path = write('secret.yaml', compliant);
    chmodSync(path, 0);
    expect(outcome(['check', path], nobody)).toStrictEqual({
      status: 3,
      stderr: expect.stringMatching(/secret\.yaml: cannot be read: give this user the right/),
    });
  });

  test('gives what --fail-on asks for', () => {
    const path = write('failing.yaml', failing);
    expect(run(['check', '--fail-on', 'never', path]).status).toBe(0);
    expect(run(['check', '--fail-on', 'fail', path]).status).toBe(1);
  });

  test('writes the report to a file', () => {
    const file = join(folder, 'report.json');
    expect(run(['check', '--output', 'json', '--output-file', file, manifest])).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ kind: 'GuardReport' });
    expect(outcome(['check', '--output-file', join(folder, 'no/where'), manifest])).toStrictEqual({
      status: 2,
      stderr: expect.stringMatching(/^kubelet-guard: the report cannot be written: .*\n$/),
    });
  });

  test('is coloured only where asked, or a terminal', () => {
    expect(run(['check', manifest]).stdout).not.toContain('\u001b');
    expect(run(['check', '--color', 'always', manifest]).stdout).toContain('\u001b[32mPASS');
    const env = { ...process.env, NO_COLOR: '1' };
    expect(run(['check', '--color', 'auto', manifest], { env }).stdout).not.toContain('\u001b');
  });

  test('says nothing with --quiet where all passed', () => {
    expect(run(['check', '--quiet', manifest])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('takes a configuration, and refuses a wrong one', () => {
    const head = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
    const off = write('off.yaml', `${head}controls:\n  apiserver-kubelet-client-cert: { action: off }\n`);
    expect(outcome(['check', '--config', off, manifest])).toStrictEqual({
      status: 3,
      stderr: expect.stringContaining('nothing to judge'),
    });
    expect(outcome(['check', '--config', write('bad.yaml', `${head}nope: 1\n`), manifest])).toStrictEqual({
      status: 2,
      stderr: expect.stringMatching(/^kubelet-guard: .*bad\.yaml:3:1: /),
    });
  });

  test('ends quietly, with its own code, when nobody reads its output', async () => {
    const paths = Array.from({ length: 50 }, (_, index) => write(`failing-${index}.yaml`, failing));
    const child = spawn(process.execPath, [program, 'check', '--output', 'json', ...paths], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [status] = (await once(child, 'close')) as [number | null];
    expect({ status, stderr }).toStrictEqual({ status: 1, stderr: '' });
  });

  test('writes all of a long report into a slow pipe', () => {
    const paths = Array.from({ length: 200 }, () => manifest);
    const { stdout } = spawnSync(
      'sh',
      ['-c', '"$@" | { sleep 0; cat; }', 'sh', process.execPath, program, 'check', '--output', 'json', ...paths],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(stdout)).toMatchObject({ summary: { pass: 200 } });
  });

  test('does not hide that its output is lost', () => {
    if (!existsSync('/dev/full')) return;
    const command = '"$0" "$@" > /dev/full';
    const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, program, 'check', manifest], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toStrictEqual({ status: 3, stderr: expect.stringContaining('cannot be written') });
  });
});

describe('wrong use gives 2 and one line', () => {
  test.each([
    ['an unknown option', ['check', '--nope', 'x'], "unknown option '--nope'"],
    ['no path', ['check'], "missing required argument 'path'"],
    ['an empty path', ['check', ''], 'a path is empty'],
    ['an unknown format', ['check', '--output', 'xml', 'x'], 'Allowed choices are text, json'],
    ['an unknown --fail-on', ['check', '--fail-on', 'maybe', 'x'], 'Allowed choices are fail, unknown, never'],
    ['an unknown command', ['chek'], "unknown command 'chek'"],
    ['an unknown control', ['explain', 'nope'], 'the controls are apiserver-kubelet-client-cert, kubelet-client-ca'],
    ['a configuration that is missing', ['check', '--config', 'nowhere.yaml', 'x'], 'nowhere.yaml'],
    ['an escape sequence', ['check', '--\u001b[2J'], String.raw`--\u001b[2J`],
  ])('for %s', (_name, args, reason) => {
    const { status, stdout, stderr } = run(args);
    expect({ status, stdout }).toStrictEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(reason);
    expect(stderr).toMatch(/^kubelet-guard: .*\n$/);
  });

  test('and no command at all shows the help', () => {
    expect(run([])).toMatchObject({ status: 2, stderr: expect.stringContaining('Usage: kubelet-guard') });
  });
});

test('--help names the exit codes, --version is of the package', () => {
  expect(run(['check', '--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('Exit codes:') });
  expect(run(['--version'])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test('explain says what a control wants', () => {
  expect(run(['explain', 'kubelet-client-ca'])).toMatchObject({ status: 0, stdout: expect.stringContaining('4.2.3') });
});

test('check loads no server and no Kubernetes client', () => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) { process.stderr.write(name + '\\n'); return next(name, context); } });`;
  const url = `data:text/javascript,${encodeURIComponent(hook)}`;
  const { stderr } = spawnSync(process.execPath, ['--import', url, program, 'check', manifest], { encoding: 'utf8' });
  expect(stderr).toContain('evidence/files.ts');
  expect(stderr).not.toMatch(/express|pino|prom-client|client-node|x509|node:https?$/m);
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

function circle(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  if (!existsSync(join(path, 'again'))) symlinkSync('.', join(path, 'again'));
  return path;
}
