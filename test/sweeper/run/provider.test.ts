import { expect, test } from '@jest/globals';

import { clusterPlatform, onlyPlatform, providerOf } from '../../../src/sweeper/run/provider.ts';
import { apiServerFinding, kubeletFinding } from '../../support/findings.ts';

test.each([
  ['v1.31.2-eks-7f9249a', '10.100.0.1:443', false, 'Amazon EKS'],
  ['v1.31.2-gke.1678000', '10.100.0.1:443', false, 'Google GKE'],
  ['v1.31.2', 'x.hcp.westeurope.azmk8s.io:443', false, 'Azure AKS'],
  ['v1.31.2', 'ABC.gr7.eu-central-1.eks.amazonaws.com:443', false, 'Amazon EKS'],
  ['v1.31.2', '10.0.0.1:443', true, 'Azure AKS'],
  ['v1.31.2', '10.0.0.1:6443', false, undefined],
  // EKS Distro runs anywhere
  ['v1.31.2-eks-1-31-5', '10.0.0.1:6443', false, undefined],
  ['v1.31.2+k3s1', 'azmk8s.io.example.com:443', false, undefined],
  [undefined, '10.0.0.1:443', false, undefined],
])('an API server of version %s at %s belongs to %s: %s', (version, server, hasAksPod, provider) => {
  expect(providerOf(clusterPlatform({ version, server, hasAksPod }))).toBe(provider);
});

test.each([
  ['v1.31.2+k3s1', 'k3s'],
  ['v1.31.2+rke2r3', 'rke2'],
  ['v1.31.2+k0s', 'k0s'],
  ['v1.31.2+k0s.0', 'k0s'],
  ['v1.31.2-gke.1678000', 'gke'],
  ['v1.31.2', undefined],
])('an API server of version %s is of %s', (version, platform) => {
  expect(clusterPlatform({ version, server: '10.0.0.1:443', hasAksPod: false })).toBe(platform);
});

test('the platform that objects show counts only if it is one', () => {
  const own = kubeletFinding({ platform: 'kubeadm' });
  expect(onlyPlatform([])).toBeUndefined();
  expect(onlyPlatform([apiServerFinding(), own, own])).toBe('kubeadm');
  expect(onlyPlatform([own, kubeletFinding({ platform: 'openshift' })])).toBeUndefined();
});
