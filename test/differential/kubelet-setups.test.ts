import { afterAll, expect, jest, test } from '@jest/globals';

import { asset, describeWith } from '../e2e/support/assets.ts';
import { Oracle } from '../support/oracle.ts';
import { kubeletSetup } from './generate/kubelet-setups.ts';
import { compareAndSay } from './support/compare.ts';

jest.setTimeout(3_600_000);

describeWith({ assets: ['oracle'] }, 'kubelet setups', () => {
  const oracle = new Oracle(asset('oracle'));
  afterAll(() => oracle.close());

  test('are read as the kubelet reads them', async () => {
    expect(await compareAndSay(oracle, 'kubelet set-ups', kubeletSetup, 5_000)).toBe('');
  });
});
