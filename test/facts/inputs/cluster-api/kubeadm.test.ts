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
