import { expect, test } from '@jest/globals';

import { yieldToReviews } from '../../src/sweeper/yield-to-reviews.ts';

test('a sweep pauses between kubelets only while reviews are pending', async () => {
  let isUrgent = false;
  const pauses: number[] = [];
  const turn = yieldToReviews(
    () => isUrgent,
    (milliseconds) => Promise.resolve(pauses.push(milliseconds)),
  );
  const { signal } = new AbortController();
  await turn(signal);
  expect(pauses).toEqual([]);
  isUrgent = true;
  await turn(signal);
  await turn(signal);
  expect(pauses).toEqual([10, 10]);
  isUrgent = false;
  await turn(signal);
  expect(pauses).toHaveLength(2);
});
