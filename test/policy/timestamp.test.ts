import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { millisecondsOf, timeText } from '../../src/policy/timestamp.ts';

test('times are read and written as JavaScript Date does it', () => {
  const until = Date.parse('9999-12-31T23:59:59.999Z');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: until }), (milliseconds) => {
      const text = new Date(milliseconds).toISOString();
      expect(timeText(milliseconds)).toBe(text);
      expect(millisecondsOf(text)).toBe(milliseconds);
    }),
  );
  for (const text of ['2024-02-29T00:00:00.000Z', '2100-02-28T23:59:59.000Z', '2000-03-01T00:00:00.000Z']) {
    expect(timeText(Date.parse(text))).toBe(text);
  }
});

test.each([
  undefined,
  7,
  '',
  '2026-11-26',
  '2026-13-01T00:00:00Z',
  '2026-11-26T12:00:00+01:00',
  '9999-99-99T00:00:00Z',
])('%s is no time', (text) => {
  expect(millisecondsOf(text)).toBeUndefined();
});
