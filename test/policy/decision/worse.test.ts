import { expect, test } from '@jest/globals';

import { isWorse, type OutcomeSummary } from '../../../src/policy/decision/worse.ts';

const pass: OutcomeSummary = { result: 'pass', violations: [] };
const unknown: OutcomeSummary = { result: 'unknown', violations: [] };
const failing = (...codes: readonly string[]): OutcomeSummary => ({
  result: 'fail',
  violations: codes.map((code) => ({ code, setting: '--x' })),
});

test.each([
  ['with nothing before, whatever does not pass is worse', [], [false, true, true]],
  ['what passed must pass', [pass], [false, true, true]],
  ['also if only one of several did', [failing('a'), pass], [false, true, true]],
  ['a known violation is not worse', [failing('a')], [false, false, false]],
  ['nor where several know it together', [failing('b'), failing('a')], [false, false, false]],
  ['another one is', [failing('b')], [false, true, false]],
  ['what was unknown knew no violation', [unknown], [false, true, false]],
] as const)('%s', (_rule, before, [passes, fails, untold]) => {
  expect([pass, failing('a'), unknown].map((now) => isWorse(now, before))).toStrictEqual([passes, fails, untold]);
});

test('a violation is of its setting', () => {
  const other: OutcomeSummary = { result: 'fail', violations: [{ code: 'a', setting: '--y' }] };
  expect(isWorse(other, [failing('a')])).toBe(true);
});
