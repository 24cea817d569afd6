// Tests that run longer with a variable: generated shell scripts in real shells (test/differential/shell.test.ts), with
// more scripts and other seeds, and an outage of the API server (test/e2e/machine-faults.e2e.ts).

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { CHECKOUT } from '../support/dockerfile.ts';
import type { Bounds } from './reviews.ts';

/** Scripts in one run; the time limit is checked between runs. */
const CHUNK = 2000;

/** An API server that is gone for ten minutes: test/e2e/machine-faults.e2e.ts. */
export async function soakOutage({ count }: Bounds, say: (line: string) => void): Promise<boolean> {
  const arguments_ = [
    '--selectProjects',
    'e2e',
    '--runInBand',
    'test/e2e/machine-faults.e2e.ts',
    '-t',
    'survives an outage of its API server',
  ];
  const { code, output } = await jest(arguments_, { OUTAGE_SECONDS: String(count) });
  say(output.slice(-4000));
  return code === 0;
}

/** Runs the test repeatedly, and returns whether all runs passed. */
export async function soakScripts(bounds: Bounds, say: (line: string) => void): Promise<boolean> {
  const began = performance.now();
  let done = 0;
  let failed = 0;
  while (done < bounds.count && performance.now() - began < bounds.milliseconds) {
    const runs = Math.min(CHUNK, bounds.count - done);
    const variables = { SHELL_SCRIPTS: String(runs), SHELL_SEED: String(bounds.seed + done) };
    const { code, output } = await jest(
      ['--selectProjects', 'differential', '--runInBand', 'test/differential/shell'],
      variables,
    );
    done += runs;
    if (code !== 0) {
      failed += 1;
      // print the failed script, not the list of passed ones
      say(output.slice(Math.max(0, output.indexOf('●'))).slice(0, 4000));
    }
    say(`scripts: ${done} scripts, ${failed} runs failed, ${Math.round((performance.now() - began) / 1000)} s`);
  }
  return failed === 0;
}

async function jest(
  options: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('npm', ['run', '-s', 'jest', '--', '--no-watchman', ...options], {
    cwd: CHECKOUT,
    env: { ...process.env, ...variables, CI: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm, Jest and its workers are one process group
    detached: true,
  });
  const killAll = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // all processes have ended
    }
  };
  process.once('exit', killAll);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  } finally {
    killAll();
    process.off('exit', killAll);
  }
}
