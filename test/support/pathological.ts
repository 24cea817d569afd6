// Expensive pods: each has a small text that grows, or a large text that is read repeatedly.

/** Expensive containers of a pod, with about this many characters. */
export interface Pathological {
  readonly name: string;
  readonly containers: (size: number) => readonly object[];
  /** What it starts has no client certificate for kubelets; otherwise it may have one. */
  readonly bad?: true;
}

const FLAGS = '--kubelet-client-certificate=/c --kubelet-client-key=/k';
const EMPTY = '--kubelet-client-key=';

function repeat(text: string, size: number): string {
  return text.repeat(Math.max(1, Math.floor(size / text.length)));
}

function words(word: string | ((at: number) => string), size: number): string[] {
  const text = typeof word === 'string' ? word : word(0);
  const count = Math.max(1, Math.floor(size / (text.length + 3)));
  return Array.from({ length: count }, (_, at) => (typeof word === 'string' ? word : word(at)));
}

function script(name: string, text: (size: number) => string): Pathological {
  return {
    name: `script: ${name}`,
    bad: true,
    containers: (size) => [{ command: ['sh', '-c', `${text(size)}\nexec kube-apiserver ${FLAGS} ${EMPTY}`] }],
  };
}

function argv(name: string, args: (size: number) => readonly string[], program = 'kube-apiserver'): Pathological {
  return { name: `argv: ${name}`, bad: true, containers: (size) => [{ command: [program, ...args(size), EMPTY] }] };
}

function doubled(count: number, first = 'ab'): object[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `A${at}`,
    value: at === 0 ? first : `$(A${at - 1})$(A${at - 1})`,
  }));
}

/** By kind: growing expansions, expensive patterns, depth, length, and large numbers of items. */
export const PATHOLOGICAL: readonly Pathological[] = [
  script('parameters doubled', (size) => `set -- a b; ${repeat('set -- "$@" "$@"; ', Math.min(size, 400))}`),
  script('parameters doubled by $*', (size) => `set -- a b; ${repeat('set -- $* $*; ', Math.min(size, 400))}`),
  script('a variable doubled', (size) => `A=ab; ${repeat('A=$A$A; ', Math.min(size, 600))}`),
  script('a variable doubled in quotes', (size) => `A=ab; ${repeat('A="${A}x${A}"; ', Math.min(size, 600))}`),
  script('a variable doubled by default', (size) => `A=ab; ${repeat('A=${B:-x}$A$A; unset B; ', size)}`),
  script('eval of a doubled variable', () => `A='true; '; ${'A="$A$A"; '.repeat(17)} eval "$A"; eval "$A"; eval "$A"`),
  script('eval in eval', (size) => `A='eval "$A"; eval "$A"'; eval "$A"; ${repeat(': x; ', size)}`),
  script('split into words', (size) => `A="${repeat('a ', size / 2)}"; ${repeat(': $A $A; ', size / 2)}`),
  script('parameters again and again', (size) => `set -- ${repeat('a ', size / 2)}; ${repeat(': "$@"; ', size / 2)}`),
  script('the count of parameters', (size) => `set -- ${repeat('a ', size / 2)}; ${repeat(': $#; ', size / 2)}`),
  script('one parameter', (size) => `set -- ${repeat('a ', size / 2)}; ${repeat(': $9999; ', size / 2)}`),
  script('shift', (size) => `set -- ${repeat('a ', size / 2)}; ${repeat('shift; ', size / 2)}`),
  script('options of set', (size) => `set ${repeat('-o x ', size)}`),
  script('a script that runs itself', () => `A='sh -c "$0" "$0"; sh -c "$0" "$0"'; sh -c "$A" "$A"`),
  script('commands', (size) => repeat('a&&', size) + 'a'),
  script('commands by ;', (size) => repeat('a;', size)),
  script('commands by line', (size) => repeat('a\n', size)),
  script('pipes', (size) => repeat('a|', size) + 'a'),
  script('assignments', (size) => repeat('A=1\n', size)),
  script('assignments to others', (size) => words((at) => `A${at}=1`, size).join('\n')),
  script('words', (size) => `: ${repeat('a ', size)}`),
  script('parentheses', (size) => `${repeat('(a;', size / 2)}b${')'.repeat(Math.floor(size / 6))}`),
  script('parentheses in the background', (size) => `${repeat('(a;', size / 2)}b${repeat(')&', size / 3)}`),
  script('braces', (size) => repeat('{ a;', size)),
  script('ifs', (size) => `${repeat('if a;then ', size / 2)}b${repeat(';fi', size / 7)}`),
  script('loops', (size) => `${repeat('for i in a;do b;', size / 2)}c${repeat(';done', size / 6)}`),
  script('functions', (size) => words((at) => `f${at}() { a; }`, size).join('\n')),
  script('substitutions', (size) => `: ${repeat('$(', size / 2)}${')'.repeat(size / 4)}`),
  script('substitutions without end', (size) => `: ${repeat('$(', size)}`),
  script('substitutions in quotes', (size) => `: ${repeat('$("', size)}`),
  script('expansions in expansions', (size) => `: ${repeat('${A:-', size)}${'}'.repeat(size / 5)}`),
  script('backquotes', (size) => `: ${repeat('`a`', size)}`),
  script('quotes', (size) => `: ${repeat("'a'", size)}`),
  script('a long quote', (size) => `: "${repeat('a ', size)}"`),
  script('backslashes', (size) => `: ${repeat('\\a', size)}`),
  script('joined lines', (size) => repeat('\\\n', size)),
  script('blanks', (size) => `:${repeat(' ', size)}x`),
  script('a comment', (size) => `# ${repeat(' ', size)}x`),
  script('redirections', (size) => `: ${repeat('>a ', size)}`),
  script('here-documents', (size) => `: ${repeat('<<a ', size / 2)}\n${repeat('b\n', size / 2)}`),
  script('braces to expand', (size) => `: {${repeat(',', size)}`),
  script('braces in braces', (size) => `: ${repeat('{a,', size)}`),
  script('brackets', (size) => `: ${repeat('[', size)}`),
  script('brackets and line', (size) => `: "a"${repeat('[a', size)}`),
  script('arithmetic', (size) => `: ${repeat('$((A=1))', size)}`),
  script('a long arithmetic', (size) => `: $((${repeat('A+', size)}1))`),
  script('traps', (size) => repeat("trap 'a;a;a;a' EXIT;", size)),
  script('a long name', (size) => `A=1; : $${repeat('A', size)}`),
  script('a long assignment', (size) => `${repeat('A', size)}=1`),
  script('wrappers', (size) => repeat('env A=1 nice nohup setsid x; ', size)),
  script('shells', (size) => repeat("sh -c 'a;b'; ", size)),
  script('digits before a redirection', (size) => `: ${repeat('0', size)}`),
  script('cases', (size) => `case a in ${repeat('a) b;; ', size)} esac`),
  script('names of kube-apiserver', (size) => repeat('sh kube-apiserver --etcd-servers=a; ', size)),

  {
    name: 'env: doubled',
    bad: true,
    containers: () => [{ env: doubled(40), command: ['kube-apiserver', '$(A39)', EMPTY] }],
  },
  {
    name: 'env: doubled twice',
    bad: true,
    containers: () => [
      { env: doubled(22), command: ['kube-apiserver', '$(A21)', EMPTY] },
      { env: doubled(22), command: ['kube-apiserver', EMPTY] },
    ],
  },
  {
    name: 'env: a long value again and again',
    bad: true,
    containers: (size) => [
      {
        env: [{ name: 'A', value: repeat('a', size / 2) }],
        command: ['kube-apiserver', repeat('$(A)', size / 2), EMPTY],
      },
    ],
  },
  {
    name: 'env: open references',
    bad: true,
    containers: (size) => [{ command: ['kube-apiserver', repeat('$(', size), EMPTY] }],
  },
  {
    name: 'env: references',
    bad: true,
    containers: (size) => [{ command: ['kube-apiserver', repeat('$(A)', size), EMPTY] }],
  },
  {
    name: 'env: dollars',
    bad: true,
    containers: (size) => [{ command: ['kube-apiserver', repeat('$$', size), EMPTY] }],
  },
  {
    name: 'env: names of services',
    bad: true,
    containers: (size) => [{ command: ['kube-apiserver', `$(A${repeat('_SERVICE_PORT', size)}_a)`, EMPTY] }],
  },
  {
    name: 'env: many',
    bad: true,
    containers: (size) => [
      { env: words((at) => `A${at}`, size).map((name) => ({ name, value: 'a' })), command: ['kube-apiserver', EMPTY] },
    ],
  },

  argv('words', (size) => words('a', size)),
  argv('flags', (size) => words('--v=2', size)),
  argv('empty words', (size) => words('', size)),
  argv('shorthands', (size) => [`-${repeat('h', size)}`]),
  argv('levels', (size) => words('-v', size)),
  argv('a port range', (size) => [`--service-node-port-range=a${repeat(' ', size)}a`]),
  argv('a number', (size) => [`--max-requests-inflight=${repeat('9', size)}`]),
  argv('a binary number', (size) => [`--max-requests-inflight=0b${repeat('1', size)}`]),
  argv('a duration', (size) => [`--request-timeout=${repeat('9', size)}s`]),
  argv('durations', (size) => [`--request-timeout=${repeat('1ns', size)}`]),
  argv('a fraction', (size) => [`--request-timeout=0.${repeat('0', size)}s`]),
  argv('gates', (size) => [`--feature-gates=${repeat('A=true,', size)}`]),
  argv('gates and blanks', (size) => [`--feature-gates=A= ${repeat(' ', size)}x`]),
  argv('CSV', (size) => [`--enable-admission-plugins="${repeat('""', size)}`]),
  argv('CSV fields', (size) => [`--enable-admission-plugins=${repeat('"a",', size)}`]),
  argv('a version', (size) => [`--version=v1.2.3-${repeat('0', size)}!`]),
  argv('versions', (size) => [`--version=v1.2.3${repeat('-0', size)}!`]),
  argv('a list of IPs', (size) => [`--advertise-address=${repeat('1:', size)}`]),
  argv('node labels', (size) => [`--node-labels=a${repeat(' ', size)}a=b`], 'kubelet'),
  argv('many node labels', (size) => words((at) => `--node-labels=a${at}=b`, size), 'kubelet'),
  argv('a label of segments', (size) => [`--node-labels=${repeat('a.', size)}!=b`], 'kubelet'),
  argv('a label of dashes', (size) => [`--node-labels=${repeat('a-', size)}!=b`], 'kubelet'),
  argv('taints', (size) => [`--register-with-taints=${repeat('a=b:NoSchedule,', size)}`], 'kubelet'),
  argv('reserved memory', (size) => [`--reserved-memory=${repeat('0:memory=1,', size)}`], 'kubelet'),
  argv('wrappers', (size) => words('env', size), 'env'),
  argv('variables of env', (size) => words((at) => `A${at}=b`, size), 'env'),
  argv('options of a log runner', (size) => words('--also-stdout', size), 'kube-log-runner'),
  argv('options of sh', (size) => words('-e', size), 'sh'),
  argv(
    'strange program',
    (size) => [...words('kube-apiserver', size), `${repeat(' --a', size)}kube-apiserver`],
    'strange',
  ),

  { name: 'image: digest', containers: (size) => [{ image: `a${repeat('@', size)}\nx`, args: [EMPTY] }] },
  { name: 'image: tags', containers: (size) => [{ image: `${repeat(':a', size)}\n`, args: [EMPTY] }] },
  { name: 'image: path', containers: (size) => [{ image: repeat('a/', size), args: [EMPTY] }] },
  {
    name: 'containers: many',
    bad: true,
    containers: (size) => words('', size / 20).map(() => ({ command: ['kube-apiserver', EMPTY] })),
  },
  {
    name: 'containers: many scripts',
    bad: true,
    containers: (size) => words('', size / 30).map(() => ({ command: ['sh', '-c', 'a;b;c'] })),
  },
  { name: 'containers: empty', containers: (size) => words('', size).map(() => ({})) },
  {
    name: 'mounts: many',
    bad: true,
    containers: (size) => [
      {
        command: [
          'kube-apiserver',
          '--kubelet-client-certificate=/c',
          `--kubelet-client-key=${repeat('/a', size / 2)}`,
          EMPTY,
        ],
        volumeMounts: words('', size / 20).map(() => ({ mountPath: '/a/../b' })),
      },
    ],
  },
];
