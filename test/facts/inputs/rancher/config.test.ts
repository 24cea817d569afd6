// config.yaml of k3s and RKE2.

import { describe, expect, test } from '@jest/globals';

import { linkResults } from '../../../support/link-results.ts';

const ALL = ['pair', 'ca', 'anonymous', 'mode'];
const PASS = ['pair pass', 'ca pass', 'anonymous pass', 'mode pass'];

describe('config.yaml of k3s and RKE2', () => {
  test.each<[string, string, readonly string[]]>([
    ['of a server passes by its defaults', 'write-kubeconfig-mode: "0644"\ntls-san: [a.example]\n', PASS],
    ['of RKE2 too', 'cni: cilium\nprofile: cis\ntoken: x\n', PASS],
    ['of an agent has no kube-apiserver', 'server: https://a:6443\ntoken: x\nnode-label: [a=b]\n', PASS.slice(1)],
    [
      'empties the key',
      'kube-apiserver-arg:\n  - audit-log-maxage=30\n  - kubelet-client-key=\n',
      ['pair empty --kubelet-client-key :3', ...PASS.slice(1)],
    ],
    [
      'empties the client CA file',
      'token: x\nkubelet-arg:\n- "--client-ca-file="\n- anonymous-auth\n',
      ['ca empty --client-ca-file :3', 'anonymous enabled --anonymous-auth :4', 'mode pass'],
    ],
    [
      'can have a text instead of a list',
      'kubelet-arg+: authorization-mode=AlwaysAllow\n',
      [...PASS.slice(1, 3), 'mode always-allow --authorization-mode :1'],
    ],
    ['can turn its components off', 'disable-agent: true\ntls-san: a\n', ['pair pass']],
    ['and the other one', 'disable-apiserver: true\ntls-san: a\nkubelet-arg: v=2\n', PASS.slice(1)],
    [
      'names a configuration that it does not hold',
      'kubelet-arg: [config=/etc/k.yaml]\n',
      ['ca unknown not-visible', 'anonymous unknown not-visible', 'mode unknown not-visible'],
    ],
    [
      'has an object where a text belongs',
      'kubelet-arg:\n- client-ca-file: /ca\n',
      ['ca unknown malformed', 'anonymous unknown malformed', 'mode unknown malformed'],
    ],
  ])('%s', (_title, text, expected) => {
    expect(linkResults(text, 'config.yaml', ALL)).toEqual(expected);
  });

  test.each([
    ['token and server alone', 'token: x\nserver: y\n'],
    ['an unknown key', 'tls-san: [a]\nreplicas: 3\n'],
    ['a kind', 'kind: Config\ntls-san: [a]\n'],
    ['a map of arguments', 'kubelet-arg: { a: b }\nmore: c\n'],
    ['settings of another program', 'debug: true\nlog: info\ndocker: false\n'],
  ])('is not recognised by %s', (_title, text) => {
    expect(linkResults(text, 'config.yaml', ALL)).toEqual([]);
  });
});
