import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { MAX_DEPTH, exceededLimit, uidOf, MAX_VALUES } from '../../../src/webhook/http/body-scan.ts';
import { recorded, review } from '../../support/admission.ts';

const scan = (text: string) => exceededLimit(Buffer.from(text));

/** The values that the scan counts: lists, objects, commas and colons. */
function countIn(value: unknown): { values: number; levels: number } {
  if (typeof value !== 'object' || value === null) return { values: 0, levels: 0 };
  const inner = Object.values(value).map(countIn);
  const colons = Array.isArray(value) ? 0 : inner.length;
  return {
    values: 1 + colons + Math.max(0, inner.length - 1) + inner.reduce((sum, { values }) => sum + values, 0),
    levels: 1 + Math.max(0, ...inner.map(({ levels }) => levels)),
  };
}

describe('the limits on a body', () => {
  test('allow a body up to the limits, and reject a larger one', () => {
    expect(scan('['.repeat(MAX_DEPTH))).toBeUndefined();
    expect(scan('['.repeat(MAX_DEPTH + 1))).toBe('the body is nested more than 1000 levels deep');
    expect(scan('[]'.repeat(MAX_VALUES))).toBeUndefined();
    expect(scan('[]'.repeat(MAX_VALUES + 1))).toBe('the body has more than 250000 values');
    for (const character of ',:{')
      expect(scan(`${character}${character === '{' ? '}' : ''}`.repeat(MAX_VALUES + 1))).toContain('values');
  });

  test('do not count brackets in strings, with or without escapes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(scan(`${JSON.stringify(text.repeat(50))}${'['.repeat(MAX_DEPTH)}`)).toBeUndefined();
        expect(scan(`${JSON.stringify(text)}${'['.repeat(MAX_DEPTH + 1)}`)).toBeDefined();
      }),
    );
    expect(scan(`"\\${'['.repeat(MAX_DEPTH)}"`)).toBeUndefined();
    expect(scan('"'.padEnd(2 * MAX_VALUES, '['))).toBeUndefined();
  });

  test('count the values that the body has', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const { values } = countIn(value);
        const text = JSON.stringify(value);
        const room = MAX_VALUES - values;
        expect(scan(text + ','.repeat(room))).toBeUndefined();
        expect(scan(text + ','.repeat(room + 1))).toBeDefined();
      }),
      { numRuns: 20 },
    );
  });

  test('takes twice the time for twice the length, not more', () => {
    const timeOf = (text: string): number => {
      const body = Buffer.from(text);
      const began = performance.now();
      for (let round = 0; round < 5; round += 1) exceededLimit(body);
      return performance.now() - began;
    };
    for (const piece of [' ', '"', '\\', '"\\"', '[]']) {
      timeOf(piece.repeat(100_000));
      const once = Math.min(...Array.from({ length: 5 }, () => timeOf(piece.repeat(200_000))));
      const twice = Math.min(...Array.from({ length: 5 }, () => timeOf(piece.repeat(400_000))));
      expect(twice).toBeLessThan(4 * once + 5);
    }
  });
});

describe('the uid in the first bytes of a body', () => {
  test('is found at the place where an API server writes it', () => {
    const file = '006-UPDATE-configmaps-kubelet-config-admin.json';
    const body = JSON.stringify(JSON.parse(recorded(file)));
    expect(body.startsWith('{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"')).toBe(
      true,
    );
    expect(uidOf(Buffer.from(body))).toBe('3df9ccea-c2c8-4ab9-9d86-bcbdd5d9b130');
    expect(uidOf(Buffer.from(JSON.stringify(review())))).toBe('uid-1');
  });

  test.each([
    ['an empty body', ''],
    [
      'a review of another version',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"x"',
    ],
    ['a place outside the request', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","uid":"x"'],
    [
      'a string with an escape',
      '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"\\u0041"',
    ],
    ['a string without its end', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"x'],
    ['a place too far from the start', `${' '.repeat(600)}${JSON.stringify(review())}`],
  ])('is not read from %s', (_where, head) => {
    expect(uidOf(Buffer.from(head))).toBeUndefined();
  });
});
