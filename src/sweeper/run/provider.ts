import { asRecord } from '../../json.ts';

/** What shows whose managed Kubernetes a cluster is, in which no kube-apiserver is to be seen. */
export interface ProviderSigns {
  /** The `gitVersion` of the API server, where it is known. */
  readonly version: string | undefined;
  /** Its `host:port`. */
  readonly server: string;
  /** A pod of the cluster is one of AKS's own. */
  readonly hasAksPod: boolean;
}

/** As GKE and EKS write it; EKS Distro, which anybody can run, has no commit at the end. */
const VERSIONS = [
  [/-gke\.\d+$/, 'Google GKE'],
  [/-eks-[0-9a-f]{7,}$/, 'Amazon EKS'],
] as const;

const HOSTS = [
  ['.azmk8s.io', 'Azure AKS'],
  ['.eks.amazonaws.com', 'Amazon EKS'],
] as const;

/**
 * Tells whose managed Kubernetes a cluster is. Labels of nodes say it too, but a kubelet may set those of its own node
 * (NodeRestriction), and one node must not decide whether the control plane is judged.
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
 * Tells whether a pod is one that AKS itself runs (learn.microsoft.com/azure/aks/core-aks-concepts). A kubelet can create no
 * pods but mirror pods of its own node.
 */
export function isAksPod(pod: unknown): boolean {
  const { namespace, labels, annotations } = asRecord(asRecord(pod).metadata);
  const isMirror = Object.hasOwn(asRecord(annotations), 'kubernetes.io/config.mirror');
  return namespace === 'kube-system' && !isMirror && asRecord(labels)['kubernetes.azure.com/managedby'] === 'aks';
}
