// Pods whose containers have variables in their commands and arguments.

import fc from 'fast-check';

import type { Query } from '../../support/oracle.ts';
import { commandLine } from './command-lines.ts';
import { fieldsOf, nulls, wrong } from './trees.ts';
import { damaged, mapping, spelled, type Entry, type Tree } from './yaml.ts';

const NAMES = ['A', 'B', 'KEY', 'DIR', 'a.b', 'A-B', '_X', 'NODE', 'KUBERNETES_SERVICE_HOST', 'é'];
const PIECES = [
  '$(A)',
  '$(B)',
  '$(KEY)',
  '$(DIR)',
  '$(a.b)',
  '$(A-B)',
  '$(NONE)',
  '$(NODE)',
  '$$',
  '$$(A)',
  '$$$(A)',
  '$',
  '$(',
  '$()',
  '$(A',
  '$( A)',
  '$(A)$(B)',
  '$A',
  '${A}',
  ')',
  '$(é)',
  '$((A))',
  '/x',
  'a',
  '=',
  '--',
  ' ',
  '"',
  '$$$$',
  '$(KUBERNETES_SERVICE_HOST)',
];
const WORDS = [
  '--kubelet-client-certificate=',
  '--kubelet-client-key=',
  '--kubelet-client-certificate',
  '--kubelet-client-key',
  '--v=',
  '--$(A)=x',
  '--profiling',
  '$(A)',
];

const text: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...PIECES), { maxLength: 4 })
  .map((pieces) => pieces.join(''));

const variable: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.oneof(text, fc.constantFrom('/etc/x.key', '', '--kubelet-client-key')),
    fc.nat({ max: 25 }),
  )
  .map(([name, value, odd]) => {
    const named: Entry = ['name', JSON.stringify(name)];
    if (odd === 0)
      return mapping([named, ['valueFrom', mapping([['fieldRef', mapping([['fieldPath', 'status.hostIP']])]])]]);
    if (odd === 1)
      return mapping([
        named,
        [
          'valueFrom',
          mapping([
            [
              'secretKeyRef',
              mapping([
                ['name', 's'],
                ['key', 'k'],
              ]),
            ],
          ]),
        ],
      ]);
    if (odd === 2) return mapping([named]);
    if (odd === 3) return mapping([named, ['value', '5']]);
    if (odd === 4) return mapping([named, ['valueFrom', 'null'], ['value', JSON.stringify(value)]]);
    return mapping([named, ['value', JSON.stringify(value)]]);
  });

const word: fc.Arbitrary<Tree> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.constantFrom(...WORDS, ''), text).map((parts) => JSON.stringify(parts.join(''))),
  },
  { weight: 1, arbitrary: text.map((value) => JSON.stringify(value)) },
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      '"/x"',
      '--profiling=false',
      '"--kubelet-client-key=/k"',
      '--kubelet-client-certificate=/c',
    ),
  },
);

function words(list: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> {
  const odd = fc.constantFrom<Tree>(...nulls, ...wrong, ['5'], ['~'], ['true'], ['2001-01-01', 'y']);
  return fc.oneof({ weight: 30, arbitrary: list }, { weight: 1, arbitrary: odd });
}

const program = fc.constantFrom(
  'kube-apiserver',
  '/usr/local/bin/kube-apiserver',
  '"$(DIR)/kube-apiserver"',
  'kube-apiserver',
  'sleep',
);
const fromCommandLine = commandLine('kube-apiserver').map((line) => line.map((part) => JSON.stringify(part)));
const command = words(
  fc
    .tuple(program, fc.oneof({ weight: 3, arbitrary: fc.array(word, { maxLength: 5 }) }, fromCommandLine))
    .map(([first, rest]): Tree => [first, ...rest]),
);

function container(name: string): fc.Arbitrary<Tree> {
  return fc
    .tuple(
      command,
      fc.oneof(
        { weight: 2, arbitrary: fc.constant<Entry[]>([]) },
        words(fc.array(word, { maxLength: 3 })).map((tree): Entry[] => [['args', tree]]),
      ),
      fc.array(variable, { maxLength: 5 }),
      fc.oneof(
        { weight: 5, arbitrary: fc.constant<Entry[]>([]) },
        fieldsOf('Container', 1).map((entries) => entries.filter(([key]) => !OURS.has(key))),
      ),
    )
    .map(([commands, args, env, others]) =>
      mapping([
        ['name', name],
        ['image', 'registry.k8s.io/kube-apiserver:v1.37.2'],
        ['command', commands],
        ...args,
        ['env', env],
        ...others,
      ]),
    );
}

const OURS = new Set(['name', 'image', 'command', 'args', 'env', 'envFrom']);

const pod: fc.Arbitrary<Tree> = fc
  .tuple(
    container('kube-apiserver'),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Tree[]>([]) },
      container('other').map((tree) => [tree]),
    ),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant<Entry[]>([]) },
      fieldsOf('PodSpec', 1).map((entries) => entries.filter(([key]) => !/containers$/i.test(key))),
    ),
    fc.oneof(
      {
        weight: 30,
        arbitrary: fc.constant<Entry[]>([
          ['apiVersion', 'v1'],
          ['kind', 'Pod'],
        ]),
      },
      fc.constantFrom<Entry[]>(
        [
          ['apiVersion', 'v2'],
          ['kind', 'Pod'],
        ],
        [['kind', 'Pod']],
      ),
    ),
  )
  .map(([first, others, spec, header]) =>
    mapping([
      ...header,
      [
        'metadata',
        mapping([
          ['name', 'kube-apiserver'],
          ['namespace', 'kube-system'],
        ]),
      ],
      ['spec', mapping([['containers', [first, ...others]], ...spec])],
    ]),
  );

/** Queries for the command lines of a pod's containers. */
export const podQuery: fc.Arbitrary<Query> = damaged(spelled(pod), 20).map((document) => ({
  component: 'pod',
  document,
}));
