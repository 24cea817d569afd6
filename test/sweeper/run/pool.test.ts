import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { forEachConcurrently } from '../../../src/sweeper/run/pool.ts';

const atOnce = () => Promise.resolve();

describe('a pool', () => {
  test('works on each item once, on no more items at a time than the limit, and on as many as the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), async (items, limit) => {
        let running = 0;
        let most = 0;
        const done: number[] = [];
        await forEachConcurrently(
          items,
          limit,
          async (turns) => {
            running += 1;
            most = Math.max(most, running);
            for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
            running -= 1;
            done.push(turns);
          },
          atOnce,
        );
        expect(running).toBe(0);
        expect(done.toSorted()).toEqual(items.toSorted());
        expect(most).toBeLessThanOrEqual(limit);
      }),
    );
  });

  test('is not delayed by an item that takes long', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const done: number[] = [];
    await forEachConcurrently(
      [0, 1, 2, 3, 4, 5],
      2,
      async (item) => {
        if (item === 0) await promise;
        done.push(item);
        if (item === 5) resolve(undefined);
      },
      atOnce,
    );
    expect(done).toEqual([1, 2, 3, 4, 5, 0]);
  });

  test('lets started items end before it rejects with the error of a turn', async () => {
    const done: number[] = [];
    let turns = 0;
    const working = forEachConcurrently(
      [1, 2, 3, 4],
      3,
      async (item) => {
        await Promise.resolve();
        done.push(item);
      },
      () => ((turns += 1) < 4 ? Promise.resolve() : Promise.reject(new Error('gone'))),
    );
    await expect(working).rejects.toThrow('gone');
    expect(done).toEqual([1, 2, 3]);
  });

  test('works on all items even if some fail, and then rejects with the first error', async () => {
    const done: number[] = [];
    const working = forEachConcurrently(
      [1, 2, 3, 4],
      1,
      async (item) => {
        await Promise.resolve();
        if (item < 3) throw new Error(`broken ${item}`);
        done.push(item);
      },
      atOnce,
    );
    await expect(working).rejects.toThrow('broken 1');
    expect(done).toEqual([3, 4]);
  });

  test('starts the next item only when its turn comes', async () => {
    const turns: (() => void)[] = [];
    const done: number[] = [];
    const working = forEachConcurrently(
      [1, 2],
      2,
      (item) => {
        done.push(item);
        return Promise.resolve();
      },
      () => new Promise<void>((resolve) => turns.push(resolve)),
    );
    for (const item of [1, 2]) {
      while (turns.length === 0) await Promise.resolve();
      expect(done).toHaveLength(item - 1);
      turns.shift()?.();
    }
    await working;
    expect(done).toEqual([1, 2]);
  });
});
