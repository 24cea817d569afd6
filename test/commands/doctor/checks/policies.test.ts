import { NO_RIGHT } from '../../../../src/commands/doctor/report.ts';
import { describe, expect, test } from '@jest/globals';

import { checkPolicies, type InstalledPolicy } from '../../../../src/commands/doctor/checks/policies.ts';
import { shipped } from '../../../../src/commands/doctor/shipped.ts';

const UNKNOWN = { unknown: 'you may not' };
const REGISTRATION = 'kubelet-guard-registration';
const SWEEPER = 'kubelet-guard-sweeper';

type Spec = Readonly<Record<string, unknown>>;
type Part = 'policy' | 'binding';
type Change = (spec: Spec) => unknown;

/** Both policies as shipped, except for a change to one object. */
function installedPolicies(
  name = '',
  part: Part = 'policy',
  change: Change = (spec) => spec,
): readonly InstalledPolicy[] {
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

describe('the ValidatingAdmissionPolicies', () => {
  test('are ok as shipped', () => {
    expect(checkPolicies(installedPolicies(), 'kubelet-guard')).toEqual({
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
    [
      'failurePolicy Ignore',
      SWEEPER,
      'policy',
      set({ failurePolicy: 'Ignore' }),
      'failurePolicy is Ignore, shipped Fail',
    ],
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
      'a binding with an object selector',
      REGISTRATION,
      'binding',
      set({ matchResources: { objectSelector: { matchLabels: { a: 'b' } } } }),
      'matchResources is {"excludeResourceRules":[],"matchPolicy":"Equivalent","namespaceSelector":{},"objectSelector":{"matchLabels":{"a":"b"}},"resourceRules":[]}',
    ],
    ['parameters', SWEEPER, 'binding', set({ paramRef: { name: 'x' } }), 'paramRef is {"name":"x"}, shipped null'],
    ['a field of a later version', SWEEPER, 'policy', set({ isDisabled: true }), 'isDisabled is true, shipped null'],
    ['no resource rules', REGISTRATION, 'policy', matching({ resourceRules: [] }), 'matchConstraints is '],
    [
      'an excluded resource',
      SWEEPER,
      'policy',
      matching({ excludeResourceRules: [{ resourceNames: ['x'] }] }),
      'matchConstraints is ',
    ],
    ['exact matching', SWEEPER, 'policy', matching({ matchPolicy: 'Exact' }), 'matchConstraints is '],
    [
      'a namespace selector',
      SWEEPER,
      'policy',
      matching({ namespaceSelector: { matchLabels: { a: 'b' } } }),
      'matchConstraints is ',
    ],
    [
      'an additional condition',
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
    ['no validations', SWEEPER, 'policy', set({ validations: [] }), 'validations are not the shipped ones'],
    [
      'another expression',
      REGISTRATION,
      'policy',
      (spec) =>
        set({ validations: itemsOf(spec, 'validations').map((item) => ({ ...item, expression: 'true' })) })(spec),
      'validations are not the shipped ones',
    ],
  ])('with %s are a problem with details', (_name, name, part, change, words) => {
    const { result, details, remedy } = checkPolicies(installedPolicies(name, part, change), 'kubelet-guard');

    expect(result).toBe('problem');
    expect(details?.join('\n')).toContain(words);
    expect(details?.every((line) => line.includes(` ${name}`))).toBe(true);
    expect(remedy).toContain('apply the manifests');
  });

  test('are ok with the defaults of the API server, in another order, and with other white space', () => {
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

    expect(checkPolicies(installedPolicies(SWEEPER, 'policy', filled), 'kubelet-guard').result).toBe('ok');
    const selectors = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} };
    expect(
      checkPolicies(installedPolicies(SWEEPER, 'binding', set({ matchResources: selectors })), 'kubelet-guard').result,
    ).toBe('ok');
  });

  test('must name the ServiceAccounts of the namespace in which kubelet-guard runs', () => {
    const inOther: readonly InstalledPolicy[] = installedPolicies().map((installed) => {
      const spec: unknown = JSON.parse(
        JSON.stringify(installed.shipped.policy).replaceAll(
          'serviceaccount:kubelet-guard:',
          'serviceaccount:security:',
        ),
      );
      return { ...installed, policy: { known: { spec } } };
    });

    expect(checkPolicies(inOther, 'security').result).toBe('ok');
    expect(checkPolicies(inOther, 'kubelet-guard').details).toEqual([
      'ValidatingAdmissionPolicy kubelet-guard-registration: variables: keepsTheBundle has another expression',
      'ValidatingAdmissionPolicy kubelet-guard-sweeper: matchConditions: by-the-sweeper has another expression',
    ]);
    expect(checkPolicies(installedPolicies(), '"\\$&').result).toBe('problem');
  });

  test('that cannot be read are unknown, but a known difference is still a problem', () => {
    const unreadable = installedPolicies().map((installed) => ({ ...installed, binding: UNKNOWN }));

    expect(checkPolicies(unreadable, 'kubelet-guard')).toEqual({
      check: 'policies',
      result: 'unknown',
      message: 'you may not',
      remedy: NO_RIGHT,
    });
    expect(
      checkPolicies(
        unreadable.map((installed) => ({ ...installed, policy: { known: undefined } })),
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
  ])('in a malformed answer are a problem: %j', (known) => {
    const wrong = installedPolicies().map((installed) => ({ ...installed, policy: { known }, binding: { known } }));
    expect(checkPolicies(wrong, 'kubelet-guard').result).toBe('problem');
  });
});
