// Texts that were made to cost much. None costs more than its budget, and none more than in proportion to its length.

import { describe, expect, jest, test } from '@jest/globals';

import { findMismatchIn } from '../../../src/facts/decoding/decode.ts';
import { ADMISSION_LIMITS, Budget, CHECK_LIMITS, Exhausted } from '../../../src/facts/budget.ts';
import { parseStream } from '../../../src/facts/yaml/documents.ts';
import { count, TEXTS } from '../../support/pathological-texts.ts';

// Times are compared, and a loaded machine can disturb each of them; what is not linear fails each time.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

/** The steps of a reading, or the limit that ended it. */
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

/** In milliseconds; what else runs on the machine does not count. */
function processorTime(text: string): number {
  const start = process.cpuUsage();
  cost(text);
  return process.cpuUsage(start).user / 1000;
}

const KI = 1024;

describe.each(Object.entries(TEXTS))('%s', (_, make) => {
  test.each([64 * KI, 1_000_000])('%d characters end within the budget of a review', (length) => {
    const spent = cost(make(length), ADMISSION_LIMITS);
    if (spent instanceof Exhausted) expect(['steps', 'nodes', 'depth']).toContain(spent.limit);
    else expect(spent).toBeLessThanOrEqual(ADMISSION_LIMITS.steps);
  });

  test('twice the text costs about twice the steps and the time', () => {
    const [once, twice] = [cost(make(16 * KI)), cost(make(32 * KI))];
    if (once instanceof Exhausted || twice instanceof Exhausted) return;
    expect(twice).toBeLessThanOrEqual(2.2 * once + 100);
    // sixteen times the text: in square it would be 256 times
    const long = make(64 * KI);
    const most = (): number => 100 * Math.max(processorTime(make(4 * KI)), 2);
    // again where it looks bad, for a measure can be disturbed
    const isSlow = (): boolean => processorTime(long) > 100 * 2 && processorTime(long) > most();
    expect(isSlow() && isSlow()).toBe(false);
  });
});

test('what a kubelet configuration really costs is far below the budget of a review', () => {
  const text = count(
    '',
    (index) => `k${index}:\n  clientCAFile: /etc/kubernetes/pki/ca.crt\n  enabled: true # x\n`,
  )(10 * KI);
  expect(cost(text)).toBeLessThan(ADMISSION_LIMITS.steps / 50);
});
