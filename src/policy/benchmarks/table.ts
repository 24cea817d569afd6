// The ids of the controls in each benchmark, by version, and where they were read. Data only.

import type { Platform } from './platform.ts';

/** A benchmark, with the versions whose ids are known. */
export interface Framework {
  /** The name for --benchmark. */
  readonly name: string;
  readonly title: string;
  /** Oldest first, by date: version 1.24 of CIS Kubernetes is older than 1.7. */
  readonly versions: readonly [string, ...string[]];
  /** The platforms that it is written for; absent if it is for all. */
  readonly platforms?: readonly Platform[];
}

/** The ids that a range of versions of a benchmark uses. A control that it does not have is left out. */
export interface BenchmarkRow {
  readonly framework: string;
  readonly from: string;
  readonly to: string;
  /** By the slug of the control; several ids are separated by a comma and a space. */
  readonly ids: Readonly<Record<string, string>>;
  readonly source: string;
}

/** Every benchmark, in the order in which its ids are listed: the general one first. */
export const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'cis-kubernetes',
    title: 'CIS Kubernetes Benchmark',
    versions: ['1.5', '1.6', '1.20', '1.23', '1.24', '1.7', '1.8', '1.9', '1.10', '1.11', '1.12', '2.0'],
  },
  {
    name: 'cis-aks',
    title: 'CIS AKS Benchmark',
    versions: ['1.0', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7', '1.8'],
    platforms: ['aks'],
  },
  {
    name: 'cis-eks',
    title: 'CIS EKS Benchmark',
    versions: ['1.0.1', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7', '1.8'],
    platforms: ['eks'],
  },
  {
    name: 'cis-gke',
    title: 'CIS GKE Benchmark',
    versions: ['1.0', '1.2', '1.3', '1.4', '1.5', '1.6', '1.7', '1.8', '1.9'],
    platforms: ['gke'],
  },
  {
    name: 'cis-openshift',
    title: 'CIS OpenShift Benchmark',
    versions: ['1.0', '1.1', '1.4', '1.5', '1.6', '1.7', '1.8', '1.9'],
    platforms: ['openshift'],
  },
  { name: 'cis-ack', title: 'CIS ACK Benchmark', versions: ['1.0'], platforms: [] },
  {
    name: 'rancher',
    title: 'Rancher CIS profile',
    versions: ['1.24', '1.7', '1.8', '1.9'],
    platforms: ['rancher', 'rke2', 'k3s'],
  },
  { name: 'vmware-tkgi', title: 'VMware TKGI profile', versions: ['1.2.53'], platforms: [] },
  { name: 'disa-stig', title: 'DISA Kubernetes STIG', versions: ['V1', 'V2'] },
  { name: 'nist-800-53', title: 'NIST 800-53', versions: ['r4', 'r5'] },
];

const CLIENT_CERT = 'apiserver-kubelet-client-cert';
const KUBELET_CA = 'apiserver-kubelet-ca';
const CLIENT_CA = 'kubelet-client-ca';
const ANONYMOUS = 'kubelet-anonymous-auth';
const AUTHORIZATION = 'kubelet-authorization-mode';

const KUBELET_4_2 = { [CLIENT_CA]: '4.2.3', [ANONYMOUS]: '4.2.1', [AUTHORIZATION]: '4.2.2' };
const KUBELET_3_2 = { [CLIENT_CA]: '3.2.3', [ANONYMOUS]: '3.2.1', [AUTHORIZATION]: '3.2.2' };
const KUBELET_OPENSHIFT = { [CLIENT_CA]: '4.2.4', [ANONYMOUS]: '4.2.2', [AUTHORIZATION]: '4.2.3' };
const API_SERVER_4 = { [CLIENT_CERT]: '1.2.4', [KUBELET_CA]: '1.2.5' };
const API_SERVER_5 = { [CLIENT_CERT]: '1.2.5', [KUBELET_CA]: '1.2.6' };

/** Every row. Versions of a benchmark that no row has do not contain the controls. */
export const BENCHMARK_ROWS: readonly BenchmarkRow[] = [
  {
    framework: 'cis-kubernetes',
    from: '1.5',
    to: '1.6',
    ids: { ...API_SERVER_5, ...KUBELET_4_2 },
    source: 'kube-bench cfg/cis-1.5, cfg/cis-1.6',
  },
  {
    framework: 'cis-kubernetes',
    from: '1.20',
    to: '1.20',
    ids: { ...API_SERVER_4, ...KUBELET_4_2 },
    source: 'kube-bench cfg/cis-1.20',
  },
  {
    framework: 'cis-kubernetes',
    from: '1.23',
    to: '1.23',
    ids: { ...API_SERVER_5, ...KUBELET_4_2 },
    source: 'kube-bench cfg/cis-1.23; Trivy k8s-cis-1.23',
  },
  {
    framework: 'cis-kubernetes',
    from: '1.24',
    to: '2.0',
    ids: { ...API_SERVER_4, ...KUBELET_4_2 },
    source: 'kube-bench cfg/cis-1.24, cfg/cis-1.7 to cfg/cis-1.12, cfg/cis-2.0; Prowler',
  },
  {
    framework: 'cis-aks',
    from: '1.0',
    to: '1.8',
    ids: KUBELET_3_2,
    source: 'kube-bench cfg/aks-1.0, cfg/aks-1.7, cfg/aks-1.8; Kubescape',
  },
  {
    framework: 'cis-eks',
    from: '1.0.1',
    to: '1.8',
    ids: KUBELET_3_2,
    source: 'kube-bench cfg/eks-1.0.1 to cfg/eks-1.8.0; Kubescape',
  },
  {
    framework: 'cis-gke',
    from: '1.0',
    to: '1.0',
    ids: { ...API_SERVER_5, ...KUBELET_4_2 },
    source: 'kube-bench cfg/gke-1.0',
  },
  {
    framework: 'cis-gke',
    from: '1.2',
    to: '1.7',
    ids: KUBELET_3_2,
    source: 'kube-bench cfg/gke-1.2.0, cfg/gke-1.6.0; absent from cfg/gke-1.8.0 and cfg/gke-1.9.0',
  },
  {
    framework: 'cis-openshift',
    from: '1.0',
    to: '1.1',
    ids: { ...API_SERVER_5, ...KUBELET_4_2 },
    source: 'kube-bench cfg/rh-1.0; ComplianceAsCode ocp4',
  },
  {
    framework: 'cis-openshift',
    from: '1.4',
    to: '1.7',
    ids: { ...API_SERVER_5, ...KUBELET_OPENSHIFT },
    source: 'kube-bench cfg/rh-1.4, cfg/rh-1.6; ComplianceAsCode ocp4',
  },
  {
    framework: 'cis-openshift',
    from: '1.8',
    to: '1.9',
    ids: { [CLIENT_CERT]: '1.2.3', [KUBELET_CA]: '1.2.4', ...KUBELET_OPENSHIFT },
    source: 'kube-bench cfg/rh-1.8; ComplianceAsCode ocp4',
  },
  {
    framework: 'cis-ack',
    from: '1.0',
    to: '1.0',
    ids: { [CLIENT_CERT]: '1.2.4', ...KUBELET_4_2 },
    source: 'kube-bench cfg/ack-1.0',
  },
  {
    framework: 'rancher',
    from: '1.24',
    to: '1.24',
    ids: { ...API_SERVER_5, ...KUBELET_4_2 },
    source: 'kube-bench cfg/rke-cis-1.24, cfg/rke2-cis-1.24, cfg/k3s-cis-1.24',
  },
  {
    framework: 'rancher',
    from: '1.7',
    to: '1.9',
    ids: { ...API_SERVER_4, ...KUBELET_4_2 },
    source: 'kube-bench cfg/rke-cis-1.7, cfg/rke2-cis-1.7, cfg/k3s-cis-1.7; profiles of Rancher',
  },
  {
    framework: 'vmware-tkgi',
    from: '1.2.53',
    to: '1.2.53',
    ids: { ...API_SERVER_5, ...KUBELET_4_2 },
    source: 'kube-bench cfg/tkgi-1.2.53',
  },
  {
    framework: 'disa-stig',
    from: 'V1',
    to: 'V1',
    ids: { [CLIENT_CERT]: 'V-242441', [CLIENT_CA]: 'V-242420', [ANONYMOUS]: 'V-242391', [AUTHORIZATION]: 'V-242392' },
    source: 'the published STIG; ComplianceAsCode',
  },
  {
    framework: 'disa-stig',
    from: 'V2',
    to: 'V2',
    ids: { [CLIENT_CA]: 'V-242420', [ANONYMOUS]: 'V-242391', [AUTHORIZATION]: 'V-242392' },
    source: 'the published STIG; V2R1 no longer has V-242441',
  },
  {
    framework: 'nist-800-53',
    from: 'r4',
    to: 'r5',
    ids: {
      [CLIENT_CERT]: 'CM-6, SC-8',
      [KUBELET_CA]: 'CM-6, SC-8',
      [CLIENT_CA]: 'CM-6, SC-23',
      [ANONYMOUS]: 'CM-6, AC-3',
      [AUTHORIZATION]: 'CM-6, AC-3',
    },
    source: 'the references of ComplianceAsCode and of the STIG',
  },
];
