import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { HOLE } from '../../../src/facts/argv/words.ts';
import { argsOfFile } from '../../../src/facts/systemd/args-file.ts';
import { ample } from '../../support/budget.ts';

const SNAP = new Map([
  ['SNAP_DATA', '/var/snap/microk8s/8612'],
  ['SNAP_COMMON', '/var/snap/microk8s/common'],
]);

test('the file of a microk8s node gives the arguments of its kubelet', () => {
  const text = readFileSync(new URL('../../golden/microk8s/args/kubelet', import.meta.url), 'utf8');
  const words = argsOfFile(text, SNAP, ample()).map((word) => word.text);

  expect(words).toContain('--client-ca-file=/var/snap/microk8s/8612/certs/ca.crt');
  expect(words).toContain('--eviction-hard=memory.available<100Mi,nodefs.available<1Gi,imagefs.available<1Gi');
});

describe('a line', () => {
  test.each([
    ['# --client-ca-file=/x', []],
    ['  \t', []],
    ['--a=b # no comment', ['--a=b', '#', 'no', 'comment']],
    ['--a  b', ['--a', '', 'b']],
    [`--a="b 'c"`, ['--a=b', 'c']],
    ['--a=$SNAP_DATA/x', ['--a=/var/snap/microk8s/8612/x']],
    ['--a=${SNAP_DATA}x', ['--a=/var/snap/microk8s/8612x']],
    ['--a=${OTHER}x', [`--a=${HOLE}x`]],
    ['--a=${}b', ['--a=b']],
    ['--a=${b', ['--a=b']],
    ['--a=$/b$', ['--a=$/b$']],
    ['--a=$1b', ['--a=b']],
  ])('%j is %j', (line, words) => {
    expect(argsOfFile(line, SNAP, ample()).map((word) => word.text)).toEqual(words);
  });

  test('with an unknown variable is a gap that names the variable', () => {
    expect(argsOfFile('--a=$OTHER', SNAP, ample())).toMatchObject([
      { holes: true, problem: { code: 'unresolved', message: expect.stringContaining('$OTHER') } },
    ]);
  });
});
