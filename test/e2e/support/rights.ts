import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { succeeded, type ApiClient, type KubeObject } from './api.ts';
import { kubeconfigOf, type ControlPlane } from './control-plane.ts';
import { eventually } from './wait.ts';

const SHIPPED = new URL('../../../manifests/base/rbac.yaml', import.meta.url);
/** The namespace of kubelet-guard and its accounts. */
export const NAMESPACE = 'kubelet-guard';

/** A rule of a ClusterRole. */
export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** A Role or ClusterRole, or a binding of one. */
interface RightsObject extends KubeObject {
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly name: string }[];
}

/** What an account may or may not do. */
export type Wish = Readonly<
  Partial<Record<'verb' | 'resource' | 'subresource' | 'group' | 'namespace' | 'name', string>>
>;

/**
 * Gives kubelet-guard exactly the shipped rights.
 *
 * @param account the account to use
 * @returns the path of a kubeconfig with a token of that account
 */
export async function giveRights(
  plane: ControlPlane,
  account: 'kubelet-guard' | 'kubelet-guard-sweeper' = 'kubelet-guard',
): Promise<string> {
  const shipped = parseAllDocuments(readFileSync(SHIPPED, 'utf8')).map((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    return document.toJS() as RightsObject;
  });
  await addNamespace(plane.admin);
  for (const object of shipped) succeeded(await plane.admin.create(object));
  await untilGranted(plane.admin, shipped);
  return kubeconfigFor(plane, account);
}

/**
 * Adds an account with these rights in the whole cluster, besides the rights of all accounts.
 *
 * @returns the path of a kubeconfig with its token
 */
export async function addAccount(plane: ControlPlane, name: string, rules: readonly Rule[]): Promise<string> {
  const rbac = 'rbac.authorization.k8s.io';
  const apiVersion = `${rbac}/v1`;
  const metadata = { name: `e2e-${name}` };
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: NAMESPACE } };
  const role = { apiVersion, kind: 'ClusterRole', metadata, rules };
  const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name };
  const subjects = [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }];
  const binding = { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects };
  await addNamespace(plane.admin);
  for (const object of [account, role, binding]) succeeded(await plane.admin.create(object));
  await untilGranted(plane.admin, [role, binding]);
  return kubeconfigFor(plane, name);
}

/** Waits until the API server grants these rights: it sees a new object some time after it has stored it. */
export async function untilGranted(admin: ApiClient, objects: readonly RightsObject[]): Promise<void> {
  for (const { roleRef, subjects = [], metadata } of objects) {
    const role = objects.find(
      (object) =>
        object.kind === roleRef?.kind &&
        object.metadata.name === roleRef.name &&
        object.metadata.namespace === metadata.namespace,
    );
    for (const { name } of subjects) {
      for (const rule of role?.rules ?? []) {
        const wanted = oneRightOf(rule, metadata.namespace);
        const probe = async () => ((await isAllowed(admin, name, wanted)) ? true : undefined);
        await eventually(`the right ${JSON.stringify(wanted)} of ${name}`, probe);
      }
    }
  }
}

/** One right of a rule, as a SubjectAccessReview names it. */
function oneRightOf({ verbs: [verb], nonResourceURLs, ...rule }: Rule, namespace: string | undefined): object {
  if (nonResourceURLs !== undefined) return { nonResourceAttributes: { verb, path: nonResourceURLs[0] } };
  const [resource, subresource] = rule.resources?.[0]?.split('/') ?? [];
  const [group, name] = [rule.apiGroups?.[0], rule.resourceNames?.[0]];
  return { resourceAttributes: { verb, group, resource, subresource, name, namespace } };
}

/** Whether an account may do something. */
export function may(admin: ApiClient, account: string, wish: Wish): Promise<boolean> {
  return isAllowed(admin, account, { resourceAttributes: wish });
}

async function isAllowed(admin: ApiClient, account: string, wanted: object): Promise<boolean> {
  const user = `system:serviceaccount:${NAMESPACE}:${account}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`, 'system:authenticated'];
  const spec = { user, groups, ...wanted };
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  const answer = await admin.send('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
  return (succeeded(answer).body as { status: { allowed: boolean } }).status.allowed;
}

async function addNamespace(admin: ApiClient): Promise<void> {
  const answer = await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  if (answer.status !== 409) succeeded(answer);
}

/** The path of a kubeconfig with a token of an existing account. */
export async function kubeconfigFor(plane: ControlPlane, account: string): Promise<string> {
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${account}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const { status } = succeeded(await plane.admin.send('POST', path, request)).body as { status: { token: string } };
  const place = { url: `https://127.0.0.1:${plane.port}`, ca: join(plane.dir, 'ca.crt'), namespace: NAMESPACE };
  return plane.write(`${account}.kubeconfig`, kubeconfigOf({ ...place, user: { token: status.token } }));
}
