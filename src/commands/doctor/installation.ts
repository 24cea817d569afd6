// Reads what runs of kubelet-guard: its Deployments with their pods, the endpoints of its Service, and the Lease of its sweeper.

import { asRecord, stringOrEmpty, type UnknownRecord } from '../../json.ts';
import type { Answer, ReadOnlyApi } from '../../kube/read-only-api.ts';
import { NAMES } from './shipped.ts';

/** A Deployment and its pods. */
export interface Workload {
  readonly name: string;
  /** Undefined if there is none. */
  readonly deployment: Answer<UnknownRecord | undefined>;
  readonly pods: Answer<readonly unknown[]>;
}

/** What runs of an installation. */
export interface Installation {
  readonly home: string;
  readonly webhook: Workload;
  readonly sweeper: Workload;
  /** The Service that the webhook is called at; undefined if there is none. */
  readonly service: Answer<UnknownRecord | undefined>;
  readonly endpointSlices: Answer<readonly unknown[]>;
  readonly lease: Answer<UnknownRecord | undefined>;
}

/**
 * Reads it. Pods and endpoints are read only for what exists.
 *
 * @param home where kubelet-guard runs
 * @param called the Service in the ValidatingWebhookConfiguration; the shipped one by default
 */
export async function readInstallation(
  api: ReadOnlyApi,
  home: string,
  called: { readonly namespace: string; readonly name: string } | undefined,
  signal: AbortSignal,
): Promise<Installation> {
  const at = called ?? { namespace: home, name: NAMES.service };
  const [webhook, sweeper, service, lease] = await Promise.all([
    readWorkload(api, home, NAMES.deployment, signal),
    readWorkload(api, home, NAMES.sweeper, signal),
    api.read(pathIn('api/v1', at.namespace, 'services', at.name), signal),
    api.read(pathIn('apis/coordination.k8s.io/v1', home, 'leases', NAMES.sweeper), signal),
  ]);
  const slices = pathIn('apis/discovery.k8s.io/v1', at.namespace, 'endpointslices');
  const selector = encodeURIComponent(`kubernetes.io/service-name=${at.name}`);
  const endpointSlices =
    'known' in service && service.known === undefined
      ? { known: [] }
      : await listed(api, `${slices}?labelSelector=${selector}`, signal);
  return { home, webhook, sweeper, service, endpointSlices, lease };
}

async function readWorkload(api: ReadOnlyApi, home: string, name: string, signal: AbortSignal): Promise<Workload> {
  const deployment = await api.read(pathIn('apis/apps/v1', home, 'deployments', name), signal);
  if (!('known' in deployment) || deployment.known === undefined) return { name, deployment, pods: { known: [] } };
  const { matchLabels } = asRecord(asRecord(deployment.known.spec).selector);
  const labels = Object.entries(asRecord(matchLabels)).map(([key, value]) => `${key}=${stringOrEmpty(value)}`);
  const selector = encodeURIComponent(labels.join(','));
  return {
    name,
    deployment,
    pods: await listed(api, `${pathIn('api/v1', home, 'pods')}?labelSelector=${selector}`, signal),
  };
}

function pathIn(group: string, namespace: string, plural: string, name?: string): string {
  const collection = `/${group}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}

/** The items of a list. */
export async function listed(
  api: Pick<ReadOnlyApi, 'read'>,
  path: string,
  signal: AbortSignal,
): Promise<Answer<readonly unknown[]>> {
  const asked = await api.read(path, signal);
  if ('unknown' in asked) return asked;
  const { items } = asRecord(asked.known);
  return Array.isArray(items) ? { known: items } : { unknown: `the answer of ${path} is not a list` };
}
