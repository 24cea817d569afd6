import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { outputs, type OutputName } from '../../../src/outputs/index.ts';
import { CHECKOUT } from '../../support/dockerfile.ts';
import { COUNTS, type Counts } from '../../support/format-counts.ts';
import { rendered } from '../../support/rendered.ts';
import { reports } from '../../support/reports.ts';
import { runCli } from '../../support/run-cli.ts';

const show = (report: GuardReport, output: OutputName): string => rendered({ report }, { output }).output;
const forPrograms = Object.keys(COUNTS) as OutputName[];
const forPeople = ['text', 'name', 'wide'];

test('each format is for people, or its counts are compared', () => {
  const names: readonly string[] = outputs.map(({ name }) => name);
  expect(names.filter((name) => !forPeople.includes(name)).sort()).toEqual([...forPrograms].sort());
});

test.each(forPrograms)('%s has the counts of the summary', (output) => {
  fc.assert(
    fc.property(reports, (report) => {
      // a comment can have room for less
      fc.pre(output !== 'markdown' || !show(report, output).includes('... and '));
      const { summary, run } = report;
      const wanted: Counts = { exempted: 0, ...summary, problems: run.problems.length };
      const counts = COUNTS[output]?.(show(report, output)) ?? {};
      expect(counts).toEqual(Object.fromEntries(Object.keys(counts).map((key) => [key, wanted[key as keyof Counts]])));
    }),
    { numRuns: 60 },
  );
});

test.each(outputs.map(({ name }) => name))('nothing in %s can act on a terminal', (output) => {
  fc.assert(
    fc.property(reports, (report) => {
      const text = show(report, output).replaceAll('\r\n', '\n');
      // eslint-disable-next-line no-control-regex -- control characters are the point
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      expect(text.isWellFormed()).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test.each(outputs.map(({ name }) => name))(
  '%s reads the findings as often as it needs, and changes nothing',
  (output) => {
    fc.assert(
      fc.property(reports, (report) => {
        const before = structuredClone(report);
        const streamed = { ...report, findings: { [Symbol.iterator]: () => report.findings[Symbol.iterator]() } };
        const { output: text } = rendered({ report: streamed }, { output });
        expect(text).toBe(show(report, output));
        expect(report).toEqual(before);
      }),
      { numRuns: 10 },
    );
  },
);

describe('the exit code', () => {
  const samples = join(CHECKOUT, 'samples/cluster');
  const unknown = 'apiVersion: v1\nkind: [';

  test.each([
    ['a violation', [samples], '', 1],
    ['what passes', [join(samples, 'cp-1')], '', 0],
    ['a file that cannot be read', ['-'], unknown, 3],
    ['nothing to check', ['-'], 'a: 1\n', 3],
  ])('of %s is the same in every format', async (_name, paths, input, status) => {
    const codes = [];
    for (const { name } of outputs) codes.push((await runCli(['check', '-o', name, ...paths], { input })).status);
    expect(codes).toEqual(outputs.map(() => status));
  });
});

test('--output writes several formats in one run, each to its file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-formats-'));
  try {
    const files = forPrograms.flatMap((name) => ['-o', `${name}=${join(folder, name)}`]);
    const { status, stdout } = await runCli(['check', '-o', 'text', ...files, 'samples/cluster'], { cwd: CHECKOUT });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^1 of 3 kube-apiserver configurations fails; 1 of 2 kubelet configurations fails$/m);
    for (const name of forPrograms) {
      const counts = COUNTS[name]?.(readFileSync(join(folder, name), 'utf8'));
      expect(counts).toMatchObject({ fail: 2, unknown: 0, problems: 0 });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
