import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { runCli } from '../support/run-cli.ts';

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
  test('exits with 0 for a valid file', async () => {
    const file = write('good.yaml', HEAD);
    expect(await run(['config', 'check', file])).toStrictEqual({ status: 0, stdout: 'good.yaml: valid\n', stderr: '' });
  });

  test('prints a note for an expired exemption', async () => {
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

  test('exits with 2 and prints all faults of an invalid file', async () => {
    const file = write('bad.yaml', `${HEAD}onUnknown: x\nonUnknown: audit\nexemptions: [{}]\n`);
    const { status, stdout, stderr } = await run(['config', 'check', file]);
    expect([status, stdout]).toStrictEqual([2, '']);
    expect(stderr.trimEnd().split('\n')).toHaveLength(6);
    for (const line of stderr.trimEnd().split('\n')) expect(line).toMatch(/^kubelet-guard: bad\.yaml:\d+:\d+: /);
  });

  test('exits with 2 for a file that cannot be read, and without a file', async () => {
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
  test('prints a valid configuration file', async () => {
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

  test('prints the defaults without a file, and rejects an invalid file', async () => {
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

describe('an environment variable', () => {
  async function serveVariables(): Promise<string[]> {
    return [...(await run(['serve', '--help'])).stdout.matchAll(/KUBELET_GUARD_[A-Z_]+/g)].map(([name]) => name);
  }

  test('exists for every flag of serve, and --help names it', async () => {
    const flags = [...(await run(['serve', '--help'])).stdout.matchAll(/^ {2}--([a-z-]+)/gm)].map(
      ([, flag = '']) => flag,
    );
    expect(flags.length).toBeGreaterThan(7);
    expect(await serveVariables()).toStrictEqual(
      flags.map((flag) => `KUBELET_GUARD_${flag.toUpperCase().replaceAll('-', '_')}`),
    );
  });

  test('that is empty is rejected by name', async () => {
    for (const variable of await serveVariables()) {
      const { status, stdout, stderr } = await run(['serve'], { [variable]: '' });
      expect([status, stdout]).toStrictEqual([2, '']);
      expect(stderr).toMatch(new RegExp(`^kubelet-guard: .*${variable}.*\n$`));
    }
  });

  test('does the same as its flag, and the flag wins', async () => {
    const good = write('good.yaml', `${HEAD}onUnknown: deny\n`);
    const bad = write('bad.yaml', 'x');
    expect((await run(['config', 'print'], { KUBELET_GUARD_CONFIG: good })).stdout).toContain(
      'onUnknown: deny # file good.yaml:3',
    );
    expect((await run(['serve'], { KUBELET_GUARD_CONFIG: bad })).stderr).toContain('bad.yaml:1:1: ');
    const { stderr } = await run(['serve', '--config', good], { KUBELET_GUARD_CONFIG: bad });
    expect(stderr).toBe((await run(['serve'])).stderr);
  });

  test('turns the demo on only with the value true', async () => {
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
