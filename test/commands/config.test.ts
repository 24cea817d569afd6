import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { runCli } from '../support/run-cli.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-config-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runCli(args, { cwd: folder, env });
}

describe('config check', () => {
  test('gives 0 for a good file', async () => {
    const file = write('good.yaml', HEAD);
    expect(await run(['config', 'check', file])).toStrictEqual({ status: 0, stdout: 'good.yaml: valid\n', stderr: '' });
  });

  test('tells of what its author may not expect', async () => {
    const exemption = '{ control: kubelet-client-ca, subject: node/a, reason: ticket 4711, expires: 2020-01-31 }';
    const file = write('notes.yaml', `${HEAD}exemptions:\n  - ${exemption}\n`);
    expect(await run(['config', 'check', file])).toStrictEqual({
      status: 0,
      stdout: [
        'notes.yaml:4:5: note: the exemption of node/a from kubelet-client-ca expired on 2020-01-31 and no longer applies: renew or remove it\n',
        'notes.yaml: valid\n',
      ].join(''),
      stderr: '',
    });
  });

  test('gives 2 and all faults of a bad one', async () => {
    const file = write('bad.yaml', `${HEAD}onUnknown: x\nonUnknown: audit\nexemptions: [{}]\n`);
    const { status, stdout, stderr } = await run(['config', 'check', file]);
    expect([status, stdout]).toStrictEqual([2, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(6);
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^kubelet-guard: bad\.yaml:\d+:\d+: /);
  });

  test('gives 2 for a file that cannot be read, and for none', async () => {
    expect(await run(['config', 'check', 'nowhere.yaml'])).toStrictEqual({
      status: 2,
      stdout: '',
      stderr: 'kubelet-guard: cannot read the configuration nowhere.yaml (ENOENT): check its path and mode\n',
    });
    expect((await run(['config', 'check'])).status).toBe(2);
    expect((await run(['config'])).status).toBe(2);
  });
});

describe('config print', () => {
  test('prints what is itself a good file', async () => {
    const file = write('in.yaml', `${HEAD}controls: { kubelet-client-ca: { on: { pod: off } } }\n`);
    const { status, stdout, stderr } = await run(['config', 'print', '--config', file]);
    expect([status, stderr]).toStrictEqual([0, '']);
    expect(stdout).toContain('      pod: off # file in.yaml:3\n      workload: ratchet # default\n');
    const out = write('out.yaml', stdout);
    expect(await run(['config', 'check', out])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('out.yaml: valid'),
    });
  });

  test('prints the defaults without a file, and refuses a bad one', async () => {
    expect(await run(['config', 'print'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('onUnknown: audit # default'),
    });
    expect(await run(['config', 'print', '--config', write('bad.yaml', 'x: 1\n')])).toMatchObject({
      status: 2,
      stdout: '',
    });
  });
});

describe('the environment', () => {
  async function serveVariables(): Promise<string[]> {
    return [...(await run(['serve', '--help'])).stdout.matchAll(/KUBELET_GUARD_[A-Z_]+/g)].map(([name]) => name);
  }

  test('has a variable for every flag of serve, as --help says', async () => {
    const flags = [...(await run(['serve', '--help'])).stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map(
      ([, flag = '']) => flag,
    );
    expect(flags.length).toBeGreaterThan(7);
    expect(await serveVariables()).toStrictEqual(
      flags.map((flag) => `KUBELET_GUARD_${flag.toUpperCase().replaceAll('-', '_')}`),
    );
  });

  test('that is empty is refused, by the name of the variable', async () => {
    for (const variable of await serveVariables()) {
      const { status, stdout, stderr } = await run(['serve'], { [variable]: '' });
      expect([status, stdout]).toStrictEqual([2, '']);
      expect(stderr).toMatch(new RegExp(`^kubelet-guard: .*${variable}.*\n$`));
    }
  });

  test('gives what a flag gives, and the flag wins', async () => {
    const good = write('good.yaml', `${HEAD}onUnknown: deny\n`);
    const bad = write('bad.yaml', 'x');
    expect((await run(['config', 'print'], { KUBELET_GUARD_CONFIG: good })).stdout).toContain(
      'onUnknown: deny # file good.yaml:3',
    );
    expect((await run(['serve'], { KUBELET_GUARD_CONFIG: bad })).stderr).toContain('bad.yaml:1:1: ');
    const { stderr } = await run(['serve', '--config', good], { KUBELET_GUARD_CONFIG: bad });
    expect(stderr).toBe((await run(['serve'])).stderr);
  });

  test('switches the demo on by true only', async () => {
    const listen = { KUBELET_GUARD_LISTEN: '192.0.2.1:8443' };
    expect((await run(['serve'], { ...listen, KUBELET_GUARD_DEMO: 'true' })).stderr).toContain(
      '--demo is for this machine',
    );
    expect((await run(['serve'], { ...listen, KUBELET_GUARD_DEMO: 'false' })).stderr).toContain('or try --demo');
    expect(await run(['serve'], { ...listen, KUBELET_GUARD_DEMO: '1' })).toMatchObject({
      status: 2,
      stderr: 'kubelet-guard: KUBELET_GUARD_DEMO must be true or false, not "1"\n',
    });
  });
});

test('docs/configuration.md shows what the commands really say', async () => {
  const [example = ''] = /(?<=^```yaml\n# guard\.yaml\n)[^]*?(?=^```)/m.exec(page) ?? [];
  write('guard.yaml', `# guard.yaml\n${example}`);
  const shown = [...page.matchAll(/^```console\n\$ kubelet-guard (config .*)\n([^]*?)^```/gm)];
  expect(shown.length).toBeGreaterThan(2);
  for (const [, command = '', output] of shown) {
    if (command.includes('bad.yaml')) {
      const [bad = ''] = /(?<=^```yaml\n# bad\.yaml\n)[^]*?(?=^```)/m.exec(page) ?? [];
      write('bad.yaml', `# bad.yaml\n${bad}`);
    }
    const { stdout, stderr } = await run(command.split(' '));
    expect(stdout + stderr).toBe(output);
  }
});
