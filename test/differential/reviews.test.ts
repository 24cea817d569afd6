import { afterAll, expect, jest, test } from '@jest/globals';

import { asset, describeWith } from '../e2e/support/assets.ts';
import { Cleanup } from '../e2e/support/cleanup.ts';
import { soakReviews } from '../soak/reviews.ts';
import { Oracle } from '../support/oracle.ts';
import { say, scale, seed } from './support/compare.ts';

jest.setTimeout(3_600_000);

const COUNT = 4000;

describeWith({ assets: ['oracle'] }, 'changed reviews under enforce', () => {
  const cleanup = new Cleanup();
  afterAll(() => cleanup.run());

  test('all have an answer with their uid, and no object without the setting is allowed', async () => {
    const oracle = new Oracle(asset('oracle'));
    cleanup.add(() => oracle.close());
    const bounds = { count: COUNT * scale, milliseconds: 600_000, seed };
    const { folder, ...outcome } = await soakReviews(cleanup, bounds, oracle, say);

    say(`reviews: ${JSON.stringify(outcome)}; again with DIFFERENTIAL_SEED=${seed}`);
    expect({ folder, faults: outcome.faults }).toEqual({ folder, faults: {} });
    expect(outcome.checked).toBeGreaterThan(50);
  });
});
