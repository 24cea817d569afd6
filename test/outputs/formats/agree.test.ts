import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { GuardReport, Summary } from '../../../src/outputs/guard-report.ts';
import { outputs, type OutputName } from '../../../src/outputs/index.ts';
import { parseCsv } from '../../support/csv.ts';
import { CHECKOUT } from '../../support/dockerfile.ts';
import { rendered } from '../../support/rendered.ts';
import { reports } from '../../support/reports.ts';
import { runCli } from '../../support/run-cli.ts';
import { parseXml, type XmlElement } from '../../support/xml.ts';

type Counts = Partial<Required<Summary>> & { readonly problems?: number };

interface SarifLog {
  readonly runs: readonly [
    {
      readonly results: readonly { kind: string; suppressions?: unknown }[];
      readonly properties: { readonly summary: Summary };
      readonly invocations: readonly [{ toolExecutionNotifications: readonly unknown[] }];
    },
  ];
}

const show = (report: GuardReport, output: OutputName): string => rendered({ report }, { output }).output;
const count = <T>(items: readonly T[], wanted: (item: T) => boolean): number => items.filter(wanted).length;

/** How each format that programs read counts a report; without the counts that it has no place for. */
const COUNTS: Readonly<Record<string, (text: string) => Counts>> = {
  json: (text) => {
    const { summary, run } = JSON.parse(text) as GuardReport;
    return { exempted: 0, ...summary, problems: run.problems.length };
  },
  sarif: (text) => {
    const [{ results, properties, invocations }] = (JSON.parse(text) as SarifLog).runs;
    const shown = results.filter(({ suppressions }) => suppressions === undefined);
    return {
      pass: properties.summary.pass,
      fail: count(shown, ({ kind }) => kind === 'fail'),
      unknown: count(shown, ({ kind }) => kind === 'review'),
      exempted: results.length - shown.length,
      problems: invocations[0].toolExecutionNotifications.length,
    };
  },
  junit: (text) => {
    const suites = parseXml(text).children;
    const casesOf = (wanted: (suite: XmlElement) => boolean): readonly XmlElement[] =>
      suites.filter(wanted).flatMap(({ children }) => children);
    const cases = casesOf(({ attributes }) => attributes.name !== 'run');
    const having = (part: string): number => count(cases, ({ children }) => children.some(({ name }) => name === part));
    return {
      pass: count(cases, ({ children }) => children.length === 0),
      fail: having('failure'),
      unknown: having('error'),
      exempted: having('skipped'),
      problems: casesOf(({ attributes }) => attributes.name === 'run').length,
    };
  },
  csv: (text) => {
    const rows = parseCsv(text);
    const having = (result: string): number => count(rows, (row) => row.result === result);
    return {
      pass: having('pass'),
      fail: having('fail'),
      unknown: having('unknown'),
      exempted: having('exempt'),
      problems: having('problem'),
    };
  },
  markdown: (text) => {
    const [first = ''] = text.split('\n');
    const number = (word: string): number => Number(new RegExp(`(\\d+) ${word}`).exec(first)?.[1] ?? 0);
    const rows = (label: string): number => count(text.split('\n'), (line) => line.startsWith(`| ${label} |`));
    const counts = {
      pass: rows('PASS'),
      fail: rows('**FAIL**'),
      unknown: rows('UNKNOWN'),
      exempted: rows('EXEMPT'),
      problems: Number(/incomplete: (\d+)/.exec(first)?.[1] ?? 0),
    };
    expect(first).toContain(`**${String(counts.fail)} failed**`);
    const { pass, unknown, exempted } = counts;
    expect([number('passed'), number('unknown'), number('exempt')]).toEqual([pass, unknown, exempted]);
    return counts;
  },
  'gitlab-code-quality': (text) => {
    const entries = JSON.parse(text) as readonly { severity: string; check_name: string }[];
    const findings = entries.filter(({ check_name }) => check_name !== 'incomplete-run');
    return {
      fail: count(findings, ({ severity }) => severity !== 'minor'),
      unknown: count(findings, ({ severity }) => severity === 'minor'),
      problems: entries.length - findings.length,
    };
  },
  'policy-report': (text) => {
    const { items } = JSON.parse(text) as {
      items: readonly { summary: Record<string, number>; results: readonly { policy: string; result: string }[] }[];
    };
    const rows = items.flatMap(({ results }) => results);
    const having = (result: string): number => {
      const inRows = count(rows, (row) => row.result === result);
      expect(items.reduce((sum, { summary }) => sum + (summary[result] ?? 0), 0)).toBe(inRows);
      return inRows;
    };
    const problems = count(rows, ({ policy }) => policy === 'kubelet-guard');
    return {
      pass: having('pass'),
      fail: having('fail'),
      unknown: having('error') - problems,
      exempted: having('skip'),
      problems,
    };
  },
};

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
