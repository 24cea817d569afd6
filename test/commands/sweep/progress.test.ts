import { expect, test } from '@jest/globals';

import { progressBar } from '../../../src/commands/sweep/progress.ts';

test('a progress bar is drawn on one line, only when it moves, and is cleared at the end', () => {
  const drawn: string[] = [];
  const bar = progressBar((text) => drawn.push(text));
  bar.show(0, 1000);
  bar.show(1, 1000);
  bar.show(2, 1000);
  bar.show(500, 1000);
  bar.show(1000, 1000);
  bar.clear();
  bar.clear();
  expect(drawn).toEqual([
    '\r\u001b[K[..............................] 0 of 1000 nodes',
    '\r\u001b[K[###############...............] 500 of 1000 nodes',
    '\r\u001b[K[##############################] 1000 of 1000 nodes',
    '\r\u001b[K',
  ]);
});
