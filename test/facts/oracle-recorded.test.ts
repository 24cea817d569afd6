import { describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Answer, Query } from '../support/oracle.ts';
import { disagreement, incomparable } from '../support/verdicts.ts';

interface Recorded {
  readonly query: Query;
  readonly answer: Answer;
}

const folder = join(import.meta.dirname, '../fixtures/oracle');

/** Answers of the real components, recorded by `RECORD_ORACLE=1 npm run test:differential`. */
describe('the verdicts agree with the recorded answers of the real components', () => {
  test.each(readdirSync(folder))('%s', (file) => {
    const lines = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
    const differences = lines.flatMap((line) => {
      const { query, answer } = JSON.parse(line) as Recorded;
      const difference = incomparable(query, answer) === undefined ? disagreement(query, answer) : undefined;
      return difference === undefined ? [] : [`${difference}\n    ${JSON.stringify(query)}`];
    });

    expect(lines.length).toBeGreaterThan(100);
    expect(differences).toEqual([]);
  });
});
