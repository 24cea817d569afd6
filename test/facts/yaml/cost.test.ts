// Texts that are costly to read. None costs more than its budget, and the cost grows only in proportion to the length.

import { describe, expect, jest, test } from '@jest/globals';

import { findMismatchIn } from '../../../src/facts/decoding/decode.ts';
import { ADMISSION_LIMITS, Budget, CHECK_LIMITS, Exhausted } from '../../../src/facts/budget.ts';
import { parseStream } from '../../../src/facts/yaml/documents.ts';
import { count, TEXTS } from '../../support/pathological-texts.ts';

// A loaded machine can disturb a measurement. Work that is not linear fails every time.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

/** The steps that a text costs, or the limit that ended the reading. */
function cost(text: string, limits = CHECK_LIMITS): number | Exhausted {
  const budget = new Budget({ limits, now: () => 0 });
  try {
    for (const document of parseStream(text, budget))
      if ('value' in document) findMismatchIn('KubeletConfiguration', document);
    return budget.spent;
  } catch (cause) {
    if (cause instanceof Exhausted) return cause;
    throw cause;
  }
}

/** Processor time in milliseconds. Other programs on the machine do not count. */
function processorTime(text: string): number {
  const start = process.cpuUsage();
  cost(text);
  return process.cpuUsage(start).user / 1000;
}

const KI = 1024;

describe.each(Object.entries(TEXTS))('%s', (_, make) => {
  test.each([64 * KI, 1_000_000])('%d characters are read or rejected within the budget of a review', (length) => {
    const spent = cost(make(length), ADMISSION_LIMITS);
    if (spent instanceof Exhausted) expect(['steps', 'nodes', 'depth']).toContain(spent.limit);
    else expect(spent).toBeLessThanOrEqual(ADMISSION_LIMITS.steps);
  });

  test('twice the text costs about twice the steps and the time', () => {
    const [once, twice] = [cost(make(16 * KI)), cost(make(32 * KI))];
    if (once instanceof Exhausted || twice instanceof Exhausted) return;
    expect(twice).toBeLessThanOrEqual(2.2 * once + 100);
    // for a text that is 16 times as long, quadratic work would take 256 times as long
    const long = make(64 * KI);
    const most = (): number => 100 * Math.max(processorTime(make(4 * KI)), 2);
    // a slow measurement is repeated, because it can be disturbed
    const isSlow = (): boolean => processorTime(long) > 100 * 2 && processorTime(long) > most();
    expect(isSlow() && isSlow()).toBe(false);
  });
});

test('an ordinary kubelet configuration costs far less than the budget of a review', () => {
  const text = count(
    '',
    (index) => `k${index}:\n  clientCAFile: /etc/kubernetes/pki/ca.crt\n  enabled: true # x\n`,
  )(10 * KI);
  expect(cost(text)).toBeLessThan(ADMISSION_LIMITS.steps / 50);
});
