// Generated shell scripts against the real shells: test/facts/shell-real.test.ts, with more of them and other seeds.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { CHECKOUT } from '../support/dockerfile.ts';
import type { Bounds } from './reviews.ts';

/** A run ends after so many, so that the time is looked at. */
const CHUNK = 2000;

/** Runs the test again and again, and tells whether all of them passed. */
export async function soakScripts(bounds: Bounds, say: (line: string) => void): Promise<boolean> {
  const began = performance.now();
  let done = 0;
  let failed = 0;
  while (done < bounds.count && performance.now() - began < bounds.milliseconds) {
    const runs = Math.min(CHUNK, bounds.count - done);
    const variables = { SCRIPT_RUNS: String(runs), SCRIPT_SEED: String(bounds.seed + done) };
    const child = spawn(
      'npm',
      ['run', '-s', 'jest', '--', '--selectProjects', 'unit', '-w', '1', 'test/facts/shell-real'],
      {
        cwd: CHECKOUT,
        env: { ...process.env, ...variables, CI: undefined },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const [code] = (await once(child, 'close')) as [number | null];
    done += runs;
    if (code !== 0) {
      failed += 1;
      say(output.slice(0, 4000));
    }
    say(`scripts: ${done} scripts, ${failed} runs failed, ${Math.round((performance.now() - began) / 1000)} s`);
  }
  return failed === 0;
}
