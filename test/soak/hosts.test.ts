import { expect, test } from '@jest/globals';

import { mayBeOf } from '../../src/facts/host/stopped.ts';
import { soakAudits, soakHosts } from './hosts.ts';

/** The same seed each time; npm run soak uses new ones. */
const SEED = 20_261_127;

async function linesOf(run: (say: (line: string) => void) => Promise<boolean>): Promise<readonly string[]> {
  const lines: string[] = [];
  return (await run((line) => lines.push(line))) ? [] : lines;
}

test('user programs that look like a kubelet change no other finding', async () => {
  const bounds = { count: 12, milliseconds: 40_000, seed: SEED };
  expect(await linesOf((say) => soakHosts(bounds, say))).toEqual([]);
}, 60_000);

test('a report from a hostile node never affects another node, never throws and never takes long', async () => {
  const bounds = { count: 400, milliseconds: 40_000, seed: SEED };
  expect(await linesOf((say) => soakAudits(bounds, say))).toEqual([]);
}, 60_000);

test.each([
  ['/system.slice/kubelet.service', true],
  ['/runtime.slice/kubelet.service', true],
  ['/', true],
  [undefined, true],
  ['/user.slice/user-1000.slice/session-3.scope', false],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice/kubelet.service', false],
  ['/system.slice/nginx.service', false],
  [`/kubepods/burstable/pod1/${'0f'.repeat(32)}`, false],
])('kubelet.service may have started a kubelet in the control group %s: %s', (cgroup, expected) => {
  expect(mayBeOf('kubelet.service', cgroup)).toBe(expected);
});
