// kind's Cluster: what its patches make of kubeadm's documents.

import { describe, expect, test } from '@jest/globals';

import { problemsOf, resultsOf } from '../../kubeadm/results.ts';

const HEAD = 'apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n';
const API_SERVER = 'kube-apiserver of kind node';
const KUBELET = 'kubelet of kind node';

function patched(patch: string, ...more: readonly string[]): string {
  const indented = patch.split('\n').map((line) => `  ${line}`);
  return `${HEAD}kubeadmConfigPatches:\n- |\n${indented.join('\n')}\n${more.map((line) => `${line}\n`).join('')}`;
}

describe('a kind Cluster', () => {
  test('passes as kind makes it', () => {
    expect(resultsOf(HEAD)).toEqual({ [API_SERVER]: 'pass', [KUBELET]: 'pass' });
    expect(resultsOf(`${HEAD}nodes: [{role: control-plane}, {role: worker}, {role: worker}]\n`)).toEqual({
      [API_SERVER]: 'pass',
      [KUBELET]: 'pass',
    });
  });

  test('patches arguments of the kubelet', () => {
    const patch = 'kind: InitConfiguration\nnodeRegistration:\n  kubeletExtraArgs:\n    client-ca-file: ""';
    expect(resultsOf(patched(patch))).toEqual({ [API_SERVER]: 'pass', [KUBELET]: 'empty in line 8' });
  });

  test('patches arguments of kube-apiserver, in the second document of a patch', () => {
    const patch =
      'kind: InitConfiguration\n---\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n    kubelet-client-key: ""';
    expect(resultsOf(patched(patch))).toEqual({ [API_SERVER]: 'empty in line 10', [KUBELET]: 'pass' });
  });

  test('patches the configuration of kubelets, of which kubeadm fills an empty client CA', () => {
    const patch = (path: string): string =>
      `kind: KubeletConfiguration\nauthentication: {x509: {clientCAFile: ${path}}}`;
    expect(resultsOf(patched(patch('/dev/null')))).toEqual({ [API_SERVER]: 'pass', [KUBELET]: 'unusable in line 6' });
    expect(resultsOf(patched(patch('""')))).toEqual({ [API_SERVER]: 'pass', [KUBELET]: 'pass' });
  });

  test.each([
    ['v1.35.0', 'kubelet-client-key: ""', 'empty in line 8'],
    ['v1.37.0', 'kubelet-client-key: ""', 'would-not-start in line 7'],
    ['v1.37.0', '- {name: kubelet-client-key, value: ""}', 'empty in line 8'],
    ['v1.21.0', '- {name: kubelet-client-key, value: ""}', 'would-not-start in line 7'],
  ])('with a node of %s has a map or a list of arguments: %s', (version, argument, result) => {
    const patch = `kind: ClusterConfiguration\napiServer:\n  extraArgs:\n    ${argument}`;
    const node = `nodes: [{role: control-plane, image: "kindest/node:${version}@sha256:abc"}]`;
    expect(resultsOf(patched(patch, node))).toMatchObject({ [API_SERVER]: result });
  });

  test.each(['kubelet-client-key: ""', '- {name: kubelet-client-key, value: ""}'])(
    'without an image has the version that accepts %s',
    (argument) => {
      const patch = `kind: ClusterConfiguration\napiServer:\n  extraArgs:\n    ${argument}`;
      expect(resultsOf(patched(patch))).toMatchObject({ [API_SERVER]: 'empty in line 8' });
    },
  );

  test('does not use a patch for another version, and says so', () => {
    const patch =
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer: {extraArgs: [{name: kubelet-client-key, value: ""}]}';
    const text = patched(patch, 'nodes: [{role: control-plane, image: "kindest/node:v1.30.0"}]');
    expect(resultsOf(text)).toEqual({ [API_SERVER]: 'pass', [KUBELET]: 'pass' });
    expect(problemsOf(text)).toEqual([expect.stringContaining('kind ignores this patch')]);
    expect(resultsOf(patched(patch))).toMatchObject({ [API_SERVER]: 'empty in line 7' });
  });

  test('passes over a patch of another kind', () => {
    const patch = 'kind: KubeProxyConfiguration\nmode: ipvs\n---\nkind: KubeletConfiguration\nmaxPods: 5';
    expect(problemsOf(patched(patch))).toEqual([]);
    const without = 'apiServer: {extraArgs: {kubelet-client-key: ""}}';
    expect(problemsOf(patched(without))).toEqual([expect.stringContaining('it is for no kind')]);
  });

  test.each(['kubeadmConfigPatchesJSON6902', 'kubeadmConfigPatchesJson6902'])('has JSON patches in %s', (field) => {
    const patch = '[{"op": "add", "path": "/apiServer/extraArgs/kubelet-client-key", "value": ""}]';
    const text = `${HEAD}${field}:\n- group: kubeadm.k8s.io\n  version: v1beta3\n  kind: ClusterConfiguration\n  patch: |\n    ${patch}\n`;
    expect(resultsOf(text)).toEqual({ [API_SERVER]: 'empty in line 8', [KUBELET]: 'pass' });
  });

  test('has patches of single nodes: a worker only joins', () => {
    const node = (role: string, patch: string): string =>
      `- role: ${role}\n  kubeadmConfigPatches:\n  - |\n    ${patch.replaceAll('\n', '\n    ')}\n`;
    const join = 'kind: JoinConfiguration\nnodeRegistration:\n  kubeletExtraArgs: {client-ca-file: ""}';
    const text = (patch: string): string => `${HEAD}nodes:\n- role: control-plane\n${node('worker', patch)}`;
    expect(resultsOf(text(join))).toEqual({ [API_SERVER]: 'pass', [KUBELET]: 'empty in line 10' });
    const kubelet = 'kind: KubeletConfiguration\nauthentication: {x509: {clientCAFile: /dev/null}}';
    expect(resultsOf(text(kubelet))).toEqual({ [API_SERVER]: 'pass', [KUBELET]: 'pass' });
    expect(resultsOf(`${HEAD}nodes:\n${node('control-plane', join)}`)).toEqual({
      [API_SERVER]: 'pass',
      [KUBELET]: 'pass',
    });
  });

  test('with a folder of patches is unknown, for its files are not there', () => {
    const patch = 'kind: InitConfiguration\npatches: {directory: /patches}';
    expect(resultsOf(patched(patch))).toEqual({ [API_SERVER]: 'unknown', [KUBELET]: 'unknown' });
  });

  test('with a patch that is no YAML is unknown', () => {
    expect(resultsOf(patched('kind: [InitConfiguration'))).toMatchObject({ [KUBELET]: 'unknown' });
  });

  test('with a mount on the environment of its kubelet is unknown', () => {
    const node = 'nodes: [{role: control-plane, extraMounts: [{hostPath: ./a, containerPath: /etc/default/kubelet}]}]';
    expect(resultsOf(`${HEAD}${node}\n`)).toMatchObject({ [KUBELET]: 'unknown' });
    const data = 'nodes: [{role: control-plane, extraMounts: [{hostPath: ./a, containerPath: /data}]}]';
    expect(resultsOf(`${HEAD}${data}\n`)).toMatchObject({ [KUBELET]: 'pass' });
  });
});
