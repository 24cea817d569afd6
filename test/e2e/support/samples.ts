// The documents that the tests write to the cluster: the smallest ones that the real components accept.

import type { KubeObject } from './api.ts';

export interface ConfigMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

export interface Pod extends KubeObject {
  readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

interface Place {
  readonly name?: string;
  readonly namespace?: string;
}

export const CA_FILE = '/etc/kubernetes/pki/ca.crt';
export const CERTIFICATE_FLAG = '--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt';
export const KEY_FLAG = '--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key';
/** The flags that make a kube-apiserver present a certificate to kubelets. */
export const GOOD_FLAGS: readonly string[] = [CERTIFICATE_FLAG, KEY_FLAG];

export function configMap(name: string, data: Readonly<Record<string, string>>, namespace = 'kube-system'): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

/** The ConfigMap from which kubeadm configures kubelets. */
export function kubeletConfigMap(clientCAFile: string | undefined, place: Place = {}): ConfigMap {
  const x509 = clientCAFile === undefined ? '{}' : `{clientCAFile: "${clientCAFile}"}`;
  const kubelet = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: ${x509}
authorization: {mode: Webhook}
`;
  return configMap(place.name ?? 'kubelet-config', { kubelet }, place.namespace);
}

/** The ConfigMap from which kubeadm builds control planes; the arguments go to kube-apiserver. */
export function kubeadmConfigMap(extraArgs: Readonly<Record<string, string>> = {}, place: Place = {}): ConfigMap {
  return configMap(
    place.name ?? 'kubeadm-config',
    { ClusterConfiguration: clusterConfiguration(extraArgs) },
    place.namespace,
  );
}

export function clusterConfiguration(extraArgs: Readonly<Record<string, string>> = {}): string {
  const list = Object.entries(extraArgs).map(([name, value]) => ({ name, value }));
  return `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.0
apiServer: {extraArgs: ${JSON.stringify(list)}}
`;
}

export function pod(name: string, container: Partial<Container>, namespace = 'kube-system'): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { containers: [{ name: 'main', image: 'registry.example/main:v1', ...container }] },
  };
}

/** A static pod that runs kube-apiserver, with the volume of its certificates. */
export function staticApiServer(name: string, flags: readonly string[], certificates: string): object {
  const command = ['kube-apiserver', '--etcd-servers=http://127.0.0.1:2379', ...flags];
  const container = {
    name: 'kube-apiserver',
    image: 'registry.example/kube-apiserver:v1',
    command,
    volumeMounts: [{ name: 'pki', mountPath: '/etc/kubernetes/pki', readOnly: true }],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', labels: { component: 'kube-apiserver' } },
    spec: {
      hostNetwork: true,
      terminationGracePeriodSeconds: 1,
      containers: [container],
      volumes: [{ name: 'pki', hostPath: { path: certificates } }],
    },
  };
}

/** A short timeout, because kubeadm repeats a denied write until then, a minute by default; a stall of the machine is shorter. */
export const initConfiguration = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.0.2.10}
nodeRegistration: {name: node-1, criSocket: unix:///run/none.sock}
timeouts: {kubernetesAPICall: 10s}
`;

/** A mirror pod as a kubelet creates it: bound to its node, owned by it, with the mirror annotation. */
export function mirrorPod(name: string, node: KubeObject, flags: readonly string[]): KubeObject {
  const { name: nodeName, uid } = node.metadata;
  const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid, controller: true };
  const container = { name: 'kube-apiserver', image: 'registry.example/kube-apiserver:v1' };
  const command = ['kube-apiserver', '--etcd-servers=http://127.0.0.1:2379', ...flags];
  const pki = { name: 'pki', mountPath: '/etc/kubernetes/pki', readOnly: true };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'kube-system',
      annotations: { 'kubernetes.io/config.mirror': 'x', 'kubernetes.io/config.hash': 'x' },
      ownerReferences: [owner],
    },
    spec: {
      nodeName,
      containers: [{ ...container, command, volumeMounts: [pki] }],
      volumes: [{ name: 'pki', hostPath: { path: '/etc/kubernetes/pki' } }],
    },
  };
  return pod;
}
