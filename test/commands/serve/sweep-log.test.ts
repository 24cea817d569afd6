import { expect, test } from '@jest/globals';

import { createSweepLogs } from '../../../src/commands/serve/sweeper/sweep-log.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import { createLog } from '../../../src/runtime/log.ts';
import type { SweepResult } from '../../../src/sweeper/run/sweep.ts';
import { Lines } from '../../support/admission.ts';
import { kubeletFinding, lostFile, outcomes } from '../../support/findings.ts';

const SINCE = '2026-11-20T10:00:00.000Z';
const NOW = '2026-11-28T10:00:00.000Z';

const kubelet = (name: string, parts: Partial<Finding>): Finding =>
  kubeletFinding({ subject: { component: 'kubelet', name, kind: 'Node' }, vantage: 'live', ...parts });
const persists = kubelet('node-1', { outcome: outcomes.fail, drift: { state: 'persisting', since: SINCE } });
const isNew = kubelet('node-2', { outcome: outcomes.fail, drift: { state: 'new', since: NOW } });
const resolved = kubelet('node-3', { drift: { state: 'resolved', since: NOW } });
const passes = kubelet('node-4', {});

const RESULT = {
  problems: [],
  counts: { summary: { pass: 1, fail: 2, unknown: 0 } },
  link: { result: 'fail' },
  nodes: { pass: 1, fail: 2, unknown: 0, skipped: 0, skippedNames: [] },
} as unknown as SweepResult;

/** Logs sweeps with these findings, one after the other, and gives the lines of each. */
function logged(sweeps: readonly (readonly Finding[])[], result = RESULT) {
  const sweepLogOf = createSweepLogs();
  return sweeps.map((findings) => {
    const lines = new Lines();
    const log = sweepLogOf(createLog('info', lines));
    for (const finding of findings) log.callbacks.onFinding(finding, undefined);
    log.ended(result, 0.161_948_327_999_999_95);
    return lines.entries;
  });
}

test('what changed is logged by name, and what persists is counted', () => {
  const [lines] = logged([[persists, isNew, resolved, passes]]);
  expect(lines).toMatchObject([
    { level: 'warn', msg: 'new finding', control: 'kubelet-client-ca', result: 'fail', subject: { name: 'node-2' } },
    { level: 'info', msg: 'resolved finding', subject: { name: 'node-3' } },
    {
      level: 'info',
      msg: 'findings persist',
      fail: 1,
      unknown: 0,
      controls: { 'kubelet-client-ca': 1 },
      oldest: SINCE,
    },
    { level: 'info', msg: 'a sweep is complete', seconds: 0.162, link: 'fail' },
  ]);
  expect(lines).toHaveLength(4);
});

test('sweeps that are never complete log a finding once, until it changes', () => {
  const incomplete = { ...RESULT, problems: [lostFile] };
  const other = kubelet('node-2', { outcome: outcomes.unknown, drift: { state: 'new', since: NOW } });
  const sweeps = logged([[isNew], [isNew], [other], [passes], [isNew]], incomplete);
  const findings = sweeps.map((lines) => lines.filter(({ msg }) => msg === 'new finding').map(({ result }) => result));
  expect(findings).toEqual([['fail'], [], ['unknown'], [], ['fail']]);
  expect(sweeps[1]).toMatchObject([
    { msg: 'findings persist', fail: 1 },
    { level: 'warn', code: 'forbidden' },
    { msg: 'a sweep is incomplete and resolves no findings' },
  ]);
});
