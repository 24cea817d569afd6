import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { readBaseline } from '../../../src/commands/check/baseline-file.ts';
import { compareWithBaseline } from '../../../src/commands/check/baseline.ts';
import { renderJson } from '../../../src/outputs/formats/json.ts';
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

test('a report that was written reads back the same', () => {
  expect(readBaseline(renderJson(report))).toStrictEqual(report);
});

test('a report with keys of a later version is accepted', () => {
  const later = { ...report, added: 1, run: { ...report.run, added: 1 }, findings: [{ ...failed, added: 1 }] };
  expect(readBaseline(JSON.stringify(later))).toStrictEqual(later);
});

const finding = (parts: object) => ({ ...report, findings: [...report.findings, { ...failed, ...parts }] });

test.each([
  ['text that is not JSON', 'apiVersion: kubelet-guard.dev/v1alpha1', /^is not JSON; /],
  ['an empty file', '', /^is not JSON/],
  ['half a report', renderJson(report).slice(0, -9), /^is not JSON/],
  ['null', null, /^is not a GuardReport/],
  ['a list', [report], /^is not a GuardReport/],
  ['an object of another kind', { ...report, kind: 'GuardConfiguration' }, /^is not a GuardReport/],
  [
    'a report of another version',
    { ...report, apiVersion: 'kubelet-guard.dev/v2' },
    /^has another apiVersion than .*v1alpha1/,
  ],
  ['a report without a run', { ...report, run: undefined }, /^has no run with an id/],
  ['an incomplete run', reportRun(run, { findings: [], problems: [lostFile] }), /^is the report of an incomplete run/],
  ['a run without the field complete', { ...report, run: { ...run } }, /^is the report of an incomplete run/],
  [
    'the result of a comparison',
    compareWithBaseline(report, report),
    /^shows only what was worse than another baseline/,
  ],
  ['a report without findings', { ...report, findings: undefined }, /^has no findings/],
  ['a finding that is null', { ...report, findings: [null] }, /^has a finding .*\(\/findings\/0\)/],
  [
    'a finding with an unknown result',
    finding({ result: 'fine' }),
    /\(\/findings\/3\); write it with check --write-baseline$/,
  ],
  ['a pass with violations', finding({ result: 'pass' }), /\/findings\/3/],
  ['a fail without violations', finding({ violations: [] }), /\/findings\/3/],
  ['a violation without a code', finding({ violations: [{ setting: 'x' }] }), /\/findings\/3/],
  ['a subject without a name', finding({ subject: { component: 'kubelet' } }), /\/findings\/3/],
  ['a container that is not a string', finding({ subject: { ...failed?.subject, container: 1 } }), /\/findings\/3/],
  ['an empty source', finding({ source: {} }), /\/findings\/3/],
])('%s is not a baseline', (_name, content, reason) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  expect(readBaseline(text)).toStrictEqual({ fault: expect.stringMatching(reason) });
});

test('no JSON makes readBaseline throw, and every accepted baseline can be compared with', () => {
  fc.assert(
    fc.property(fc.json(), fc.jsonValue(), (text, value) => {
      readBaseline(text);
      const read = readBaseline(JSON.stringify(finding(value as object)));
      if (!('fault' in read)) compareWithBaseline(report, read);
    }),
  );
});
