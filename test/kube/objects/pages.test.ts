import { describe, expect, test } from '@jest/globals';

import { ApiFault } from '../../../src/kube/api.ts';
import { pagesOf, type Page } from '../../../src/kube/objects/pages.ts';

/** A list that answers in this order, whatever the token; `asked` has the tokens. */
function listOf(...answers: readonly (Page<string> | Error)[]) {
  const asked: (string | undefined)[] = [];
  const ask = (next: string | undefined): Promise<Page<string>> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? new Error('asked once too often');
    asked.push(next);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { asked, ask };
}

async function all(ask: (next: string | undefined) => Promise<Page<string>>): Promise<string[]> {
  const found: string[] = [];
  for await (const page of pagesOf(ask, (item) => item)) found.push(...page);
  return found;
}

const expired = (next?: string) => new ApiFault('too old', 410, { next });

describe('the pages of a list', () => {
  test('come in order', async () => {
    const { ask, asked } = listOf({ items: ['a'], next: '1' }, { items: [], next: '2' }, { items: ['b'], next: '' });
    expect(await all(ask)).toEqual(['a', 'b']);
    expect(asked).toEqual([undefined, '1', '2']);
  });

  test('continue with the token in the answer to an expired one, however often', async () => {
    const { ask, asked } = listOf({ items: ['a'], next: '1' }, expired('2'), expired('3'), { items: ['b'] });
    expect(await all(ask)).toEqual(['a', 'b']);
    expect(asked).toEqual([undefined, '1', '2', '3']);
  });

  test('start again once if there is no such token, and give no item twice', async () => {
    const { ask, asked } = listOf(
      { items: ['a', 'b'], next: '1' },
      expired(),
      { items: ['a', 'b', 'c'], next: '2' },
      {
        items: ['d'],
      },
    );
    expect(await all(ask)).toEqual(['a', 'b', 'c', 'd']);
    expect(asked).toEqual([undefined, '1', undefined, '2']);
  });

  test.each([
    ['that expires again', [{ items: ['a'], next: '1' }, expired(), { items: ['a'], next: '2' }, expired()]],
    ['that has expired from the beginning', [expired()]],
    ['that is denied', [{ items: ['a'], next: '1' }, new ApiFault('too old', 403)]],
    ['that never ends', [{ items: ['a'], next: '1' }]],
  ])('of a list %s fail', async (_name, answers) => {
    await expect(all(listOf(...answers).ask)).rejects.toBeInstanceOf(ApiFault);
  });
});
