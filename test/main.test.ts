// Tests that need a separate process: its streams, its user, and the modules that it loads.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

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

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

// root can read every file, so the program runs as another user, who must be able to read it (not in a private folder)
const nobody = process.getuid?.() === 0 ? { uid: 65534 } : {};
const testAsNobody = spawnSync(process.execPath, ['--check', program], nobody).status === 0 ? test : test.skip;

testAsNobody('check exits with 3 for a file that its user cannot read', () => {
  const path = write('secret.yaml', compliant);
  chmodSync(path, 0);
  expect(spawnSync(process.execPath, [program, 'check', path], { encoding: 'utf8', ...nobody })).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/secret\.yaml: cannot be read: give this user the right/),
  });
});

test('check exits with its usual code and without an error if nobody reads its output', async () => {
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

test('check writes all of a long report into a slow pipe', () => {
  const paths = Array.from({ length: 200 }, () => manifest);
  const { stdout } = spawnSync(
    'sh',
    ['-c', '"$@" | { sleep 0; cat; }', 'sh', process.execPath, program, 'check', '--output', 'json', ...paths],
    { encoding: 'utf8' },
  );
  expect(JSON.parse(stdout)).toMatchObject({ summary: { pass: 200 } });
});

test('check exits with 3 if its output cannot be written', () => {
  if (!existsSync('/dev/full')) return;
  const command = '"$0" "$@" > /dev/full';
  const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, program, 'check', manifest], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toStrictEqual({ status: 3, stderr: expect.stringContaining('cannot be written') });
});

test('check loads no server, no Kubernetes client, and no code for baselines and exemptions', () => {
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) { process.stderr.write(name + '\\n'); return next(name, context); } });`;
  const url = `data:text/javascript,${encodeURIComponent(hook)}`;
  const { stderr } = spawnSync(process.execPath, ['--import', url, program, 'check', manifest], { encoding: 'utf8' });
  expect(stderr).toContain('evidence/files/read-paths.ts');
  expect(stderr).not.toMatch(/express|pino|prom-client|client-node|x509|node:(?:https?|crypto|tty|net)$/m);
  expect(stderr).not.toMatch(/baseline|report-file|(?:check|configuration|\.)\/exemptions\.ts/);
});

test.each([
  ['an error that nothing catches', 'throw new Error("late")', 3],
  ['a rejection that nothing handles', 'Promise.reject(new Error("late"))', 3],
  ['memory that runs out', 'const all = []; for (;;) all.push(new Array(1e5).fill({}))', null],
])('%s never ends with 1, which means a violation', (_what, code, expected) => {
  const waiting = 'process.listenerCount("uncaughtException") === 0 ? setImmediate(fail)';
  const late = write('late.cjs', `setImmediate(function fail() { ${waiting} : (() => { ${code} })(); })`);
  const memory = expected === null ? ['--max-old-space-size=40'] : [];
  const node = [...memory, '--require', late, program, 'serve', '--demo', '--listen', '127.0.0.1:0'];
  const { status, stderr } = spawnSync(process.execPath, node, { cwd: folder, encoding: 'utf8' });
  // null: a signal ended it
  expect(status).toBe(expected);
  if (expected !== null) expect(stderr).toMatch(/^kubelet-guard: crashed: late; please report it\nError: late\n/);
});
