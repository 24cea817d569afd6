import { afterAll, expect, jest, test } from '@jest/globals';

import type { Component } from '../../src/policy/reading.ts';
import { asset, describeWith } from '../e2e/support/assets.ts';
import { Oracle, type Query } from '../support/oracle.ts';
import { commandLine } from './generate/command-lines.ts';
import { compareAndSay } from './support/compare.ts';

jest.setTimeout(3_600_000);

describeWith({ assets: ['oracle'] }, 'command lines', () => {
  const oracle = new Oracle(asset('oracle'));
  afterAll(() => oracle.close());

  test.each<Component>(['kube-apiserver', 'kubelet'])(
    'of %s are read as the component reads them',
    async (component) => {
      const queries = commandLine(component).map((args): Query => ({ component, args }));
      expect(await compareAndSay(oracle, `command lines of ${component}`, queries, 10_000)).toBe('');
    },
  );
});
