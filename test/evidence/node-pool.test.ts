import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { poolOf } from '../../src/evidence/node-pool.ts';

const role = (name: string) => `node-role.kubernetes.io/${name}`;

describe('the pool of a node', () => {
  test.each([
    ['EKS', { 'eks.amazonaws.com/nodegroup': 'general' }, 'general'],
    ['eksctl', { 'alpha.eksctl.io/nodegroup-name': 'ng-1' }, 'ng-1'],
    ['Karpenter', { 'karpenter.sh/nodepool': 'spot', 'eks.amazonaws.com/nodegroup': 'general' }, 'spot'],
    ['GKE', { 'cloud.google.com/gke-nodepool': 'default-pool' }, 'default-pool'],
    ['AKS', { agentpool: 'old', 'kubernetes.azure.com/agentpool': 'nodepool1' }, 'nodepool1'],
    ['AKS before it had its own label domain', { agentpool: 'nodepool1' }, 'nodepool1'],
    ['kops', { 'kops.k8s.io/instancegroup': 'nodes-eu-1a', [role('node')]: '' }, 'nodes-eu-1a'],
    ['Gardener', { 'worker.gardener.cloud/pool': 'large' }, 'large'],
    ['HyperShift', { 'hypershift.openshift.io/nodePool': 'workers', [role('worker')]: '' }, 'workers'],
    ['DigitalOcean', { 'doks.digitalocean.com/node-pool': 'pool-1' }, 'pool-1'],
    ['Scaleway', { 'k8s.scaleway.com/pool-name': 'default' }, 'default'],
    ['kubeadm and Cluster API', { [role('control-plane')]: '', 'kubernetes.io/hostname': 'cp-1' }, 'control-plane'],
    ['a pool of OpenShift', { [role('worker')]: '', [role('infra')]: '' }, 'infra'],
    [
      'a control plane that also runs workloads',
      { [role('worker')]: '', [role('etcd')]: '', [role('master')]: 'true' },
      'master',
    ],
    ['several roles', { [role('ingress')]: '', [role('gpu')]: '' }, 'gpu'],
    ['a worker', { [role('worker')]: '' }, 'worker'],
  ])('on %s is named by its labels', (_platform, labels, pool) => {
    expect(poolOf(labels)).toBe(pool);
  });

  test.each([
    ['there are no labels', {}],
    ['no label names one', { 'kubernetes.io/os': 'linux', type: 'agentpool' }],
    ['its name is empty', { 'eks.amazonaws.com/nodegroup': '', [role('')]: '' }],
    ['its name is longer than a label can be', { agentpool: 'a'.repeat(64), [role('a'.repeat(64))]: '' }],
    ['a label has no text', { agentpool: 7 }],
    ['only the prototype has the label', Object.create({ agentpool: 'inherited' }) as Record<string, unknown>],
  ])('is not known if %s', (_why, labels) => {
    expect(poolOf(labels)).toBeUndefined();
  });

  test('is a short text that is in the labels, whatever they are, in any order', () => {
    const key = fc.oneof(
      fc.constantFrom('agentpool', 'karpenter.sh/nodepool', 'kops.k8s.io/instancegroup', '__proto__'),
      fc.string({ unit: 'binary', maxLength: 80 }).map(role),
      fc.string(),
    );
    const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.anything());
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name }), (entries) => {
        const pool = poolOf(Object.fromEntries(entries));
        expect(poolOf(Object.fromEntries(entries.toReversed()))).toBe(pool);
        if (pool === undefined) return;
        expect(pool.length).toBeGreaterThan(0);
        expect(pool.length).toBeLessThanOrEqual(63);
        expect(entries.some(([name, text]) => text === pool || name === role(pool))).toBe(true);
      }),
    );
  });
});
