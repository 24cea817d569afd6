// What the product makes of a script, against what a real shell does with it.
//
// SHELL_SCRIPTS=100000 SHELL_SEED=1 makes a soak of it.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../../../src/controls/index.ts';
import { isKnown } from '../../../../src/facts/argv/words.ts';
import { resolveLaunch } from '../../../../src/facts/launch/launch.ts';
import { inspect } from '../../../../src/inspect.ts';
import { ample, AMPLE } from '../../../support/budget.ts';
import { seeded } from '../../../support/seed.ts';
import { ENVIRONMENT, flaggedScript, positionalOf, script, shells, Stage } from '../../../support/shell-scripts.ts';

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

interface Told {
  readonly args: readonly string[];
  readonly certain: boolean;
}

function tell(
  script: string,
  positional: readonly string[],
): { readonly starts: readonly Told[]; readonly suspects: number } {
  const words = ['sh', '-c', script, 'zero', ...positional].map((text) => ({ text }));
  const environment = { values: new Map(Object.entries(ENVIRONMENT)), open: false };
  const { invocations, suspects } = resolveLaunch(words, environment, () => false, ample());
  const starts = invocations.map(({ args, conditional, doubts }) => ({
    args: args.map(({ text }) => text),
    certain: !conditional && doubts.length === 0 && args.every(({ text }) => isKnown(text)),
  }));
  return { starts, suspects: suspects.length };
}

/** What is told must be what happens: certain starts happen, and nothing happens that is not told. */
function expectTruth(script: string, positional: readonly string[]): void {
  const { starts, suspects } = tell(script, positional);
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

/** Whether the product says that every kube-apiserver that the script starts has a client certificate. */
function passes(script: string, positional: readonly string[]): boolean {
  const command = ['sh', '-c', script, 'zero', ...positional];
  const env = Object.entries(ENVIRONMENT).map(([name, value]) => ({ name, value }));
  const value = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ command, env }] } };
  const { findings } = inspect(
    controls.filter(({ slug }) => slug === 'apiserver-kubelet-client-cert'),
    [{ form: 'object', source: { object: 'Pod p' }, vantage: 'running', value }],
    AMPLE,
  );
  return findings.length > 0 && findings.every(({ outcome }) => outcome.result === 'pass');
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

const FLAGS = '--kubelet-client-certificate=/c --kubelet-client-key=/k';
const EMPTIES = '--kubelet-client-key=';
/** Each was a pass once, though one of the shells starts without a key. */
const FALSE_PASSES: [string, string[]][] = [
  [`set -- ${EMPTIES}; shift 2; exec kube-apiserver ${FLAGS} "$@"`, []],
  [`set -- $NOTHING --kubelet-client-key=/k; shift; exec kube-apiserver --kubelet-client-certificate=/c "$@"`, []],
  [`set -- --kubelet-client-key=/k; command set --; exec kube-apiserver --kubelet-client-certificate=/c "$@"`, []],
  [`A=${EMPTIES}; unset -f A; exec kube-apiserver ${FLAGS} $A`, []],
  [`readonly A=${EMPTIES}; unset A; exec kube-apiserver ${FLAGS} $A`, []],
  [`A=/k; A= : ; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [
    `A=/k; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=\${A:+'}' '} --kubelet-client-key=`,
    [],
  ],
  [`builtin shift\nkube-apiserver ${FLAGS} "$@"`, [EMPTIES]],
  [`time shift\nkube-apiserver ${FLAGS} "$@"`, [EMPTIES]],
  ['A=; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$\\\nA', []],
  ['AB=; A=/k; exec kube-apiserver --kubelet-client-certificate=/c "--kubelet-client-key=$A\\\nB"', []],
  [`A=/k; printf -v A ''; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [`declare A=/k; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [`unset A; ( : \${A:=/k} ); exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [`unset A; exec kube-apiserver \${A:-"${FLAGS}"}`, []],
  [`A=; A[0]=${EMPTIES}; exec kube-apiserver ${FLAGS} $A`, []],
  [`A=(${EMPTIES}); exec kube-apiserver ${FLAGS} $A`, []],
  [`exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key={/k,""}`, []],
  [`exec kube-apiserver --kubelet-client-certificate=/c\r--kubelet-client-key=/k`, []],
  [`A=/k; IFS=k; set -- $A; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$2`, []],
  [`A=; trap 'A=${EMPTIES}' DEBUG; exec kube-apiserver ${FLAGS} $A`, []],
  [`trap 'kube-apiserver ${EMPTIES}' EXIT; kube-apiserver ${FLAGS}`, []],
  [`A=--x; for i in 1 2; do kube-apiserver ${FLAGS} $A; unset A; A=\${A:-${EMPTIES}}; done`, []],
  [`A=; f() { unset A; : \${A:=${EMPTIES}}; }; f; kube-apiserver ${FLAGS} $A`, []],
  [`U=unset; A=/k; $U A; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$A`, []],
  [
    `${'A'.repeat(255)}=/k; exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=$${'A'.repeat(256)}`,
    [],
  ],
  [`sh -c "exec kube-apiserver ${FLAGS}$NOTHING"`, []],
  // a backslash at the very end: bash drops it behind a quoted line break
  ["exec kube-apiserver --x='\n' --kubelet-client-certificate=/c --kubelet-client-key=\\", []],
];

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
  ])('%j does what is told', (text, positional) => {
    expectTruth(text, positional);
  });

  test(
    'generated scripts do what is told',
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

  test.each<[string, string[]]>(FALSE_PASSES)('%j is no pass with %j', (text, positional) => {
    expectNoFalsePass(text, positional);
  });

  test(
    'generated scripts are no pass where a shell takes a setting away',
    () => {
      let passed = 0;
      fc.assert(
        fc.property(flaggedScript, positionalOf, (text, words) => {
          if (expectNoFalsePass(text, words)) passed += 1;
        }),
        { numRuns: RUNS, ...SEED },
      );
      // else it would prove nothing
      expect(passed).toBeGreaterThan(RUNS / 100);
    },
    TIME,
  );
});
