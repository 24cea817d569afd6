// The kinds of objects that this program reads or writes, and their paths in the API.

/** A kind of objects, as an API server serves it. */
export interface Resource {
  /** Group and version, as in the objects: `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  /** As in paths: `deployments`. */
  readonly plural: string;
}

export const PODS: Resource = { apiVersion: 'v1', kind: 'Pod', plural: 'pods' };
export const NODES: Resource = { apiVersion: 'v1', kind: 'Node', plural: 'nodes' };
export const CONFIG_MAPS: Resource = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps' };
export const SECRETS: Resource = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets' };
export const EVENTS: Resource = { apiVersion: 'v1', kind: 'Event', plural: 'events' };
export const SERVICE_ACCOUNTS: Resource = { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts' };
export const DEPLOYMENTS: Resource = { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments' };
export const LEASES: Resource = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases' };
export const WEBHOOK_CONFIGURATIONS: Resource = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
};
export const SELF_SUBJECT_REVIEWS: Resource = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
};
export const SUBJECT_ACCESS_REVIEWS: Resource = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
};

/** Which object, or which collection where there is no name. */
export interface ObjectPlace {
  /** Undefined or empty for what is in no namespace, and for a list of all namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string;
  readonly subresource?: string;
}

/** The path of an API group and version. */
export function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The path of a collection, an object or a subresource. A name cannot lead out of its segment. */
export function pathOf(
  { apiVersion, plural }: Omit<Resource, 'kind'>,
  { namespace = '', name, subresource }: ObjectPlace = {},
): string {
  const within = namespace === '' ? [] : ['namespaces', encodeURIComponent(namespace)];
  const object = name === undefined ? [] : [encodeURIComponent(name)];
  const below = subresource === undefined ? [] : [subresource];
  return [groupPath(apiVersion), ...within, plural, ...object, ...below].join('/');
}
