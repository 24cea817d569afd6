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

function told(audited: Finding, start: string | undefined, ...seen: readonly Finding[]): Finding {
  const [still] = markOutdated({ findings: [audited], at: AT }, () => start, seen);
  if (still === undefined) throw new Error('a finding was dropped');
  return still;
}

describe('what an audit says of a process', () => {
  test.each([
    ['passed', pass],
    ['failed', missing],
    ['could not be told', unknown],
  ])('that %s is no longer known after its restart, and says so', (_what, outcome) => {
    const still = told(finding(outcome), LATER);
    expect(still.outcome).toMatchObject({ result: 'unknown', problems: [{ code: 'outdated' }] });
    expect(JSON.stringify(still.outcome)).toContain(
      `(its result was ${outcome.result}): the process started at ${LATER}`,
    );
  });

  test.each([EARLIER, undefined])('holds where it runs since %s', (start) => {
    for (const outcome of [pass, missing, expired, unknown]) {
      expect(told(finding(outcome), start)).toEqual(finding(outcome));
    }
  });

  test('holds of its files over a restart, unless it names others now', () => {
    expect(told(finding(expired), LATER).outcome.result).toBe('fail');
    expect(told(finding(expired), LATER, finding(pass, 'running')).outcome.result).toBe('fail');
    expect(told(finding(expired), LATER, finding(pass, 'running', '/pki/new.key')).outcome.result).toBe('unknown');
  });

  test('is no contradiction where the process itself says something else: it was started anew since', () => {
    const [first] = combine([finding(missing, 'live'), told(finding(pass), undefined, finding(missing, 'live'))]);
    expect(first).toMatchObject({ outcome: missing, others: [{ result: 'unknown', agrees: true }] });
    const [second] = combine([finding(pass, 'live'), told(finding(missing), undefined, finding(pass, 'live'))]);
    expect(second).toMatchObject({ outcome: pass, others: [{ result: 'unknown', agrees: true }] });
    const moved = told(finding(pass, 'on-node', '/old.key'), undefined, finding(pass, 'live'));
    expect(moved.outcome.result).toBe('unknown');
  });

  test('is added to what the process says where that agrees, or says nothing of files', () => {
    expect(told(finding(pass), undefined, finding(pass, 'live'))).toEqual(finding(pass));
    const faulty = told(finding(expired), undefined, finding(pass, 'live'));
    expect(combine([finding(pass, 'live'), faulty])[0]?.outcome).toEqual(expired);
    // what only is written down in the API is no word of the process
    expect(told(finding(pass), undefined, finding(missing, 'running'))).toEqual(finding(pass));
  });

  test('tells nothing of what comes with the next start, once that has been', () => {
    const pending = {
      ...{ source: { node: 'cp', via: 'proc' }, vantage: 'on-node', result: 'fail', agrees: false },
      ...{ evidence: [], problems: [], pending: true },
    } satisfies OtherEvidence;
    const drift = { state: 'pending', since: EARLIER } as const;
    for (const outcome of [pass, expired]) {
      const still = told({ ...finding(outcome), others: [pending], drift }, LATER);
      expect(still).not.toHaveProperty('others');
      expect(still).not.toHaveProperty('drift');
    }
  });

  test('never makes pass what the process says fails, whatever it is and whenever it was', () => {
    const outcome = fc.constantFrom(pass, missing, expired, unknown);
    const start = fc.constantFrom(EARLIER, LATER, undefined, 'nonsense');
    const value = fc.constantFrom('/pki/client.key', '/other.key');
    fc.assert(
      fc.property(outcome, start, value, (audited, since, path) => {
        const live = finding(missing, 'live');
        const still = told(finding(audited, 'on-node', path), since, live);
        const [decided] = combine([live, still]);
        expect(decided?.outcome.result).toBe('fail');
        expect(decided?.others?.every(({ agrees, result }) => agrees || result !== 'pass')).toBe(true);
      }),
    );
  });
});
