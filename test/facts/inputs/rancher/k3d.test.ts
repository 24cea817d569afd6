// k3d's configuration file.

import { describe, expect, test } from '@jest/globals';

import { linkResults } from '../../../support/link-results.ts';

const ALL = ['pair', 'ca', 'anonymous', 'mode'];
const PASS = ['pair pass', 'ca pass', 'anonymous pass', 'mode pass'];
const KUBELET = PASS.slice(1);

function simple(lines: string, version = 'v1alpha5'): string {
  return `apiVersion: k3d.io/${version}\nkind: Simple\nmetadata: { name: a }\n${lines}`;
}

function extra(...entries: readonly string[]): string {
  return ['options:', '  k3s:', '    extraArgs:', ...entries.map((entry) => `      - ${entry}`), ''].join('\n');
}

describe('k3d', () => {
  test.each<[string, string, readonly string[]]>([
    ['has one server', '', PASS],
    ['has agents, which are alike', 'servers: 3\nagents: 5\n', [...PASS, ...KUBELET]],
    [
      'has arguments for the servers',
      `agents: 1\n${extra('{ arg: --kube-apiserver-arg=kubelet-client-key=, nodeFilters: ["server:*"] }')}`,
      ['pair empty --kubelet-client-key :8', ...KUBELET, ...KUBELET],
    ],
    [
      'has arguments for one of several agents',
      `agents: 2\n${extra('{ arg: "--kubelet-arg=client-ca-file=", nodeFilters: ["agent:1"] }')}`,
      [...PASS, ...KUBELET, 'ca empty --client-ca-file :8', ...KUBELET.slice(1)],
    ],
    [
      'has arguments for a range, and for all',
      `servers: 3\n${extra(
        '{ arg: "--kubelet-arg=anonymous-auth", nodeFilters: ["server:1-2"] }',
        '{ arg: --tls-san=a, nodeFilters: ["all"] }',
      )}`,
      [...PASS, 'pair pass', 'ca pass', 'anonymous enabled --anonymous-auth :8', 'mode pass'],
    ],
    [
      'has arguments without a filter',
      extra('{ arg: "--kubelet-arg=client-ca-file=" }'),
      ['pair pass', 'ca empty --client-ca-file :7', ...PASS.slice(2)],
    ],
    [
      'mounts a configuration of k3s',
      'volumes: [{ volume: "/tmp/c.yaml:/etc/rancher/k3s/config.yaml", nodeFilters: ["all"] }]\n',
      ALL.map((name) => `${name} unknown not-visible`),
    ],
    ['mounts registries', 'volumes: [{ volume: "/tmp/r.yaml:/etc/rancher/k3s/registries.yaml" }]\n', PASS],
  ])('%s', (_title, lines, expected) => {
    expect(linkResults(simple(lines), 'k3d.yaml', ALL)).toEqual(expected);
  });

  test('has a list for each role until v1alpha2', () => {
    const lines = 'agents: 1\noptions:\n  k3s:\n    extraAgentArgs:\n    - --kubelet-arg=client-ca-file=\n';
    expect(linkResults(simple(lines, 'v1alpha2'), 'k3d.yaml', ALL)).toEqual([
      ...PASS,
      'ca empty --client-ca-file :8',
      ...KUBELET.slice(1),
    ]);
  });
});
