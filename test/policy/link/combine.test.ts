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

describe('evidence about one control and subject becomes one finding', () => {
  test.each([
    [
      'what could tell goes before what could not',
      finding('live', unknown, by('configz')),
      finding('on-node', pass, by('proc')),
      'pass',
      'proc',
    ],
    [
      'what the process says goes before its files',
      finding('on-node', fail, by('proc')),
      finding('live', pass, by('configz')),
      'pass',
      'configz',
    ],
    [
      'of two equally good pieces the one that fails',
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

  test('a single piece stays as it is', () => {
    const only = finding('live', pass, by('configz'));
    expect(combine([only])).toEqual([only]);
    expect(isContradicted(only)).toBe(false);
  });

  test('results that contradict each other, or other values of one setting, are a dispute', () => {
    const live = finding('live', pass, by('configz'), value('/a'));
    const disputes = (other: Finding): boolean => combine([live, other]).some(isContradicted);
    expect(disputes(finding('on-node', pass, by('proc'), value('/a')))).toBe(false);
    expect(disputes(finding('on-node', pass, by('proc'), value('/b')))).toBe(true);
    expect(disputes(finding('on-node', fail, by('proc')))).toBe(true);
    expect(disputes(finding('live', unknown, by('handshake')))).toBe(false);
    expect(disputes(finding('live', pass, by('handshake')))).toBe(false);
  });

  test('what is written down for all contradicts, and never decides', () => {
    const declared = finding('declared', pass, configMap, value('/c'));
    const [untold] = combine([finding('live', unknown, by('configz'))], [declared]);
    expect(untold?.outcome.result).toBe('unknown');
    expect(untold?.others).toMatchObject([{ result: 'pass', agrees: true }]);
    const [told] = combine([finding('live', fail, by('configz'))], [declared]);
    expect(told?.outcome.result).toBe('fail');
    expect(told?.others).toMatchObject([{ source: configMap, result: 'pass', agrees: false, evidence: value('/c') }]);
    // another path on a node is that node's own affair
    const [other] = combine([finding('live', pass, by('configz'), value('/d'))], [declared]);
    expect(other?.others).toMatchObject([{ agrees: true }]);
  });
});

describe('a fault of a file, which only its host can see', () => {
  const expired: Outcome = { ...fail, violations: [{ code: 'ca-expired', setting: FIELD, message: 'expired' }] };

  test('is not refuted by a process that names the file', () => {
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

  test('is one of a file that does not count any more, where the process names another', () => {
    const [decided] = combine([
      finding('live', pass, by('configz'), value('/b')),
      finding('on-node', expired, by('proc'), value('/a')),
    ]);
    expect(decided).toMatchObject({ outcome: pass, others: [{ result: 'fail', agrees: false }] });
  });

  test('that harms nobody yet is a warning beside what decides', () => {
    const soon = { result: 'pass', warnings: [{ code: 'ca-expires-soon', setting: FIELD, message: 'soon' }] } as const;
    const [decided] = combine([finding('live', pass, by('handshake')), finding('on-node', soon, by('proc'))]);
    expect(decided).toMatchObject({ vantage: 'live', outcome: soon });
  });
});

describe('for any evidence', () => {
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

  test('nothing passes that no piece passed, nothing is lost, and the order does not matter', () => {
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

describe('what a host tells of the next start', () => {
  const since = '2026-11-26T11:00:00.000Z';
  const comes = (outcome: Outcome, result: 'pass' | 'fail'): Finding => ({
    ...finding('on-node', outcome, by('proc'), value('/a')),
    others: [
      { source: by('proc'), vantage: 'on-node', result, agrees: true, evidence: [], problems: [], pending: true },
    ],
    drift: { state: 'pending', since },
  });
  const told = (host: Finding) => {
    const [combined] = combine([finding('live', pass, by('configz'), value('/a')), host]);
    const next = combined?.others?.filter(({ pending }) => pending).map(({ result, agrees }) => [result, agrees]);
    return [next, combined?.drift?.state];
  };

  test.each<[string, Finding, unknown]>([
    ['stands beside what decides, and disagrees', comes(pass, 'fail'), [[['fail', false]], 'pending']],
    ['also where the host could not tell what runs', comes(unknown, 'fail'), [[['fail', false]], 'pending']],
    ['is no news where the host could not tell, and the same comes', comes(unknown, 'pass'), [[], undefined]],
  ])('%s', (_name, host, wanted) => {
    expect(told(host)).toEqual(wanted);
  });
});
