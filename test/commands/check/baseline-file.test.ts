import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { readBaseline } from '../../../src/commands/check/baseline-file.ts';
import { compareWithBaseline } from '../../../src/commands/check/baseline.ts';
import { renderJson } from '../../../src/outputs/json.ts';
import { reportRun } from '../../../src/outputs/report.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../../support/findings.ts';

const run = { id: 'run-1', entrance: 'check', startedAt: '', finishedAt: '' } as const;
const report = reportRun(run, {
  findings: [
    apiServerFinding({ outcome: outcomes.fail }),
    kubeletFinding({ outcome: outcomes.unknown }),
    kubeletFinding({ source: { node: 'edge-1', via: 'configz' }, vantage: 'live' }),
  ],
  problems: [],
});
const [failed] = report.findings;

test('a report is read as it was written', () => {
  expect(readBaseline(renderJson(report))).toStrictEqual(report);
});

test('keys that are added later do not matter', () => {
  const later = { ...report, added: 1, run: { ...report.run, added: 1 }, findings: [{ ...failed, added: 1 }] };
  expect(readBaseline(JSON.stringify(later))).toStrictEqual(later);
});

const finding = (parts: object) => ({ ...report, findings: [...report.findings, { ...failed, ...parts }] });

test.each([
  ['no JSON', 'apiVersion: kubelet-guard.dev/v1alpha1', /^is not JSON; /],
  ['nothing', '', /^is not JSON/],
  ['half a report', renderJson(report).slice(0, -9), /^is not JSON/],
  ['null', null, /^is not a GuardReport/],
  ['a list', [report], /^is not a GuardReport/],
  ['another kind', { ...report, kind: 'GuardConfiguration' }, /^is not a GuardReport/],
  ['another version', { ...report, apiVersion: 'kubelet-guard.dev/v2' }, /^has another apiVersion than .*v1alpha1/],
  ['no run', { ...report, run: undefined }, /^has no run with an id/],
  ['a partial run', reportRun(run, { findings: [], problems: [lostFile] }), /^is the report of an incomplete run/],
  ['a run that says nothing of it', { ...report, run: { ...run } }, /^is the report of an incomplete run/],
  ['what a comparison left', compareWithBaseline(report, report), /^shows only what was worse than another baseline/],
  ['no findings', { ...report, findings: undefined }, /^has no findings/],
  ['a finding that is null', { ...report, findings: [null] }, /^has a finding .*\(\/findings\/0\)/],
  ['an unknown result', finding({ result: 'fine' }), /\(\/findings\/3\); write it with check --write-baseline$/],
  ['a pass with violations', finding({ result: 'pass' }), /\/findings\/3/],
  ['a fail without', finding({ violations: [] }), /\/findings\/3/],
  ['a violation without a code', finding({ violations: [{ setting: 'x' }] }), /\/findings\/3/],
  ['a subject without a name', finding({ subject: { component: 'kubelet' } }), /\/findings\/3/],
  ['a container that is no text', finding({ subject: { ...failed?.subject, container: 1 } }), /\/findings\/3/],
  ['a source of no kind', finding({ source: {} }), /\/findings\/3/],
])('%s is no baseline', (_name, content, reason) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  expect(readBaseline(text)).toStrictEqual({ fault: expect.stringMatching(reason) });
});

test('no JSON makes it throw, and what it takes can be compared with', () => {
  fc.assert(
    fc.property(fc.json(), fc.jsonValue(), (text, value) => {
      readBaseline(text);
      const read = readBaseline(JSON.stringify(finding(value as object)));
      if (!('fault' in read)) compareWithBaseline(report, read);
    }),
  );
});
