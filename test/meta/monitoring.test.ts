import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { controls } from '../../src/controls/index.ts';
import { VANTAGES } from '../../src/policy/reading.ts';
import { decisionLabels, createMetrics } from '../../src/runtime/metrics/metrics.ts';

const FOLDER = join(import.meta.dirname, '../../manifests/monitoring');
/** Metrics of kube-apiserver and kube-state-metrics. */
const OF_OTHERS = [
  'apiserver_admission_webhook_fail_open_count',
  'kube_validatingwebhookconfiguration_info',
  'kube_namespace_created',
];
/** Prometheus 3 writes the bounds of buckets as floats. */
const LE_OF_PROMETHEUS_3 = '1[.]0';
/** The label that a Prometheus with several clusters adds. */
const CLUSTER = 'cluster';
/** The names of a histogram's parts. */
const PARTS = /_(bucket|sum|count)$/;

interface Rules {
  readonly spec: {
    readonly groups: readonly { readonly rules: readonly { readonly alert?: string; readonly expr: string }[] }[];
  };
}

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
}

const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');
const rules = (parse(read('prometheus-rule.yaml')) as Rules).spec.groups.flatMap((group) => group.rules);
const targets = (JSON.parse(read('grafana-dashboard.json')) as Dashboard).panels.flatMap(({ targets = [] }) => targets);

/** All metrics, each with every value of its labels that an expression can select. */
async function everything(): Promise<string> {
  const { admission, certificates, configuration, sweep, text } = createMetrics('1.2.3', ['pods']);
  for (const decision of decisionLabels) {
    admission.answered({ resource: 'pods', operation: 'CREATE', dryRun: false, decision, seconds: 0 });
  }
  certificates.expires(new Date(0));
  configuration.countExemptions(() => ({ active: 0, expired: 0 }));
  for (const end of ['complete', 'partial', 'failed'] as const) sweep.ended(end, 0, new Date(0));
  const counts = { pass: 0, fail: 0, unknown: 0, exempt: 0 };
  const vantages = new Map(VANTAGES.map((vantage) => [vantage, counts]));
  sweep.counts({ findings: new Map(controls.map(({ slug }) => [slug, vantages])), nodes: { ...counts, skipped: 0 } });
  sweep.evidenceFailed('configz', 'timeout');
  return text();
}

test.each([
  ['alerts', rules],
  ['dashboard', targets],
])('the %s: expressions use only metrics, labels and values that exist', async (_what, expressions) => {
  const metrics = await everything();
  const samples = metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(expressions.length).toBeGreaterThan(10);
  for (const { expr } of expressions) {
    const selectors = selectorsIn(expr);
    expect([expr, selectors.length + recordedIn(expr)]).not.toEqual([expr, 0]);
    for (const { name, matchers } of selectors.filter(({ name }) => !OF_OTHERS.includes(name))) {
      const found = samples.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      const labels = [...labelsOf(expr), ...matchers.map(({ label }) => label)].filter((label) => label !== CLUSTER);
      expect([expr, name, found.length > 0]).toEqual([expr, name, true]);
      expect([expr, labels.filter((label) => !found.some((line) => line.includes(`${label}="`)))]).toEqual([expr, []]);
      for (const { label, values } of matchers) {
        const missing = values
          .filter((value) => value !== LE_OF_PROMETHEUS_3)
          .filter((value) => !found.some((line) => line.includes(`${label}="${value}"`)));
        expect([expr, missing]).toEqual([expr, []]);
      }
    }
  }
});

test('the dashboard shows every metric of kubelet-guard', async () => {
  const ours = (await everything()).matchAll(/^# TYPE (kubelet_guard_\w+)/gm);
  const shown = new Set(targets.flatMap(({ expr }) => selectorsIn(expr).map(({ name }) => name.replace(PARTS, ''))));
  expect([...ours].map(([, name = '']) => name).filter((name) => !shown.has(name))).toEqual([]);
});

test('docs/monitoring.md lists every metric of kubelet-guard, with its labels, and every alert', async () => {
  const page = readFileSync(join(FOLDER, '../../docs/monitoring.md'), 'utf8');
  const text = await everything();
  const ours = [...text.matchAll(/^# TYPE (kubelet_guard_\w+)/gm)].map(([, name = '']) => {
    const [, inside = ''] = new RegExp(`^${name}(?:_count)?\\{([^}]*)\\}`, 'm').exec(text) ?? [];
    const labels = [...inside.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
    return `\`${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`}\``;
  });
  expect(ours.filter((metric) => !page.includes(metric))).toEqual([]);
  const alerts = rules.flatMap(({ alert }) => (alert === undefined ? [] : [alert]));
  expect(alerts.filter((alert) => !page.includes(`| \`${alert}\``))).toEqual([]);
});

interface Selector {
  readonly name: string;
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[];
}

/** The metrics that an expression selects: words with an underscore that no parenthesis follows, outside of `by`; not recorded ones. */
function selectorsIn(expr: string): readonly Selector[] {
  const rest = expr.replaceAll(/\b(by|without) \([^)]*\)/g, '').replaceAll(/\bcluster:\w+:\w+/g, '');
  return [...rest.matchAll(/\b([a-z]+_[a-z_]+)\b(?!\()(?:\{([^}]*)\})?/g)]
    .filter(([, name]) => name !== '__rate_interval')
    .map(([, name = '', inside = '']) => ({
      name,
      matchers: [...inside.matchAll(/(\w+)(?:=~?|![=~])"([^"]*)"/g)].map(([, label = '', values = '']) => ({
        label,
        values: values.split('|'),
      })),
    }));
}

/** The number of recorded metrics in an expression. */
function recordedIn(expr: string): number {
  return [...expr.matchAll(/\bcluster:\w+:\w+/g)].length;
}

/** The labels that an expression keeps. */
function labelsOf(expr: string): readonly string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
}
