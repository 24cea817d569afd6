// Texts in base64.

import { expect, test } from '@jest/globals';

import { decodeBase64 } from '../../../src/facts/values/base64.ts';

test.each([
  ['a text', 'w6Q6IDEK', 'ä: 1\n'],
  ['nothing', '', ''],
  ['line breaks', 'YXV0\n  aGVu\r\ndGljYXRpb24=\n', 'authentication'],
  ['no base64', 'client-ca-file', undefined],
  ['without its padding', 'YXV0aGVudGljYXRpb24', undefined],
  ['bytes that are no UTF-8', '/////w==', undefined],
])('%s', (_title, encoded, text) => {
  expect(decodeBase64(encoded)).toBe(text);
});
