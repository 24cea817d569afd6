import type { Check } from '../report.ts';
import type { ServiceAccount, Answer, NonResourceRight, ResourceRight } from '../../../kube/questions.ts';
import { shipped, type ShippedRight } from '../shipped.ts';

/** A right, and whether the account is to have it. */
export interface RightQuestion {
  readonly account: ServiceAccount;
  readonly wish: ResourceRight | NonResourceRight;
  readonly expected: 'granted' | 'refused';
  /** What somebody could do with it who steals the account's token. */
  readonly danger?: string;
}

/** What is to be known of an installation to know which rights it needs. */
export interface RightsScope {
  /** Where the product runs. */
  readonly home: string;
  /** Those that the configuration names. */
  readonly namespaces: ReadonlySet<string>;
  /** Whether the webhook keeps its certificates itself. */
  readonly keepsCertificates: boolean;
  /** The groups of the report APIs that are served; all where that is not known. */
  readonly reportGroups: ReadonlySet<string> | undefined;
}

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

/** None of these is needed by any of our accounts, and each is a way to a whole cluster, a node, or past the guard. */
const DANGERS: readonly (ResourceRight & { readonly danger: string })[] = [
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

/** What is to be asked about the accounts of an installation. */
export function rightQuestions(scope: RightsScope): readonly RightQuestion[] {
  const accounts = [...new Set(shipped.rights.map(({ account }) => account))];
  const needed = shipped.rights
    .filter(({ resource, group }) => scope.keepsCertificates || !CERTIFICATES.has(resource) || group === undefined)
    .filter(({ resource, group = '' }) => !REPORTS.has(resource) || (scope.reportGroups?.has(group) ?? true))
    .flatMap((right) => wishesOf(right, scope))
    .map(({ account, wish }) => ({ account, wish, expected: 'granted' }) as const);
  const refused = accounts.flatMap((name) =>
    DANGERS.map(({ danger, ...wish }) => {
      return { account: { namespace: scope.home, name }, wish, expected: 'refused', danger } as const;
    }),
  );
  return [...needed, ...refused];
}

/** Tells by the answers whether the accounts have the rights that they need, and none that is dangerous. */
export function checkRights(
  answers: readonly { readonly question: RightQuestion; readonly may: Answer<boolean> }[],
): Check {
  const check = 'rights';
  const missing: string[] = [];
  const tooMany: string[] = [];
  let unknown: string | undefined;
  for (const { question, may } of answers) {
    if ('unknown' in may) unknown ??= may.unknown;
    else if (question.expected === 'granted' && !may.known) missing.push(`missing: ${wordsOf(question)}`);
    else if (question.expected === 'refused' && may.known) tooMany.push(`too many: ${wordsOf(question)}`);
  }
  if (missing.length + tooMany.length > 0) {
    return {
      check,
      result: 'problem',
      message: `${missing.length} rights of the service accounts are missing, ${tooMany.length} are too many`,
      // those who can do everything can do each of the others
      details: [...tooMany, ...missing],
      remedy:
        'apply rbac.yaml and rbac-certificates.yaml of the manifests for what is missing; for what is too many find the binding (kubectl get clusterrolebindings,rolebindings -A -o wide | grep kubelet-guard) and delete it',
    };
  }
  if (unknown !== undefined) {
    const remedy =
      'ask for the right to create subjectaccessreviews.authorization.k8s.io, or let an administrator run it';
    return { check, result: 'unknown', message: unknown, remedy };
  }
  const needed = answers.filter(({ question }) => question.expected === 'granted').length;
  const message = `the service accounts have the ${needed} rights that they need, and none of ${DANGERS.length} that are dangerous`;
  return { check, result: 'ok', message };
}

function wishesOf(right: ShippedRight, scope: RightsScope): readonly Pick<RightQuestion, 'account' | 'wish'>[] {
  const account = { namespace: scope.home, name: right.account };
  if (right.path !== undefined) return [{ account, wish: { verb: right.verb, path: right.path } }];
  const { verb, group = '', resource = '', subresource, namespace, name } = right;
  const isOfEach = namespace === GUARDED && OF_EACH_NAMESPACE.has(resource);
  const home = namespace === SHIPPED_HOME ? scope.home : namespace;
  return (isOfEach ? [...scope.namespaces] : [home]).map((within) => ({
    account,
    wish: {
      ...{ verb, group, resource },
      ...(subresource !== undefined && { subresource }),
      ...(within !== undefined && { namespace: within }),
      ...(name !== undefined && { name }),
    },
  }));
}

function wordsOf({ account, wish, danger }: RightQuestion): string {
  const why = danger === undefined ? '' : `, which gives ${danger}`;
  if ('path' in wish) return `${account.name}: ${wish.verb} ${wish.path}${why}`;
  const { verb, group, resource, subresource, namespace, name } = wish;
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
  const which = name === undefined ? '' : ` ${name}`;
  const where = namespace === undefined ? '' : ` in ${namespace}`;
  return `${account.name}: ${verb} ${what}${which}${where}${why}`;
}
