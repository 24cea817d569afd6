import { describe, expect, test } from '@jest/globals';
import {
  asArray,
  asRecord,
  asRecords,
  asString,
  asStrings,
  asText,
  isRecord,
  parseJson,
  stringOrEmpty,
} from '../src/json.ts';

const VALUES = [undefined, null, true, 0, '', 'text', [], [{ a: 1 }, 'b', null], {}, { a: 1 }];
const readAll = (read: (value: unknown) => unknown) => VALUES.map(read);

describe('JSON of unknown shape', () => {
  test('an object is a record, and an array and null are not', () => {
    expect(VALUES.filter(isRecord)).toEqual([{}, { a: 1 }]);
  });

  test('a value that is not an object reads as an empty object', () => {
    expect(readAll(asRecord)).toEqual([...Array<object>(9).fill({}), { a: 1 }]);
  });

  test('a value that is not an array reads as an empty array', () => {
    expect(readAll(asArray)).toEqual([...Array<unknown>(7).fill([]), [{ a: 1 }, 'b', null], [], []]);
    expect(asRecords([{ a: 1 }, 'b', null])).toEqual([{ a: 1 }, {}, {}]);
    expect(asStrings([{ a: 1 }, 'b', null, ''])).toEqual(['b', '']);
  });

  test('an empty string is read by asString, but not by asText', () => {
    expect(VALUES.map(asString).filter((value) => value !== undefined)).toEqual(['', 'text']);
    expect(VALUES.map(asText).filter((value) => value !== undefined)).toEqual(['text']);
    expect(VALUES.map(stringOrEmpty).filter((value) => value !== '')).toEqual(['text']);
  });

  test('a field that an object only inherits is not read', () => {
    expect(Object.hasOwn(asRecord(parseJson('{"__proto__": {"a": 1}}')), 'a')).toBe(false);
    expect(asRecord(parseJson('{"__proto__": {"a": 1}}')).a).toBeUndefined();
  });

  test('text that is not JSON is parsed as undefined', () => {
    expect(['{', '', 'null', '[1]'].map(parseJson)).toEqual([undefined, undefined, null, [1]]);
  });
});
