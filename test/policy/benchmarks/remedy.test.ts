// How to fix a violation, for the surface and the platform that were seen.

import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { PLATFORMS, type Platform } from '../../../src/policy/benchmarks/platform.ts';
import { remedies, remediationFor } from '../../../src/policy/benchmarks/remedy.ts';
import { SURFACES, type Surface } from '../../../src/policy/reading.ts';

function remedyOf(slug: string, surface: Surface, platform?: Platform, kind?: string): string {
  const control = controls.find((candidate) => candidate.slug === slug);
  if (control === undefined) throw new Error(`no control ${slug}`);
  return remediationFor({
    control,
    surface,
    ...(platform && { platform }),
    ...(kind !== undefined && { subject: { kind } }),
  });
}

const CLIENT_CERT = 'apiserver-kubelet-client-cert';
const CLIENT_CA = 'kubelet-client-ca';

describe('the remedy', () => {
  test.each([
    [
      CLIENT_CA,
      'process',
      undefined,
      "Set authentication.x509.clientCAFile in the file of the kubelet's --config to the path of the CA",
    ],
    [CLIENT_CA, 'process', undefined, 'systemctl daemon-reload; systemctl restart kubelet.'],
    [CLIENT_CA, 'process', 'kubeadm', 'kubeadm upgrade node phase kubelet-config'],
    [CLIENT_CA, 'process', 'eks', 'spec.kubelet.config'],
    [CLIENT_CA, 'declared-cluster', 'eks', 'NodeConfig'],
    [CLIENT_CA, 'process', 'aks', 'az aks nodepool upgrade --node-image-only'],
    [CLIENT_CA, 'process', 'gke', 'gcloud container clusters upgrade'],
    [CLIENT_CA, 'process', 'openshift', 'spec.kubeletConfig of the KubeletConfig'],
    [CLIENT_CA, 'process', 'rke2', '/etc/rancher/rke2/config.yaml'],
    [CLIENT_CA, 'process', 'k3s', '/etc/rancher/k3s/config.yaml'],
    [CLIENT_CA, 'declared-cluster', 'talos', 'machine.kubelet.extraConfig'],
    [CLIENT_CA, 'declared-cluster', 'k0s', 'spec.workerProfiles'],
    [CLIENT_CA, 'declared-cluster', 'kops', 'clientCaFile'],
    [CLIENT_CA, 'kubelet-config', 'kubeadm', 'kubectl edit configmap kubelet-config -n kube-system'],
    [CLIENT_CA, 'kubelet-config', undefined, 'in this KubeletConfiguration'],
    [CLIENT_CERT, 'pod', undefined, 'static pod manifest'],
    [CLIENT_CERT, 'mirror-pod', 'kubeadm', '/etc/kubernetes/manifests/kube-apiserver.yaml'],
    [CLIENT_CERT, 'mirror-pod', 'rke2', 'kube-apiserver-arg'],
    [CLIENT_CERT, 'kubeadm-config', 'kubeadm', 'apiServer.extraArgs of the ClusterConfiguration'],
    [CLIENT_CERT, 'workload', undefined, 'pod template'],
    [CLIENT_CERT, 'openshift-config', 'openshift', 'the kube-apiserver operator'],
    [CLIENT_CERT, 'process', 'eks', 'Amazon EKS runs kube-apiserver'],
  ] as const)('of %s on %s of %s says %j', (slug, surface, platform, expected) => {
    expect(remedyOf(slug, surface, platform)).toContain(expected);
  });

  test('of a KubeadmControlPlane names its own field', () => {
    const text = remedyOf(CLIENT_CERT, 'declared-cluster', 'kubeadm', 'KubeadmControlPlane');
    expect(text).toContain('spec.kubeadmConfigSpec.clusterConfiguration.apiServer.extraArgs');
    expect(remedyOf(CLIENT_CERT, 'declared-cluster', 'kubeadm', 'KubeadmConfig')).not.toContain('kubeadmConfigSpec');
  });

  test('of a ConfigMap, and of an object that declares a cluster, is never to edit a static pod manifest', () => {
    for (const { slug } of controls) {
      for (const platform of [undefined, ...PLATFORMS]) {
        for (const surface of ['kubelet-config', 'kubeadm-config', 'openshift-config', 'declared-cluster'] as const)
          expect(remedyOf(slug, surface, platform)).not.toMatch(/static pod|\/manifests\//);
      }
    }
  });

  test('of a platform other than kubeadm never names kubeadm', () => {
    for (const { slug } of controls) {
      for (const platform of PLATFORMS.filter((name) => name !== 'kubeadm')) {
        for (const surface of ['process', 'declared-cluster'] as const)
          expect(remedyOf(slug, surface, platform)).not.toContain('kubeadm');
      }
    }
  });

  test('is whole sentences of ASCII, and not too long, everywhere', () => {
    for (const { slug } of controls) {
      for (const platform of [undefined, ...PLATFORMS])
        for (const surface of [...SURFACES, 'process' as const])
          expect(remedyOf(slug, surface, platform)).toMatch(/^[A-Z][ -~]{20,620}\.$/);
    }
  });
});

test('every entry of a control can be reached, and has its own place', () => {
  for (const { remediation } of controls) {
    const places = remedies(remediation).map(({ where }) => where);
    expect(new Set(places).size).toBe(places.length);
  }
});
