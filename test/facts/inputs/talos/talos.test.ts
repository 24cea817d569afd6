// Talos: extra arguments of the kubelet and of kube-apiserver, in configurations, patches and talconfig.yaml.

import { describe, expect, test } from '@jest/globals';

import { linkResults } from '../../../support/link-results.ts';

const WORKER = 'version: v1alpha1\nmachine:\n  type: worker\n  kubelet:\n';

describe('a machine configuration', () => {
  test.each([
    ['Talos sets the client CA', '    extraArgs: { rotate-server-certificates: true }\n', ['ca pass']],
    ['an extra argument overrides it', "    extraArgs:\n      client-ca-file: ''\n", ['ca empty --client-ca-file :6']],
    ['a list of values', "    extraArgs:\n      client-ca-file: [/ca.crt, '']\n", ['ca empty --client-ca-file :6']],
    [
      'extraConfig cannot change authentication',
      "    extraConfig: { authentication: { x509: { clientCAFile: '' } } }\n",
      ['ca pass'],
    ],
    ['Talos denies some arguments', '    extraArgs:\n      config: /x\n', ['ca would-not-start --config :6']],
  ])('%s', (_title, lines, expected) => {
    expect(linkResults(WORKER + lines, 'worker.yaml')).toEqual(expected);
  });

  test.each([
    ['no arguments', '  apiServer: {}\n', ['pair pass']],
    [
      'the pair is denied',
      "  apiServer:\n    extraArgs:\n      kubelet-client-key: ''\n",
      ['pair would-not-start --kubelet-client-key :4'],
    ],
    [
      'the other spelling is not, and comes last',
      "  apiServer:\n    extraArgs:\n      kubelet_client_key: ''\n",
      ['pair empty --kubelet-client-key :4'],
    ],
  ])('a patch for kube-apiserver: %s', (_title, lines, expected) => {
    expect(linkResults(`cluster:\n${lines}`, 'patch.yaml')).toEqual(expected);
  });

  test('a control plane has a kube-apiserver', () => {
    expect(linkResults('version: v1alpha1\nmachine: { type: controlplane }\n', 'cp.yaml')).toEqual([
      'ca pass',
      'pair pass',
    ]);
  });
});

describe('talconfig.yaml', () => {
  const HEAD = 'clusterName: home\nendpoint: https://10.0.0.1:6443\n';

  test.each([
    [
      'for all nodes',
      'nodes: []\npatches:\n  - |-\n    machine:\n      kubelet:\n        extraArgs:\n          client-ca-file: ""\n',
      9,
    ],
    [
      'for one node',
      'nodes:\n  - hostname: a\n    patches:\n      - |-\n        machine:\n          kubelet:\n            extraArgs:\n              client-ca-file: ""\n',
      10,
    ],
    [
      'as JSON patch',
      'nodes: []\nworker:\n  patches:\n    - |-\n      - op: add\n        path: /machine/kubelet/extraArgs\n        value: { client-ca-file: "" }\n',
      7,
    ],
  ])('a patch %s', (_title, lines, line) => {
    expect(linkResults(HEAD + lines, 'talconfig.yaml')).toEqual([`ca empty --client-ca-file :${String(line)}`]);
  });

  test('a patch in a file of its own is read there', () => {
    expect(linkResults(`${HEAD}nodes: []\npatches: ["@./patch.yaml"]\n`, 'talconfig.yaml')).toEqual([]);
  });
});
