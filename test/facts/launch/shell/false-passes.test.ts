// Scripts that must not pass. test/differential/shell.test.ts runs them in real shells.

import { expect, test } from '@jest/globals';

import { FALSE_PASSES, passes } from '../../../support/false-passes.ts';

test.each(FALSE_PASSES)('%j with the arguments %j does not pass', (script, positional) => {
  expect(passes(script, positional)).toBe(false);
});

test('a script that sets both flags passes', () => {
  expect(passes('exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=/k', [])).toBe(true);
});
