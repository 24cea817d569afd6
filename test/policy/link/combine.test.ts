import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { combine, isContradicted } from '../../../src/policy/link/combine.ts';
import type { ControlMetadata } from '../../../src/policy/control.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { Evidence, Outcome } from '../../../src/policy/outcome.ts';
import type { Source, Vantage } from '../../../src/policy/reading.ts';

const control = {
  slug: 'kubelet-client-ca',
  component: 'kubelet',
  fileCodes: new Set(['ca-expired']),
} as unknown as ControlMetadata;
const FIELD = 'authentication.x509.clientCAFile';

const pass: Outcome = { result: 'pass', warnings: [] };
const fail: Outcome = {
  result: 'fail',
  violations: [{ code: 'missing', setting: FIELD, message: 'is not set' }],
  problems: [],
  warnings: [],
};
const unknown: Outcome = { result: 'unknown', problems: [{ code: 'timeout', message: 'no answer' }], warnings: [] };
const OUTCOMES = { pass, fail, unknown };

function value(text: string): readonly Evidence[] {
  return [{ setting: FIELD, value: text, origin: { layer: 'live' } }];
}

function finding(vantage: Vantage, outcome: Outcome, source: Source, evidence: readonly Evidence[] = []): Finding {
  const subject = { component: 'kubelet', name: 'n', kind: 'Node', node: 'n' } as const;
  return { control, subject, source, vantage, surface: 'process', outcome, evidence };
}

const by = (via: 'handshake' | 'configz' | 'proc'): Source => ({ node: 'n', via });
const configMap: Source = { object: 'ConfigMap kube-system/kubelet-config' };

describe('all evidence about one control and subject becomes one finding:', () => {
  test.each([
    [
      'evidence with a result overrides evidence without one',
      finding('live', unknown, by('configz')),
      finding('on-node', pass, by('proc')),
      'pass',
      'proc',
    ],
    [
      'the answer of the process overrides its files',
      finding('on-node', fail, by('proc')),
      finding('live', pass, by('configz')),
      'pass',
      'configz',
    ],
    [
      'if two pieces of evidence are equally strong, the failing one decides',
      finding('live', pass, by('handshake')),
      finding('live', fail, by('configz')),
      'fail',
      'configz',
    ],
  ] as const)('%s', (_name, a, b, result, via) => {
    for (const order of [
      [a, b],
      [b, a],
    ]) {
      const [decided, ...more] = combine(order);
      expect(more).toEqual([]);
      expect(decided?.outcome.result).toBe(result);
      expect(decided?.source).toEqual({ node: 'n', via });
      expect(decided?.others).toHaveLength(1);
    }
  });

  test('it has the certificates that the host shows, unless they are in another file than the process names', () => {
    const [certificates, live, host] = [
      [{ use: 'client-ca', path: '/ca.crt', subject: 'CN=a', issuer: 'CN=a', notBefore: 'x', notAfter: 'y' }] as const,
      finding('live', pass, by('configz'), value('/ca.crt')),
      finding('on-node', unknown, by('proc'), value('/ca.crt')),
    ];
    const seen = { ...host, certificates, moreCertificates: 2 };
    for (const order of [
      [live, seen],
      [seen, live],
      [{ ...live, evidence: [] }, seen],
    ]) {
      const [decided] = combine(order);
      expect(decided).toMatchObject({ vantage: 'live', certificates, moreCertificates: 2 });
      expect(decided?.others?.[0]).not.toHaveProperty('certificates');
    }
    const [moved] = combine([live, { ...seen, evidence: value('/other.crt') }]);
    expect(moved).not.toHaveProperty('certificates');
    expect(moved).not.toHaveProperty('moreCertificates');
  });

  test('a single piece of evidence stays as it is', () => {
    const only = finding('live', pass, by('configz'));
    expect(combine([only])).toEqual([only]);
    expect(isContradicted(only)).toBe(false);
  });

  test('different results, or different values of one setting, are a contradiction', () => {
    const live = finding('live', pass, by('configz'), value('/a'));
    const contradicted = (other: Finding): boolean => combine([live, other]).some(isContradicted);
    expect(contradicted(finding('on-node', pass, by('proc'), value('/a')))).toBe(false);
    expect(contradicted(finding('on-node', pass, by('proc'), value('/b')))).toBe(true);
    expect(contradicted(finding('on-node', fail, by('proc')))).toBe(true);
    expect(contradicted(finding('live', unknown, by('handshake')))).toBe(false);
    expect(contradicted(finding('live', pass, by('handshake')))).toBe(false);
  });

  test('the configuration for all nodes can contradict a node, but never decides', () => {
    const declared = finding('declared', pass, configMap, value('/c'));
    const [undecided] = combine([finding('live', unknown, by('configz'))], [declared]);
    expect(undecided?.outcome.result).toBe('unknown');
    expect(undecided?.others).toMatchObject([{ result: 'pass', agrees: true }]);
    const [decided] = combine([finding('live', fail, by('configz'))], [declared]);
    expect(decided?.outcome.result).toBe('fail');
    expect(decided?.others).toMatchObject([
      { source: configMap, result: 'pass', agrees: false, evidence: value('/c') },
    ]);
    // a node may have another path
    const [other] = combine([finding('live', pass, by('configz'), value('/d'))], [declared]);
    expect(other?.others).toMatchObject([{ agrees: true }]);
  });
});

describe('a fault in a file, which only its host can see,', () => {
  const expired: Outcome = { ...fail, violations: [{ code: 'ca-expired', setting: FIELD, message: 'expired' }] };

  test('makes the finding fail if the process names this file', () => {
    const [decided] = combine([
      finding('live', pass, by('handshake')),
      finding('live', pass, by('configz'), value('/a')),
      finding('on-node', expired, by('proc'), value('/a')),
    ]);
    expect(decided).toMatchObject({ source: by('handshake'), outcome: expired });
    expect(decided?.others).toMatchObject([
      { source: by('configz'), result: 'pass', agrees: true },
      { source: by('proc'), result: 'fail', agrees: true },
    ]);
  });

  test('does not count if the process names another file', () => {
    const [decided] = combine([
      finding('live', pass, by('configz'), value('/b')),
      finding('on-node', expired, by('proc'), value('/a')),
    ]);
    expect(decided).toMatchObject({ outcome: pass, others: [{ result: 'fail', agrees: false }] });
  });

  test('that does no harm yet becomes a warning of the finding', () => {
    const soon = { result: 'pass', warnings: [{ code: 'ca-expires-soon', setting: FIELD, message: 'soon' }] } as const;
    const [decided] = combine([finding('live', pass, by('handshake')), finding('on-node', soon, by('proc'))]);
    expect(decided).toMatchObject({ vantage: 'live', outcome: soon });
  });
});

describe('whatever the evidence is,', () => {
  const pieces = fc.array(
    fc
      .tuple(
        fc.constantFrom<Vantage[]>('live', 'on-node', 'running', 'declared'),
        fc.constantFrom(...(['pass', 'fail', 'unknown'] as const)),
        fc.constantFrom('/a', '/b'),
      )
      .map(([vantage, result, path]) => finding(vantage, OUTCOMES[result], by('configz'), value(path))),
    { minLength: 1, maxLength: 5 },
  );

  test('nothing passes that no source passed, nothing is lost, and the order does not matter', () => {
    fc.assert(
      fc.property(pieces, (findings) => {
        const [decided, ...more] = combine(findings);
        expect(more).toEqual([]);
        const results = findings.map(({ outcome }) => outcome.result);
        expect(results).toContain(decided?.outcome.result);
        if (results.every((result) => result === 'unknown')) expect(decided?.outcome.result).toBe('unknown');
        expect(decided?.others ?? []).toHaveLength(findings.length - 1);
        expect(combine(findings.toReversed())[0]?.outcome.result).toBe(decided?.outcome.result);
      }),
    );
  });
});

describe('what will change with the next start of a process on a host', () => {
  const since = '2026-11-26T11:00:00.000Z';
  const next = (outcome: Outcome, result: 'pass' | 'fail'): Finding => ({
    ...finding('on-node', outcome, by('proc'), value('/a')),
    others: [
      { source: by('proc'), vantage: 'on-node', result, agrees: true, evidence: [], problems: [], pending: true },
    ],
    drift: { state: 'pending', since },
  });
  const pendingOf = (host: Finding) => {
    const [combined] = combine([finding('live', pass, by('configz'), value('/a')), host]);
    const listed = combined?.others?.filter(({ pending }) => pending).map(({ result, agrees }) => [result, agrees]);
    return [listed, combined?.drift?.state];
  };

  test.each<[string, Finding, unknown]>([
    ['is listed as pending evidence that disagrees', next(pass, 'fail'), [[['fail', false]], 'pending']],
    [
      'is listed also if the finding of the running process is unknown',
      next(unknown, 'fail'),
      [[['fail', false]], 'pending'],
    ],
    ['is not pending if the finding is unknown and nothing will change', next(unknown, 'pass'), [[], undefined]],
  ])('%s', (_name, host, wanted) => {
    expect(pendingOf(host)).toEqual(wanted);
  });
});
