import { readFileSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import { Ajv2019, type AnySchemaObject } from 'ajv/dist/2019.js';
import fc from 'fast-check';
import { parse } from 'yaml';

import { isReportName } from '../../../src/outputs/cluster/objects.ts';
import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { reportRun } from '../../../src/outputs/report.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../../support/findings.ts';
import { rendered } from '../../support/rendered.ts';
import { reports, RUN } from '../../support/reports.ts';

interface Item {
  readonly metadata: { readonly name: string };
  readonly results: readonly { readonly properties?: { readonly resultID: string } }[];
}

const { spec } = parse(
  readFileSync(new URL('../../fixtures/crds/wgpolicyk8s.io_clusterpolicyreports.yaml', import.meta.url), 'utf8'),
) as { spec: { versions: [{ schema: { openAPIV3Schema: AnySchemaObject } }] } };
const ajv = new Ajv2019({ allErrors: true, formats: { int32: true, int64: true } });
const validate = ajv.compile(closed(spec.versions[0].schema.openAPIV3Schema) as AnySchemaObject);

/** A cluster drops fields that its definition does not have. Here they are errors. */
function closed(node: unknown, key = ''): unknown {
  if (Array.isArray(node)) return node.map((item) => closed(item));
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value, name)]));
  return 'properties' in node && 'type' in node && key !== 'metadata' ? { ...copy, additionalProperties: false } : copy;
}

function itemsOf(report: GuardReport): readonly Item[] {
  return (JSON.parse(rendered({ report }, { output: 'policy-report' }).output) as { items: Item[] }).items;
}

test('every report is valid by the definition of ClusterPolicyReports', () => {
  fc.assert(
    fc.property(reports, (report) => {
      for (const item of itemsOf(report)) expect(validate(item) ? null : validate.errors).toBeNull();
    }),
    { numRuns: 50 },
  );
});

test('a row has what readers show, with the benchmark of the finding', () => {
  const [item] = itemsOf(reportRun(RUN, { findings: [kubeletFinding({ outcome: outcomes.fail })], problems: [] }));
  expect(item?.results[0]).toMatchObject({
    source: 'kubelet-guard',
    policy: 'kubelet-client-ca',
    rule: '4.2.3',
    category: 'CIS Kubernetes Benchmark',
    severity: 'high',
    result: 'fail',
    message: '--kubelet-client-key is not set [missing] (line 14)',
    resources: [{ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'kubelet-config' }],
  });
});

test('many findings are several reports, with names that no sweep removes and rows that differ', () => {
  const findings = Array.from({ length: 1200 }, (_, index) =>
    apiServerFinding({ subject: { component: 'kube-apiserver', kind: 'Pod', name: `a-${String(index)}` } }),
  );
  const items = itemsOf(reportRun({ ...RUN, entrance: 'node' }, { findings, problems: [] }));
  expect(items.map(({ metadata, results }) => [metadata.name, results.length])).toEqual([
    ['kubelet-guard-report-node-1', 500],
    ['kubelet-guard-report-node-2', 500],
    ['kubelet-guard-report-node-3', 200],
  ]);
  expect(items.filter(({ metadata }) => isReportName(metadata.name))).toEqual([]);
  expect(new Set(items.flatMap(({ results }) => results.map(({ properties }) => properties?.resultID))).size).toBe(
    1200,
  );
});

test('a result that changes is a new row for readers, and one that stays is the same', () => {
  const idOf = (outcome: (typeof outcomes)[keyof typeof outcomes], id: string): string | undefined => {
    const report = reportRun({ ...RUN, id }, { findings: [kubeletFinding({ outcome })], problems: [] });
    return itemsOf(report)[0]?.results[0]?.properties?.resultID;
  };
  expect(idOf(outcomes.fail, 'run-2')).toBe(idOf(outcomes.fail, 'run-1'));
  expect(idOf(outcomes.pass, 'run-1')).not.toBe(idOf(outcomes.fail, 'run-1'));
});
