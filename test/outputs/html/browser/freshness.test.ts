// What a live page says about itself: it never claims to be live without having heard from the server.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { freshnessOf, SILENCE, type ServerContact } from '../../../../src/outputs/html/browser/live/freshness.ts';

const START = Date.parse('2026-11-28T09:41:00Z');
const contact = (parts: Partial<ServerContact>): ServerContact => ({ openedAt: START, ...parts });

describe('a live page', () => {
  test.each<[string, Partial<ServerContact>, number, string]>([
    ['has not heard yet', {}, 5, 'connecting'],
    ['has heard', { heardAt: START + 1000 }, 5, 'live'],
    ['has lost the connection a moment ago', { heardAt: START, lostAt: START + 8000 }, 9, 'reconnecting'],
    [
      'has lost the connection',
      { heardAt: START, lostAt: START + 8000 },
      20,
      'disconnected since 09:41:08 UTC: this page shows an old state',
    ],
    ['hears nothing', { heardAt: START }, 41, 'disconnected since 09:41:00 UTC: this page shows an old state'],
    ['has never heard', {}, 41, 'disconnected since 09:41:00 UTC: this page shows an old state'],
    [
      'cannot load the new state',
      { heardAt: START + 1000, notLoaded: { since: START + 2000, reason: 'HTTP 500' } },
      5,
      'out of date since 09:41:02 UTC: the new state could not be loaded (HTTP 500)',
    ],
  ])('that %s says so', (_what, parts, seconds, text) => {
    expect(freshnessOf(contact(parts), START + seconds * 1000).text).toBe(text);
  });

  test('is live only if it heard lately, has a connection, and shows the newest state', () => {
    const time = fc.option(fc.integer({ min: START, max: START + 120_000 }), { nil: undefined });
    const notLoaded = fc.option(fc.record({ since: fc.constant(START), reason: fc.string() }), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ heardAt: time, lostAt: time, notLoaded }), fc.nat(120_000), (parts, after) => {
        const now = START + after;
        const { state } = freshnessOf(contact(parts), now);
        const { heardAt, lostAt } = parts;
        const isHeard = heardAt !== undefined && now - heardAt <= SILENCE;
        expect(state === 'live').toBe(isHeard && lostAt === undefined && parts.notLoaded === undefined);
      }),
    );
  });
});
