// Tests of the file that starts the built program: on a Node that is too old, and where it cannot start.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { CHECKOUT } from '../support/dockerfile.ts';

const { engines } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { engines: { node: string } };

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-launch-'));
  cpSync(join(CHECKOUT, 'scripts/launch.cjs'), join(folder, 'main.js'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Starts a program on this Node, or on one that says it is another version. */
function start(program: string | undefined, { version, node = process.execPath }: { version?: string; node?: string }) {
  rmSync(join(folder, 'program.js'), { force: true });
  if (program !== undefined)
    writeFileSync(join(folder, 'program.js'), `(function (exports, require, module) {${program}\n})`);
  const pretend = `for (const [where, value] of [[process.versions, '${String(version)}'], [process, 'v${String(version)}']])
    Object.defineProperty(where, where === process ? 'version' : 'node', { value });
    require(process.argv[1]);`;
  const args = version === undefined ? [join(folder, 'main.js')] : ['-e', pretend, join(folder, 'main.js')];
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('the oldest Node that it starts on is that of package.json', () => {
  const oldest = engines.node.replace('>=', '');
  const [major = 0, minor = 0] = oldest.split('.').map(Number);
  const program = 'console.log("started")';
  expect(start(program, { version: `${major}.${minor}.0` })).toMatchObject({ status: 0, stdout: 'started\n' });
  expect(start(program, { version: `${major + 1}.0.0` })).toMatchObject({ status: 0, stdout: 'started\n' });
  for (const version of [`${major}.${minor - 1}.9`, `${major - 1}.${minor + 1}.0`, '20.20.2', '8.0.0'])
    expect(start(program, { version })).toStrictEqual({
      status: 2,
      stdout: '',
      stderr: `kubelet-guard needs Node.js ${oldest} or newer; this is v${version}: install a newer one, or run it in a checkout with: npm run -s kubelet-guard --\n`,
    });
});

const systemNode = spawnSync('/usr/bin/node', ['--version'], { encoding: 'utf8' });
const isOld = existsSync('/usr/bin/node') && /^v(?:\d|1\d|2[01])\./.test(systemNode.stdout);

(isOld ? test : test.skip)('a real Node that is too old says so in one line', () => {
  const { status, stderr } = start('console.log("started")', { node: '/usr/bin/node' });
  expect(status).toBe(2);
  expect(stderr).toMatch(/^kubelet-guard needs Node\.js \S+ or newer; this is v[^\n]*\n$/);
});

test.each([
  ['is missing', undefined],
  ['is cut off', 'if ('],
  ['throws', 'throw new Error("no such thing")'],
])('exits with 3, not with the 1 of a violation, if the program %s', (_what, program) => {
  const { status, stdout, stderr } = start(program, {});
  expect({ status, stdout }).toStrictEqual({ status: 3, stdout: '' });
  expect(stderr).toMatch(/^kubelet-guard: cannot start: [^\n]*npm run build\n$/);
});
