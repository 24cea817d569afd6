// Cluster API's kubeadm provider: maps and lists of arguments, joining machines, and files with patches.

import { describe, expect, test } from '@jest/globals';

import { linkResults } from '../../../support/link-results.ts';

function controlPlane(version: string, ...spec: readonly string[]): string {
  return [
    `apiVersion: controlplane.cluster.x-k8s.io/${version}`,
    'kind: KubeadmControlPlane',
    'metadata: { name: cp, namespace: fleet }',
    'spec:',
    '  version: v1.31.2',
    '  kubeadmConfigSpec:',
    ...spec,
  ].join('\n');
}

function machines(...spec: readonly string[]): string {
  return [
    'apiVersion: bootstrap.cluster.x-k8s.io/v1beta1',
    'kind: KubeadmConfigTemplate',
    'metadata: { name: md }',
    'spec:',
    '  template:',
    '    spec:',
    ...spec,
  ].join('\n');
}

describe('a control plane', () => {
  test('gets the defaults of kubeadm', () => {
    expect(linkResults(controlPlane('v1beta1', '    clusterConfiguration: {}'), 'kcp.yaml')).toEqual([
      'pair pass',
      'ca pass',
    ]);
    expect(linkResults(controlPlane('v1beta2', '    users: []'), 'kcp.yaml')).toEqual(['pair pass', 'ca pass']);
  });

  test.each([
    ['a map', 'v1beta1', ["          kubelet-client-key: ''"], 10],
    ['a list', 'v1beta2', ['          - name: kubelet-client-key', "            value: ''"], 11],
  ])('an empty argument in %s removes the key', (_title, version, lines, line) => {
    const text = controlPlane(version, '    clusterConfiguration:', '      apiServer:', '        extraArgs:', ...lines);
    expect(linkResults(text, 'kcp.yaml')).toEqual([`pair empty --kubelet-client-key :${String(line)}`, 'ca pass']);
  });

  test.each([
    ['initConfiguration', ['pair pass', 'ca empty --client-ca-file :10']],
    ['joinConfiguration', ['pair pass', 'ca pass', 'ca empty --client-ca-file :10']],
  ])('the arguments of the kubelet in %s decide', (field, expected) => {
    const lines = [
      `    ${field}:`,
      '      nodeRegistration:',
      '        kubeletExtraArgs:',
      "          client-ca-file: ''",
    ];
    expect(linkResults(controlPlane('v1beta1', ...lines), 'kcp.yaml')).toEqual(expected);
  });
});

describe('machines', () => {
  test('that only join get their settings from the cluster, unless their arguments decide', () => {
    const head = ['      joinConfiguration:', '        nodeRegistration:', '          kubeletExtraArgs:'];
    expect(linkResults(machines(...head, '            max-pods: "20"'), 'md.yaml')).toEqual([]);
    expect(linkResults(machines(...head, '            client-ca-file: ""'), 'md.yaml')).toEqual([
      'ca empty --client-ca-file :10',
    ]);
    expect(linkResults(machines(...head, '            anonymous-auth: "true"'), 'md.yaml')).toEqual([
      'ca unknown not-visible',
    ]);
  });
});

describe('the files of a machine', () => {
  const PATCHES = '    initConfiguration: { patches: { directory: /etc/kubernetes/patches } }';
  const file = (path: string, ...lines: readonly string[]): string[] => [
    '    files:',
    `      - path: ${path}`,
    ...lines,
  ];
  const text = (...lines: readonly string[]): string[] => [
    '        content: |',
    ...lines.map((line) => `          ${line}`),
  ];

  test.each([
    [
      'a patch that removes the client CA',
      file(
        '/etc/kubernetes/patches/kubeletconfiguration.yaml',
        ...text('authentication:', '  x509:', '    clientCAFile: null'),
      ),
      'ca missing authentication.x509.clientCAFile :10',
    ],
    [
      'a patch in a Secret',
      file('/etc/kubernetes/patches/kube-apiserver.yaml', '        contentFrom: { secret: { name: a, key: b } }'),
      'pair unknown not-read',
    ],
    [
      'a compressed patch',
      file('/etc/kubernetes/patches/kube-apiserver.yaml', '        encoding: gzip+base64', '        content: H4sI'),
      'pair unknown not-read',
    ],
  ])('%s', (_title, lines, expected) => {
    expect(linkResults(controlPlane('v1beta1', ...lines, PATCHES), 'kcp.yaml')).toContainEqual(
      expect.stringContaining(expected.replace(/ :\d+$/, '')),
    );
  });

  test('a static pod in a file is read', () => {
    const pod = [
      'apiVersion: v1',
      'kind: Pod',
      'metadata: { name: second }',
      'spec:',
      '  containers:',
      '    - { name: a, image: a, command: [kube-apiserver] }',
    ];
    const results = linkResults(
      controlPlane('v1beta1', ...file('/etc/kubernetes/manifests/x.yaml', ...text(...pod))),
      'kcp.yaml',
    );
    expect(results.some((line) => line.startsWith('pair missing'))).toBe(true);
  });

  test('a file in a Secret that can configure a component is a problem of the run', () => {
    const lines = file('/etc/kubernetes/extra.conf', '        contentFrom: { secret: { name: a, key: b } }');
    expect(linkResults(controlPlane('v1beta1', ...lines), 'kcp.yaml')).toContain('problem not-read');
    const other = file('/etc/motd', '        contentFrom: { secret: { name: a, key: b } }');
    expect(linkResults(controlPlane('v1beta1', ...other), 'kcp.yaml')).toEqual(['pair pass', 'ca pass']);
  });

  test('a command that names a setting makes the settings unknown', () => {
    const lines = ['    postKubeadmCommands:', '      - sed -i /clientCAFile/d /var/lib/kubelet/config.yaml'];
    expect(linkResults(controlPlane('v1beta1', ...lines), 'kcp.yaml')).toEqual([
      'pair unknown unresolved',
      'ca unknown unresolved',
    ]);
    expect(
      linkResults(controlPlane('v1beta1', lines[0] ?? '', '      - systemctl restart kubelet'), 'kcp.yaml'),
    ).toEqual(['pair pass', 'ca pass']);
  });
});
