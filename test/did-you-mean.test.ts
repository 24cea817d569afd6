// Tests of the nearest known word.

import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { didYouMean } from '../src/did-you-mean.ts';

const COMMANDS = ['check', 'node', 'node-agent', 'sweep', 'explain', 'config', 'export', 'serve', 'doctor'];
const SLUGS = ['apiserver-kubelet-client-cert', 'apiserver-kubelet-ca', 'kubelet-client-ca', 'kubelet-anonymous-auth'];

test.each([
  ['chek', COMMANDS, 'did you mean check?'],
  ['hceck', COMMANDS, 'did you mean check?'],
  ['swep', COMMANDS, 'did you mean sweep?'],
  ['CHECK', COMMANDS, 'did you mean check?'],
  ['conf', COMMANDS, 'did you mean config?'],
  ['kubelet-clientca', SLUGS, 'did you mean kubelet-client-ca?'],
  ['client-ca', SLUGS, 'did you mean kubelet-client-ca?'],
  ['kubelet-ca', SLUGS, 'did you mean apiserver-kubelet-ca or kubelet-client-ca?'],
  ['banana', COMMANDS, ''],
  ['', COMMANDS, ''],
  ['x', COMMANDS, ''],
])('for %j of %j says %j', (word, candidates, sentence) => {
  expect(didYouMean(word, candidates)).toBe(sentence);
});

test('names a word that differs in one letter, whichever', () => {
  const slip = fc.constantFrom(...COMMANDS, ...SLUGS).chain((word) =>
    fc.record({
      word: fc.constant(word),
      at: fc.nat(word.length - 1),
      letter: fc.constantFrom('a', 'e', 'k', 'x', '-', '4'),
      how: fc.constantFrom('insert', 'remove', 'replace'),
    }),
  );
  fc.assert(
    fc.property(slip, ({ word, at, letter, how }) => {
      const rest = word.slice(how === 'insert' ? at : at + 1);
      const typed = word.slice(0, at) + (how === 'remove' ? '' : letter) + rest;
      expect(didYouMean(typed, [...COMMANDS, ...SLUGS])).toContain(word);
    }),
  );
});

test('never costs more than a moment, and names only candidates', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5000 }), fc.array(fc.string()), (word, candidates) => {
      const named = /^did you mean (.*)\?$/s.exec(didYouMean(word, candidates))?.[1];
      if (named !== undefined) expect(candidates.some((candidate) => named.includes(candidate))).toBe(true);
    }),
  );
});
