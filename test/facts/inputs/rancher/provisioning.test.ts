// Rancher's clusters.

import { describe, expect, test } from '@jest/globals';

import { linkResults } from '../../../support/link-results.ts';

const ALL = ['pair', 'ca', 'anonymous', 'mode'];
const PASS = ['pair pass', 'ca pass', 'anonymous pass', 'mode pass'];

function cluster(config: string): string {
  return `apiVersion: provisioning.cattle.io/v1\nkind: Cluster\nmetadata: { name: a }\nspec:\n  kubernetesVersion: v1.33.5+rke2r1\n  rkeConfig:\n${config}`;
}

describe('a Cluster of Rancher', () => {
  test.each<[string, string, readonly string[]]>([
    ['passes by the defaults of RKE2', '    machineGlobalConfig: { cni: calico }\n', PASS],
    [
      'has arguments for all machines',
      '    machineGlobalConfig:\n      kube-apiserver-arg:\n      - kubelet-client-key=\n      kubelet-arg: []\n',
      ['pair empty --kubelet-client-key :9', ...PASS.slice(1)],
    ],
    [
      'has others for machines with labels',
      [
        '    machineGlobalConfig:',
        '      kubelet-arg: [max-pods=200]',
        '    machineSelectorConfig:',
        '    - config: { protect-kernel-defaults: true }',
        '    - config:',
        '        kubelet-arg: ["client-ca-file="]',
        '      machineLabelSelector: { matchLabels: { a: b } }',
        '    - config: { node-label: [a=b] }',
        '      machineLabelSelector: { matchLabels: { c: d } }',
        '',
      ].join('\n'),
      [...PASS, 'pair pass', 'ca empty --client-ca-file :12', 'anonymous pass', 'mode pass'],
    ],
    [
      'has others for every machine',
      [
        '    machineGlobalConfig:',
        '      kubelet-arg: ["client-ca-file="]',
        '    machineSelectorConfig:',
        '    - config:',
        '        kubelet-arg: []',
        '',
      ].join('\n'),
      PASS,
    ],
    [
      'has a file of a Secret',
      [
        '    machineSelectorFiles:',
        '    - fileSources:',
        '      - secret: { name: s, items: [{ key: k, path: /etc/rancher/rke2/config.yaml.d/9.yaml }] }',
        '',
      ].join('\n'),
      ALL.map((name) => `${name} unknown not-visible`),
    ],
  ])('%s', (_title, config, expected) => {
    expect(linkResults(cluster(config), 'a.yaml', ALL)).toEqual(expected);
  });

  test('that was imported holds no configuration', () => {
    expect(linkResults('apiVersion: provisioning.cattle.io/v1\nkind: Cluster\nspec: {}\n', 'a.yaml', ALL)).toEqual([]);
  });

  test('of RKE1 has its fields in camel case', () => {
    const text = [
      'apiVersion: management.cattle.io/v3',
      'kind: Cluster',
      'metadata: { name: c-1 }',
      'spec:',
      '  rancherKubernetesEngineConfig:',
      '    services:',
      '      kubeApi:',
      "        extraArgs: { kubelet-client-key: '' }",
      '      kubelet:',
      '        extraArgsArray:',
      '          anonymous-auth: ["true"]',
      '',
    ];
    expect(linkResults(text.join('\n'), 'a.yaml', ALL)).toEqual([
      'pair empty --kubelet-client-key :8',
      'ca pass',
      'anonymous enabled --anonymous-auth :11',
      'mode pass',
    ]);
  });
});
