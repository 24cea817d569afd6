// Generators of shell scripts.

import fc from 'fast-check';

/** The variables that scripts run with. */
export const ENVIRONMENT = { CERT: '/pki/c.crt', EMPTY: '', SPACED: '--one --two' };

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
/** Scripts of all kinds. */
export const script = fc.letrec<{ command: string; list: string }>((tie) => ({
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

const GOOD = ['--kubelet-client-certificate=/c', '--kubelet-client-key=/k'];
const part = fc.constantFrom(
  ...[
    '$A',
    '"$A"',
    '$B',
    '$1',
    '$2',
    '"$@"',
    '$@',
    '"${@}"',
    '$*',
    '${A:-$B}',
    '${A:-"--x --y"}',
    '${B:=--kubelet-client-key=}',
  ],
  ...[
    '--kubelet-client-key=',
    '--kubelet-client-key=$A',
    '--kubelet-client-key="$B"',
    '--kubelet-client-key={/k,""}',
    '$EMPTY',
  ],
  ...[
    '--kubelet-client-key=${A:-"/k"}',
    '--kubelet-client-key=~',
    "--kubelet-client-key=$'/k'",
    '--kubelet-client-key=/k\r',
  ],
  ...[
    '$(echo --x)',
    '`echo`',
    '$((1+1))',
    '$((A=0))',
    '#',
    '"$(echo ")")"',
    '--kubelet-client-key=${A+/k}',
    '$10',
    '"$*"',
  ],
);
const flagged = fc
  .tuple(
    fc.constantFrom('kube-apiserver', 'exec kube-apiserver', 'command exec kube-apiserver'),
    fc.array(part, { maxLength: 2 }),
    fc.boolean(),
  )
  .map(([program, parts, last]) => [program, ...(last ? [...parts, ...GOOD] : [...GOOD, ...parts])].join(' '));
/** Commands that change variables and parameters, in ways in which shells differ. */
const change = fc.constantFrom(
  ...[
    'A=',
    'A=/k',
    'B=',
    'A=--kubelet-client-key=',
    'A=$B',
    'A=$A$A',
    'B="$A $A"',
    'A=x B=$A',
    'A+=x',
    'A[0]=--kubelet-client-key=',
    'A=(--kubelet-client-key=)',
  ],
  ...[
    'unset A',
    'unset -f A',
    'unset -v A',
    'readonly A',
    'readonly A=/k',
    'export A',
    'export A=$B',
    'export A="$B"',
    'local A=',
    'declare A=',
    'declare -n A=B',
  ],
  ...[
    'set -- $A',
    'set -- "$@" "$@"',
    'set --',
    'set -',
    'set - a',
    'set x --kubelet-client-key=',
    'set -- --kubelet-client-key= b',
    'set -o pipefail',
    'set -eu',
    'set +e',
    'set "$A" b',
    'set -f',
    'command set -- --kubelet-client-key=',
  ],
  ...[
    'shift',
    'shift 2',
    'shift 3 || true',
    'shift 0',
    'shift 1 2',
    'shift x',
    'shift $#',
    'shift || :',
    'command shift',
    'builtin shift',
  ],
  ...[
    'eval A=',
    'eval "A=\\$B"',
    'eval "set -- $A"',
    'eval eval A=',
    'command eval A=/k',
    "trap 'A=' EXIT",
    "trap 'kube-apiserver --kubelet-client-key=' EXIT",
    "trap 'A=--kubelet-client-key=' DEBUG",
    'trap - EXIT',
  ],
  ...[
    'A= :',
    'A=/k true',
    'A= export B',
    'A= set -- a',
    'A=/k eval :',
    'IFS=k',
    'IFS=',
    'IFS=-',
    ': ${A:=--kubelet-client-key=}',
    '( : ${A:=/k} )',
    ': $((A=0))',
    'printf -v A ""',
    'read A </dev/null',
    'let A=0',
    '((A=0))',
  ],
  ...[
    'f() { A=; }',
    'f() { shift; unset A; }',
    'f',
    'f a b',
    'true',
    'false',
    'return',
    'exit 0',
    'cd /',
    ': "$@"',
    'time A=',
    'alias kube-apiserver=true',
    'U=unset; $U A',
    '$NOTHING',
    '"$NOTHING" A',
    '[ -n "$A" ]',
    'A=1 exit',
  ],
);
const step = fc.oneof({ weight: 4, arbitrary: change }, { weight: 1, arbitrary: flagged });
const joined = (steps: fc.Arbitrary<string>, maxLength: number) =>
  fc
    .array(fc.tuple(steps, fc.constantFrom('\n', '; ', ' && ', ' || ', '\n', ' | ', ' & ', '\n')), {
      minLength: 1,
      maxLength,
    })
    .map((all) => all.map(([text, end], at) => (at === all.length - 1 ? text : text + end)).join(''));
const block = joined(step, 3).chain((inner) =>
  fc.constantFrom(
    inner,
    `( ${inner} )`,
    `{ ${inner}\n}`,
    `if [ -n "$A" ]; then ${inner}\nfi`,
    `for A in 1 --kubelet-client-key=; do ${inner}\ndone`,
    `for i in 1 2; do ${inner}\ndone`,
    `f() { ${inner}\n}`,
    `case $A in /k) ${inner};; *) :;; esac`,
    `eval '${inner.replaceAll("'", "'\\''")}'`,
  ),
);

/** Scripts that start a kube-apiserver with both settings, after commands that may remove them. */
export const flaggedScript = fc
  .tuple(fc.array(fc.oneof(step, block), { maxLength: 5 }), fc.oneof(flagged, block))
  .map(([steps, last]) => [...steps, last].join('\n'));

/** Positional parameters. */
export const positionalOf = fc.constantFrom<string[]>(
  ...[
    [],
    ['--p1'],
    ['--p1', 'p 2', ''],
    ['--kubelet-client-key='],
    ['--kubelet-client-key=/k', 'b', '--kubelet-client-key='],
  ],
);
