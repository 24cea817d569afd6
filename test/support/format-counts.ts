// Reads the counts of a report out of each format that programs read.

import { expect } from '@jest/globals';

import type { GuardReport, Summary } from '../../src/outputs/guard-report.ts';
import { parseCsv } from './csv.ts';
import { parseXml, type XmlElement } from './xml.ts';

/** How many findings count as what, and how many problems the run has. */
export type Counts = Partial<Required<Summary>> & { readonly problems?: number };

interface SarifLog {
  readonly runs: readonly [
    {
      readonly results: readonly { kind: string; suppressions?: unknown }[];
      readonly properties: { readonly summary: Summary };
      readonly invocations: readonly [{ toolExecutionNotifications: readonly unknown[] }];
    },
  ];
}

const count = <T>(items: readonly T[], wanted: (item: T) => boolean): number => items.filter(wanted).length;

/** How each format that programs read counts a report; without the counts that it has no place for. */
export const COUNTS: Readonly<Record<string, (text: string) => Counts>> = {
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
  html: (text) => {
    const count = (result: string): number => Number(new RegExp(`class="${result}"><b>(\\d+)</b>`).exec(text)?.[1]);
    return {
      pass: count('pass'),
      fail: count('fail'),
      unknown: count('unknown'),
      exempted: count('exempt'),
      problems: count('problem'),
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
