// The platform of a sweep's findings: that of the cluster, unless what was read shows its own. It changes no result.

import { expect, test } from '@jest/globals';

import { sweep } from '../../../src/sweeper/run/sweep.ts';
import type { SweepDeps } from '../../../src/sweeper/run/deps.ts';
import { referencesOf } from '../../../src/policy/benchmarks/shown.ts';
import { kubeletConfigMap, stream, sweepDeps, sweepOptions } from './cluster.ts';

async function swept(changes: Partial<SweepDeps>) {
  const { findings } = await sweep(
    { id: 'run-1', entrance: 'sweep' },
    sweepOptions,
    sweepDeps(changes),
    new AbortController().signal,
  );
  const all = [...findings.all()];
  const platforms = new Map(all.map(({ subject, platform }) => [`${subject.kind ?? ''} ${subject.name}`, platform]));
  const results = all.map(({ control, subject, outcome }) => [control.slug, subject.name, outcome.result]);
  return { all, platforms, results };
}

const objects = () => stream([kubeletConfigMap('')]);

test('is that of the version of the API server', async () => {
  const { platforms, all } = await swept({ version: () => Promise.resolve('v1.31.2-eks-7f9249a') });
  expect([platforms.get('Node a'), platforms.get('Node b')]).toStrictEqual(['eks', 'eks']);
  const node = all.find(({ control }) => control.slug === 'kubelet-client-ca');
  expect(node && referencesOf(node.control, node.platform)[0]).toBe('CIS EKS Benchmark 3.2.3');
});

test('is that of the objects, if the version shows none', async () => {
  const { platforms } = await swept({ objects });
  expect([platforms.get('Node a'), platforms.get('ConfigMap kubelet-config')]).toStrictEqual(['kubeadm', 'kubeadm']);
});

test('is not known if nothing shows it', async () => {
  const { platforms } = await swept({});
  expect(platforms.get('Node a')).toBeUndefined();
});

test('changes no result', async () => {
  const { results } = await swept({ objects });
  for (const version of ['v1.31.2+k3s1', 'v1.31.2+rke2r1', 'v1.31.2+k0s', undefined])
    expect((await swept({ objects, version: () => Promise.resolve(version) })).results).toStrictEqual(results);
});
