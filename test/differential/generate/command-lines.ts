// Command lines of kube-apiserver and kubelet, biased to the flags that decide the controls.

import fc from 'fast-check';

import data from '../../../src/facts/data/flags.json' with { type: 'json' };
import type { Component } from '../../../src/policy/reading.ts';
import { MINOR } from '../../support/verdicts.ts';
import { anyValue, goodValue } from './flag-values.ts';

interface Known {
  readonly name: string;
  readonly type: string;
  readonly noOptDefVal?: string;
}

const OURS: Readonly<Record<Component, readonly string[]>> = {
  'kube-apiserver': [
    'kubelet-client-certificate',
    'kubelet-client-key',
    'kubelet-client-certificate',
    'kubelet-client-key',
    'kubelet-certificate-authority',
    'client-ca-file',
  ],
  kubelet: [
    'client-ca-file',
    'client-ca-file',
    'anonymous-auth',
    'authorization-mode',
    'authentication-token-webhook',
    'enable-server',
  ],
};
const FLAGS: Readonly<Record<Component, readonly Known[]>> = {
  'kube-apiserver': data['kube-apiserver'].filter(isCompared),
  kubelet: data.kubelet.filter(isCompared),
};

/** The flags in the oracle's version, on its operating system. */
function isCompared({ until, ...flag }: { readonly until: number; readonly os?: string }): boolean {
  return until === MINOR && flag.os === undefined;
}

const FORMER = [...data['kube-apiserver'], ...data.kubelet]
  .filter(({ until }) => until < MINOR)
  .map(({ name }) => name);

const PATH_VALUES = [
  '/etc/kubernetes/pki/ca.crt',
  '/var/lib/kubelet/x.key',
  'relative/x.crt',
  '',
  ' ',
  '=',
  '/a=b',
  '"/quoted"',
  "''",
  'a\nb',
  'ключ',
  '--kubelet-client-key=/x',
  '-',
  '--',
  '$(HOME)/x',
  'null',
  'false',
];

/** The arguments after the component's name. */
export function commandLine(component: Component): fc.Arbitrary<string[]> {
  const flags = FLAGS[component];
  return fc
    .uniqueArray(fc.constantFrom(...flags), { minLength: 1, maxLength: 3 })
    .chain((neighbours) =>
      fc
        .tuple(
          fc.array(goodPart(component, neighbours), { maxLength: 6 }),
          fc.oneof(
            { weight: 5, arbitrary: fc.constant([]) },
            { weight: 5, arbitrary: fc.array(anyPart(component, neighbours), { minLength: 1, maxLength: 2 }) },
          ),
          fc.nat(),
        )
        .map(([good, any, position]) => good.toSpliced(position % (good.length + 1), 0, ...any).flat()),
    );
}

/** Parts that usually parse. */
export function goodPart(component: Component, neighbours: readonly Known[]): fc.Arbitrary<string[]> {
  return fc.oneof(
    { weight: 4, arbitrary: ourPart(component) },
    { weight: 3, arbitrary: fc.constantFrom(...neighbours).chain((flag) => flagPart(flag, goodValue(flag.type))) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(...FLAGS[component]).chain((flag) => flagPart(flag, goodValue(flag.type))),
    },
    { weight: 1, arbitrary: fc.constantFrom(...HARMLESS).map((words) => words.split(' ')) },
  );
}

const HARMLESS = ['-v=2', '-v2', '-v 2', '-h=false', '--help=false', '--v=3', '-test.x'];

function anyPart(component: Component, neighbours: readonly Known[]): fc.Arbitrary<string[]> {
  const anyFlag = fc.oneof(fc.constantFrom(...neighbours), fc.constantFrom(...FLAGS[component]));
  return fc.oneof(
    { weight: 6, arbitrary: anyFlag.chain((flag) => flagPart(flag, anyValue(flag.type))) },
    { weight: 4, arbitrary: oddlySpelled(component) },
    { weight: 2, arbitrary: cluster },
    { weight: 2, arbitrary: fc.constantFrom(...LOOSE).map((word) => [word]) },
    { weight: 1, arbitrary: fc.constantFrom(...unknownFlags(component)).map((name) => [`--${name}=x`]) },
    { weight: 1, arbitrary: anyFlag.map(({ name }) => [`--${name}`]) },
    { weight: 1, arbitrary: fc.string({ maxLength: 8 }).map((word) => [word]) },
  );
}

const LOOSE = [
  '',
  '-',
  '--',
  '---',
  '--=',
  '--=x',
  '-=',
  ' ',
  '\n',
  'true',
  'serve',
  '--x',
  '-x',
  'é',
  '__complete',
  '—help',
];

/** Shorthand flags, alone and combined. */
const cluster: fc.Arbitrary<string[]> = fc.oneof(
  fc
    .constantFrom(
      ...['-v', '-v=', '-v=2', '-v=-1', '-vv', '-h', '-hv2', '-hv=2', '-hh', '-h=true', '-h=x', '-hfalse', '-test.v'],
      ...['-htest.run=x', '-vtest', '-k', '-v 2', '-é', '-V', '-H', '-v2147483648', '-test', '-test.', '-vtest.'],
    )
    .map((word) => [word]),
  fc.array(fc.constantFrom('v', 'h', '=', '2', 't', 'é'), { maxLength: 4 }).map((signs) => [`-${signs.join('')}`]),
  fc.tuple(fc.constantFrom('-v', '-hv', '--v', '--help', '--version'), fc.constantFrom('2', 'x', '', '--x', 'raw')),
);

/** A flag and its value, in one argument or in two. */
function flagPart({ name, noOptDefVal }: Known, value: fc.Arbitrary<string>): fc.Arbitrary<string[]> {
  const joined = fc.tuple(spelled(name), value).map(([spelling, text]) => [`--${spelling}=${text}`]);
  const bare = spelled(name).map((spelling) => [`--${spelling}`]);
  const split = fc.tuple(spelled(name), value).map(([spelling, text]) => [`--${spelling}`, text]);
  return fc.oneof({ weight: 3, arbitrary: joined }, { weight: 2, arbitrary: noOptDefVal === undefined ? split : bare });
}

function ourPart(component: Component): fc.Arbitrary<string[]> {
  const known = new Map(FLAGS[component].map((flag) => [flag.name, flag]));
  return fc.constantFrom(...OURS[component]).chain((name) => {
    const flag = known.get(name) ?? { name, type: 'string' };
    return flagPart(flag, flag.type === 'string' ? fc.constantFrom(...PATH_VALUES) : goodValue(flag.type));
  });
}

/** Sometimes replaces `-` with `_`. */
function spelled(name: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat({ max: 3 }), fc.nat())
    .map(([how, bits]) =>
      how > 0 ? name : name.replaceAll('-', (_, index: number) => ((bits >> (index % 30)) & 1 ? '_' : '-')),
    );
}

/** The controls' flags as people misspell them. */
function oddlySpelled(component: Component): fc.Arbitrary<string[]> {
  return fc
    .tuple(
      fc.constantFrom(...OURS[component]),
      fc.constantFrom(...SPELLINGS),
      fc.constantFrom(...PATH_VALUES),
      fc.boolean(),
    )
    .map(([name, spell, value, joined]) => (joined ? [`${spell(name)}=${value}`] : [spell(name), value]));
}

const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => `-${name}`,
  (name) => `---${name}`,
  (name) => `--${name.toUpperCase()}`,
  (name) => `--${name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}`,
  (name) => `--${name.slice(0, -1)}`,
  (name) => `--${name} `,
  (name) => ` --${name}`,
  (name) => `--_${name}`,
  (name) => `--${name}-`,
  (name) => `--${name.replace('-', '__')}`,
  (name) => `\u2013\u2013${name}`,
  (name) => name,
];

function unknownFlags(component: Component): string[] {
  const known = new Set(FLAGS[component].map(({ name }) => name));
  const others = FLAGS[component === 'kubelet' ? 'kube-apiserver' : 'kubelet'].map(({ name }) => name);
  return [...FORMER, ...others, 'no-such-flag', 'openshift-config'].filter((name) => !known.has(name));
}
