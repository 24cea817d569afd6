import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { escapeForTerminal, escapeLine } from '../../src/outputs/printable.ts';

test.each([
  ['an escape sequence', '\u001b[31mred', String.raw`\u001b[31mred`],
  ['its C1 form', '\u009b31m', String.raw`\u009b31m`],
  ['a carriage return', 'PASS\rFAIL', String.raw`PASS\u000dFAIL`],
  ['a change of writing direction', 'a\u202eb', String.raw`a\u202eb`],
  ['half a surrogate pair', 'a\ud800b', String.raw`a\ud800b`],
  ['a no-break space', '/ca.crt\u00a0', String.raw`/ca.crt\u00a0`],
  ['a narrow no-break space', 'a\u202fb', String.raw`a\u202fb`],
  ['an ideographic space', 'a\u3000b', String.raw`a\u3000b`],
  ['a zero-width space', 'a\u200bb', String.raw`a\u200bb`],
  ['a Hangul filler', 'a\u3164b', String.raw`a\u3164b`],
  ['a variation selector', 'a\ufe0fb', String.raw`a\ufe0fb`],
  ['an invisible tag character', '\u{e0041}', String.raw`\udb40\udc41`],
])('%s is escaped', (_name, hostile, harmless) => {
  expect(escapeForTerminal(hostile)).toBe(harmless);
});

test('ordinary text stays as it is', () => {
  expect(escapeLine('/etc/kubernetes/pki/ca.crt = Köln 日本 😀')).toBe('/etc/kubernetes/pki/ca.crt = Köln 日本 😀');
});

test('a line stays one line', () => {
  expect(escapeLine('a\nPASS')).toBe(String.raw`a\nPASS`);
  expect(escapeForTerminal('a\nb')).toBe('a\nb');
});

test('no text keeps a control character, and JSON reads back the original', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // eslint-disable-next-line no-control-regex -- control characters are the point
      expect(escapeLine(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      expect(JSON.parse(escapeForTerminal(JSON.stringify(text)))).toBe(text);
    }),
  );
});
