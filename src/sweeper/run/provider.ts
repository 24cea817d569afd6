// The provider of a managed cluster, whose kube-apiserver is not visible.

import { asRecord } from '../../json.ts';

/** What shows the provider. */
export interface ProviderSigns {
  /** The `gitVersion` of the API server; undefined if it is not known. */
  readonly version: string | undefined;
  /** Its `host:port`. */
  readonly server: string;
  /** AKS runs a pod in the cluster. */
  readonly hasAksPod: boolean;
}

/** The suffixes that GKE and EKS write. EKS Distro, which anybody can run, has no commit at the end. */
const VERSIONS = [
  [/-gke\.\d+$/, 'Google GKE'],
  [/-eks-[0-9a-f]{7,}$/, 'Amazon EKS'],
] as const;

const HOSTS = [
  ['.azmk8s.io', 'Azure AKS'],
  ['.eks.amazonaws.com', 'Amazon EKS'],
] as const;

/**
 * Finds the provider of a managed cluster; undefined if there is none. Node labels are not used: a kubelet can set labels of
 * its own node (NodeRestriction), and one node must not decide whether the control plane is checked.
 */
export function providerOf({ version = '', server, hasAksPod }: ProviderSigns): string | undefined {
  const host = server.replace(/:\d+$/, '');
  return (
    VERSIONS.find(([mark]) => mark.test(version))?.[1] ??
    HOSTS.find(([domain]) => host.endsWith(domain))?.[1] ??
    (hasAksPod ? 'Azure AKS' : undefined)
  );
}

/**
 * Tells whether AKS runs a pod (learn.microsoft.com/azure/aks/core-aks-concepts). Mirror pods do not count, because a kubelet
 * can create them.
 */
export function isAksPod(pod: unknown): boolean {
  const { namespace, labels, annotations } = asRecord(asRecord(pod).metadata);
  const isMirror = Object.hasOwn(asRecord(annotations), 'kubernetes.io/config.mirror');
  return namespace === 'kube-system' && !isMirror && asRecord(labels)['kubernetes.azure.com/managedby'] === 'aks';
}
