import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import type { Control } from '../../../src/policy/control.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import { renderJson } from '../../../src/outputs/formats/json.ts';
import { reportRun } from '../../../src/outputs/report.ts';
import { cutToFit } from '../../../src/evidence/node-agent/audit-size.ts';
import { readAudit } from '../../../src/evidence/node-agent/stored-audit.ts';

const NODE = { name: 'worker-1', uid: 'uid-1', createdAt: '2026-11-01T00:00:00Z' };
const READER = { node: NODE, controls, now: '2026-11-26T12:00:00.000Z' };
const WRITTEN = '2026-11-26T11:50:00Z';
const METADATA = { storedAt: WRITTEN, agentTime: '2026-11-26T12:00:05.000Z', interval: '600', nodeUid: 'uid-1' };
/** The audit began 5 seconds before it was stored. */
const AUDITED = '2026-11-26T11:49:55.000Z';
const [ofApiServer, ofKubelet] = controls as readonly [Control, Control];

const origin = { layer: 'drop-in', file: '/etc/10.conf' } as const;
/** A report names only the layer of values. */
const place = { ...origin, layer: 'file' } as const;
const failing: Finding = {
  control: ofKubelet,
  subject: { component: 'kubelet', name: 'worker-1', kind: 'Node', node: 'worker-1' },
  source: { node: 'worker-1', via: 'proc' },
  vantage: 'on-node',
  surface: 'process',
  outcome: {
    result: 'fail',
    violations: [{ code: 'empty', setting: 'clientCAFile', message: 'it is empty', origin: place }],
    problems: [],
    warnings: [{ code: 'public-bundle', setting: 'clientCAFile', message: 'public', origin: place }],
  },
  evidence: [{ setting: 'clientCAFile', value: '', origin }],
  others: [
    {
      source: { node: 'worker-1', via: 'proc' },
      vantage: 'on-node',
      result: 'pass',
      agrees: false,
      evidence: [{ setting: 'clientCAFile', value: '/ca.crt', origin }],
      problems: [],
      pending: true,
    },
  ],
  drift: { state: 'pending', since: '2026-11-26T11:00:00.000Z' },
};
const pod: Finding = {
  ...failing,
  control: ofApiServer,
  subject: {
    component: 'kube-apiserver',
    name: 'kube-apiserver-worker-1',
    namespace: 'kube-system',
    kind: 'Pod',
    node: 'worker-1',
    container: 'kube-apiserver',
  },
  outcome: {
    result: 'unknown',
    problems: [{ code: 'forbidden', message: 'may not be read' }],
    warnings: [],
  },
};

function written(findings: readonly Finding[], problems: Parameters<typeof reportRun>[1]['problems'] = []): string {
  const run = { id: 'run', entrance: 'node', startedAt: READER.now, finishedAt: READER.now } as const;
  return renderJson(reportRun(run, { findings, problems }));
}

const certificate = {
  use: 'client-ca',
  path: '/ca.crt',
  subject: 'CN=kubernetes',
  issuer: 'CN=kubernetes',
  notBefore: '2026-01-10T08:00:00Z',
  notAfter: '2036-01-08T08:00:00Z',
} as const;

describe('the audit that an agent stored', () => {
  test('has the certificates of its files, as many as a report shows, and drops what is none', () => {
    const taken = (seen: readonly unknown[], more?: unknown) => {
      const parts = { certificates: seen, moreCertificates: more } as Partial<Finding>;
      const read = readAudit(written([{ ...failing, ...parts }]), METADATA, READER);
      if ('code' in read) throw new Error(read.message);
      const [{ certificates, moreCertificates } = failing] = read.findings;
      return { certificates, moreCertificates };
    };
    const ofClient = { ...certificate, use: 'client' };
    expect(taken([certificate, ofClient], 3)).toEqual({ certificates: [certificate, ofClient], moreCertificates: 3 });
    expect(taken(Array.from({ length: 30 }, () => certificate)).certificates).toHaveLength(20);
    const broken = [
      ...[{ use: 'server' }, { notAfter: 'tomorrow' }, { notBefore: undefined }, { path: 1 }, { subject: null }],
      { issuer: {} },
    ].map((change) => ({ ...certificate, ...change }));
    expect(taken([...broken, 'text', null], -1)).toEqual({});
    expect(taken([{ ...certificate, secret: 'x' }], '3')).toEqual({ certificates: [certificate] });
    const long = taken([{ ...certificate, subject: 'x'.repeat(10_000) }]).certificates?.[0]?.subject;
    expect(long).toHaveLength(4096);
  });

  test('has the findings of the agent, with changes that the next start will use', () => {
    const { others, drift, ...plain } = pod;
    expect(readAudit(written([failing, pod]), METADATA, READER)).toEqual({
      findings: [failing, { ...plain, others, drift }],
      at: AUDITED,
    });
  });

  test('has no pass if the audit was incomplete, but keeps its violations', () => {
    const source = { path: '/proc' };
    const problem = { code: 'forbidden', message: 'run as root' } as const;
    const incomplete = { code: 'forbidden', message: expect.stringContaining('run as root') as unknown };
    expect(readAudit(written([], [{ problem, source }]), METADATA, READER)).toMatchObject(incomplete);
    const passing = { ...pod, outcome: { result: 'pass', warnings: [] } } as const;
    const read = readAudit(written([failing, passing], [{ problem, source }]), METADATA, READER);
    expect(read).toMatchObject({
      findings: [{ outcome: failing.outcome }, { outcome: { result: 'unknown', problems: [incomplete] } }],
    });
  });

  test.each([
    ['another node', { node: 'worker-2', name: 'worker-2' }],
    ['another name', { name: 'worker-2' }],
    ['another component', { component: 'kube-apiserver' as const }],
    ['the pod of another node', { kind: 'Pod', name: 'kube-apiserver-worker-2' }],
    // a bar separates the parts of a remembered finding's name
    ['a namespace with a bar', { namespace: 'kube-system|kube-apiserver-cp-1|kube-apiserver' }],
    ['a container with a bar', { container: 'a|b' }],
    ['a name that is too long', { container: 'a'.repeat(254) }],
  ])('cannot have findings of %s', (_what, change) => {
    const forged = { ...failing, subject: { ...failing.subject, ...change } };
    expect(readAudit(written([forged]), METADATA, READER)).toMatchObject({ code: 'malformed' });
  });

  test('has only known reasons, because they become metric labels', () => {
    const problem = { code: 'made-up-1' as 'forbidden', message: 'no' };
    expect(readAudit(written([], [{ problem, source: { path: '/' } }]), METADATA, READER)).toMatchObject({
      code: 'ambiguous',
    });
  });

  test('leaves out unknown controls', () => {
    const report = written([{ ...failing, control: { ...ofKubelet, slug: 'of-a-later-version' } }]);
    expect(readAudit(report, METADATA, READER)).toEqual({ findings: [], at: AUDITED });
  });

  test('is a problem if it has more findings than a host can have', () => {
    expect(readAudit(written(Array.from({ length: 201 }, () => failing)), METADATA, READER)).toMatchObject({
      code: 'malformed',
    });
  });

  test('can be anything: it never throws, and passes only if it says so', () => {
    const base = JSON.parse(written([failing, pod])) as Record<string, unknown>;
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom('run', 'findings', 'kind'), (value, key) => {
        const taken = readAudit(JSON.stringify({ ...base, [key]: value }), METADATA, READER);
        if (!('code' in taken)) expect(taken.findings.filter(({ outcome }) => outcome.result === 'pass')).toEqual([]);
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 50 }), (text) => {
        expect(readAudit(text, METADATA, READER)).toMatchObject({ code: 'malformed' });
      }),
    );
    const hollow = { ...base, findings: [{ ...(base.findings as object[])[0], result: 'fail', violations: [] }] };
    expect(readAudit(JSON.stringify(hollow), METADATA, READER)).toMatchObject({ code: 'malformed' });
  });
});

describe('the audit that an agent stores', () => {
  const many = (count: number, message: string): readonly Finding[] => {
    const violations = [{ code: 'empty', setting: 'clientCAFile', message, origin: place }] as const;
    const control = { ...failing.control, benchmarks: [], remediation: { general: 'Set it.', entries: [] } };
    return Array.from(
      { length: count },
      () => ({ ...failing, control, outcome: { ...failing.outcome, violations } }) as Finding,
    );
  };

  test('has room for full lists of certificates: the usual ones take two hundredths of an object', () => {
    const names = `CN=${'x'.repeat(1021)}`;
    const largest = Array.from({ length: 20 }, () => ({ ...certificate, subject: names, issuer: names }));
    const full = written([
      { ...failing, certificates: largest },
      { ...pod, certificates: largest },
    ]);
    expect(cutToFit(full)).toBe(full);
    const usual = { ...failing, certificates: [certificate, certificate] };
    expect(written([usual]).length - written([failing]).length).toBeLessThan(1000);
  });

  test('is the whole report, if it fits', () => {
    expect(cutToFit(written([failing, pod]))).toBe(written([failing, pod]));
  });

  test.each([
    ['the number of findings that are read', many(900, 'it is empty'), '700 of 900'],
    ['the size of an object', many(190, '\u20ac'.repeat(4000)), '143 of 190'],
    ['no finding, if it is larger than an object', many(1, '\u20ac'.repeat(300_000)), '1 of 1'],
  ])('is limited to %s', (_what, findings, count) => {
    const cut = cutToFit(written(findings));
    expect(Buffer.byteLength(cut)).toBeLessThan(1_000_000);
    expect(JSON.parse(cut)).toMatchObject({
      run: { complete: false, problems: [{ code: 'too-large', message: expect.stringContaining(count) as unknown }] },
      summary: { fail: findings.length },
    });
    const taken = readAudit(cut, METADATA, READER);
    if (!('code' in taken)) expect(taken.findings[0]).toMatchObject({ outcome: { result: 'fail' } });
    else expect(taken).toMatchObject({ code: 'too-large' });
  });
});
