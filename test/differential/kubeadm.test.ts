import { afterAll, expect, jest, test } from '@jest/globals';

import { asset, describeWith } from '../e2e/support/assets.ts';
import { Oracle } from '../support/oracle.ts';
import { clusterConfiguration } from './generate/kubeadm.ts';
import { compareAndSay } from './support/compare.ts';

jest.setTimeout(3_600_000);

describeWith({ assets: ['oracle'] }, 'ClusterConfigurations', () => {
  const oracle = new Oracle(asset('oracle'));
  afterAll(() => oracle.close());

  test('result in the kube-apiserver that kubeadm would write', async () => {
    expect(await compareAndSay(oracle, 'ClusterConfigurations', clusterConfiguration, 2_000)).toBe('');
  });
});
