// Problems of a run on standard error: one line for each kind, in one order.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { ReportedRunProblem } from '../../../src/outputs/guard-report.ts';
import { renderRunProblems } from '../../../src/outputs/text/problems.ts';

const template = (index: number): ReportedRunProblem => ({
  code: 'malformed',
  message: `line ${String(index)} holds a placeholder: render it first`,
  source: { path: `t/${String(index)}.yaml` },
  line: index,
});
const node = (name: string): ReportedRunProblem => ({
  code: 'crashed',
  message: 'oops',
  source: { node: name, via: 'proc' },
});
const problems = [...Array.from({ length: 54 }, (_, index) => template(index + 1)), node('b'), node('a'), node('a')];

describe('the problems of a run', () => {
  test('share a line if they differ only in their source', () => {
    expect(renderRunProblems(problems)).toStrictEqual([
      '2 nodes: oops [crashed]: node a (proc), node b (proc)',
      '54 files: line 1 holds a placeholder: render it first [malformed]: t/1.yaml:1, t/2.yaml:2, t/3.yaml:3, t/4.yaml:4, t/5.yaml:5 and 49 more; --all lists them',
    ]);
  });

  test('have a line each with --all', () => {
    expect(renderRunProblems(problems, true)).toHaveLength(56);
  });

  test('are the same in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(problems, { minLength: problems.length }), fc.boolean(), (shuffled, all) => {
        expect(renderRunProblems(shuffled, all)).toStrictEqual(renderRunProblems(problems, all));
      }),
    );
  });
});
