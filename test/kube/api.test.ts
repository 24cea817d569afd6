import { describe, expect, test } from '@jest/globals';

import { ApiFault, jsonOf } from '../../src/kube/api.ts';

const answer = (status: number, text: string) => ({ status, contentType: 'application/json', text });
const status = (message: unknown, kind = 'Status') => JSON.stringify({ kind, message });

describe('the JSON of an answer', () => {
  test.each([200, 201])('is the body of an answer with status %d', (code) => {
    expect(jsonOf(answer(code, '{"a":1}'))).toStrictEqual({ a: 1 });
  });

  test.each([
    [403, status('not you'), 'HTTP 403: not you'],
    [404, status(''), 'HTTP 404: no reason given'],
    [500, status(['x']), 'HTTP 500: no reason given'],
    [502, status('of some proxy', 'Other'), 'HTTP 502: no reason given'],
    [503, '<html>', 'HTTP 503: no reason given'],
    [199, '{}', 'HTTP 199: no reason given'],
  ])('is not read if the answer is an error: %d %s', (code, text, message) => {
    const ask = () => jsonOf(answer(code, text));
    expect(ask).toThrow(ApiFault);
    expect(ask).toThrow(expect.objectContaining({ message, status: code }));
  });

  test.each(['', '<html>', '{"a":'])('cannot be read if the answer is not JSON: %j', (text) => {
    expect(() => jsonOf(answer(200, text))).toThrow(new ApiFault('the answer is not JSON'));
  });

  test('shortens a long reason in a message', () => {
    expect(() => jsonOf(answer(403, status('x'.repeat(10_000))))).toThrow(
      expect.objectContaining({ message: `HTTP 403: ${'x'.repeat(300)}` }),
    );
  });

  test('is read at any depth', () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    expect(Array.isArray(jsonOf(answer(200, deep)))).toBe(true);
  });
});
