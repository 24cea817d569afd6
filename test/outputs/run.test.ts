import { describe, expect, test } from '@jest/globals';

import { RunCounts } from '../../src/outputs/counts.ts';
import { countReported, reportRun } from '../../src/outputs/report.ts';
import { concludeRun, exemptionsAt, type RunOptions, type RunOutcome } from '../../src/outputs/run.ts';
import type { Inspection } from '../../src/policy/finding.ts';
import { kubeletFinding, lostFile, outcomes } from '../support/findings.ts';

const RUN = {
  id: '1',
  entrance: 'check',
  startedAt: '2026-11-23T12:00:00Z',
  finishedAt: '2026-11-23T12:00:01Z',
} as const;
const OPTIONS: RunOptions = { failOn: 'unknown' };
const EXEMPTION = { control: 'kubelet-client-ca', subject: 'configmap/*', reason: 'known', expires: '2026-11-23' };

function outcomeOf(
  inspection: Partial<Inspection>,
  exemptions = [EXEMPTION],
  time: string = RUN.startedAt,
): RunOutcome {
  const report = reportRun(
    { ...RUN, startedAt: time },
    { findings: [], problems: [], ...inspection },
    exemptionsAt(exemptions, time),
    exemptions,
  );
  return { report, counts: countReported(report.findings), notes: ['a note'], nothing: 'nothing to check' };
}

describe('the end of a run', () => {
  const failing = kubeletFinding({ outcome: outcomes.fail });

  test('lists problems, notes, "nothing to check" and expired exemptions on standard error', () => {
    const outcome = outcomeOf({ problems: [lostFile] }, [EXEMPTION], '2026-11-24T00:00:00Z');
    expect(concludeRun(outcome, OPTIONS).errors).toStrictEqual([
      'secret.yaml: cannot be read: give this user the right to read it [forbidden]',
      'a note',
      'nothing to check',
      'the exemption of kubelet-client-ca for configmap/* expired on 2026-11-23 and no longer applies: renew or remove it',
    ]);
  });

  test('names the line of a problem, and standard input', () => {
    const problem = { code: 'malformed', message: 'no YAML', origin: { layer: 'file', line: 7 } } as const;
    const outcome = outcomeOf({ problems: [{ problem, source: { path: '-' } }] });
    expect(concludeRun(outcome, OPTIONS).errors[0]).toBe('standard input:7: no YAML [malformed]');
  });

  test('an exemption counts until the end of its last day, in UTC', () => {
    const exitCodeAt = (time: string) =>
      concludeRun(outcomeOf({ findings: [failing] }, [EXEMPTION], time), OPTIONS).exitCode;
    expect([exitCodeAt('2026-11-23T23:59:59Z'), exitCodeAt('2026-11-24T00:00:00Z')]).toStrictEqual([0, 1]);
  });

  test('hidden findings count as checked', () => {
    expect(concludeRun({ ...outcomeOf({}), checked: 2 }, OPTIONS).exitCode).toBe(0);
  });
});

describe('counts', () => {
  test('an exempt finding that does not pass counts as exempt only, and does not change the exit code', () => {
    const counts = new RunCounts();
    counts.add('pass');
    counts.add('fail', { isExempted: true });
    counts.add('unknown', { isExempted: true });
    expect(counts.summary).toStrictEqual({ pass: 1, fail: 0, unknown: 0, exempted: 2 });
    expect([counts.checked, counts.exitCode('unknown', true)]).toStrictEqual([3, 0]);
  });

  test('a finding can count with another result for the exit code', () => {
    const counts = new RunCounts();
    counts.add('pass', { countsAs: 'fail' });
    expect([counts.summary, counts.exitCode('fail', true)]).toStrictEqual([{ pass: 1, fail: 0, unknown: 0 }, 1]);
  });
});
