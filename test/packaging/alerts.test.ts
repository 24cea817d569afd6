import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';

import { plainRules } from '../../scripts/plain-rules.ts';
import { controls } from '../../src/controls/index.ts';
import { findProgram } from '../e2e/support/programs.ts';
import { CHECKOUT } from '../support/dockerfile.ts';
import { ALERT_CASES } from './alerts.rows.ts';

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

const FILE = join(CHECKOUT, 'manifests/monitoring/prometheus/rules.yaml');
const rules = (parse(readFileSync(FILE, 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] }).groups
  .flatMap((group) => group.rules)
  .filter(({ alert }) => alert !== undefined);
const names = [...new Set(rules.map(({ alert = '' }) => alert))].sort();
/** Prometheus's test tool: the one that PROMTOOL names, else the one on the PATH. */
const promtool = process.env.PROMTOOL ?? findProgram('promtool');

test('the plain rule file is what `npm run docs` writes from the PrometheusRule', () => {
  expect(readFileSync(FILE, 'utf8')).toBe(plainRules());
});

test('critical alerts about findings name the main controls, and all others exclude exactly these', () => {
  const main = controls.filter(({ supporting }) => supporting !== true).map(({ slug }) => slug);
  const found = rules.flatMap(({ alert, expr, labels }) => {
    const [, operator, list = ''] = /control(=~|!~)"([^"]*)"/.exec(expr) ?? [];
    return operator === undefined ? [] : [{ alert, severity: labels.severity, operator, list: list.split('|').sort() }];
  });
  const list = [...main].sort();
  expect(found).toEqual([
    { alert: 'KubeletGuardViolation', severity: 'critical', operator: '=~', list },
    { alert: 'KubeletGuardSupportingViolation', severity: 'warning', operator: '!~', list },
    { alert: 'KubeletGuardDeclaredViolation', severity: 'warning', operator: '=~', list },
    { alert: 'KubeletGuardDeclaredViolation', severity: 'info', operator: '!~', list },
  ]);
});

test('docs/runbook.md has one section for each alert, to which the alert links, and no other', () => {
  const page = readFileSync(join(CHECKOUT, 'docs/runbook.md'), 'utf8');
  const sections = [...page.matchAll(/^#+ (KubeletGuard\w*)$/gm)].map(([, name = '']) => name);
  expect([...sections].sort()).toEqual(names);
  for (const { alert = '', annotations } of rules) {
    expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  }
});

test.each(names)('%s keeps the label cluster, and prints no raw number', (name) => {
  for (const { expr, annotations } of rules.filter(({ alert }) => alert === name)) {
    expect(expr).not.toMatch(/\b(?:sum|min|max)\s*\(/);
    expect(expr).toMatch(/by \(cluster\b|cluster:/);
    expect(annotations.description).not.toMatch(/\$value\s*\}/);
  }
});

test.each(names)('%s has a case in which it fires and one in which it does not', (name) => {
  const cases = ALERT_CASES.filter(({ alert }) => alert === name);
  expect(new Set(cases.map(({ fires }) => fires.length > 0))).toEqual(new Set([true, false]));
});

(promtool === undefined ? describe.skip : describe)('promtool', () => {
  test.each(ALERT_CASES.map((one) => [one.alert, one.title, one] as const))('%s: %s', (name, _title, one) => {
    const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
    try {
      const file = join(folder, 'test.yaml');
      writeFileSync(file, stringify(testOf(name, one)));
      const output = execFileSync(promtool ?? '', ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' });
      expect(output).toContain('SUCCESS');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('accepts the rules', () => {
    expect(execFileSync(promtool ?? '', ['check', 'rules', FILE], { encoding: 'utf8' })).toContain('SUCCESS');
  });
});

/** The input of `promtool test rules`. */
function testOf(name: string, { series, at, fires }: (typeof ALERT_CASES)[number]): object {
  const expected = fires.map(({ labels, description }) => {
    const rule = rules.find(({ alert, labels: own }) => alert === name && own.severity === labels.severity);
    return { exp_labels: labels, exp_annotations: { ...rule?.annotations, description } };
  });
  return {
    rule_files: [FILE],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
        alert_rule_test: [{ eval_time: at, alertname: name, exp_alerts: expected }],
      },
    ],
  };
}
