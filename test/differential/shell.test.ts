// Compares what kubelet-guard reads in a shell script with what real shells do. Needs no oracle, only shells.
//
// SHELL_SCRIPTS=100000 SHELL_SEED=1 makes it a soak test.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isKnown } from '../../src/facts/argv/words.ts';
import { resolveLaunch } from '../../src/facts/launch/launch.ts';
import { ample } from '../support/budget.ts';
import { FALSE_PASSES, passes } from '../support/false-passes.ts';
import { seeded } from '../support/seed.ts';
import { ENVIRONMENT, flaggedScript, positionalOf, script } from '../support/shell-scripts.ts';
import { shells, Stage } from '../support/shell-stage.ts';

const RUNS = Number(process.env.SHELL_SCRIPTS ?? 150);
const SEED = process.env.SHELL_SEED === undefined ? seeded : { seed: Number(process.env.SHELL_SEED) };
const TIME = 120_000 + RUNS * 60;

let stage: Stage;

beforeAll(() => {
  stage = new Stage();
});

afterAll(() => {
  stage.remove();
});

interface Start {
  readonly args: readonly string[];
  readonly certain: boolean;
}

function startsOf(
  script: string,
  positional: readonly string[],
): { readonly starts: readonly Start[]; readonly suspects: number } {
  const words = ['sh', '-c', script, 'zero', ...positional].map((text) => ({ text }));
  const environment = { values: new Map(Object.entries(ENVIRONMENT)), open: false };
  const { invocations, suspects } = resolveLaunch(words, environment, () => false, ample());
  const starts = invocations.map(({ args, conditional, doubts }) => ({
    args: args.map(({ text }) => text),
    certain: !conditional && doubts.length === 0 && args.every(({ text }) => isKnown(text)),
  }));
  return { starts, suspects: suspects.length };
}

/** What kubelet-guard reads must happen: certain starts happen, and no other start does. */
function expectTruth(script: string, positional: readonly string[]): void {
  const { starts, suspects } = startsOf(script, positional);
  for (const shell of shells) {
    const started = stage.run(shell, script, positional);
    if (started === undefined) continue;
    const open = suspects > 0 || starts.some(({ certain }) => !certain);
    const certain = starts.filter((start) => start.certain).map(({ args }) => args);
    const where = `${shell}: ${JSON.stringify(script)} with ${JSON.stringify(positional)}`;
    // The commands of a pipeline run at the same time.
    if (!open)
      expect({ where, started: started.map(String).sort() }).toEqual({ where, started: certain.map(String).sort() });
    for (const args of certain) expect({ where, started }).toEqual({ where, started: expect.arrayContaining([args]) });
    if (open) continue;
    expect(started.length).toBe(starts.length);
  }
}

/** Whether arguments give kube-apiserver both settings, as pflag reads them. */
function presents(args: readonly string[]): boolean {
  const last = (flag: string): string =>
    args.findLast((arg) => arg.startsWith(`--${flag}=`))?.slice(flag.length + 3) ?? '';
  return last('kubelet-client-certificate') !== '' && last('kubelet-client-key') !== '';
}

function expectNoFalsePass(script: string, positional: readonly string[]): boolean {
  if (!passes(script, positional)) return false;
  for (const shell of shells) {
    const bad = stage.run(shell, script, positional)?.filter((args) => !presents(args));
    expect({ shell, script, positional, bad: bad ?? [] }).toEqual({ shell, script, positional, bad: [] });
  }
  return true;
}

describe('scripts', () => {
  test.each([
    ['exec kube-apiserver --a "--b=c d" \'--e\'', []],
    ['# kube-apiserver --no\nexec kube-apiserver --yes # --no', []],
    ['A=1; if true; then A=2; fi; kube-apiserver --a=$A', []],
    ['K=/k; while true; do kube-apiserver --k=$K; [ -z "$K" ] && break; K=; done', []],
    ['run() { exec kube-apiserver "$@"; }; run --a', ['--no']],
    ['exec kube-apiserver --first; kube-apiserver --never', []],
    ['kube-apiserver --a \\\n  --b', []],
    ['set -- "$@" --more; exec kube-apiserver "$@"', ['--given', 'with space']],
    ['(A=2; exec kube-apiserver --inner); kube-apiserver --outer=$A', []],
    ['A=1 kube-apiserver --a=$A', []],
  ])('%j starts what kubelet-guard reads', (text, positional) => {
    expectTruth(text, positional);
  });

  test(
    'generated scripts start what kubelet-guard reads',
    () => {
      fc.assert(
        fc.property(script, positionalOf, (text, words) => {
          expectTruth(text, words);
        }),
        { numRuns: RUNS, ...SEED },
      );
    },
    TIME,
  );

  test.each(FALSE_PASSES)('%j does not pass with %j', (text, positional) => {
    expectNoFalsePass(text, positional);
  });

  test(
    'generated scripts do not pass if a shell removes a setting',
    () => {
      let passed = 0;
      fc.assert(
        fc.property(flaggedScript, positionalOf, (text, words) => {
          if (expectNoFalsePass(text, words)) passed += 1;
        }),
        { numRuns: RUNS, ...SEED },
      );
      // otherwise the test would prove nothing
      expect(passed).toBeGreaterThan(RUNS / 100);
    },
    TIME,
  );
});
