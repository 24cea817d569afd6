import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import { previousOutcomeOf, decide as decideBy } from '../../../src/policy/decision/decide.ts';
import type { Action, Exemption } from '../../../src/policy/control.ts';
import type { Decision, DecisionPolicy, Finding } from '../../../src/policy/finding.ts';
import type { Outcome, Violation } from '../../../src/policy/outcome.ts';

const TODAY = '2026-11-23';
const ACTIONS = ['off', 'audit', 'ratchet', 'enforce'] as const;

const decide = (
  now: readonly Finding[],
  then: readonly Finding[] | undefined,
  policy: DecisionPolicy,
  today: string,
): Decision => decideBy(now, then?.map(previousOutcomeOf), policy, today);

function policyOf(
  action: Action,
  onUnknown: DecisionPolicy['onUnknown'] = 'audit',
  exemptions: readonly Exemption[] = [],
): DecisionPolicy {
  return { action: () => action, onUnknown, exemptions };
}

const violation: fc.Arbitrary<Violation> = fc
  .tuple(fc.constantFrom('missing', 'empty', 'unusable', 'would-not-start'), fc.constantFrom('--a', '--b'))
  .map(([code, setting]) => ({ code, setting, message: `${setting} ${code}` }));
const problem = { code: 'unresolved', message: 'not told' } as const;

function failing([first, ...rest]: readonly Violation[]): Outcome {
  if (first === undefined) return { result: 'pass', warnings: [] };
  return { result: 'fail', violations: [first, ...rest], problems: [], warnings: [] };
}

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ result: 'pass', warnings: [] }),
  fc.constant<Outcome>({ result: 'unknown', problems: [problem], warnings: [] }),
  fc.array(violation, { minLength: 1, maxLength: 3 }).map(failing),
);
const finding: fc.Arbitrary<Finding> = fc
  .record({ control: fc.constantFrom(...controls), outcome, container: fc.constantFrom('a', 'b') })
  .map(({ control, outcome: result, container }) => ({
    control,
    subject: { component: control.component, name: 'it', namespace: 'kube-system', kind: 'Pod', container },
    source: { object: 'Pod kube-system/it' },
    vantage: 'running',
    surface: 'mirror-pod',
    outcome: result,
    evidence: [],
  }));
const findings = fc.uniqueArray(finding, {
  maxLength: 4,
  selector: ({ control, subject }) => `${control.slug} ${subject.container ?? ''}`,
});
const before = fc.option(findings, { nil: undefined });
const onUnknown = fc.constantFrom<DecisionPolicy['onUnknown'][]>('audit', 'deny');

const withoutReasons = (list: Decision['denied']): Finding[] => list.map(({ reason: _, ...rest }) => rest);

const slugs = (list: readonly Finding[]): string[] =>
  list.map(({ control, subject }) => `${control.slug} ${subject.container ?? ''}`).sort();

describe('one finding', () => {
  const [control] = controls;
  const of = (outcome: Outcome): Finding => ({
    control: control as Finding['control'],
    subject: { component: 'kube-apiserver', name: 'it', namespace: 'kube-system', kind: 'Pod', container: 'a' },
    source: { object: 'Pod kube-system/it' },
    vantage: 'running',
    surface: 'pod',
    outcome,
    evidence: [],
  });
  const missing = { code: 'missing', setting: '--a', message: 'it is missing' };
  const warning = { code: 'public-bundle', setting: '--a', message: 'it is public' };
  const fails = of({ result: 'fail', violations: [missing], problems: [], warnings: [] });
  const warns = of({ result: 'pass', warnings: [warning] });
  const passes = of({ result: 'pass', warnings: [] });
  const unknown = of({ result: 'unknown', problems: [problem], warnings: [] });

  test.each<[Action, DecisionPolicy['onUnknown'], Finding, Finding[] | undefined, 'deny' | 'warn' | 'nothing']>([
    // enforce denies violations that already existed, ratchet only new ones
    ['enforce', 'audit', fails, [fails], 'deny'],
    ['ratchet', 'audit', fails, [fails], 'warn'],
    ['ratchet', 'audit', fails, [passes], 'deny'],
    ['ratchet', 'audit', fails, undefined, 'deny'],
    ['audit', 'audit', fails, undefined, 'warn'],
    ['off', 'audit', fails, undefined, 'nothing'],
    // what passes is never denied, and is listed only if it has a warning
    ['enforce', 'deny', warns, undefined, 'warn'],
    ['ratchet', 'deny', warns, undefined, 'warn'],
    ['enforce', 'deny', passes, undefined, 'nothing'],
    ['enforce', 'deny', unknown, undefined, 'deny'],
    ['enforce', 'audit', unknown, undefined, 'warn'],
    ['ratchet', 'deny', unknown, undefined, 'deny'],
    ['ratchet', 'deny', unknown, [passes], 'deny'],
    ['ratchet', 'audit', unknown, [passes], 'warn'],
    ['audit', 'deny', unknown, undefined, 'warn'],
  ])('under %s with onUnknown %s: %#', (action, unknowns, now, then, expected) => {
    const { allowed, denied, warned, exempted } = decide([now], then, policyOf(action, unknowns), TODAY);
    expect([withoutReasons(denied), withoutReasons(warned), exempted]).toEqual([
      expected === 'deny' ? [now] : [],
      expected === 'warn' ? [now] : [],
      [],
    ]);
    expect(allowed).toBe(expected !== 'deny');
  });

  const empty = of({
    result: 'fail',
    violations: [{ ...missing, code: 'empty' }],
    problems: [],
    warnings: [],
  });
  test.each([
    ['enforce', fails, [fails], { action: 'enforce' }],
    ['audit', fails, undefined, { action: 'audit' }],
    ['ratchet', fails, undefined, { action: 'ratchet', before: 'nothing-known' }],
    ['ratchet', fails, [], { action: 'ratchet', before: 'absent' }],
    ['ratchet', fails, [passes], { action: 'ratchet', before: 'passed' }],
    ['ratchet', fails, [empty], { action: 'ratchet', before: 'new-violation' }],
    ['ratchet', fails, [unknown], { action: 'ratchet', before: 'new-violation' }],
    ['ratchet', fails, [fails], { action: 'ratchet', before: 'not-worse' }],
  ] as const)('under %s has its reason: %#', (action, now, then, reason) => {
    const { denied, warned } = decide([now], then, policyOf(action), TODAY);
    expect([...denied, ...warned].map((finding) => finding.reason)).toStrictEqual([reason]);
  });

  test('says that the action was lowered', () => {
    const policy = { ...policyOf('audit'), isLowered: () => true };
    expect(decide([fails], undefined, policy, TODAY).warned[0]?.reason).toStrictEqual({
      action: 'audit',
      isLowered: true,
    });
  });

  test('that is exempt is listed with its exemption, and is not denied', () => {
    const exemption = { control: fails.control.slug, subject: 'pod/*', reason: 'ticket 1', expires: '2027-01-01' };
    const decision = decide([fails], undefined, policyOf('enforce', 'deny', [exemption]), TODAY);
    expect(decision).toEqual({ allowed: true, denied: [], warned: [], exempted: [{ finding: fails, exemption }] });
  });
});

describe('decide', () => {
  test('denies under enforce what it denies under ratchet, and denies nothing under audit or off', () => {
    fc.assert(
      fc.property(findings, before, onUnknown, (now, then, unknown) => {
        const denied = (action: Action): string[] => slugs(decide(now, then, policyOf(action, unknown), TODAY).denied);
        expect(denied('enforce')).toEqual(expect.arrayContaining(denied('ratchet')));
        expect([...denied('audit'), ...denied('off')]).toEqual([]);
      }),
    );
  });

  test('never denies an unchanged object under ratchet', () => {
    fc.assert(
      fc.property(findings, onUnknown, (now, unknown) => {
        expect(decide(now, now, policyOf('ratchet', unknown), TODAY).allowed).toBe(true);
      }),
    );
  });

  test('denies an added violation under ratchet', () => {
    const actions = fc.constantFrom(...ACTIONS);
    fc.assert(
      fc.property(
        findings,
        before,
        onUnknown,
        actions,
        violation,
        fc.nat(3),
        (now, then, unknown, action, added, at) => {
          const worse = now.map((entry, index) => {
            if (index !== at) return entry;
            const known = entry.outcome.result === 'fail' ? entry.outcome.violations : [];
            return { ...entry, outcome: failing([...known, added]) };
          });
          const policy = policyOf(action, unknown);
          if (!decide(now, then, policy, TODAY).allowed) expect(decide(worse, then, policy, TODAY).allowed).toBe(false);
        },
      ),
    );
  });

  test('does not depend on the order of findings', () => {
    fc.assert(
      fc.property(findings, findings, onUnknown, fc.constantFrom(...ACTIONS), (now, then, unknown, action) => {
        const say = ({ allowed, denied, warned }: Decision) => ({
          allowed,
          denied: slugs(denied),
          warned: slugs(warned),
        });
        const policy = policyOf(action, unknown);
        expect(say(decide(now.toReversed(), then.toReversed(), policy, TODAY))).toEqual(
          say(decide(now, then, policy, TODAY)),
        );
      }),
    );
  });

  test('denies, exempts or warns about each finding that does not pass, once', () => {
    fc.assert(
      fc.property(
        findings,
        before,
        onUnknown,
        fc.constantFrom('audit', 'ratchet', 'enforce'),
        (now, then, unknown, action) => {
          const { denied, warned, exempted } = decide(now, then, policyOf(action, unknown), TODAY);
          const listed = [...denied, ...warned, ...exempted.map((entry) => entry.finding)];
          expect(slugs(listed)).toEqual(slugs(now.filter((entry) => entry.outcome.result !== 'pass')));
        },
      ),
    );
  });

  test('denies the same under ratchet as under enforce if no old object is known', () => {
    fc.assert(
      fc.property(findings, onUnknown, (now, unknown) => {
        const denied = (action: Action): string[] =>
          slugs(decide(now, undefined, policyOf(action, unknown), TODAY).denied);
        expect(denied('ratchet')).toEqual(denied('enforce'));
      }),
    );
  });
});

describe('an unknown finding', () => {
  const [control] = controls;
  const of = (result: Outcome): Finding => ({
    control: control ?? raise(),
    subject: { component: 'kube-apiserver', name: 'it' },
    source: { object: 'Pod kube-system/it' },
    vantage: 'running',
    surface: 'pod',
    outcome: result,
    evidence: [],
  });
  const unknown = of({ result: 'unknown', problems: [problem], warnings: [] });
  const passing = of({ result: 'pass', warnings: [] });
  const failed = of(failing([{ code: 'missing', setting: '--a', message: 'm' }]));

  test.each([
    ['audit', 'enforce', undefined, true],
    ['deny', 'enforce', undefined, false],
    ['deny', 'audit', undefined, true],
    ['deny', 'ratchet', [passing], false],
    ['deny', 'ratchet', [unknown], true],
    ['audit', 'ratchet', [passing], true],
  ] as const)('with onUnknown %s and %s, before %j: allowed is %s', (whenUnknown, action, then, allowed) => {
    expect(decide([unknown], then, policyOf(action, whenUnknown), TODAY).allowed).toBe(allowed);
  });

  test('in the old object does not count as a pass, and allows no violation', () => {
    expect(decide([failed], [unknown], policyOf('ratchet'), TODAY).allowed).toBe(false);
  });
});

describe('an exemption', () => {
  const [control] = controls;
  const subject = {
    component: 'kube-apiserver',
    name: 'kube-apiserver-cp-1',
    namespace: 'kube-system',
    kind: 'Pod',
    node: 'cp-1',
  } as const;
  const failed: Finding = {
    control: control ?? raise(),
    subject,
    source: { object: 'Pod kube-system/kube-apiserver-cp-1' },
    vantage: 'running',
    surface: 'mirror-pod',
    outcome: failing([{ code: 'missing', setting: '--a', message: 'm' }]),
    evidence: [],
  };
  const exemption = {
    control: failed.control.slug,
    subject: 'pod/kube-apiserver-*',
    reason: 'vendor appliance',
    expires: TODAY,
  };

  test.each([
    ['pod/kube-apiserver-cp-1', true],
    ['Pod/kube-apiserver-*', true],
    ['pod/kube-system/kube-apiserver-*', true],
    ['pod/*/kube-apiserver-cp-1', true],
    ['node/cp-*', true],
    ['pod/*', true],
    ['pod/kube-apiserver', false],
    ['pod/*cp-2', false],
    ['*', false],
    ['pod/default/*', false],
    ['configmap/kube-apiserver-cp-1', false],
    ['pod/kube-apiserver.cp-1', false],
    ['node/cp', false],
  ])('of %s applies: %s', (pattern, applies) => {
    const policy = policyOf('enforce', 'audit', [{ ...exemption, subject: pattern }]);
    const { allowed, exempted } = decide([failed], undefined, policy, TODAY);
    expect([allowed, exempted.length]).toEqual([applies, applies ? 1 : 0]);
  });

  test('applies on its last day and no longer', () => {
    const policy = policyOf('enforce', 'audit', [exemption]);
    expect(decide([failed], undefined, policy, TODAY).allowed).toBe(true);
    expect(decide([failed], undefined, policy, '2026-11-24').allowed).toBe(false);
  });

  test('for another control does not apply', () => {
    const policy = policyOf('enforce', 'audit', [{ ...exemption, control: 'kubelet-client-ca' }]);
    expect(decide([failed], undefined, policy, TODAY).allowed).toBe(false);
  });
});

function raise(): never {
  throw new Error('no control found');
}
