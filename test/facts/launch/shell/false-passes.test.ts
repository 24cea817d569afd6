// Scripts that are no pass. test/differential/shell.test.ts asks real shells what they do with them.

import { expect, test } from '@jest/globals';

import { FALSE_PASSES, passes } from '../../../support/false-passes.ts';

test.each(FALSE_PASSES)('%j is no pass with %j', (script, positional) => {
  expect(passes(script, positional)).toBe(false);
});

test('the same script is a pass where nothing takes a flag away', () => {
  expect(passes('exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=/k', [])).toBe(true);
});
