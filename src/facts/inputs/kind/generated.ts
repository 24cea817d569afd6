// The documents that kind writes for kubeadm on each of its nodes, before patches (kind pkg/cluster/internal/kubeadm/config.go).

import type { UnknownRecord } from '../../../json.ts';

/** What decides the documents of a node. */
export interface KindNode {
  readonly name: string;
  readonly role: string;
  /** The version of the node's image, as `v1.35.0`, if its tag shows it. */
  readonly version: string | undefined;
  readonly labels: string;
  /** `Name=true,Other=false`. */
  readonly featureGates: string;
  readonly runtimeConfig: string;
}

/** The versions of kubeadm's API that kind may use for a node of a minor version. */
export function kubeadmVersionsFor(minor: number | undefined): readonly string[] {
  if (minor === undefined || minor === 36) return ['v1beta3', 'v1beta4'];
  if (minor >= 37) return ['v1beta4'];
  return minor >= 23 ? ['v1beta3'] : ['v1beta2'];
}

/** The documents of a node, as far as they matter here. */
export function generatedDocuments(node: KindNode, version: string): readonly UnknownRecord[] {
  const apiVersion = `kubeadm.k8s.io/${version}`;
  const gates: UnknownRecord = node.featureGates === '' ? {} : { 'feature-gates': node.featureGates };
  const apiServer = argumentsIn(version, { 'runtime-config': node.runtimeConfig, ...gates });
  const kubelet = argumentsIn(version, {
    'node-ip': '192.0.2.10',
    'provider-id': `kind://docker/kind/${node.name}`,
    'node-labels': node.labels,
  });
  const nodeRegistration = { criSocket: 'unix:///run/containerd/containerd.sock', kubeletExtraArgs: kubelet };
  return [
    {
      ...{
        apiVersion,
        kind: 'ClusterConfiguration',
        kubernetesVersion: node.version ?? 'stable-1',
        clusterName: 'kind',
      },
      apiServer: { certSANs: ['localhost', '127.0.0.1'], extraArgs: apiServer },
      controllerManager: { extraArgs: argumentsIn(version, { ...gates, 'enable-hostpath-provisioner': 'true' }) },
      scheduler: { extraArgs: argumentsIn(version, gates) },
      networking: { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16' },
    },
    { apiVersion, kind: 'InitConfiguration', nodeRegistration },
    { apiVersion, kind: 'JoinConfiguration', nodeRegistration },
    {
      ...{ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' },
      ...{ cgroupDriver: 'systemd', cgroupRoot: '/kubelet', failSwapOn: false, imageGCHighThresholdPercent: 100 },
      evictionHard: { 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
    },
  ];
}

function argumentsIn(version: string, args: UnknownRecord): unknown {
  return version === 'v1beta4' ? Object.entries(args).map(([name, value]) => ({ name, value })) : args;
}
