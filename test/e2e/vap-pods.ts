// Pods that run kube-apiserver in the ways of people and distributions, and in ways that are mistakes.

import fc from 'fast-check';

import { commandLine } from '../differential/generate/command-lines.ts';
import type { KubeObject } from './support/api.ts';

/** A pod as these tests write it. */
export interface GeneratedPod extends KubeObject {
  readonly spec: object;
}

const CERTIFICATE = '--kubelet-client-certificate';
const KEY = '--kubelet-client-key';
const VALUES = [
  '/etc/kubernetes/pki/a.crt',
  '/pki/b',
  '',
  ' ',
  '/dev/null',
  '//dev/./null',
  'c.key',
  '"/q"',
  '/etc/x=y',
];

/** A flag with its value, in one word or two, spelled with dashes or not. */
const ours: fc.Arbitrary<string[]> = fc
  .tuple(
    fc.constantFrom(CERTIFICATE, KEY),
    fc.oneof({ weight: 6, arbitrary: fc.constant('/etc/kubernetes/pki/a.crt') }, fc.constantFrom(...VALUES)),
    fc.nat({ max: 5 }),
  )
  .map(([name, value, how]) => {
    const spelled =
      how === 1 ? `--${name.slice(2).replaceAll('-', '_')}` : how === 2 ? name.replace('t-c', 't_c') : name;
    return how === 3 ? [spelled, value] : [`${spelled}=${value}`];
  });

const typical: fc.Arbitrary<string[]> = fc.constantFrom(
  ...[['--etcd-servers=https://127.0.0.1:2379'], ['--v=2'], ['--v', '4'], ['--secure-port=6443'], ['--profiling']],
  ...[['--allow-privileged=true'], ['--authorization-mode=Node,RBAC'], ['--advertise-address=10.0.0.1'], ['']],
  ...[
    ['--enable_bootstrap_token_auth'],
    ['--runtime-config', 'api/all=true'],
    ['--event-ttl=1h30m'],
    ['--watch-cache'],
  ],
  ...[['--audit-log-path', '/var/log/a'], ['--requestheader-allowed-names', ''], ['--service-node-port-range=1-2']],
);
const odd: fc.Arbitrary<string[]> = fc.constantFrom(
  ...[
    ['--audit-log-path'],
    ['--nosuch=1'],
    ['--nosuch', 'x'],
    ['--nosuch'],
    ['-v=2'],
    ['-h'],
    ['--version'],
    ['--help'],
  ],
  ...[['--'], ['-'], ['stray'], ['__complete'], ['---x'], ['--=x'], ['--profiling', 'true'], ['--profiling=maybe']],
  ...[['--secure-port=0x1F'], ['--secure-port=08'], ['--event-ttl=1'], ['--advertise-address=010.0.0.1'], [KEY]],
  ...[
    ['--openshift-config=/x'],
    ['--openshift-config'],
    [`${KEY}=$(KEY)`],
    ['--v=$(V)'],
    ['--etcd-servers="a'],
    ['\n'],
  ],
  ...[
    [`--xkubelet-client-key=/x`],
    ['--Kubelet-Client-Key=/x'],
    [`${KEY}=/a\r${KEY}=`],
    [`a\r${KEY}`],
    ['--help=false'],
  ],
  ...[
    ['--authorization-config=/x'],
    ['--tls-sni-cert-key=a'],
    ['--feature-gates=A=true'],
    ['--cloud-provider=external'],
  ],
);

const plain: fc.Arbitrary<readonly string[]> = fc
  .tuple(
    fc.oneof<fc.MaybeWeightedArbitrary<readonly (readonly string[])[]>[]>(
      {
        weight: 3,
        arbitrary: fc.constant([[`${CERTIFICATE}=/etc/kubernetes/pki/a.crt`], [`${KEY}=/etc/kubernetes/pki/a`]]),
      },
      { weight: 1, arbitrary: fc.constant([[`${CERTIFICATE}=/etc/kubernetes/pki/a.crt`]]) },
      { weight: 1, arbitrary: fc.constant([]) },
    ),
    fc.array(fc.oneof({ weight: 2, arbitrary: typical }, ours), { maxLength: 6 }),
    fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(odd, { minLength: 1, maxLength: 2 })),
    fc.nat(),
    fc.nat(),
  )
  .map(([base, good, bad, first, second]) => {
    const parts = base.toSpliced(first % (base.length + 1), 0, ...good);
    return parts.toSpliced(second % (parts.length + 1), 0, ...bad).flat();
  });

/** The words before the flags. */
const start: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(['kube-apiserver'], ['/usr/local/bin/kube-apiserver']) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ['/go-runner', '--log-file=/var/log/a.log', '--also-stdout=false', '/usr/local/bin/kube-apiserver'],
      ['/go-runner', '--log-file', 'kube-apiserver', '-also-stdout', '--', 'kube-apiserver'],
      ['kube-log-runner', '-redirect-stderr', 'kube-apiserver'],
      ['/go-runner', '--nosuch', 'kube-apiserver'],
      ['/go-runner', '--log-file=/x'],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        ['hyperkube', 'kube-apiserver'],
        ['env', 'A=b', 'kube-apiserver'],
        ['tini', '--', 'kube-apiserver'],
      ],
      ...[['unknown', 'kube-apiserver'], ['$(PROGRAM)'], ['C:\\kube-apiserver'], ['kube-apiserver.exe'], []],
      ...[['/bin/sh', '-c', 'exec kube-apiserver "$@"', 'x'], ['kubelet'], ['kube-apiserver', '']],
    ),
  },
);

const neighbour: fc.Arbitrary<object> = fc.constantFrom(
  ...[{ command: ['sleep', '1'] }, { args: ['--listen=:8080'] }, {}, { command: ['sh', '-c', 'echo a; sleep 1'] }],
  ...[
    { command: ['sh', '-c', 'exec kube-apiserver'] },
    { command: ['unknown', '/bin/kube-apiserver', '--etcd-servers=x'] },
  ],
  ...[{ image: 'x/kube-apiserver:v1' }, { command: ['kube-apiserver', '--version'] }, { args: ['kube-apiserver'] }],
  ...[{ command: ['sh', '-c', 'K=kube-; exec ${K}apiserver'] }, { command: ['k3s', 'server'] }],
  ...[{ command: ['kube-apiserver', `${CERTIFICATE}=/a`, `${KEY}=/b`] }, { command: ['kube-apiserver', `${KEY}=/b`] }],
);
const neighbours = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  fc.array(neighbour, { minLength: 1, maxLength: 2 }),
);

const container: fc.Arbitrary<object> = fc
  .tuple(
    start,
    fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: commandLine('kube-apiserver') }),
    fc.constantFrom('none', 'end', 'start', 'all'),
    fc.constantFrom(
      'registry.k8s.io/kube-apiserver:v1.37.2',
      'x/kube-apiserver@sha256:0',
      'x/y:v1',
      'localhost:5000/a',
    ),
    fc.constantFrom(undefined, undefined, '/etc/kubernetes', '/etc/kubernetes/pki/', '/etc/kube', '/'),
    fc.boolean(),
  )
  .map(([first, rest, split, image, mountPath, withEnv]) => {
    const words = [...first, ...rest];
    const at = { none: words.length, end: Math.ceil(words.length / 2), start: first.length, all: 0 }[split];
    return {
      image,
      ...(at > 0 && { command: words.slice(0, at) }),
      ...(at < words.length && { args: words.slice(at) }),
      ...(mountPath !== undefined && { volumeMounts: [{ name: 'pki', mountPath }] }),
      ...(withEnv && {
        env: [
          { name: 'KEY', value: '/k' },
          { name: 'PROGRAM', value: 'kube-apiserver' },
        ],
      }),
    };
  });

/** Pods of one or a few containers, without names. */
export const pods: fc.Arbitrary<GeneratedPod> = fc
  .tuple(container, neighbours, neighbours, fc.boolean(), fc.boolean())
  .map(([server, beside, before, labelled, last]) => {
    const containers = last ? [...beside, server] : [server, ...beside];
    return podOf(containers, labelled && beside.length > 0 ? [] : before, labelled);
  });

/** A pod of these containers. */
export function podOf(containers: readonly object[], before: readonly object[] = [], labelled = false): GeneratedPod {
  const named = (prefix: string) => (each: object, index: number) => ({
    name: index === 0 && prefix === 'c' && labelled ? 'kube-apiserver' : `${prefix}${index}`,
    image: 'registry.example/main:v1',
    ...each,
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', namespace: 'kube-system', ...(labelled && { labels: { component: 'kube-apiserver' } }) },
    spec: {
      containers: containers.map(named('c')),
      ...(before.length > 0 && { initContainers: before.map(named('i')) }),
      volumes: [{ name: 'pki', emptyDir: {} }],
    },
  };
}
