// k0s: the pair of kube-apiserver, worker profiles, and arguments of kubelets.

import { describe, expect, test } from '@jest/globals';

import { linkResults } from '../../../support/link-results.ts';

const HEAD = 'apiVersion: k0s.k0sproject.io/v1beta1\nkind: ClusterConfig\nmetadata: { name: k0s }\nspec:\n';
const CTL = 'apiVersion: k0sctl.k0sproject.io/v1beta1\nkind: Cluster\nmetadata: { name: k0s }\nspec:\n';
const ALL = ['pair', 'ca', 'anonymous', 'mode'];

describe('k0s', () => {
  test.each([
    ['sets the pair and the client CA itself', '  api: { port: 6443 }\n', ['pair pass', 'ca pass']],
    [
      'an empty argument replaces its own',
      "  api:\n    extraArgs:\n      kubelet-client-key: ''\n",
      ['pair empty --kubelet-client-key :7', 'ca pass'],
    ],
    [
      'raw arguments come last',
      '  api:\n    rawArgs:\n      - --kubelet-client-certificate=\n',
      ['pair empty --kubelet-client-certificate :7', 'ca pass'],
    ],
    [
      'two spellings of a flag have no certain order',
      '  api:\n    extraArgs:\n      kubelet_client_key: /k\n',
      ['pair unknown ambiguous', 'ca pass'],
    ],
    [
      'a profile cannot change the client CA file',
      "  workerProfiles:\n    - name: edge\n      values:\n        authentication: { x509: { clientCAFile: '' } }\n",
      ['pair pass', 'ca pass'],
    ],
  ])('%s', (_title, spec, expected) => {
    expect(linkResults(HEAD + spec, 'k0s.yaml')).toEqual(expected);
  });

  test('a profile decides about anonymous requests and the authorization mode', () => {
    const spec = [
      '  workerProfiles:',
      '    - name: open',
      '      values:',
      '        authentication:',
      '          anonymous: { enabled: true }',
      '        authorization: { mode: AlwaysAllow }',
    ].join('\n');
    const results = linkResults(HEAD + spec, 'k0s.yaml', ALL);
    expect(results).toContain('ca pass');
    expect(results.filter((line) => /^(anonymous|mode)/.test(line)).join()).toMatch(/anonymous .*:9,mode .*:10/);
  });

  test.each([
    ['installFlags', '        - --kubelet-extra-args=--client-ca-file= --v=4\n', ['ca empty --client-ca-file :10']],
    ['quoted', '        - --kubelet-extra-args="--client-ca-file= --v=4"\n', ['ca empty --client-ca-file :10']],
    ['other arguments', '        - --kubelet-extra-args=--max-pods=20\n', ['ca pass']],
    [
      'arguments without a value',
      '        - --kubelet-extra-args=--client-ca-file /x\n',
      ['ca unknown unresolved unresolved'],
    ],
  ])('k0sctl: %s', (_title, flags, expected) => {
    const text = `${CTL}  k0s:\n    version: v1.31.2+k0s.0\n  hosts:\n    - role: worker\n      installFlags:\n${flags}`;
    expect(linkResults(text, 'k0sctl.yaml')).toEqual(['pair pass', 'ca pass', ...expected]);
  });

  test('k0sctl: a configuration that is null means the defaults of k0s', () => {
    expect(linkResults(`${CTL}  k0s:\n    config:\n`, 'k0sctl.yaml')).toEqual(['pair pass', 'ca pass']);
  });

  test('k0sctl: the configuration in it', () => {
    const text = `${CTL}  k0s:\n    config:\n      spec:\n        api:\n          extraArgs: { kubelet-client-certificate: '' }\n`;
    expect(linkResults(text, 'k0sctl.yaml')).toEqual(['pair empty --kubelet-client-certificate :9', 'ca pass']);
  });

  test('k0smotron: arguments of workers', () => {
    const text = [
      'apiVersion: bootstrap.cluster.x-k8s.io/v1beta1',
      'kind: K0sWorkerConfigTemplate',
      'metadata: { name: w }',
      'spec:',
      '  template:',
      '    spec:',
      '      args: ["--kubelet-extra-args=--client-ca-file="]',
    ].join('\n');
    expect(linkResults(text, 'k0smotron.yaml')).toEqual(['ca empty --client-ca-file :7']);
  });
});
