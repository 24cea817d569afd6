import { describe, expect, test } from '@jest/globals';

import { checkPolicies, type InstalledPolicy } from '../../../../src/commands/doctor/checks/policies.ts';
import { shipped } from '../../../../src/commands/doctor/shipped.ts';

const UNKNOWN = { unknown: 'you may not' };
const REGISTRATION = 'kubelet-guard-registration';
const SWEEPER = 'kubelet-guard-sweeper';

type Spec = Readonly<Record<string, unknown>>;
type Part = 'policy' | 'binding';
type Change = (spec: Spec) => unknown;

/** Both as shipped, except for a change to one object. */
function sights(name = '', part: Part = 'policy', change: Change = (spec) => spec): readonly InstalledPolicy[] {
  return shipped.policies.map((policy) => {
    const known = (of: Part) => {
      const spec = policy[of];
      return { known: policy.name === name && part === of ? change(spec) : { metadata: { name: policy.name }, spec } };
    };
    return { shipped: policy, policy: known('policy'), binding: known('binding') };
  });
}

const set = (fields: object) => (spec: Spec) => ({ spec: { ...spec, ...fields } });
const matching = (fields: object) => (spec: Spec) =>
  set({ matchConstraints: { ...(spec.matchConstraints as object), ...fields } })(spec);
const itemsOf = (spec: Spec, field: string) => spec[field] as readonly Spec[];

describe('the policies', () => {
  test('are the two that hold the registration and the sweeper, and as shipped they are ok', () => {
    expect(checkPolicies(sights(), 'kubelet-guard')).toEqual({
      check: 'policies',
      result: 'ok',
      message: 'kubelet-guard-registration and kubelet-guard-sweeper and their bindings are as shipped',
    });
  });

  test.each<[string, string, Part, Change, string]>([
    [
      'no policy',
      REGISTRATION,
      'policy',
      () => undefined,
      'ValidatingAdmissionPolicy kubelet-guard-registration is missing',
    ],
    [
      'no binding',
      SWEEPER,
      'binding',
      () => undefined,
      'ValidatingAdmissionPolicyBinding kubelet-guard-sweeper is missing',
    ],
    ['failures ignored', SWEEPER, 'policy', set({ failurePolicy: 'Ignore' }), 'failurePolicy is Ignore, shipped Fail'],
    [
      'a binding that only warns',
      SWEEPER,
      'binding',
      set({ validationActions: ['Warn'] }),
      'validationActions is ["Warn"], shipped ["Deny"]',
    ],
    [
      'a binding without actions',
      REGISTRATION,
      'binding',
      set({ validationActions: undefined }),
      'validationActions is null, shipped ["Deny"]',
    ],
    [
      'a binding of another policy',
      SWEEPER,
      'binding',
      set({ policyName: 'other' }),
      'policyName is other, shipped kubelet-guard-sweeper',
    ],
    [
      'a binding for some objects',
      REGISTRATION,
      'binding',
      set({ matchResources: { objectSelector: { matchLabels: { a: 'b' } } } }),
      'matchResources is {"excludeResourceRules":[],"matchPolicy":"Equivalent","namespaceSelector":{},"objectSelector":{"matchLabels":{"a":"b"}},"resourceRules":[]}',
    ],
    ['parameters', SWEEPER, 'binding', set({ paramRef: { name: 'x' } }), 'paramRef is {"name":"x"}, shipped null'],
    ['a field of a later version', SWEEPER, 'policy', set({ isDisabled: true }), 'isDisabled is true, shipped null'],
    ['fewer operations', REGISTRATION, 'policy', matching({ resourceRules: [] }), 'matchConstraints is '],
    [
      'an exception',
      SWEEPER,
      'policy',
      matching({ excludeResourceRules: [{ resourceNames: ['x'] }] }),
      'matchConstraints is ',
    ],
    ['exact matching', SWEEPER, 'policy', matching({ matchPolicy: 'Exact' }), 'matchConstraints is '],
    [
      'some namespaces',
      SWEEPER,
      'policy',
      matching({ namespaceSelector: { matchLabels: { a: 'b' } } }),
      'matchConstraints is ',
    ],
    [
      'one condition more',
      REGISTRATION,
      'policy',
      (spec) =>
        set({ matchConditions: [...itemsOf(spec, 'matchConditions'), { name: 'never', expression: 'false' }] })(spec),
      'matchConditions: never is not shipped',
    ],
    [
      'another condition',
      SWEEPER,
      'policy',
      set({ matchConditions: [{ name: 'by-the-sweeper', expression: 'false' }] }),
      'matchConditions: by-the-sweeper has another expression',
    ],
    ['no variables', SWEEPER, 'policy', set({ variables: [] }), 'variables: written is missing'],
    ['nothing to hold', SWEEPER, 'policy', set({ validations: [] }), 'validations are not the shipped ones'],
    [
      'another expression',
      REGISTRATION,
      'policy',
      (spec) =>
        set({ validations: itemsOf(spec, 'validations').map((item) => ({ ...item, expression: 'true' })) })(spec),
      'validations are not the shipped ones',
    ],
  ])('with %s are a problem that is named', (_name, name, part, change, words) => {
    const { result, details, remedy } = checkPolicies(sights(name, part, change), 'kubelet-guard');

    expect(result).toBe('problem');
    expect(details?.join('\n')).toContain(words);
    expect(details?.every((line) => line.includes(` ${name}`))).toBe(true);
    expect(remedy).toContain('apply the manifests');
  });

  test('are the same with what the API server fills in, in another order, and with other space', () => {
    const filled: Change = (spec) => {
      const { resourceRules } = spec.matchConstraints as { resourceRules: readonly Spec[] };
      return set({
        matchConstraints: {
          matchPolicy: 'Equivalent',
          namespaceSelector: {},
          objectSelector: {},
          resourceRules: resourceRules.toReversed().map((rule) => ({ ...rule, scope: '*' })),
        },
        variables: itemsOf(spec, 'variables').toReversed(),
        validations: itemsOf(spec, 'validations').map((item) => {
          return { ...item, expression: `${String(item.expression).replaceAll(' ', '\n ')}\n` };
        }),
      })(spec);
    };

    expect(checkPolicies(sights(SWEEPER, 'policy', filled), 'kubelet-guard').result).toBe('ok');
    const selectors = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} };
    expect(checkPolicies(sights(SWEEPER, 'binding', set({ matchResources: selectors })), 'kubelet-guard').result).toBe(
      'ok',
    );
  });

  test('have to name the accounts of the namespace in which the product runs', () => {
    const inOther: readonly InstalledPolicy[] = sights().map((sight) => {
      const spec: unknown = JSON.parse(
        JSON.stringify(sight.shipped.policy).replaceAll('serviceaccount:kubelet-guard:', 'serviceaccount:security:'),
      );
      return { ...sight, policy: { known: { spec } } };
    });

    expect(checkPolicies(inOther, 'security').result).toBe('ok');
    expect(checkPolicies(inOther, 'kubelet-guard').details).toEqual([
      'ValidatingAdmissionPolicy kubelet-guard-registration: variables: keepsTheBundle has another expression',
      'ValidatingAdmissionPolicy kubelet-guard-sweeper: matchConditions: by-the-sweeper has another expression',
    ]);
    expect(checkPolicies(sights(), '"\\$&').result).toBe('problem');
  });

  test('that may not be read are unknown, and what was seen to be wrong stays a problem', () => {
    const blind = sights().map((sight) => ({ ...sight, binding: UNKNOWN }));

    expect(checkPolicies(blind, 'kubelet-guard')).toEqual({
      check: 'policies',
      result: 'unknown',
      message: 'you may not',
    });
    expect(
      checkPolicies(
        blind.map((sight) => ({ ...sight, policy: { known: undefined } })),
        'kubelet-guard',
      ),
    ).toMatchObject({
      result: 'problem',
      details: expect.arrayContaining(['ValidatingAdmissionPolicy kubelet-guard-sweeper is missing', 'you may not']),
    });
  });

  test.each([
    [null],
    ['x'],
    [[]],
    [{}],
    [{ spec: 'x' }],
    [{ spec: { matchConstraints: [], variables: {}, validations: [null] } }],
  ])('may be anything at all: %j', (known) => {
    const wrong = sights().map((sight) => ({ ...sight, policy: { known }, binding: { known } }));
    expect(checkPolicies(wrong, 'kubelet-guard').result).toBe('problem');
  });
});
