import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';
import { Ajv2019, type AnySchemaObject } from 'ajv/dist/2019.js';

import type { Finding, Inspection } from '../../src/policy/finding.ts';
import { compareWithBaseline } from '../../src/commands/check/baseline.ts';
import { renderJson } from '../../src/outputs/formats/json.ts';
import { reportRun } from '../../src/outputs/report.ts';
import { remediationFor } from '../../src/policy/benchmarks/remedy.ts';
import { referencesOf } from '../../src/policy/benchmarks/shown.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../support/findings.ts';

const run = {
  id: 'run-1',
  entrance: 'check',
  startedAt: '2026-11-23T06:00:00.000Z',
  finishedAt: '2026-11-23T06:00:01.000Z',
} as const;

const schema = JSON.parse(
  readFileSync(new URL('../../schema/guard-report.schema.json', import.meta.url), 'utf8'),
) as AnySchemaObject;

/** The schema allows keys that are added later. Our own output must have only keys of the schema. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  return 'properties' in node && 'type' in node ? { ...copy, unevaluatedProperties: false } : copy;
}

const { $schema: _draft, ...rules } = closed(schema) as AnySchemaObject;
const validate = new Ajv2019({ strictTypes: false, allErrors: true }).compile(rules);

function faultsOf(report: unknown): unknown {
  return validate(report) === true ? null : validate.errors;
}

const everything: Inspection = {
  findings: [
    apiServerFinding(),
    apiServerFinding({ outcome: outcomes.fail }),
    kubeletFinding({ outcome: outcomes.unknown }),
    kubeletFinding({
      source: { node: 'edge-1', via: 'configz' },
      vantage: 'live',
      subject: { component: 'kubelet', name: 'edge-1', node: 'edge-1', container: 'kubelet' },
      outcome: {
        result: 'pass',
        warnings: [{ code: 'public-bundle', setting: '--client-ca-file', message: 'a bundle of public CAs' }],
      },
      evidence: [
        {
          setting: 'authentication.x509.clientCAFile',
          value: '/etc/ssl/cert.pem',
          origin: {
            layer: 'drop-in',
            pointer: '/data/kubelet',
            within: '/authentication',
            file: '10-ca.conf',
            line: 3,
          },
        },
      ],
    }),
  ],
  problems: [lostFile, { ...lostFile, source: { path: 'many.yaml', document: 2 } }],
};

const SHOWN = {
  certificates: [
    {
      use: 'client',
      path: '/etc/kubernetes/pki/apiserver-kubelet-client.crt',
      subject: 'CN=kube-apiserver-kubelet-client',
      issuer: 'CN=kubernetes',
      notBefore: '2026-01-10T08:00:00Z',
      notAfter: '2027-01-10T08:00:00Z',
    },
  ],
  moreCertificates: 3,
  pool: 'general',
} as const satisfies Partial<Finding>;

describe('the report of a run', () => {
  test('has the fixed format', () => {
    const { findings, ...rest } = reportRun(run, {
      findings: [apiServerFinding({ outcome: outcomes.fail })],
      problems: [],
    });
    expect(rest).toStrictEqual({
      apiVersion: 'kubelet-guard.dev/v1alpha1',
      kind: 'GuardReport',
      run: { ...run, complete: true, problems: [] },
      summary: { pass: 0, fail: 1, unknown: 0 },
    });
    expect(findings).toStrictEqual([
      {
        control: 'apiserver-kubelet-client-cert',
        result: 'fail',
        subject: {
          component: 'kube-apiserver',
          name: 'kube-apiserver-cp-1',
          namespace: 'kube-system',
          kind: 'Pod',
          node: 'cp-1',
        },
        source: { path: 'manifests/kube-apiserver.yaml', document: 0 },
        vantage: 'declared',
        violations: [
          {
            code: 'missing',
            setting: '--kubelet-client-key',
            message: '--kubelet-client-key is not set',
            pointer: '/spec/containers/0/command',
            line: 14,
          },
        ],
        problems: [],
        evidence: [
          {
            setting: '--kubelet-client-certificate',
            value: '/etc/kubernetes/pki/apiserver-kubelet-client.crt',
            layer: 'flag',
            pointer: '/spec/containers/0/command/12',
          },
        ],
        absent: [{ setting: '--kubelet-client-key', lookedAt: 'manifests/kube-apiserver.yaml' }],
        expected: '--kubelet-client-certificate and --kubelet-client-key are the paths of a certificate and its key',
        references: referencesOf(apiServerFinding().control, undefined),
        remediation: remediationFor(apiServerFinding()),
      },
    ]);
  });

  test('counts each result', () => {
    expect(reportRun(run, everything).summary).toStrictEqual({ pass: 2, fail: 1, unknown: 1 });
  });

  test('is not complete if a source has a problem, and lists the problem', () => {
    expect(reportRun(run, { findings: [], problems: [lostFile] }).run).toMatchObject({
      complete: false,
      problems: [{ code: 'forbidden', source: { path: 'secret.yaml' } }],
    });
  });

  test('has the exemption that applies to a failing finding', () => {
    const exemption = { control: 'c', subject: 's', reason: 'vendor appliance', expires: '2027-01-31' };
    const { findings, summary } = reportRun(run, everything, () => exemption);
    expect(findings.map(({ exempted }) => exempted)).toStrictEqual([
      undefined,
      { reason: 'vendor appliance', expires: '2027-01-31', subject: 's' },
      { reason: 'vendor appliance', expires: '2027-01-31', subject: 's' },
      undefined,
    ]);
    expect(summary).toStrictEqual({ pass: 2, fail: 0, unknown: 0, exempted: 2 });
  });

  test('has all configured exemptions, and says which have expired by the day of the run', () => {
    const exemption = {
      control: 'c',
      subject: 'node/edge-*',
      reason: 'vendor appliance',
      expires: run.startedAt.slice(0, 10),
    };
    const old = { ...exemption, subject: 'node/old-*', expires: '2025-01-31' };
    const { exemptions } = reportRun(run, everything, () => undefined, [exemption, old]);
    expect(exemptions).toStrictEqual([exemption, { ...old, expired: true }]);
    expect(reportRun(run, everything)).not.toHaveProperty('exemptions');
  });

  test('has the certificates and the pool of a finding', () => {
    const [plain, ofNode] = reportRun(run, {
      findings: [apiServerFinding(), apiServerFinding(SHOWN)],
      problems: [],
    }).findings;
    expect(ofNode).toStrictEqual({ ...plain, ...SHOWN });
  });

  test('has the field warnings only if there are warnings', () => {
    const [plain, , , warned] = reportRun(run, everything).findings;
    expect(plain).not.toHaveProperty('warnings');
    expect(warned?.warnings).toStrictEqual([
      { code: 'public-bundle', setting: '--client-ca-file', message: 'a bundle of public CAs' },
    ]);
  });
});

describe('its JSON Schema', () => {
  test.each([
    ['an empty run', { findings: [], problems: [] }],
    ['every kind of finding, source and problem', everything],
    ['certificates and a pool', { findings: [apiServerFinding(SHOWN)], problems: [] }],
  ])('accepts %s', (_name, inspection) => {
    expect(faultsOf(JSON.parse(renderJson(reportRun(run, inspection))))).toBeNull();
  });

  test('accepts exemptions, and the result of a comparison', () => {
    const exemption = { control: 'c', subject: 's', reason: 'vendor appliance', expires: '2027-01-31' };
    const old = { ...exemption, expires: '2025-01-31' };
    const exempted = reportRun(run, everything, () => exemption, [exemption, old]);
    const before = reportRun(run, { findings: [apiServerFinding()], problems: [] });
    for (const report of [exempted, compareWithBaseline(exempted, before)]) {
      expect(faultsOf(JSON.parse(renderJson(report)))).toBeNull();
    }
  });

  test.each([
    ['a result that contradicts its violations', { result: 'pass' }],
    ['an unknown key', { colour: 'red' }],
    ['a source without a kind', { source: {} }],
  ])('rejects %s', (_name, change) => {
    const report = reportRun(run, { findings: [apiServerFinding({ outcome: outcomes.fail })], problems: [] });
    expect(faultsOf({ ...report, findings: [{ ...report.findings[0], ...change }] })).not.toBeNull();
  });

  test('allows a key that is added later', () => {
    const { $schema: _dialect, ...open } = schema;
    const report = { ...reportRun(run, everything), added: 'later' };
    expect(new Ajv2019({ strictTypes: false }).validate(open, report)).toBe(true);
  });
});

test('JSON has no characters that act on a terminal, and reads back the same', () => {
  const name = 'a\u009b31m\u001b[2J\u202eb\u007f';
  const report = reportRun(run, {
    findings: [apiServerFinding({ subject: { component: 'kubelet', name } })],
    problems: [],
  });
  const text = renderJson(report);
  // eslint-disable-next-line no-control-regex -- control characters are the point
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(JSON.parse(text)).toStrictEqual(report);
});
