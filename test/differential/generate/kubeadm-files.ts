// Files that kubeadm reads together: its configurations, a KubeletConfiguration, and patches.

import fc from 'fast-check';

import type { UnknownRecord } from '../../../src/json.ts';

/** The files of one run of kubeadm. */
export interface KubeadmFiles {
  readonly init: UnknownRecord;
  readonly cluster: UnknownRecord;
  readonly kubelet?: UnknownRecord | undefined;
  readonly patches: readonly { readonly name: string; readonly text: string }[];
}

const PATHS = [
  '/etc/kubernetes/pki/x',
  '/srv/x',
  '',
  ' ',
  'rel',
  '/a b',
  '/a"b',
  "/a'b",
  '/a\\',
  '/é',
  '/a\u00a0b',
  '/a\nb',
  '$X',
  '/etc/pki/x',
];

function argument(names: readonly string[], values: readonly string[]): fc.Arbitrary<UnknownRecord> {
  return fc.record({ name: fc.constantFrom(...names), value: fc.constantFrom(...values) });
}

const kubeletArgument = fc.oneof(
  argument(['client-ca-file'], PATHS),
  argument(['anonymous-auth'], ['true', 'false', 'x', '']),
  // the oracle parses other modes, which the kubelet refuses later
  argument(['authorization-mode'], ['Webhook', 'AlwaysAllow']),
  argument(['v'], ['2', '2 --client-ca-file=', '2" --anonymous-auth=true', "2 '--client-ca-file=/q'", '\\']),
  argument(['node-labels', 'max-pods', 'client_ca_file', 'no-such-flag'], ['a=b', '110', '/x']),
);
const apiServerArgument = fc.oneof(
  argument(
    ['kubelet-client-key', 'kubelet-client-certificate', 'kubelet-certificate-authority', 'kubelet_client_key'],
    PATHS,
  ),
  argument(['v', 'profiling', 'audit-log-path'], ['2', 'false', '/x']),
);
const volume = fc.record({
  name: fc.constantFrom('a', 'b', 'k8s-certs', 'ca-certs'),
  hostPath: fc.constantFrom('/srv', '/h'),
  mountPath: fc.constantFrom('/srv', '/etc/kubernetes/pki', '/srv/x', '/m/'),
  readOnly: fc.boolean(),
  pathType: fc.constantFrom('', 'File', 'DirectoryOrCreate'),
});

const kubelet: fc.Arbitrary<UnknownRecord | undefined> = fc.option(
  fc.record({
    apiVersion: fc.constant('kubelet.config.k8s.io/v1beta1'),
    kind: fc.constant('KubeletConfiguration'),
    authentication: fc.constantFrom<unknown>(
      ...[undefined, null, {}, { x509: null }, { x509: { clientCAFile: '' } }, { x509: { clientCAFile: '/srv/ca' } }],
      ...[{ x509: { clientCAFile: 'rel' } }, { anonymous: { enabled: true } }, { x509: { clientCAFile: 5 } }],
    ),
    authorization: fc.constantFrom<unknown>(undefined, {}, { mode: 'AlwaysAllow' }, { mode: '' }),
    maxPods: fc.constantFrom<unknown>(undefined, 110, 'many'),
  }),
  { nil: undefined },
);

const CONTAINER = { name: 'kube-apiserver' };
const podPatches: readonly unknown[] = [
  ...[
    { args: ['--v=3'] },
    { args: ['--kubelet-client-key='] },
    { command: ['kube-apiserver', '--v=3'] },
    { command: null },
  ].map((container) => ({ spec: { containers: [{ ...CONTAINER, ...container }] } })),
  { spec: { containers: [{ ...CONTAINER, volumeMounts: [{ mountPath: '/etc/kubernetes/pki', $patch: 'delete' }] }] } },
  { spec: { containers: [{ ...CONTAINER, volumeMounts: [{ mountPath: '/srv', name: 'b' }] }] } },
  {
    spec: {
      containers: [{ $patch: 'replace' }, { ...CONTAINER, command: ['kube-apiserver', '--kubelet-client-key=/k'] }],
    },
  },
  { spec: { containers: [{ args: ['--v=3'] }] } },
  { metadata: { labels: { a: 'b' }, annotations: null } },
  { spec: { $patch: 'replace', containers: [{ ...CONTAINER, command: ['kube-apiserver'] }] } },
];
const kubeletPatches: readonly unknown[] = [
  ...[
    null,
    { x509: null },
    { x509: { clientCAFile: null } },
    { x509: { clientCAFile: '' } },
    { $patch: 'replace' },
  ].map((authentication) => ({ authentication })),
  ...[
    { $patch: 'delete' },
    { anonymous: { enabled: true } },
    { anonymous: null },
    { x509: { clientCAFile: '/p/ca' } },
  ].map((authentication) => ({ authentication })),
  ...[
    { kubeReserved: { cpu: '1' } },
    { authorization: null },
    { authorization: { mode: 'AlwaysAllow' } },
    { maxPods: 5 },
  ],
  ...[
    { authentication: 5 },
    { clusterDNS: ['10.0.0.1'] },
    { kind: 'KubeletConfiguration', maxPods: 6 },
    { kind: null },
  ],
];
const PAIR = '/spec/containers/0/command';
const jsonPatches = (target: string): readonly unknown[] =>
  target === 'kube-apiserver'
    ? [
        [{ op: 'add', path: `${PAIR}/-`, value: '--kubelet-client-key=' }],
        [{ op: 'replace', path: PAIR, value: ['kube-apiserver'] }],
        [{ op: 'remove', path: `${PAIR}/12` }],
        [{ op: 'add', path: `${PAIR}/1`, value: '--kubelet-client-certificate=/first' }],
        [{ op: 'remove', path: '/spec/containers/0/volumeMounts' }],
        [{ op: 'test', path: '/kind', value: 'Pod' }],
        [{ op: 'test', path: '/kind', value: 'Job' }],
        [{ op: 'copy', from: PAIR, path: '/spec/containers/0/args' }],
        [{ op: 'move', from: PAIR, path: '/spec/containers/0/args' }],
      ]
    : [
        [{ op: 'remove', path: '/authentication/x509/clientCAFile' }],
        [{ op: 'replace', path: '/authentication/x509/clientCAFile', value: '' }],
        [{ op: 'add', path: '/authentication/anonymous/enabled', value: true }],
        [{ op: 'remove', path: '/authentication' }],
        [{ op: 'remove', path: '/no/such' }],
      ];

const patch = fc
  .record({
    target: fc.constantFrom('kube-apiserver', 'kubeletconfiguration'),
    suffix: fc.constantFrom('', '0', '1', '-a'),
    form: fc.constantFrom('', '+strategic', '+merge', '+json'),
    extension: fc.constantFrom('json', 'yaml', 'yml'),
    index: fc.nat({ max: 1000 }),
  })
  .map(({ target, suffix, form, extension, index }) => {
    const plain = target === 'kube-apiserver' ? podPatches : kubeletPatches;
    const all = form === '+json' ? jsonPatches(target) : plain;
    return { name: `${target}${suffix}${form}.${extension}`, text: JSON.stringify(all[index % all.length]) };
  });

/** Files that kubeadm mostly accepts. */
export const kubeadmFiles: fc.Arbitrary<KubeadmFiles> = fc
  .record({
    kubeletArgs: fc.array(kubeletArgument, { maxLength: 3 }),
    apiServerArgs: fc.array(apiServerArgument, { maxLength: 3 }),
    volumes: fc.array(volume, { maxLength: 2 }),
    directory: fc.constantFrom(undefined, '/etc/kubernetes/pki', '/srv/pki'),
    kubelet,
    patches: fc.uniqueArray(patch, { maxLength: 3, selector: ({ name }) => name }),
  })
  .map(({ kubeletArgs, apiServerArgs, volumes, directory, ...others }) => ({
    ...(JSON.parse(JSON.stringify(others)) as typeof others),
    init: {
      ...{ apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'InitConfiguration' },
      nodeRegistration: { criSocket: 'unix:///run/x.sock', name: 'node-1', kubeletExtraArgs: kubeletArgs },
      localAPIEndpoint: { advertiseAddress: '192.0.2.10' },
    },
    cluster: {
      ...{ apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'ClusterConfiguration', kubernetesVersion: 'v1.37.2' },
      ...(directory !== undefined && { certificatesDir: directory }),
      apiServer: { extraArgs: apiServerArgs, extraVolumes: volumes },
    },
  }));
