// Cluster API's RKE2 and k3s providers.

import { describe, expect, test } from '@jest/globals';

import { linkResults } from '../../../support/link-results.ts';

const ALL = ['pair', 'ca', 'anonymous', 'mode'];
const PASS = ['pair pass', 'ca pass', 'anonymous pass', 'mode pass'];
const UNKNOWN = ['pair', 'ca', 'anonymous', 'mode'].map((name) => `${name} unknown not-visible`);

function object(group: 'controlplane' | 'bootstrap', kind: string, spec: string, version = 'v1beta1'): string {
  return `apiVersion: ${group}.cluster.x-k8s.io/${version}\nkind: ${kind}\nmetadata: { name: a }\nspec:\n${spec}`;
}

describe('RKE2', () => {
  test.each<[string, string, readonly string[]]>([
    ['passes by its defaults', '  version: v1.31.5+rke2r1\n', PASS],
    [
      'empties the key',
      '  serverConfig:\n    kubeAPIServer:\n      extraArgs:\n      - --kubelet-client-key=\n',
      ['pair empty --kubelet-client-key :8', ...PASS.slice(1)],
    ],
    [
      'has arguments of the kubelet',
      '  agentConfig:\n    kubelet:\n      extraArgs: [max-pods=200, "client-ca-file="]\n',
      ['pair pass', 'ca empty --client-ca-file :7', ...PASS.slice(2)],
    ],
    [
      'has a file that replaces arguments',
      [
        '  agentConfig: { kubelet: { extraArgs: ["client-ca-file="] } }',
        '  files:',
        '  - path: /etc/rancher/rke2/config.yaml.d/9.yaml',
        '    content: |',
        '      kubelet-arg: [authorization-mode=AlwaysAllow]',
        '',
      ].join('\n'),
      ['pair pass', 'ca pass', 'anonymous pass', 'mode always-allow --authorization-mode :8'],
    ],
    [
      'has a file that adds arguments',
      [
        '  agentConfig: { kubelet: { extraArgs: ["client-ca-file="] } }',
        '  files:',
        '  - path: /etc/rancher/rke2/config.yaml.d/9.yaml',
        '    encoding: base64',
        `    content: ${Buffer.from('kubelet-arg+: [v=2]').toString('base64')}`,
        '',
      ].join('\n'),
      ['pair pass', 'ca empty --client-ca-file :5', ...PASS.slice(2)],
    ],
    [
      'has a drop-in of the kubelet',
      [
        '  version: v1.33.1+rke2r1',
        '  files:',
        '  - path: /var/lib/rancher/rke2/agent/etc/kubelet.conf.d/50-own.conf',
        '    content: |',
        '      apiVersion: kubelet.config.k8s.io/v1beta1',
        '      kind: KubeletConfiguration',
        "      authentication: { x509: { clientCAFile: '' } }",
        '',
      ].join('\n'),
      ['pair pass', 'ca empty authentication.x509.clientCAFile :11', ...PASS.slice(2)],
    ],
    [
      'has the configuration that kubelet-arg names',
      [
        '  agentConfig: { kubelet: { extraArgs: [config=/etc/k.yaml] } }',
        '  files:',
        '  - path: /etc/k.yaml',
        '    content: |',
        '      apiVersion: kubelet.config.k8s.io/v1beta1',
        '      kind: KubeletConfiguration',
        '      authentication: { anonymous: { enabled: true } }',
        '',
      ].join('\n'),
      ['pair pass', 'ca pass', 'anonymous enabled authentication.anonymous.enabled :11', 'mode pass'],
    ],
    [
      'has a file of a Secret',
      '  files:\n  - path: /etc/rancher/rke2/config.yaml.d/9.yaml\n    contentFrom: { secret: { name: s, key: k } }\n',
      UNKNOWN,
    ],
    ['has a command', '  preRKE2Commands:\n  - "echo kubelet-arg: [v=2] >> /x"\n', UNKNOWN],
  ])('a control plane %s', (_title, spec, expected) => {
    expect(linkResults(object('controlplane', 'RKE2ControlPlane', spec), 'a.yaml', ALL)).toEqual(expected);
  });

  test.each(['v1alpha1', 'v1beta2'])('templates of %s have the same fields', (version) => {
    const spec =
      '  template:\n    spec:\n      agentConfig:\n        kubelet:\n          extraArgs: [anonymous-auth]\n';
    const kubelet = ['ca pass', 'anonymous enabled --anonymous-auth :9', 'mode pass'];
    expect(linkResults(object('bootstrap', 'RKE2ConfigTemplate', spec, version), 'a.yaml', ALL)).toEqual(kubelet);
    expect(linkResults(object('controlplane', 'RKE2ControlPlaneTemplate', spec, version), 'a.yaml', ALL)).toEqual([
      'pair pass',
      ...kubelet,
    ]);
  });
});

describe('k3s', () => {
  test.each<[string, string, string, readonly string[]]>([
    [
      'KThreesControlPlane',
      'empties the certificate',
      '  kthreesConfigSpec:\n    serverConfig:\n      kubeAPIServerArg:\n      - kubelet-client-certificate=\n',
      ['pair empty --kubelet-client-certificate :8', ...PASS.slice(1)],
    ],
    [
      'KThreesControlPlane',
      'has the kubelet of its version',
      '  version: v1.30.2+k3s1\n  kthreesConfigSpec:\n    agentConfig: { kubeletArgs: [config=/etc/k.yaml] }\n',
      PASS,
    ],
    [
      'KThreesControlPlaneTemplate',
      'has arguments of the kubelet',
      '  template:\n    spec:\n      kthreesConfigSpec:\n        agentConfig:\n          kubeletArgs: ["client-ca-file="]\n',
      ['pair pass', 'ca empty --client-ca-file :9', ...PASS.slice(2)],
    ],
  ])('%s %s', (kind, _title, spec, expected) => {
    expect(linkResults(object('controlplane', kind, spec), 'a.yaml', ALL)).toEqual(expected);
  });

  test('a KThreesConfig is a server if it has its configuration', () => {
    const spec = '  agentConfig:\n    kubeletArgs: [authorization-mode=AlwaysAllow]\n';
    const kubelet = ['ca pass', 'anonymous pass', 'mode always-allow --authorization-mode :6'];
    expect(linkResults(object('bootstrap', 'KThreesConfig', spec), 'a.yaml', ALL)).toEqual(kubelet);
    const server = `${spec}  serverConfig: { tlsSan: [a] }\n`;
    expect(linkResults(object('bootstrap', 'KThreesConfig', server), 'a.yaml', ALL)).toEqual(['pair pass', ...kubelet]);
  });
});
