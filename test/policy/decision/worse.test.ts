import { expect, test } from '@jest/globals';

import { isWorse, type OutcomeSummary } from '../../../src/policy/decision/worse.ts';

const pass: OutcomeSummary = { result: 'pass', violations: [] };
const unknown: OutcomeSummary = { result: 'unknown', violations: [] };
const failing = (...codes: readonly string[]): OutcomeSummary => ({
  result: 'fail',
  violations: codes.map((code) => ({ code, setting: '--x' })),
});

test.each([
  ['if no old result is known, whatever does not pass is worse', [], [false, true, true]],
  ['what passed before must pass', [pass], [false, true, true]],
  ['if one of several old results passed, the new one must pass', [failing('a'), pass], [false, true, true]],
  ['a violation that already existed is not worse', [failing('a')], [false, false, false]],
  ['a violation that one of several old results has is not worse', [failing('b'), failing('a')], [false, false, false]],
  ['another violation is worse', [failing('b')], [false, true, false]],
  ['if the old result is unknown, a violation is worse', [unknown], [false, true, false]],
] as const)('%s', (_rule, before, [passes, fails, unclear]) => {
  expect([pass, failing('a'), unknown].map((now) => isWorse(now, before))).toStrictEqual([passes, fails, unclear]);
});

test('the same violation of another setting is worse', () => {
  const other: OutcomeSummary = { result: 'fail', violations: [{ code: 'a', setting: '--y' }] };
  expect(isWorse(other, [failing('a')])).toBe(true);
});
