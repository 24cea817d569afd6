import { asArray, asRecord } from '../../../json.ts';
import type { Check } from '../report.ts';
import type { Answer } from '../../../kube/questions.ts';
import { namedDifferences, plain, short } from '../compare.ts';
import { NAMES, shipped, type ShippedPolicy } from '../shipped.ts';

/** A ValidatingAdmissionPolicy and its binding as the API server has them. */
export interface PolicySight {
  readonly shipped: ShippedPolicy;
  readonly policy: Answer<unknown>;
  readonly binding: Answer<unknown>;
}

type Spec = Readonly<Record<string, unknown>>;

const KINDS = { policy: 'ValidatingAdmissionPolicy', binding: 'ValidatingAdmissionPolicyBinding' } as const;
const PARTS = ['policy', 'binding'] as const;
/** What the API server makes of fields that are left out. */
const POLICY: Spec = {
  failurePolicy: 'Fail',
  matchConditions: [],
  variables: [],
  validations: [],
  auditAnnotations: [],
};
const MATCH: Spec = {
  matchPolicy: 'Equivalent',
  namespaceSelector: {},
  objectSelector: {},
  resourceRules: [],
  excludeResourceRules: [],
};
const RULE: Spec = { scope: '*', resourceNames: [] };
const NAMED: ReadonlySet<string> = new Set(['matchConditions', 'variables']);

/**
 * Compares the policies that hold the product's own accounts to their work, and their bindings, with those that are shipped.
 *
 * @param home where the product runs: they name its accounts
 */
export function checkPolicies(sights: readonly PolicySight[], home: string): Check {
  const check = 'policies';
  const details = sights.flatMap((sight) => PARTS.flatMap((part) => differences(sight, part, home)));
  const unknown = sights
    .flatMap(({ policy, binding }) => [policy, binding])
    .flatMap((asked) => ('unknown' in asked ? [asked.unknown] : []));
  if (details.length > 0) {
    return {
      check,
      result: 'problem',
      message: 'not all ValidatingAdmissionPolicies are as shipped: what they are to deny may be allowed',
      details: [...details, ...unknown],
      remedy:
        'apply the manifests of the version that runs (kubectl apply -k, with protect-registration.yaml and rbac.yaml; or helm upgrade, with protectRegistration.enabled); a difference that is meant stays a difference here',
    };
  }
  const [message] = unknown;
  if (message !== undefined) return { check, result: 'unknown', message };
  const names = sights.map(({ shipped: { name } }) => name).join(' and ');
  return { check, result: 'ok', message: `${names} deny as shipped, each by its binding` };
}

function differences(sight: PolicySight, part: 'policy' | 'binding', home: string): string[] {
  const asked = sight[part];
  if ('unknown' in asked) return [];
  const what = `${KINDS[part]} ${sight.shipped.name}`;
  if (asked.known === undefined) return [`${what} is missing`];
  const wanted = complete(part, at(home, sight.shipped[part]));
  const actual = complete(part, asRecord(asRecord(asked.known).spec));
  const fields = [...new Set([...Object.keys(wanted), ...Object.keys(actual)])];
  return fields.flatMap((field) => difference(field, actual[field], wanted[field])).map((words) => `${what}: ${words}`);
}

function difference(field: string, actual: unknown, wanted: unknown): string[] {
  const [is, was] = [plain(actual ?? null), plain(wanted ?? null)];
  if (is === was) return [];
  const named = NAMED.has(field) ? namedDifferences(field, actual, wanted) : [];
  if (named.length > 0) return named;
  // too long for a line, and told apart by nothing but reading both
  if (field === 'validations') return ['validations are other ones than those that are shipped'];
  return [`${field} is ${short(is)}, shipped ${short(was)}`];
}

/** With each field that means something when it is left out, also those that the manifests do not set. */
function complete(part: 'policy' | 'binding', spec: Spec): Spec {
  const field = part === 'policy' ? 'matchConstraints' : 'matchResources';
  const match = filled(MATCH, asRecord(spec[field]));
  const rules = (list: unknown) => asArray(list).map((rule) => filled(RULE, asRecord(rule)));
  return {
    ...filled(part === 'policy' ? POLICY : {}, spec),
    [field]: {
      ...match,
      resourceRules: rules(match.resourceRules),
      excludeResourceRules: rules(match.excludeResourceRules),
    },
  };
}

function filled(defaults: Spec, given: Spec): Spec {
  const set = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  return { ...defaults, ...Object.fromEntries(set) };
}

const SHIPPED_ACCOUNTS = `system:serviceaccount:${NAMES.namespace}:`;

/** What is shipped, for the accounts of another namespace. */
function at(home: string, spec: Spec): Spec {
  const accounts = JSON.stringify(`system:serviceaccount:${home}:`).slice(1, -1);
  return JSON.parse(JSON.stringify(spec).replaceAll(SHIPPED_ACCOUNTS, () => accounts)) as Spec;
}

/** Where each shipped policy and its binding are, below the API group. */
export const policyPlaces = shipped.policies.map((policy) => ({
  shipped: policy,
  policy: `validatingadmissionpolicies/${policy.name}`,
  binding: `validatingadmissionpolicybindings/${policy.name}`,
}));
