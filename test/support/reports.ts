// Generated reports, with names that are hostile to every output format.

import fc from 'fast-check';

import { controls } from '../../src/controls/index.ts';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { reportRun } from '../../src/outputs/report.ts';
import type { SeenCertificate } from '../../src/policy/certificates.ts';
import type { Finding } from '../../src/policy/finding.ts';
import type { Evidence, Outcome } from '../../src/policy/outcome.ts';
import type { Origin, Source } from '../../src/policy/reading.ts';
import { lostFile } from './findings.ts';

export const RUN = {
  id: 'run-1',
  entrance: 'check',
  startedAt: '2026-11-23T06:00:00.000Z',
  finishedAt: '2026-11-23T06:00:01.500Z',
} as const;

/** Names and values that mean something to a format, a terminal, a spreadsheet or a browser. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '</failure><failure>',
  ']]>',
  '&amp;<!--',
  '| a | b |',
  '`code` **bold** _it_ ~~no~~',
  '[link](https://evil.example) ![image](x)',
  '@everyone #1 www.evil.example http://evil.example',
  "=cmd|' /C calc'!A0",
  '+1+1',
  '-2',
  '@SUM(A1)',
  '\tTAB',
  '\r\nINJECTED: yes',
  'quote " and \' and , and ;',
  '\u0000\u0007\u001b[31mred',
  '\u202egnp.exe',
  '\ufffe\uffff',
  '\ud800',
  '{0} {{1}} %s %SRCROOT%',
  'a b/c d/\u00e9\u{1f600}?#%20:',
  '../../etc/passwd',
  '::set-output name=x::y',
  '</details>',
  '-->',
  'x'.repeat(3000),
];

/** Texts that a cluster or a file could choose. */
export const hostileText = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
);
const name = fc.oneof({ weight: 3, arbitrary: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/) }, hostileText);

const origin: fc.Arbitrary<Origin> = fc.record(
  {
    layer: fc.constantFrom('flag', 'file', 'default'),
    line: fc.integer({ min: 1, max: 500 }),
    file: hostileText,
    pointer: fc.constant('/spec'),
  },
  { requiredKeys: ['layer'] },
);

const fault = fc.record(
  { code: fc.constantFrom('missing', 'empty'), setting: hostileText, message: hostileText, origin },
  { requiredKeys: ['code', 'setting', 'message'] },
);
const problem = fc.record(
  { code: fc.constantFrom('unresolved', 'timeout'), message: hostileText, origin },
  { requiredKeys: ['code', 'message'] },
);

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ result: fc.constant('pass' as const), warnings: fc.array(fault, { maxLength: 1 }) }),
  fc.record({
    result: fc.constant('fail' as const),
    violations: fc.tuple(fault, fault),
    problems: fc.array(problem, { maxLength: 1 }),
    warnings: fc.constant([]),
  }),
  fc.record({ result: fc.constant('unknown' as const), problems: fc.tuple(problem), warnings: fc.constant([]) }),
);

const source: fc.Arbitrary<Source> = fc.oneof(
  fc.record({ path: fc.oneof(fc.constantFrom('-', './a//b.yaml', '/abs/x y.yaml'), hostileText), document: fc.nat(3) }),
  fc.record({ object: hostileText }),
  fc.record({ node: name, via: fc.constantFrom('handshake', 'configz') }),
);

const evidence: fc.Arbitrary<Evidence> = fc.record({ setting: hostileText, value: hostileText, origin });

const certificate: fc.Arbitrary<SeenCertificate> = fc.record({
  use: fc.constantFrom('client', 'client-ca'),
  path: hostileText,
  subject: hostileText,
  issuer: hostileText,
  notBefore: fc.constant('2026-01-10T08:00:00Z'),
  notAfter: fc.constantFrom('2026-11-30T08:00:00Z', '2036-01-08T08:00:00Z'),
});

const finding: fc.Arbitrary<Finding> = fc.record(
  {
    control: fc.constantFrom(...controls),
    subject: fc.record(
      {
        component: fc.constantFrom('kubelet', 'kube-apiserver'),
        name,
        kind: fc.constantFrom('Node', 'Pod', 'ConfigMap', 'KubeletConfiguration'),
        namespace: name,
        node: name,
        container: name,
      },
      { requiredKeys: ['component', 'name'] },
    ),
    source,
    vantage: fc.constantFrom('declared', 'running', 'live', 'on-node'),
    surface: fc.constantFrom('pod', 'kubelet-config', 'process'),
    outcome,
    evidence: fc.array(evidence, { maxLength: 2 }),
    certificates: fc.array(certificate, { minLength: 1, maxLength: 3 }),
    moreCertificates: fc.integer({ min: 1, max: 500 }),
    pool: hostileText,
    drift: fc.constant({ state: 'new', since: RUN.startedAt } as const),
  },
  { requiredKeys: ['control', 'subject', 'source', 'vantage', 'surface', 'outcome', 'evidence'] },
);

/** Reports of up to twelve findings, some of them exempt, with up to two problems of the run. */
export const reports: fc.Arbitrary<GuardReport> = fc
  .record({
    findings: fc.array(fc.record({ finding, isExempt: fc.boolean() }), { maxLength: 12 }),
    problems: fc.array(
      hostileText.map((message) => ({ problem: { code: 'malformed' as const, message }, source: lostFile.source })),
      { maxLength: 2 },
    ),
    reason: hostileText,
    subject: hostileText,
  })
  .map(({ findings, problems, reason, subject }) => {
    const exempt = new Set(findings.filter(({ isExempt }) => isExempt).map((entry) => entry.finding));
    const exemption = { control: 'kubelet-client-ca', subject, reason, expires: '2027-01-31' };
    const exemptions = [exemption, { ...exemption, subject: 'node/old-*', expires: '2026-01-31' }];
    return reportRun(
      RUN,
      { findings: findings.map((entry) => entry.finding), problems },
      (found) => (exempt.has(found) ? exemption : undefined),
      exempt.size > 0 ? exemptions : [],
    );
  });
