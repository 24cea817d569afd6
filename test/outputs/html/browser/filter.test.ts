// The filter of the page: how it is written in an address, and what it shows.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  filterOf,
  fragmentOf,
  SHOW_ALL,
  type PageFilter,
} from '../../../../src/outputs/html/browser/filter/fragment.ts';
import { shownNames, wordsOf, type ItemFacts } from '../../../../src/outputs/html/browser/filter/match.ts';

const text = fc.string({ unit: 'grapheme' });
const anyFilter: fc.Arbitrary<PageFilter> = fc.record({
  query: text,
  results: fc.uniqueArray(fc.constantFrom('fail', 'unknown', 'exempt', 'pending', 'pass')),
  control: text,
  pool: text,
});

describe('the fragment of a filter', () => {
  test('is readable', () => {
    const filter = { query: 'worker', results: ['fail', 'unknown'], control: 'kubelet-client-ca', pool: '' };
    expect(fragmentOf(filter)).toBe('#q=worker&result=fail,unknown&control=kubelet-client-ca');
    expect(fragmentOf(SHOW_ALL)).toBe('');
  });

  test('gives the same filter again', () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(filterOf(fragmentOf(filter))).toEqual(filter);
      }),
    );
  });

  test.each(['#nodes', '#f-0a1b2c'])('%s is no filter, but an element of the page', (fragment) => {
    expect(filterOf(fragment)).toBeUndefined();
  });

  test.each(['', '#'])('%j shows everything', (fragment) => {
    expect(filterOf(fragment)).toEqual(SHOW_ALL);
  });

  test('of any text is read without an exception', () => {
    fc.assert(
      fc.property(fc.string(), (fragment) => {
        filterOf(fragment);
      }),
    );
  });
});

const item: ItemFacts = {
  results: ['fail'],
  controls: ['kubelet-client-ca'],
  pools: ['gpu'],
  text: 'fail kubelet-client-ca gpu the kubelet uses no client ca edge',
  names: ['gpu-7', 'gpu-17', 'edge-24'],
};

describe('what a filter shows of an item', () => {
  const shown = (query: string, choices: Partial<PageFilter> = {}) => {
    const result = shownNames(item, { ...SHOW_ALL, ...choices }, wordsOf(query));
    return typeof result === 'string' ? result : [...result].map((index) => item.names[index]);
  };

  test.each([
    ['', 'all'],
    ['  ', 'all'],
    ['GPU-7', ['gpu-7']],
    ['gpu', ['gpu-7', 'gpu-17']],
    ['edge', ['edge-24']],
    ['client 24', ['edge-24']],
    ['no client', 'all'],
    ['client nowhere', 'none'],
    ['gpu edge', ['gpu-7', 'gpu-17', 'edge-24']],
  ])('the query %j shows %j', (query, expected) => {
    expect(shown(query)).toEqual(expected);
  });

  test.each<[Partial<PageFilter>, string]>([
    [{ results: ['fail', 'unknown'] }, 'all'],
    [{ results: ['pass'] }, 'none'],
    [{ control: 'kubelet-client-ca' }, 'all'],
    [{ control: 'kubelet-client' }, 'none'],
    [{ pool: 'gpu' }, 'all'],
    [{ pool: 'edge' }, 'none'],
  ])('the choices %j show %s', (choices, expected) => {
    expect(shown('', choices)).toBe(expected);
  });

  test('is never more for a longer query of one word', () => {
    const numberOf = (query: string) => {
      const result = shownNames(item, SHOW_ALL, wordsOf(query));
      return typeof result === 'string' ? { all: 3, none: 0 }[result] : result.size;
    };
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('g', 'p', 'u', '-', '7', 'e') }), (query) => {
        if (numberOf(query) === 0) expect(numberOf(`${query}x`)).toBe(0);
      }),
    );
  });
});
