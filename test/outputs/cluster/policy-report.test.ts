import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { Ajv2019, type AnySchemaObject } from 'ajv/dist/2019.js';
import fc from 'fast-check';
import { parse } from 'yaml';

import { summaryOf, toStoredFinding, type StoredFinding } from '../../../src/policy/decision/drift.ts';
import { findingKey } from '../../../src/policy/finding-key.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { Outcome } from '../../../src/policy/outcome.ts';
import { REPORT_RESOURCES, reportName } from '../../../src/outputs/cluster/objects.ts';
import { rememberedOf, renderReport, type ReportEntry } from '../../../src/outputs/cluster/policy-report.ts';
import { contentOf, readReport } from '../../../src/outputs/cluster/stored-report.ts';
import { timestampOf } from '../../../src/policy/timestamp.ts';
import { digest } from '../../../src/runtime/digest.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../../support/findings.ts';

const T1 = '2026-11-23T06:00:00.000Z';
const APIS = ['wgpolicyk8s', 'openreports'] as const;
const NODE = { kind: 'node', name: 'node-1', uid: 'uid-1' } as const;
const PLANE = { kind: 'control-plane' } as const;

function entry(finding: Finding, parts: Partial<ReportEntry> = {}): ReportEntry {
  return { finding, remembered: toStoredFinding(summaryOf(finding), undefined, T1), ...parts };
}

function liveFinding(parts: Partial<Finding> = {}): Finding {
  return kubeletFinding({
    subject: { component: 'kubelet', kind: 'Node', name: 'node-1', node: 'node-1' },
    source: { node: 'node-1', via: 'configz' },
    vantage: 'live',
    surface: 'process',
    ...parts,
  });
}

const validators = Object.fromEntries(
  APIS.map((api) => {
    const { apiVersion, plural } = REPORT_RESOURCES[api];
    const file = `../../fixtures/crds/${apiVersion.split('/')[0] ?? ''}_${plural}.yaml`;
    const { spec } = parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as {
      spec: { versions: [{ schema: { openAPIV3Schema: AnySchemaObject } }] };
    };
    const ajv = new Ajv2019({ allErrors: true, formats: { int32: true, int64: true } });
    return [api, ajv.compile(closed(spec.versions[0].schema.openAPIV3Schema) as AnySchemaObject)];
  }),
);

/** A cluster drops fields that its definition does not have. Here they are errors. */
function closed(node: unknown, key = ''): unknown {
  if (Array.isArray(node)) return node.map((item) => closed(item));
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value, name)]));
  return 'properties' in node && 'type' in node && key !== 'metadata' ? { ...copy, additionalProperties: false } : copy;
}

describe.each(APIS)('a report of %s', (api) => {
  test('has for each finding the fields that its readers can show', () => {
    const finding = liveFinding({
      outcome: outcomes.fail,
      evidence: [{ setting: 'clientCAFile', value: '/ca.crt', origin: { layer: 'live' } }],
    });

    const report = renderReport(api, NODE, [entry(finding)], digest);

    const node = { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'uid-1' };
    expect(report).toEqual({
      apiVersion: REPORT_RESOURCES[api].apiVersion,
      kind: REPORT_RESOURCES[api].kind,
      metadata: {
        name: 'kubelet-guard-node-node-1',
        labels: { 'app.kubernetes.io/managed-by': 'kubelet-guard' },
        ownerReferences: [node],
      },
      scope: node,
      summary: { pass: 0, fail: 1, warn: 0, error: 0, skip: 0 },
      results: [
        {
          source: 'kubelet-guard',
          policy: 'kubelet-client-ca',
          rule: '4.2.3',
          category: 'CIS Kubernetes Benchmark',
          severity: 'high',
          result: 'fail',
          scored: true,
          message: '--kubelet-client-key is not set',
          timestamp: { seconds: Date.parse(T1) / 1000, nanos: 0 },
          resources: [node],
          properties: {
            resultID: expect.stringMatching(/^[0-9a-f]{32}$/),
            component: 'kubelet',
            subject: 'node-1',
            node: 'node-1',
            vantage: 'live',
            evidenceFrom: 'configz of node-1',
            evidence: 'clientCAFile=/ca.crt; --kubelet-client-key is not set in its /configz (node-1)',
            codes: 'missing --kubelet-client-key',
            since: T1,
            remembered:
              '{"key":"kubelet-client-ca|kubelet|Node||node-1|","result":"fail","since":"2026-11-23T06:00:00.000Z",' +
              '"violations":[["missing","--kubelet-client-key"]]}',
          },
        },
      ],
    });
    expect(validators[api]?.(report)).toBe(true);
  });

  test.each([
    ['pass', outcomes.pass, 'pass'],
    ['fail', outcomes.fail, 'fail'],
    ['an unknown finding', outcomes.unknown, 'error'],
  ] as const)('counts %s', (_what, outcome, result) => {
    const { summary, results } = renderReport(api, PLANE, [entry(apiServerFinding({ outcome }))], digest);

    expect(results).toMatchObject([{ result }]);
    expect(summary).toEqual({ pass: 0, fail: 0, warn: 0, error: 0, skip: 0, [result]: 1 });
  });

  test('shows an exempt finding as skipped with the reason, and a passing one as passed', () => {
    const exemption = { control: 'x', subject: 'y', reason: 'ticket 4711', expires: '2027-01-31' };
    const findings = [apiServerFinding({ outcome: outcomes.fail }), kubeletFinding()];

    const { results } = renderReport(
      api,
      PLANE,
      findings.map((finding) => entry(finding, { exemption })),
      digest,
    );

    expect(results).toMatchObject([
      { result: 'skip', properties: { exempted: 'ticket 4711', exemptedUntil: '2027-01-31' } },
      { result: 'pass' },
    ]);
  });

  test('has no characters that act on a terminal or that a cluster changes', () => {
    const nasty = 'a\u001b[31m\nb\u202e\ud800';
    const { control } = apiServerFinding();
    const finding = apiServerFinding({
      control: { ...control, title: nasty },
      subject: {
        component: 'kube-apiserver',
        kind: 'Pod',
        name: nasty,
        namespace: nasty,
        node: nasty,
        container: nasty,
      },
      source: { object: nasty },
      evidence: [{ setting: nasty, value: nasty, origin: { layer: 'flag' } }],
    });
    const exemption = { control: 'x', subject: 'y', reason: nasty, expires: '2027-01-31' };

    for (const outcome of [outcomes.pass, outcomes.fail]) {
      const { results } = renderReport(api, PLANE, [entry({ ...finding, outcome }, { exemption })], digest);
      const { remembered: _remembered, ...shown } = (results[0] as { properties: Record<string, string> }).properties;

      // JSON escapes the backslashes again
      expect(JSON.stringify([{ ...results[0], properties: shown }])).not.toMatch(/(?<!\\)\\(u|n)|\u202e/);
    }
  });

  test('shows evidence that contradicts a finding', () => {
    const other = { vantage: 'live', result: 'fail', agrees: false, evidence: [], problems: [] } as const;
    const finding = liveFinding({ others: [{ ...other, source: { node: 'node-1', via: 'handshake' } }] });

    const { results } = renderReport(api, NODE, [entry(finding)], digest);

    expect(results).toMatchObject([{ properties: { contradictedBy: 'fail by handshake of node-1' } }]);
  });

  test('stays within the size that a cluster can store, counts what was cut, and keeps the most important findings', () => {
    const fail: Outcome = {
      ...outcomes.fail,
      violations: [{ ...outcomes.fail.violations[0], message: 'é'.repeat(5000), setting: 'é'.repeat(5000) }],
    };
    const findings = Array.from({ length: 2000 }, (_, index) =>
      apiServerFinding({
        subject: { component: 'kube-apiserver', name: `pod-${index}`.padEnd(3000, 'é') },
        outcome: index === 1999 ? outcomes.unknown : index % 2 === 0 ? outcomes.pass : fail,
      }),
    );

    const report = renderReport(
      api,
      PLANE,
      findings.map((finding) => entry(finding)),
      digest,
    );

    expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(1_400_000);
    expect(report.summary).toMatchObject({ pass: 1000, fail: 999, error: 1 });
    const last = report.results.at(-1);
    expect(last).toMatchObject({ policy: 'kubelet-guard', result: 'skip' });
    expect(last).toHaveProperty('message', expect.stringContaining(`and ${2000 - report.results.length + 1} more`));
    expect(new Set(report.results.slice(0, -1).map(({ result }) => result))).toEqual(new Set(['fail']));
    expect(validators[api]?.(report)).toBe(true);
  });

  test('is the same for the same findings in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f'], { minLength: 6 }), (names) => {
        const findings = names.map((name) =>
          apiServerFinding({
            subject: { component: 'kube-apiserver', name },
            outcome: name < 'c' ? outcomes.fail : name < 'e' ? outcomes.pass : outcomes.unknown,
          }),
        );
        const render = (list: readonly Finding[]) =>
          JSON.stringify(
            renderReport(
              api,
              PLANE,
              list.map((f) => entry(f)),
              digest,
            ),
          );

        expect(render(findings)).toBe(render(findings.toSorted((a, b) => (a.subject.name < b.subject.name ? -1 : 1))));
      }),
    );
  });
});

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('|', '*', '\n', '__proto__', '"', '\ud800'),
);
const violations = fc.array(fc.record({ code: text, setting: text, message: text }), { minLength: 1, maxLength: 20 });
const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant(outcomes.pass),
  fc.constant(outcomes.unknown),
  violations.map(([first = outcomes.fail.violations[0], ...rest]): Outcome => ({
    result: 'fail',
    violations: [first, ...rest],
    problems: [],
    warnings: [],
  })),
);
const anyFinding = fc
  .record({ outcome: anyOutcome, name: text, namespace: text, value: text })
  .map(({ outcome, name, namespace, value }) =>
    apiServerFinding({
      outcome,
      subject: { component: 'kube-apiserver', kind: 'Pod', name, namespace },
      evidence: [{ setting: '--x', value, origin: { layer: 'flag' } }],
    }),
  );
const anyMemory: fc.Arbitrary<StoredFinding | undefined> = fc.option(
  fc.array(anyOutcome, { minLength: 1, maxLength: 3 }).map((history) => {
    const compared = history.map((outcome) => summaryOf({ outcome }));
    return compared.reduce<StoredFinding | undefined>((stored, now) => toStoredFinding(now, stored, T1), undefined);
  }),
  { nil: undefined },
);
const anyEntry = fc
  .tuple(anyFinding, anyMemory)
  .map(([finding, before]): ReportEntry => ({ finding, remembered: toStoredFinding(summaryOf(finding), before, T1) }));

describe('the findings that a report stores', () => {
  test('are read back unchanged, whatever was found', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 8 }), (entries) => {
        const report = JSON.parse(JSON.stringify(renderReport('openreports', PLANE, entries, digest))) as object;

        const stored = readReport(report);

        expect(stored).toMatchObject({ isOurs: true, unreadable: 0, node: undefined });
        expect(stored.remembered).toEqual(rememberedOf(entries));
      }),
    );
  });

  test('are the same after the API server has added its fields', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 4 }), (entries) => {
        const report = renderReport('wgpolicyk8s', NODE, entries, digest);
        // encoded as UTF-8, with keys in alphabetical order and fields that the server adds
        const wire = JSON.parse(Buffer.from(JSON.stringify(report)).toString()) as Record<string, object>;
        const back = Object.fromEntries(Object.entries(wire).sort(([a], [b]) => (a < b ? -1 : 1)));
        const metadata = { ...back.metadata, uid: 'x', resourceVersion: '7', generation: 2, managedFields: [{}] };

        expect(contentOf({ ...back, metadata })).toBe(contentOf(report));
      }),
    );
  });

  test('keep the one that does not pass if a finding is listed twice', () => {
    const entries = [entry(apiServerFinding()), entry(apiServerFinding({ outcome: outcomes.fail }))];
    for (const list of [entries, entries.toReversed()]) {
      const report = renderReport('openreports', PLANE, list, digest);

      expect(readReport(report).remembered.get(findingKey(apiServerFinding()))).toMatchObject({ result: 'fail' });
      expect(rememberedOf(list)).toEqual(readReport(report).remembered);
    }
  });
});

describe('a stored report that somebody else has written', () => {
  test('is read without an exception, whatever it contains', () => {
    const near = fc.record(
      {
        metadata: fc.oneof(
          fc.anything(),
          fc.record({ name: fc.anything(), labels: fc.anything(), ownerReferences: fc.anything() }),
        ),
        results: fc.array(
          fc.oneof(
            fc.anything(),
            fc.record({ properties: fc.record({ remembered: fc.oneof(fc.json(), fc.string(), fc.anything()) }) }),
          ),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), near, fc.jsonValue()), (object) => {
        const { remembered } = readReport(object);

        expect(typeof contentOf(object)).toBe('string');
        for (const { result, since } of remembered.values()) {
          expect(['pass', 'fail', 'unknown']).toContain(result);
          expect(timestampOf(since)).toBeDefined();
        }
      }),
    );
  });

  test.each([
    ['no JSON', '{'],
    ['another shape', '[]'],
    ['no key', '{"result":"pass","since":"2026-11-23T06:00:00Z"}'],
    ['another result', '{"key":"k","result":"ok","since":"2026-11-23T06:00:00Z"}'],
    ['no time', '{"key":"k","result":"pass"}'],
    ['another time', '{"key":"k","result":"pass","since":"yesterday"}'],
    ['a time that does not exist', '{"key":"k","result":"pass","since":"2026-13-23T06:00:00Z"}'],
    ['a pass with a violation', '{"key":"k","result":"pass","since":"2026-11-23T06:00:00Z","violations":[["a","b"]]}'],
    ['violations of another shape', '{"key":"k","result":"fail","since":"2026-11-23T06:00:00Z","violations":[["a"]]}'],
    [
      'a decided result that is unknown',
      '{"key":"k","result":"unknown","since":"2026-11-23T06:00:00Z","decided":{"result":"unknown","since":"2026-11-23T06:00:00Z"}}',
    ],
    [
      'a decided result beside a pass',
      '{"key":"k","result":"pass","since":"2026-11-23T06:00:00Z","decided":{"result":"pass","since":"2026-11-23T06:00:00Z"}}',
    ],
    ['a key that is far too long', `{"key":"${'k'.repeat(20_000)}","result":"pass","since":"2026-11-23T06:00:00Z"}`],
  ])('is ignored if it has %s', (_what, remembered) => {
    const stored = readReport({ results: [{ policy: 'x', properties: { remembered } }] });

    expect(stored.remembered.size).toBe(0);
    expect(stored.unreadable).toBe(1);
  });

  test('does not overflow the stack', () => {
    const deep = JSON.parse(`{"scope":${'['.repeat(50_000)}${']'.repeat(50_000)}}`) as object;

    expect(contentOf(deep)).toBe(contentOf(JSON.parse(`{"scope":${'['.repeat(60_000)}${']'.repeat(60_000)}}`)));
  });
});

describe('the name of a report', () => {
  test('is a valid object name, and different for each node', () => {
    const long = 'a'.repeat(60);
    const names = ['n', `${'n.'.repeat(126)}x`, `${'n.'.repeat(126)}y`, [long, long, long, `${long}-1`].join('.')];
    const reports = names.map((name) => reportName({ kind: 'node', name, uid: '' }, digest));

    expect(new Set([...reports, reportName(PLANE, digest)]).size).toBe(5);
    for (const name of reports) {
      expect(name.length).toBeLessThanOrEqual(253);
      expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
    }
  });
});

describe('the timestamp of a result', () => {
  test('is the time of the finding', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const milliseconds = date.getTime();
          const seconds = Math.floor(milliseconds / 1000);

          expect(timestampOf(date.toISOString())).toEqual({ seconds, nanos: (milliseconds - seconds * 1000) * 1e6 });
        },
      ),
    );
  });
});
