import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import { markOutdated } from '../../../src/policy/link/node-audit.ts';
import { combine } from '../../../src/policy/link/combine.ts';
import type { Control } from '../../../src/policy/control.ts';
import type { Finding, OtherEvidence } from '../../../src/policy/finding.ts';
import type { Outcome } from '../../../src/policy/outcome.ts';
import type { Vantage } from '../../../src/policy/reading.ts';

const AT = '2026-11-27T03:02:31.000Z';
const LATER = '2026-11-27T03:03:21Z';
const EARLIER = '2026-11-27T03:00:00Z';
const [control] = controls as readonly [Control];

const pass: Outcome = { result: 'pass', warnings: [] };
const failBy = (code: string): Outcome => ({
  result: 'fail',
  violations: [{ code, setting: '--kubelet-client-key', message: code }],
  problems: [],
  warnings: [],
});
const missing = failBy('missing');
const expired = failBy('expired');
const unknown: Outcome = { result: 'unknown', problems: [{ code: 'timeout', message: 'm' }], warnings: [] };

function finding(outcome: Outcome, vantage: Vantage = 'on-node', value = '/pki/client.key'): Finding {
  const via = vantage === 'on-node' ? 'proc' : 'flagz';
  return {
    control,
    subject: { component: 'kube-apiserver', name: 'cp', kind: 'Node', node: 'cp' },
    source: { node: 'cp', via },
    vantage,
    surface: 'process',
    outcome,
    evidence: [{ setting: '--kubelet-client-key', value, origin: { layer: 'flag' } }],
  };
}

function checked(audited: Finding, start: string | undefined, ...seen: readonly Finding[]): Finding {
  const [still] = markOutdated({ findings: [audited], at: AT }, () => start, seen);
  if (still === undefined) throw new Error('a finding was dropped');
  return still;
}

describe('the finding of a stored node audit', () => {
  test.each([
    ['passed', pass],
    ['failed', missing],
    ['was unknown', unknown],
  ])('that %s is unknown after the process restarted, and gives the reason', (_what, outcome) => {
    const still = checked(finding(outcome), LATER);
    expect(still.outcome).toMatchObject({ result: 'unknown', problems: [{ code: 'outdated' }] });
    expect(JSON.stringify(still.outcome)).toContain(
      `(its result was ${outcome.result}): the process started at ${LATER}`,
    );
  });

  test.each([EARLIER, undefined])('still counts if the process has run since %s', (start) => {
    for (const outcome of [pass, missing, expired, unknown]) {
      expect(checked(finding(outcome), start)).toEqual(finding(outcome));
    }
  });

  test('about files still counts after a restart, unless the process names other files now', () => {
    expect(checked(finding(expired), LATER).outcome.result).toBe('fail');
    expect(checked(finding(expired), LATER, finding(pass, 'running')).outcome.result).toBe('fail');
    expect(checked(finding(expired), LATER, finding(pass, 'running', '/pki/new.key')).outcome.result).toBe('unknown');
  });

  test('is no contradiction if the process itself has another result: it was restarted since', () => {
    const [first] = combine([finding(missing, 'live'), checked(finding(pass), undefined, finding(missing, 'live'))]);
    expect(first).toMatchObject({ outcome: missing, others: [{ result: 'unknown', agrees: true }] });
    const [second] = combine([finding(pass, 'live'), checked(finding(missing), undefined, finding(pass, 'live'))]);
    expect(second).toMatchObject({ outcome: pass, others: [{ result: 'unknown', agrees: true }] });
    const moved = checked(finding(pass, 'on-node', '/old.key'), undefined, finding(pass, 'live'));
    expect(moved.outcome.result).toBe('unknown');
  });

  test('is added to the finding of the process if it agrees, or is about files', () => {
    expect(checked(finding(pass), undefined, finding(pass, 'live'))).toEqual(finding(pass));
    const faulty = checked(finding(expired), undefined, finding(pass, 'live'));
    expect(combine([finding(pass, 'live'), faulty])[0]?.outcome).toEqual(expired);
    // a declaration in the API is not an answer of the process
    expect(checked(finding(pass), undefined, finding(missing, 'running'))).toEqual(finding(pass));
  });

  test('has no certificates once it is outdated: the process may read other files', () => {
    const certificates = [
      { use: 'client', path: '/c', subject: 'CN=a', issuer: 'CN=b', notBefore: AT, notAfter: AT } as const,
    ];
    const seen = (outcome: Outcome) => ({ ...finding(outcome), certificates, moreCertificates: 1 });
    expect(checked(seen(pass), EARLIER)).toEqual(seen(pass));
    expect(checked(seen(expired), LATER)).toEqual(seen(expired));
    for (const still of [checked(seen(pass), LATER), checked(seen(pass), undefined, finding(missing, 'live'))]) {
      expect(still.outcome.result).toBe('unknown');
      expect(still).not.toHaveProperty('certificates');
      expect(still).not.toHaveProperty('moreCertificates');
    }
  });

  test('has nothing pending any more after the restart', () => {
    const pending = {
      ...{ source: { node: 'cp', via: 'proc' }, vantage: 'on-node', result: 'fail', agrees: false },
      ...{ evidence: [], problems: [], pending: true },
    } satisfies OtherEvidence;
    const drift = { state: 'pending', since: EARLIER } as const;
    for (const outcome of [pass, expired]) {
      const still = checked({ ...finding(outcome), others: [pending], drift }, LATER);
      expect(still).not.toHaveProperty('others');
      expect(still).not.toHaveProperty('drift');
    }
  });

  test('never turns a failure of the running process into a pass, whatever the audit says and however old it is', () => {
    const outcome = fc.constantFrom(pass, missing, expired, unknown);
    const start = fc.constantFrom(EARLIER, LATER, undefined, 'nonsense');
    const value = fc.constantFrom('/pki/client.key', '/other.key');
    fc.assert(
      fc.property(outcome, start, value, (audited, since, path) => {
        const live = finding(missing, 'live');
        const still = checked(finding(audited, 'on-node', path), since, live);
        const [decided] = combine([live, still]);
        expect(decided?.outcome.result).toBe('fail');
        expect(decided?.others?.every(({ agrees, result }) => agrees || result !== 'pass')).toBe(true);
      }),
    );
  });
});
