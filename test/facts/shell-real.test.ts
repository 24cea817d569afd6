// What the product makes of a script, against what a real shell does with it: a stand-in for kube-apiserver notes its
// arguments.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { resolveLaunch } from '../../src/facts/launch/launch.ts';
import { isKnown } from '../../src/facts/argv/words.ts';
import { seeded } from '../support/seed.ts';
import { ample } from '../support/budget.ts';

const ENVIRONMENT = { CERT: '/pki/c.crt', EMPTY: '', SPACED: '--one --two' };
const shells = ['/bin/sh', '/bin/dash', '/bin/bash'].filter((shell) => existsSync(shell));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shell-'));
  const program = join(folder, 'kube-apiserver');
  writeFileSync(
    program,
    '#!/bin/sh\nall=; for a in "$@"; do all="$all$a\x1f"; done\nprintf "%s\\036" "$all" >>"$STUB_LOG"\n',
  );
  chmodSync(program, 0o755);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The arguments of every kube-apiserver that a real shell starts, or undefined where it refuses a part of the script. */
function run(shell: string, script: string, positional: readonly string[]): string[][] | undefined {
  const log = join(folder, 'log');
  writeFileSync(log, '');
  const env = { PATH: `${folder}:/usr/bin:/bin`, STUB_LOG: log, ...ENVIRONMENT };
  let refused = false;
  try {
    execFileSync(shell, ['-c', script, 'zero', ...positional], { env, cwd: folder, stdio: 'pipe', timeout: 10_000 });
  } catch (cause) {
    refused = /syntax error|unexpected|unterminated/i.test(String((cause as { stderr?: Buffer }).stderr ?? ''));
  }
  const started = readFileSync(log, 'utf8')
    .split('\x1e')
    .slice(0, -1)
    .map((line) => line.split('\x1f').slice(0, -1));
  return refused ? undefined : started;
}

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
    const started = run(shell, script, positional);
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

const word = fc.oneof(
  fc.constantFrom(
    '--kubelet-client-key=/k',
    '"--kubelet-client-key=/a b"',
    "--x='/q'",
    '--x=""',
    '$CERT',
    '"$CERT"',
    '--c=$CERT',
    '--c="${CERT}"',
  ),
  fc.constantFrom(
    '$EMPTY',
    '"$EMPTY"',
    '--e=$EMPTY',
    '$SPACED',
    '"$SPACED"',
    '--s=$SPACED',
    '$A',
    '"$A"',
    '--a=${A:-dflt}',
    '--a=${EMPTY:-/d}',
    '${A:+alt}',
  ),
  fc.constantFrom(
    '"$@"',
    '$@',
    '"$*"',
    '$1',
    '"$2"',
    '$#',
    '"${1}"',
    '\\$x',
    "'$x'",
    '"\\$x"',
    'a\\ b',
    '--j="{\\"a\\":1}"',
    '#not',
    'a#b',
    '--g=*',
    '\\\n--cont',
  ),
  fc.string({
    unit: fc.constantFrom('a', 'b', '/', '=', '-', ' ', "'a'", '"', "'", '\\', '$', '{', '}', '#'),
    maxLength: 6,
  }),
);
const start = fc
  .tuple(
    fc.constantFrom(
      'kube-apiserver',
      'exec kube-apiserver',
      'env X=1 kube-apiserver',
      'command kube-apiserver',
      'nice -n 5 kube-apiserver',
    ),
    fc.array(word, { maxLength: 4 }),
  )
  .map(([program, words]) => `${program} ${words.join(' ')}`);
const other = fc.constantFrom(
  'A=1',
  "A='x y'",
  'A=$CERT',
  'A="$A$CERT"',
  'A=',
  'unset A',
  'export A=e',
  'A+=z',
  'set -- one "two three"',
  'set -e',
  'set -o errexit -- p q',
  'shift',
  'true',
  'false',
  ': "${A:=w}"',
  'echo kube-apiserver',
  '# kube-apiserver --c',
  'cat <<E\nkube-apiserver --h\nE',
  'test -n "$EMPTY"',
  'exit',
  'IFS=:',
);
const simple = fc.oneof({ weight: 3, arbitrary: start }, { weight: 4, arbitrary: other });
const script = fc.letrec<{ command: string; list: string }>((tie) => ({
  command: fc.oneof(
    { weight: 12, arbitrary: simple },
    { weight: 1, arbitrary: fc.tuple(tie('list'), tie('list')).map(([a, b]) => `if true; then\n${a}\nelse\n${b}\nfi`) },
    { weight: 1, arbitrary: tie('list').map((a) => `for A in 1 2; do\n${a}\ndone`) },
    { weight: 1, arbitrary: tie('list').map((a) => `f() {\n${a}\n}\nf x y`) },
    { weight: 1, arbitrary: tie('list').map((a) => `(\n${a}\n)`) },
    { weight: 1, arbitrary: tie('list').map((a) => `{\n${a}\n}`) },
    {
      weight: 1,
      arbitrary: tie('list').map((a) => `case $CERT in\n/pki/*) ${a.split('\n', 1)[0] ?? ''} ;;\n*) true ;;\nesac`),
    },
    { weight: 1, arbitrary: fc.tuple(simple, simple).map(([a, b]) => `${a} && ${b}`) },
    { weight: 1, arbitrary: fc.tuple(simple, simple).map(([a, b]) => `${a} || ${b}`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(simple, fc.constantFrom('&&', '||'), tie('list'))
        .map(([a, and, b]) => `${a} ${and} {\n${b}\n}`),
    },
    { weight: 1, arbitrary: fc.tuple(simple, tie('list')).map(([a, b]) => `${a} | {\n${b}\n}`) },
    { weight: 1, arbitrary: tie('list').map((a) => `{\n${a}\n} | cat`) },
    { weight: 1, arbitrary: simple.map((a) => `eval '${a.replaceAll("'", "'\\''")}'`) },
    { weight: 1, arbitrary: start.map((a) => `${a} 2>&1 | cat`) },
  ),
  list: fc
    .array(tie('command'), { minLength: 1, maxLength: 4, depthIdentifier: 'list' })
    .map((commands) => commands.join('\n')),
})).list;

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

  test('generated scripts do what is told', () => {
    const positional = fc.constantFrom<string[]>([], ['--p1'], ['--p1', 'p 2', '']);
    fc.assert(
      fc.property(script, positional, (text, words) => {
        expectTruth(text, words);
      }),
      { numRuns: Number(process.env.SCRIPT_RUNS ?? 150), ...seeded },
    );
  }, 120_000);
});
