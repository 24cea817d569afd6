// kops: what nodeup makes of Cluster and InstanceGroup.

import { describe, expect, test } from '@jest/globals';

import { linkResults } from '../../../support/link-results.ts';

const ALL = ['pair', 'ca', 'anonymous', 'mode'];

function text(kind: string, ...spec: readonly string[]): string {
  return ['apiVersion: kops.k8s.io/v1alpha2', `kind: ${kind}`, 'metadata: { name: c }', 'spec:', ...spec].join('\n');
}

describe('kops', () => {
  test('sets the pair and the client CA itself, whatever the cluster says', () => {
    const cluster = text('Cluster', '  kubernetesVersion: 1.31.2', "  kubeAPIServer: { kubeletClientKey: '' }");
    expect(linkResults(cluster, 'cluster.yaml', ALL)).toEqual(['pair pass', 'ca pass', 'anonymous pass', 'mode pass']);
  });

  test('an old version gives the pair only if kubelets reject anonymous requests', () => {
    expect(linkResults(text('Cluster', '  kubernetesVersion: v1.15.9'), 'c.yaml')).toContain(
      'pair unknown not-visible',
    );
    const secure = text('Cluster', '  kubernetesVersion: v1.15.9', '  kubelet: { anonymousAuth: false }');
    expect(linkResults(secure, 'c.yaml')).toContain('pair pass');
  });

  test.each([
    ['anonymousAuth', 'true', 'anonymous', 'anonymous-auth'],
    ['authorizationMode', 'AlwaysAllow', 'mode', 'authorization-mode'],
  ])('%s of kubelets', (field, value, control, flag) => {
    const lines = (name: string): string[] => [`  ${name}:`, `    ${field}: ${value}`];
    const pattern = expect.stringMatching(new RegExp(`^${control} \\S+ --${flag} :6$`)) as unknown as string;
    expect(linkResults(text('Cluster', ...lines('kubelet')), 'c.yaml', [control])).toEqual([pattern]);
    expect(linkResults(text('Cluster', ...lines('masterKubelet')), 'c.yaml', [control])).toEqual([
      `${control} pass`,
      pattern,
    ]);
    expect(linkResults(text('InstanceGroup', ...lines('kubelet')), 'c.yaml', [control])).toEqual([pattern]);
  });

  test('an instance group shows only what it sets', () => {
    const group = text('InstanceGroup', '  role: Node', '  kubelet: { maxPods: 20 }');
    expect(linkResults(group, 'ig.yaml', ALL)).toEqual(['ca pass']);
    expect(linkResults(text('InstanceGroup', '  role: Bastion'), 'ig.yaml', ALL)).toEqual([]);
  });
});
