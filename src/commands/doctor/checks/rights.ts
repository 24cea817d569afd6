// The check `rights`: do the service accounts have the rights that they need, and no dangerous ones?

import { NO_RIGHT, type Check } from '../report.ts';
import type { ServiceAccount, Answer, NonResourceRight, ResourceRight } from '../../../kube/read-only-api.ts';
import { shipped, type ShippedRight } from '../shipped.ts';

/** A right of an account, and whether the account should have it. */
export interface AccessCheck {
  readonly account: ServiceAccount;
  readonly right: ResourceRight | NonResourceRight;
  readonly expected: 'allowed' | 'denied';
  /** What the right gives to somebody who steals the account's token. */
  readonly danger?: string;
}

/** What decides which rights an installation needs. */
export interface RightsScope {
  /** Where kubelet-guard runs. */
  readonly home: string;
  /** The namespaces of the configuration. */
  readonly namespaces: ReadonlySet<string>;
  /** Whether the webhook renews its certificates itself. */
  readonly keepsCertificates: boolean;
  /** The groups of the report APIs that are served; undefined if unknown, which counts as all. */
  readonly reportGroups: ReadonlySet<string> | undefined;
}

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

/** No account of kubelet-guard needs one of these. Each gives control of the cluster or a node, or a way around the webhook. */
const DANGEROUS: readonly (ResourceRight & { readonly danger: string })[] = [
  { verb: '*', group: '*', resource: '*', danger: 'everything' },
  { verb: 'get', group: '', resource: 'nodes', subresource: 'proxy', danger: 'commands on every node' },
  { verb: 'create', group: '', resource: 'nodes', subresource: 'proxy', danger: 'commands on every node' },
  { verb: 'get', group: '', resource: 'secrets', danger: 'all Secrets' },
  { verb: 'list', group: '', resource: 'secrets', danger: 'all Secrets' },
  { verb: 'get', group: '', resource: 'secrets', namespace: 'kube-system', danger: 'the Secrets of kube-system' },
  { verb: 'create', group: '', resource: 'pods', namespace: 'kube-system', danger: 'any program on any node' },
  { verb: 'create', group: '', resource: 'pods', danger: 'any program on any node' },
  { verb: 'create', group: 'apps', resource: 'daemonsets', danger: 'any program on every node' },
  { verb: 'create', group: '', resource: 'pods', subresource: 'exec', danger: 'commands in every pod' },
  { verb: 'create', group: '', resource: 'pods', subresource: 'attach', danger: 'commands in every pod' },
  { verb: 'update', group: '', resource: 'pods', subresource: 'ephemeralcontainers', danger: 'commands in every pod' },
  { verb: 'create', group: '', resource: 'serviceaccounts', subresource: 'token', danger: 'tokens of every account' },
  { verb: 'impersonate', group: '', resource: 'users', danger: 'the rights of every user' },
  { verb: 'impersonate', group: '', resource: 'groups', danger: 'the rights of every group' },
  { verb: 'impersonate', group: '', resource: 'serviceaccounts', danger: 'the rights of every account' },
  { verb: 'escalate', group: RBAC, resource: 'clusterroles', danger: 'every right' },
  { verb: 'bind', group: RBAC, resource: 'clusterroles', danger: 'every right' },
  { verb: 'create', group: RBAC, resource: 'clusterrolebindings', danger: 'rights for others' },
  {
    verb: 'update',
    group: '',
    resource: 'configmaps',
    namespace: 'kube-system',
    danger: 'what kubelets are set up with',
  },
  { verb: 'patch', group: '', resource: 'nodes', danger: 'labels and taints of nodes' },
  { verb: 'update', group: ADMISSION, resource: 'validatingwebhookconfigurations', danger: 'every webhook' },
  { verb: 'delete', group: ADMISSION, resource: 'validatingwebhookconfigurations', danger: 'every webhook' },
  { verb: 'update', group: ADMISSION, resource: 'mutatingwebhookconfigurations', danger: 'every write' },
  { verb: 'approve', group: 'certificates.k8s.io', resource: 'signers', danger: 'certificates of any name' },
];

const SHIPPED_HOME = 'kubelet-guard';
const GUARDED = 'kube-system';
const CERTIFICATES: ReadonlySet<string | undefined> = new Set(['secrets', 'validatingwebhookconfigurations']);
const REPORTS: ReadonlySet<string | undefined> = new Set(['clusterpolicyreports', 'clusterreports']);
const OF_EACH_NAMESPACE: ReadonlySet<string | undefined> = new Set(['pods', 'events']);

/** The rights to check, for each account of an installation. */
export function accessChecks(scope: RightsScope): readonly AccessCheck[] {
  const accounts = [...new Set(shipped.rights.map(({ account }) => account))];
  const needed = shipped.rights
    .filter(({ resource, group }) => scope.keepsCertificates || !CERTIFICATES.has(resource) || group === undefined)
    .filter(({ resource, group = '' }) => !REPORTS.has(resource) || (scope.reportGroups?.has(group) ?? true))
    .flatMap((right) => rightsOf(right, scope))
    .map(({ account, right }) => ({ account, right, expected: 'allowed' }) as const);
  const dangerous = accounts.flatMap((name) =>
    DANGEROUS.map(({ danger, ...right }) => {
      return { account: { namespace: scope.home, name }, right, expected: 'denied', danger } as const;
    }),
  );
  return [...needed, ...dangerous];
}

/** Decides by the API server's answers whether the accounts have the rights that they need, and no dangerous ones. */
export function checkRights(
  answers: readonly { readonly question: AccessCheck; readonly may: Answer<boolean> }[],
): Check {
  const check = 'rights';
  const missing: AccessCheck[] = [];
  const needed = answers.map(({ question }) => question).filter(({ expected }) => expected === 'allowed');
  const dangerous: string[] = [];
  let unknown: string | undefined;
  for (const { question, may } of answers) {
    if ('unknown' in may) unknown ??= may.unknown;
    else if (question.expected === 'allowed' && !may.known) missing.push(question);
    else if (question.expected === 'denied' && may.known) dangerous.push(`dangerous: ${wordsOf(question)}`);
  }
  if (missing.length + dangerous.length > 0) {
    return {
      check,
      result: 'problem',
      message: `${missing.length} rights of the service accounts are missing, ${dangerous.length} are dangerous`,
      // those who can do everything can do each of the others
      details: [...dangerous, ...byAccount(missing, needed)],
      remedy: [
        ...(missing.length > 0 ? ['apply rbac.yaml and rbac-certificates.yaml of the manifests'] : []),
        ...(dangerous.length > 0
          ? [
              'find the binding (kubectl get clusterrolebindings,rolebindings -A -o wide | grep kubelet-guard) and delete it',
            ]
          : []),
      ].join('; '),
    };
  }
  if (unknown !== undefined) {
    return { check, result: 'unknown', message: unknown, remedy: NO_RIGHT };
  }
  const message = `the service accounts have the ${needed.length} rights that they need, and none of ${DANGEROUS.length} dangerous rights`;
  return { check, result: 'ok', message };
}

function rightsOf(right: ShippedRight, scope: RightsScope): readonly Pick<AccessCheck, 'account' | 'right'>[] {
  const account = { namespace: scope.home, name: right.account };
  if (right.path !== undefined) return [{ account, right: { verb: right.verb, path: right.path } }];
  const { verb, group = '', resource = '', subresource, namespace, name } = right;
  const isOfEach = namespace === GUARDED && OF_EACH_NAMESPACE.has(resource);
  const home = namespace === SHIPPED_HOME ? scope.home : namespace;
  return (isOfEach ? [...scope.namespaces] : [home]).map((within) => ({
    account,
    right: {
      ...{ verb, group, resource },
      ...(subresource !== undefined && { subresource }),
      ...(within !== undefined && { namespace: within }),
      ...(name !== undefined && { name }),
    },
  }));
}

/** One line for each account. */
function byAccount(missing: readonly AccessCheck[], needed: readonly AccessCheck[]): string[] {
  const of = (name: string, list: readonly AccessCheck[]) => list.filter(({ account }) => account.name === name);
  return [...new Set(missing.map(({ account }) => account.name))].map((name) => {
    const [some, all] = [of(name, missing), of(name, needed).length];
    if (some.length === all && all > 1) return `missing: ${name}: all ${all} rights`;
    return `missing: ${name}: ${byTarget(some)}`;
  });
}

/** The verbs of one target together. */
function byTarget(some: readonly AccessCheck[]): string {
  const verbs = new Map<string, string[]>();
  for (const one of some) {
    const [, verb = '', target = ''] = /^([^ ]+) (.*)$/.exec(wordsOf(one).slice(one.account.name.length + 2)) ?? [];
    verbs.set(target, [...(verbs.get(target) ?? []), verb]);
  }
  return [...verbs].map(([target, list]) => `${list.join(', ')} ${target}`).join('; ');
}

function wordsOf({ account, right, danger }: AccessCheck): string {
  const why = danger === undefined ? '' : `, which gives ${danger}`;
  if ('path' in right) return `${account.name}: ${right.verb} ${right.path}${why}`;
  const { verb, group, resource, subresource, namespace, name } = right;
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
  const which = name === undefined ? '' : ` ${name}`;
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return `${account.name}: ${verb} ${what}${which}${where}${why}`;
}
