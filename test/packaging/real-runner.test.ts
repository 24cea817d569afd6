// The runner of the tests in a real cluster, with a testbed that only pretends: how it ends, and what it leaves.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';

import { eventually } from '../e2e/support/wait.ts';
import { CHECKOUT } from '../support/dockerfile.ts';

jest.setTimeout(60_000);

const PRETENDED = {
  'product-image.sh': 'echo image > "$2"',
  'real-up.sh':
    'echo rb1 > "$1/id"; mkdir "$1/log"; printf \'#!/bin/sh\\nexec "$@"\\n\' > "$1/enter"; chmod +x "$1/enter"',
  'real-down.sh': 'echo "$1" >> "$HOME/stopped"',
  ctr: 'cat > /dev/null',
  npm: 'echo "$KUBELET_GUARD_REAL_CLUSTER" >> "$HOME/tested"',
};

describe('npm run test:real', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'kubelet-guard-runner-'));
    mkdirSync(join(home, 'tmp'));
    for (const [name, script] of Object.entries(PRETENDED)) pretend(name, script);
  });
  afterEach(() => {
    rmSync(home, { recursive: true, force: true });
  });

  test('stops the cluster after the tests, and leaves nothing', async () => {
    expect(await start().end).toEqual({ code: 0, signal: null });
    expect(lines('tested')).toHaveLength(1);
    expect(lines('stopped')).toHaveLength(1);
    expect(left()).toEqual([]);
  });

  test('ends as its tests do', async () => {
    pretend('npm', 'exit 7');
    expect(await start().end).toEqual({ code: 7, signal: null });
    expect(left()).toEqual([]);
  });

  test('says why a cluster does not start, and stops what did', async () => {
    pretend(
      'real-up.sh',
      `${PRETENDED['real-up.sh']}; echo etcd is ill > "$1/log/kubelet.log"; echo no port >&2; exit 3`,
    );
    const run = start();
    expect(await run.end).toEqual({ code: 1, signal: null });
    expect(run.stderr()).toMatch(/the cluster does not start:\nno port\n(?:.*\n)*etcd is ill/);
    expect(run.stderr()).not.toMatch(/\n {4}at /);
    expect(lines('stopped')).toHaveLength(1);
    expect(lines('tested')).toEqual([]);
    expect(left()).toEqual([]);
  });

  test.each(['product-image.sh', 'real-up.sh', 'npm'] as const)(
    'stops everything at SIGINT while %s runs',
    async (name) => {
      pretend(name, `${PRETENDED[name]}; touch "$HOME/reached"; exec sleep 300`);
      const run = start();
      await eventually(`${name} to run`, () => (existsSync(join(home, 'reached')) ? true : undefined));
      run.kill('SIGINT');
      expect(await run.end).toEqual({ code: 130, signal: null });
      expect(lines('stopped')).toHaveLength(name === 'product-image.sh' ? 0 : 1);
      expect(left()).toEqual([]);
    },
  );

  test('clears away what a killed run left, and nothing that may belong to somebody else', async () => {
    pretend('npm', 'echo "$$" > "$HOME/reached"; exec sleep 300');
    const killed = start();
    const tests = await eventually('the tests to run', () => lines('reached')[0]);
    killed.kill('SIGKILL');
    await killed.end;
    process.kill(Number(tests), 'SIGKILL');
    const [cluster, image] = [left().find(isCluster), left().find((name) => !isCluster(name))];
    expect([cluster, image]).not.toContain(undefined);
    mkdirSync(join(home, 'tmp/kubelet-guard-real-unknown'));
    mkdirSync(join(home, 'tmp/kubelet-guard-real-running'));
    writeFileSync(join(home, 'tmp/kubelet-guard-real-running/owner'), ownerOf(process.pid));
    pretend('npm', PRETENDED.npm);

    const run = start();
    expect(await run.end).toEqual({ code: 0, signal: null });

    expect(run.stderr()).toContain(`${cluster ?? ''} was left by a run that was killed: it is deleted`);
    expect(lines('stopped')[0]).toBe(join(home, 'tmp', cluster ?? ''));
    expect(left()).toEqual(['kubelet-guard-real-running', 'kubelet-guard-real-unknown']);
  });

  test('keeps a cluster for the next run, and starts another one if it does not run any more', async () => {
    const options = { REAL_KEEP: join(home, 'keep') };
    expect(await start(options).end).toMatchObject({ code: 0 });
    expect(await start(options).end).toMatchObject({ code: 0 });
    expect(new Set(lines('tested')).size).toBe(1);
    expect(lines('stopped')).toEqual([]);

    const [kept = ''] = left();
    pretend(`tmp/${kept}/enter`, 'exit 1');
    const run = start(options);
    expect(await run.end).toMatchObject({ code: 0 });
    expect(run.stderr()).toContain('does not run: another one is started');
    expect(lines('stopped')).toEqual([join(home, 'tmp', kept)]);
    expect(left()).not.toContain(kept);
  });

  function pretend(name: string, script: string): void {
    writeFileSync(join(home, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(home, name), 0o755);
  }

  function lines(name: string): readonly string[] {
    const path = join(home, name);
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  }

  /** The temporary folders that exist. */
  function left(): readonly string[] {
    return readdirSync(join(home, 'tmp')).sort();
  }

  function start(options: Readonly<Record<string, string>> = {}) {
    const env = {
      PATH: `${home}:${process.env.PATH ?? ''}`,
      HOME: home,
      TMPDIR: join(home, 'tmp'),
      REAL_TESTBED: home,
      ...options,
    };
    const command = ['--disable-warning=ExperimentalWarning', 'test/real/main.ts'];
    const child = spawn(process.execPath, command, { cwd: CHECKOUT, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    const end = once(child, 'exit').then(([code, signal]: unknown[]) => ({ code, signal }));
    return { end, stderr: () => stderr, kill: (signal: NodeJS.Signals) => child.kill(signal) };
  }
});

function isCluster(name: string): boolean {
  return name.startsWith('kubelet-guard-real-');
}

function ownerOf(pid: number): string {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  return `${String(pid)} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
}
