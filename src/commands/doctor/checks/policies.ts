// The check `policies`: are the ValidatingAdmissionPolicies and their bindings as shipped?

import { asArray, asRecord } from '../../../json.ts';
import { NO_RIGHT, type Check } from '../report.ts';
import type { Answer } from '../../../kube/read-only-api.ts';
import { namedDifferences, plain, short } from '../compare.ts';
import { NAMES, shipped, type ShippedPolicy } from '../shipped.ts';

/** A shipped ValidatingAdmissionPolicy, and the policy and binding of the cluster. */
export interface InstalledPolicy {
  readonly shipped: ShippedPolicy;
  readonly policy: Answer<unknown>;
  readonly binding: Answer<unknown>;
}

type Spec = Readonly<Record<string, unknown>>;

const KINDS = { policy: 'ValidatingAdmissionPolicy', binding: 'ValidatingAdmissionPolicyBinding' } as const;
const PARTS = ['policy', 'binding'] as const;
/** The API server's defaults. */
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
 * Compares the policies that restrict kubelet-guard's own accounts, and their bindings, with the shipped ones.
 *
 * @param home the namespace of the accounts, which the policies name
 */
export function checkPolicies(installed: readonly InstalledPolicy[], home: string): Check {
  const check = 'policies';
  const details = installed.flatMap((one) => PARTS.flatMap((part) => differences(one, part, home)));
  const unknown = installed
    .flatMap(({ policy, binding }) => [policy, binding])
    .flatMap((asked) => ('unknown' in asked ? [asked.unknown] : []));
  if (details.length > 0) {
    return {
      check,
      result: 'problem',
      message:
        'a ValidatingAdmissionPolicy or its binding is not as shipped: the API server may allow what it should deny',
      details: [...details, ...unknown],
      remedy:
        'apply the manifests of the version that runs (kubectl apply -k, with protect-registration.yaml and rbac.yaml; or helm upgrade, with protectRegistration.enabled); intended differences are listed here too',
    };
  }
  const [message] = unknown;
  if (message !== undefined) return { check, result: 'unknown', message, remedy: NO_RIGHT };
  const names = installed.map(({ shipped: { name } }) => name).join(' and ');
  return { check, result: 'ok', message: `${names} and their bindings are as shipped` };
}

function differences(installed: InstalledPolicy, part: 'policy' | 'binding', home: string): string[] {
  const asked = installed[part];
  if ('unknown' in asked) return [];
  const what = `${KINDS[part]} ${installed.shipped.name}`;
  if (asked.known === undefined) return [`${what} is missing`];
  const wanted = complete(part, at(home, installed.shipped[part]));
  const actual = complete(part, asRecord(asRecord(asked.known).spec));
  const fields = [...new Set([...Object.keys(wanted), ...Object.keys(actual)])];
  return fields.flatMap((field) => difference(field, actual[field], wanted[field])).map((words) => `${what}: ${words}`);
}

function difference(field: string, actual: unknown, wanted: unknown): string[] {
  const [is, was] = [plain(actual ?? null), plain(wanted ?? null)];
  if (is === was) return [];
  const named = NAMED.has(field) ? namedDifferences(field, actual, wanted) : [];
  if (named.length > 0) return named;
  // too long for one line, and they have no names
  if (field === 'validations') return ['validations are not the shipped ones'];
  return [`${field} is ${short(is)}, shipped ${short(was)}`];
}

/** The spec with the API server's defaults. */
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

/** A shipped spec for the accounts of another namespace. */
function at(home: string, spec: Spec): Spec {
  const accounts = JSON.stringify(`system:serviceaccount:${home}:`).slice(1, -1);
  return JSON.parse(JSON.stringify(spec).replaceAll(SHIPPED_ACCOUNTS, () => accounts)) as Spec;
}

/** The paths of each shipped policy and its binding, below the API group. */
export const policyPaths = shipped.policies.map((policy) => ({
  shipped: policy,
  policy: `validatingadmissionpolicies/${policy.name}`,
  binding: `validatingadmissionpolicybindings/${policy.name}`,
}));
