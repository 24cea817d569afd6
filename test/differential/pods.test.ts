import { afterAll, expect, jest, test } from '@jest/globals';

import { asset, describeWith } from '../e2e/support/assets.ts';
import { Oracle } from '../support/oracle.ts';
import { podQuery } from './generate/pods.ts';
import { compareAndSay, compareStartsAndSay } from './support/compare.ts';

jest.setTimeout(3_600_000);

describeWith({ assets: ['oracle'] }, 'pods', () => {
  const oracle = new Oracle(asset('oracle'));
  afterAll(() => oracle.close());

  test('have the same command lines as the kubelet starts', async () => {
    expect(await compareAndSay(oracle, 'pods', podQuery, 2_000)).toBe('');
  });

  test('have the settings that kube-apiserver reads from those command lines', async () => {
    expect(await compareStartsAndSay(oracle, podQuery, 2_000)).toBe('');
  });
});
