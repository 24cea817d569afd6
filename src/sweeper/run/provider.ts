// The platform of a cluster, and the provider of a managed one, whose kube-apiserver is not visible.

import { asRecord } from '../../json.ts';
import type { Platform } from '../../policy/benchmarks/platform.ts';
import type { Finding } from '../../policy/finding.ts';

/** What shows the platform. */
export interface ProviderSigns {
  /** The `gitVersion` of the API server; undefined if it is not known. */
  readonly version: string | undefined;
  /** Its `host:port`. */
  readonly server: string;
  /** AKS runs a pod in the cluster. */
  readonly hasAksPod: boolean;
}

/** The suffixes of versions. EKS Distro, which anybody can run, has no commit at the end. */
const VERSIONS = [
  [/-gke\.\d+$/, 'gke'],
  [/-eks-[0-9a-f]{7,}$/, 'eks'],
  [/\+k3s\d+$/, 'k3s'],
  [/\+rke2r\d+$/, 'rke2'],
  [/\+k0s(?:\.\d+)?$/, 'k0s'],
] as const;

const HOSTS = [
  ['.azmk8s.io', 'aks'],
  ['.eks.amazonaws.com', 'eks'],
] as const;

/** The platforms whose provider runs the control plane and does not show it. */
const PROVIDERS: Readonly<Partial<Record<Platform, string>>> = {
  gke: 'Google GKE',
  eks: 'Amazon EKS',
  aks: 'Azure AKS',
};

/**
 * Finds the platform of a cluster; undefined if nothing shows it. Node labels are not used: a kubelet can set labels of its
 * own node (NodeRestriction), and one node must not decide whether the control plane is checked.
 */
export function clusterPlatform({ version = '', server, hasAksPod }: ProviderSigns): Platform | undefined {
  const host = server.replace(/:\d+$/, '');
  return (
    VERSIONS.find(([mark]) => mark.test(version))?.[1] ??
    HOSTS.find(([domain]) => host.endsWith(domain))?.[1] ??
    (hasAksPod ? 'aks' : undefined)
  );
}

/** The provider of a managed cluster; undefined if it is none. */
export function providerOf(platform: Platform | undefined): string | undefined {
  return platform && PROVIDERS[platform];
}

/** The platform that findings show; undefined if they show none, or several. */
export function onlyPlatform(findings: readonly Finding[]): Platform | undefined {
  const [platform, ...others] = new Set(findings.flatMap(({ platform: shown }) => shown ?? []));
  return others.length === 0 ? platform : undefined;
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
