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

describe('a finding is compared with the stored one:', () => {
  test.each([
    ['passes, and passed before', pass, since(pass), undefined],
    ['passes, and is not stored', pass, undefined, undefined],
    ['passes, and failed before', pass, since(failing('a')), 'resolved'],
    ['passes, and was unknown before', pass, since(unknown), 'resolved'],
    ['fails, and is not stored', failing('a'), undefined, 'new'],
    ['fails, and passed before', failing('a'), since(pass), 'new'],
    ['fails as before', failing('a'), since(failing('a')), 'persisting'],
    ['fails with the same violations in another order', failing('a', 'b'), since(failing('b', 'a')), 'persisting'],
    ['fails with fewer violations than before', failing('a'), since(failing('a', 'b')), 'persisting'],
    ['fails with one more violation', failing('a', 'b'), since(failing('a')), 'new'],
    ['fails, and was always unknown before', failing('a'), since(unknown), 'new'],
    ['fails with the same violation after it was unknown', failing('a'), since(unknown, failing('a')), 'persisting'],
    ['fails with another violation after it was unknown', failing('b'), since(unknown, failing('a')), 'new'],
    ['fails after it was unknown, and passed before that', failing('a'), since(unknown, pass), 'new'],
    ['is unknown, and is not stored', unknown, undefined, 'new'],
    ['is unknown, and passed before', unknown, since(pass), 'new'],
    ['is unknown, and failed before', unknown, since(failing('a')), 'persisting'],
    ['is still unknown', unknown, since(unknown), 'persisting'],
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
const histories = fc.array(results, { minLength: 1, maxLength: 12 });

/** The stored findings after each run of a history. The runs are one hour apart. */
function storedAfter(history: readonly FindingSummary[]): StoredFinding[] {
  const stored: StoredFinding[] = [];
  for (const [index, now] of history.entries()) stored.push(toStoredFinding(now, stored.at(-1), timeOf(index)));
  return stored;
}

function timeOf(run: number): string {
  return `2026-11-23T${String(run).padStart(2, '0')}:00:00.000Z`;
}

describe('the stored finding', () => {
  test('is the last one', () => {
    fc.assert(
      fc.property(histories, (history) => {
        expect(storedAfter(history).at(-1)).toMatchObject({ ...history.at(-1) });
      }),
    );
  });

  test('also has the last result that was not unknown', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const decided =
          history.at(-1)?.result === 'unknown' ? history.findLast(({ result }) => result !== 'unknown') : undefined;

        expect(storedAfter(history).at(-1)?.decided?.result).toBe(decided?.result);
        expect(storedAfter(history).at(-1)?.decided?.violations).toEqual(decided?.violations);
      }),
    );
  });

  test('does not change if the same finding is repeated', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 4 }), (history, times) => {
        const again = [...history, ...Array<FindingSummary>(times).fill(history.at(-1) ?? pass)];

        expect(storedAfter(again).at(-1)).toEqual(storedAfter(history).at(-1));
      }),
    );
  });

  test('has the time of this run if it is new or resolved, and never a later time', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const stored = storedAfter(history);
        for (const [index, entry] of stored.entries()) {
          const drift = driftOf(history[index] ?? pass, stored[index - 1], timeOf(index));
          expect(entry.since <= timeOf(index)).toBe(true);
          if (drift?.state === 'new' || drift?.state === 'resolved') expect(entry.since).toBe(timeOf(index));
        }
      }),
    );
  });

  test('keeps a contradiction between sources as long as it exists', () => {
    const before = toStoredFinding({ ...pass, disagrees: true }, undefined, T0);

    expect(before).toEqual({ ...pass, since: T0, disagrees: true });
    expect(toStoredFinding({ ...pass, disagrees: true }, before, T1)).toEqual({ ...before, disagreed: true });
    expect(toStoredFinding(unknown, before, T1)).toEqual({ ...unknown, since: T1, decided: { ...pass, since: T0 } });
    expect(toStoredFinding(pass, before, T1)).toEqual({ ...pass, since: T0 });
  });
});

describe('the summary of a finding that is compared', () => {
  const violation = (code: string, setting = '--x'): Violation => ({ code, setting, message: `${code} ${T1}` });
  const compare = (first: Violation, ...rest: readonly Violation[]) =>
    summaryOf({ outcome: { result: 'fail', violations: [first, ...rest], problems: [], warnings: [] } });

  test('has each violation once, whatever their order and messages are', () => {
    expect(compare(violation('b'), violation('a'), violation('b'))).toEqual(compare(violation('a'), violation('b')));
    expect(compare(violation('a')).violations).toEqual([{ code: 'a', setting: '--x' }]);
  });

  test('is bounded in size, and the same for the same document', () => {
    const many = Array.from({ length: 500 }, (_, index) => violation(`code-${index}`, 'x'.repeat(10_000)));
    const compared = compare(violation('first'), ...many);

    expect(JSON.stringify(compared).length).toBeLessThan(4096);
    expect(compare(violation('first'), ...many.toReversed())).toEqual(compared);
  });

  test('shows that other evidence contradicts the evidence that decided', () => {
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
