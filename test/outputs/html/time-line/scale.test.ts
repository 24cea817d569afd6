// The scale of the time line: any times keep their order on it, and none leaves it.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { scaleOf } from '../../../../src/outputs/html/time-line/scale.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-28T04:00:00Z');
const times = fc.oneof(
  fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_000 }),
  fc.integer({ min: NOW - 400 * DAY, max: NOW + 400 * DAY }),
);

describe('the scale of the time line', () => {
  test('keeps the order of any times, from 0 to 100 percent', () => {
    fc.assert(
      fc.property(
        fc.array(times, { maxLength: 20 }),
        fc.array(times, { minLength: 2, maxLength: 8 }),
        (shown, asked) => {
          const scale = scaleOf(NOW, shown);
          const places = asked.toSorted((a, b) => a - b).map(scale.at);
          expect(places).toEqual(places.toSorted((a, b) => a - b));
          for (const place of [...places, ...scale.ticks.map(({ at }) => at)]) {
            expect(place).toBeGreaterThanOrEqual(0);
            expect(place).toBeLessThanOrEqual(100);
          }
          for (const [index, time] of asked.toSorted((a, b) => a - b).entries()) {
            const isPast = (places[index] ?? 0) < scale.now;
            expect(isPast).toBe(time < NOW);
          }
        },
      ),
    );
  });

  test('a day, a year and ten years can be told apart', () => {
    const scale = scaleOf(NOW, [NOW + 3650 * DAY]);
    const places = [0, 1, 30, 90, 365, 3650].map((days) => Math.round(scale.at(NOW + days * DAY)));
    expect(places).toEqual([28, 29, 41, 52, 69, 100]);
    expect(scale.ticks.map(({ name }) => name)).toEqual(['1 year ago', '30 days', '1 year']);
  });
});
