import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  summaryOf,
  driftOf,
  toStoredFinding,
  type FindingSummary,
  type StoredFinding,
} from '../../../src/policy/decision/drift.ts';
import type { OtherEvidence } from '../../../src/policy/finding.ts';
import type { Violation } from '../../../src/policy/outcome.ts';
import { kubeletFinding, outcomes } from '../../support/findings.ts';

const T0 = '2026-11-23T05:00:00.000Z';
const T1 = '2026-11-23T06:00:00.000Z';

const pass: FindingSummary = { result: 'pass', violations: [] };
const unknown: FindingSummary = { result: 'unknown', violations: [] };
const failing = (...codes: readonly string[]): FindingSummary => ({
  result: 'fail',
  violations: codes.map((code) => ({ code, setting: '--x' })),
});
const since = (now: FindingSummary, decided?: FindingSummary): StoredFinding => ({
  ...now,
  since: T0,
  ...(decided && { decided: { ...decided, since: T0 } }),
});

describe('how a finding compares with what is remembered', () => {
  test.each([
    ['always passed', pass, since(pass), undefined],
    ['passes, and was not known', pass, undefined, undefined],
    ['passes, and failed', pass, since(failing('a')), 'resolved'],
    ['passes, and could not be told', pass, since(unknown), 'resolved'],
    ['fails, and was not known', failing('a'), undefined, 'new'],
    ['fails, and passed', failing('a'), since(pass), 'new'],
    ['fails as before', failing('a'), since(failing('a')), 'persisting'],
    ['fails in another order', failing('a', 'b'), since(failing('b', 'a')), 'persisting'],
    ['fails less than before', failing('a'), since(failing('a', 'b')), 'persisting'],
    ['fails in another way too', failing('a', 'b'), since(failing('a')), 'new'],
    ['fails, and never could be told', failing('a'), since(unknown), 'new'],
    ['fails again after it could not be told', failing('a'), since(unknown, failing('a')), 'persisting'],
    ['fails otherwise after it could not be told', failing('b'), since(unknown, failing('a')), 'new'],
    ['fails after it could not be told, and passed before', failing('a'), since(unknown, pass), 'new'],
    ['cannot be told, and was not known', unknown, undefined, 'new'],
    ['cannot be told, and passed', unknown, since(pass), 'new'],
    ['cannot be told, and failed', unknown, since(failing('a')), 'persisting'],
    ['can still not be told', unknown, since(unknown), 'persisting'],
  ] as const)('%s', (_what, now, before, state) => {
    const drift = driftOf(now, before, T1);

    expect(drift?.state).toBe(state);
    if (drift) expect(drift.since).toBe(state === 'persisting' ? T0 : T1);
  });
});

const results = fc.oneof(
  fc.constant(pass),
  fc.constant(unknown),
  fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }).map((codes) => failing(...codes)),
);
const stories = fc.array(results, { minLength: 1, maxLength: 12 });

/** The memory after each run of a story, the first one an hour before the second, and so on. */
function tell(story: readonly FindingSummary[]): StoredFinding[] {
  const memories: StoredFinding[] = [];
  for (const [index, now] of story.entries()) memories.push(toStoredFinding(now, memories.at(-1), timeOf(index)));
  return memories;
}

function timeOf(run: number): string {
  return `2026-11-23T${String(run).padStart(2, '0')}:00:00.000Z`;
}

describe('what is remembered', () => {
  test('is what was seen last', () => {
    fc.assert(
      fc.property(stories, (story) => {
        expect(tell(story).at(-1)).toMatchObject({ ...story.at(-1) });
      }),
    );
  });

  test('of what cannot be told is also the last that could', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const decided =
          story.at(-1)?.result === 'unknown' ? story.findLast(({ result }) => result !== 'unknown') : undefined;

        expect(tell(story).at(-1)?.decided?.result).toBe(decided?.result);
        expect(tell(story).at(-1)?.decided?.violations).toEqual(decided?.violations);
      }),
    );
  });

  test('does not change where the same is seen again, however often', () => {
    fc.assert(
      fc.property(stories, fc.integer({ min: 1, max: 4 }), (story, times) => {
        const again = [...story, ...Array<FindingSummary>(times).fill(story.at(-1) ?? pass)];

        expect(tell(again).at(-1)).toEqual(tell(story).at(-1));
      }),
    );
  });

  test('since when is never later than this run, nor earlier than the one before where it is news', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const memories = tell(story);
        for (const [index, memory] of memories.entries()) {
          const drift = driftOf(story[index] ?? pass, memories[index - 1], timeOf(index));
          expect(memory.since <= timeOf(index)).toBe(true);
          if (drift?.state === 'new' || drift?.state === 'resolved') expect(memory.since).toBe(timeOf(index));
        }
      }),
    );
  });

  test('is that sources contradict each other as long as they do', () => {
    const before = toStoredFinding({ ...pass, disagrees: true }, undefined, T0);

    expect(before).toEqual({ ...pass, since: T0, disagrees: true });
    expect(toStoredFinding(unknown, before, T1)).toEqual({ ...unknown, since: T1, decided: { ...pass, since: T0 } });
    expect(toStoredFinding(pass, before, T1)).toEqual({ ...pass, since: T0 });
  });
});

describe('what is compared of a finding', () => {
  const violation = (code: string, setting = '--x'): Violation => ({ code, setting, message: `${code} ${T1}` });
  const compare = (first: Violation, ...rest: readonly Violation[]) =>
    summaryOf({ outcome: { result: 'fail', violations: [first, ...rest], problems: [], warnings: [] } });

  test('is each violation once, whatever its order and its words', () => {
    expect(compare(violation('b'), violation('a'), violation('b'))).toEqual(compare(violation('a'), violation('b')));
    expect(compare(violation('a')).violations).toEqual([{ code: 'a', setting: '--x' }]);
  });

  test('is bounded, and the same for the same document', () => {
    const many = Array.from({ length: 500 }, (_, index) => violation(`code-${index}`, 'x'.repeat(10_000)));
    const compared = compare(violation('first'), ...many);

    expect(JSON.stringify(compared).length).toBeLessThan(4096);
    expect(compare(violation('first'), ...many.toReversed())).toEqual(compared);
  });

  test('tells where evidence contradicts that which decided', () => {
    const other: OtherEvidence = {
      source: { node: 'n', via: 'handshake' },
      vantage: 'live',
      result: 'pass',
      agrees: true,
      evidence: [],
      problems: [],
    };
    expect(summaryOf(kubeletFinding({ others: [other] }))).toEqual(pass);
    expect(summaryOf(kubeletFinding({ others: [other, { ...other, agrees: false }] }))).toEqual({
      ...pass,
      disagrees: true,
    });
    expect(summaryOf(kubeletFinding({ outcome: outcomes.unknown }))).toEqual(unknown);
  });
});
