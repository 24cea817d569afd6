import { expect, test } from '@jest/globals';

import { providerOf } from '../../../src/sweeper/run/provider.ts';

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
  expect(providerOf({ version, server, hasAksPod })).toBe(provider);
});
