import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { ADMISSION_LIMITS } from '../../src/facts/budget.ts';
import { inspect } from '../../src/inspect.ts';
import { PATHOLOGICAL, type Pathological } from '../support/pathological.ts';

const SIZES = [64 * 1024, 1536 * 1024];
/** In production the limit is 250 ms. Here other tests run at the same time. Work that is not linear takes minutes. */
const MOST_MILLISECONDS = 5000;
const link = controls.filter(({ supporting }) => supporting !== true);

describe('pods that are costly to check get an answer, and never pass', () => {
  test.each(PATHOLOGICAL.flatMap((pod) => SIZES.map((size) => [pod.name, size, pod] as const)))(
    '%s, %d characters',
    (_name, size, pod) => {
      const { results, milliseconds } = checked(pod, size);
      expect(results).not.toContain('crashed');
      if (pod.bad) expect(results).not.toContain('pass');
      expect(milliseconds).toBeLessThan(MOST_MILLISECONDS);
    },
  );
});

function checked(pod: Pathological, size: number): { results: string[]; milliseconds: number } {
  const containers = pod.containers(size);
  const value = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers } };
  const allowance = { limits: { ...ADMISSION_LIMITS, milliseconds: Infinity }, now: () => 0 };
  const before = process.cpuUsage();
  const { findings, problems } = inspect(
    link,
    [{ form: 'object', source: { object: 'Pod p' }, vantage: 'running', value }],
    allowance,
  );
  const spent = process.cpuUsage(before);
  const milliseconds = (spent.user + spent.system) / 1000;
  const codes = problems.map(({ problem }) => problem.code);
  const results = findings.flatMap(({ outcome }) =>
    outcome.result === 'unknown' ? [outcome.result, ...outcome.problems.map(({ code }) => code)] : [outcome.result],
  );
  if (process.env.SHOW !== undefined)
    process.stderr.write(
      `${milliseconds.toFixed(0)} ms  ${pod.name} ${size}: ${[...new Set([...results, ...codes])].join(' ')}\n`,
    );
  return { results: [...results, ...codes], milliseconds };
}
