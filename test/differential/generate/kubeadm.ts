// ClusterConfigurations as kubeadm stores them in its ConfigMap.

import fc from 'fast-check';

import type { Query } from '../../support/oracle.ts';
import { commandLine } from './command-lines.ts';
import { fieldsOf, nulls, treeOf, wrong } from './trees.ts';
import { damaged, mapping, spelled, type Entry, type Tree } from './yaml.ts';

const NAMES = [
  ...['kubelet-client-certificate', 'kubelet-client-key', 'kubelet-client-certificate', 'kubelet-client-key'],
  ...['kubelet-certificate-authority', 'kubelet-certificate-authority', 'kubelet_certificate_authority'],
  ...[
    'kubelet_client_certificate',
    'kubelet_client-key',
    '--kubelet-client-key',
    '-kubelet-client-key',
    'Kubelet-client-key',
  ],
  ...[
    'kubelet-client-key ',
    'client-ca-file',
    'authorization-mode',
    'authorization-config',
    'etcd-servers',
    'etcd_servers',
  ],
  ...[
    'allow-privileged',
    'v',
    'h',
    'help',
    'version',
    'secure-port',
    'feature-gates',
    'no-such-flag',
    'audit-log-maxage',
    'profiling',
  ],
  ...[
    'advertise-address',
    'enable-admission-plugins',
    'service-account-issuer',
    'kubelet-client-key=/x',
    '',
    '=',
    'tls-cert-file',
  ],
];
const VALUES = [
  '/etc/x.crt',
  '',
  ' ',
  'rel.key',
  'true',
  'false',
  '5',
  '-1',
  'a,b',
  '"',
  '"a',
  'v1.37.2',
  'AlwaysAllow',
  'é',
  '1.2.3.4',
  '=',
  '--x',
  'a\nb',
];

/** A text as YAML. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

const argument: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...NAMES).map(quoted) },
      fc.constantFrom(...nulls, '5', 'kubelet-client-key'),
    ),
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...VALUES).map(quoted) },
      fc.constantFrom<Tree>(...nulls, ...wrong),
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Entry[]>([]) },
      fc.constantFrom('append', 'prepend', '""', 'replace', '~').map((method): Entry[] => [['mergeMethod', method]]),
    ),
    fc.nat({ max: 30 }),
  )
  .map(([name, value, method, missing]) => {
    const entries: Entry[] = [['name', name], ['value', value], ...method];
    return mapping(missing === 0 ? entries.slice(1) : missing === 1 ? entries.slice(0, 1) : entries);
  });

/** Extra arguments from a kube-apiserver command line. */
const fromCommandLine: fc.Arbitrary<Tree> = commandLine('kube-apiserver').map((words) =>
  words
    .filter((word) => word.startsWith('--') && word.includes('=') && !/\$[($]/.test(word))
    .map((word) => {
      const equals = word.indexOf('=');
      return mapping([
        ['name', quoted(word.slice(2, equals))],
        ['value', quoted(word.slice(equals + 1))],
      ]);
    }),
);

const extraArgs: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 10, arbitrary: fc.array(argument, { maxLength: 4 }) },
  { weight: 5, arbitrary: fromCommandLine },
  { weight: 1, arbitrary: fc.constantFrom<Tree>(...nulls, ...wrong, mapping([['kubelet-client-key', '""']])) },
);

function holding(name: string, value: fc.Arbitrary<Tree>, type: string): fc.Arbitrary<Tree> {
  const once = fc.tuple(fieldsOf(type, 1), value).map(([others, ours]) => mapping([...others, [name, ours]]));
  const twice = fc.tuple(value, value).map(([one, two]) =>
    mapping([
      [name, one],
      [name, two],
    ]),
  );
  return fc.oneof(
    { weight: 20, arbitrary: once },
    { weight: 2, arbitrary: twice },
    { weight: 1, arbitrary: fc.constantFrom<Tree>(...nulls, ...wrong) },
  );
}

function configuration(version: string): fc.Arbitrary<Tree> {
  const type = `kubeadm${version}`;
  const apiServer = holding('extraArgs', extraArgs, `${type}.APIServer`);
  const local = holding('extraArgs', fc.oneof(extraArgs, advertised), `${type}.LocalEtcd`);
  const external = holding(
    'endpoints',
    fc.constantFrom<Tree>(['https://e:2379'], ['a', '"b,c"'], [], ['"\\""'], '~', ['5']),
    `${type}.ExternalEtcd`,
  );
  const etcd = fc.oneof(holding('local', local, `${type}.Etcd`), holding('external', external, `${type}.Etcd`));
  const optional = (name: string, value: fc.Arbitrary<Tree>): fc.Arbitrary<Entry[]> =>
    fc.oneof(
      fc.constant<Entry[]>([]),
      value.map((tree): Entry[] => [[name, tree]]),
    );
  const parts = fc.tuple(
    header(version),
    optional('certificatesDir', fc.constantFrom('/etc/pki', '""', 'pki', '/a/../b/', '~', '5', '/', '"/a b"', '.')),
    optional('etcd', etcd),
    optional(
      'networking',
      holding('serviceSubnet', fc.constantFrom('10.0.0.0/16', '""', 'x', '5'), `${type}.Networking`),
    ),
    fc.oneof(
      { weight: 6, arbitrary: apiServer.map((tree): Entry[] => [['apiServer', tree]]) },
      fc.constantFrom<Entry[]>([], [['apiserver', mapping([])]]),
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Entry[]>([]) },
      fieldsOf(`${type}.ClusterConfiguration`, 1).map((entries) => entries.filter(([name]) => !OURS.has(name))),
    ),
  );
  return parts.map((lists) => mapping(lists.flat()));
}

const OURS = new Set(['certificatesDir', 'etcd', 'networking', 'apiServer', 'kubernetesVersion']);
const advertised: fc.Arbitrary<Tree> = fc.constantFrom('https://192.0.2.1:2379', '"\\"x"', '""').map((value) => [
  mapping([
    ['name', 'advertise-client-urls'],
    ['value', value],
  ]),
]);

function header(version: string): fc.Arbitrary<readonly Entry[]> {
  const right: Entry[] = [
    ['apiVersion', `kubeadm.k8s.io/${version}`],
    ['kind', 'ClusterConfiguration'],
  ];
  const kubernetes: Entry[] = [['kubernetesVersion', 'v1.37.2']];
  return fc.oneof(
    { weight: 20, arbitrary: fc.constant([...right, ...kubernetes]) },
    { weight: 1, arbitrary: treeOf('string').map((tree): Entry[] => [...right, ['kubernetesVersion', tree]]) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Entry[]>(
        [
          ['apiVersion', 'kubeadm.k8s.io/v1beta3'],
          ['kind', 'ClusterConfiguration'],
        ],
        [
          ['apiVersion', 'kubeadm.k8s.io/v2'],
          ['kind', 'ClusterConfiguration'],
        ],
        [
          ['apiVersion', `kubeadm.k8s.io/${version}`],
          ['kind', 'InitConfiguration'],
        ],
        [
          ['APIVERSION', `kubeadm.k8s.io/${version}`],
          ['KIND', 'ClusterConfiguration'],
        ],
        [
          ['apiVersion', 'v1'],
          ['kind', 'ConfigMap'],
        ],
        [
          ['apiVersion', '5'],
          ['kind', 'ClusterConfiguration'],
        ],
      ),
    },
  );
}

/** Queries for the command line that kubeadm writes for a ClusterConfiguration. */
export const clusterConfiguration: fc.Arbitrary<Query> = damaged(
  spelled(fc.oneof({ weight: 3, arbitrary: configuration('v1beta4') }, { weight: 2, arbitrary: configuration('v1') })),
  20,
).map((document) => ({ component: 'kubeadm', document }));
