import { expect, test } from '@jest/globals';

import { giveWay } from '../../../src/sweeper/run/yield.ts';

test('a sweep gives way only while there is something more urgent', async () => {
  let isUrgent = false;
  const pauses: number[] = [];
  const turn = giveWay(
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
