// Every version of kubeadm's API is read by its own fields.

import { describe, expect, test } from '@jest/globals';

import { resultsOf } from './results.ts';

const API_SERVER = 'kube-apiserver of ClusterConfiguration';

function cluster(version: string, ...lines: readonly string[]): string {
  return `apiVersion: kubeadm.k8s.io/${version}\nkind: ClusterConfiguration\n${lines.join('\n')}\n`;
}

describe('arguments of kube-apiserver', () => {
  test('stand at the top level in v1alpha3', () => {
    expect(resultsOf(cluster('v1alpha3', 'apiServerExtraArgs:', '  kubelet-client-key: ""'))).toEqual({
      [API_SERVER]: 'empty in line 4',
    });
  });

  test.each([
    ['v1alpha3', ['apiServer: {extraArgs: {kubelet-client-key: ""}}']],
    ['v1beta1', ['apiServerExtraArgs: {kubelet-client-key: ""}']],
    ['v1beta3', ['apiServerExtraArgs: {kubelet-client-key: ""}']],
    ['v1beta4', ['apiServerExtraArgs: {kubelet-client-key: ""}']],
  ])('%s does not read the field of another version', (version, lines) => {
    expect(resultsOf(cluster(version, ...lines))).toEqual({ [API_SERVER]: 'pass' });
  });

  test.each(['v1beta1', 'v1beta2', 'v1beta3'])('%s has a map', (version) => {
    const lines = ['apiServer:', '  extraArgs:', '    v: "2"', '    kubelet-client-key: ""'];
    expect(resultsOf(cluster(version, ...lines))).toEqual({ [API_SERVER]: 'empty in line 6' });
  });

  test('null is an empty text in a map', () => {
    expect(resultsOf(cluster('v1beta3', 'apiServer: {extraArgs: {kubelet-client-key: }}'))).toEqual({
      [API_SERVER]: 'empty in line 3',
    });
  });

  test.each([
    ['a bool', 'false'],
    ['a number', '5'],
    ['a list', '[a]'],
  ])('%s in a map of texts is named with its line', (_what, value) => {
    const lines = ['apiServer:', '  extraArgs:', '    v: "2"', `    profiling: ${value}`];
    expect(resultsOf(cluster('v1beta3', ...lines))).toEqual({ [API_SERVER]: 'would-not-start in line 6' });
  });

  test('a version number without quotes is a number', () => {
    expect(resultsOf(cluster('v1beta2', 'kubernetesVersion: 1.20'))).toEqual({
      [API_SERVER]: 'would-not-start in line 3',
    });
  });

  test('no kubeadm has another version', () => {
    expect(resultsOf(cluster('v1beta9'))).toEqual({ [API_SERVER]: 'would-not-start in line 1' });
  });
});

describe('MasterConfiguration', () => {
  const master = (version: string, ...lines: readonly string[]): string =>
    `apiVersion: kubeadm.k8s.io/${version}\nkind: MasterConfiguration\n${lines.join('\n')}\n`;

  test.each(['v1alpha1', 'v1alpha2'])('%s configures kube-apiserver', (version) => {
    expect(resultsOf(master(version, 'apiServerExtraArgs: {kubelet-client-key: ""}'))).toEqual({
      'kube-apiserver of MasterConfiguration': 'empty in line 3',
      'kubelet of MasterConfiguration': 'pass',
    });
  });

  test('v1alpha2 has arguments of the kubelet', () => {
    const lines = ['nodeRegistration: {kubeletExtraArgs: {client-ca-file: ""}}'];
    expect(resultsOf(master('v1alpha2', ...lines))).toMatchObject({
      'kubelet of MasterConfiguration': 'empty in line 3',
    });
    expect(resultsOf(master('v1alpha1', ...lines))).toMatchObject({ 'kubelet of MasterConfiguration': 'pass' });
  });

  test('these versions of kubeadm set the client CA, whatever the configuration of the kubelet is', () => {
    const lines = ['kubeletConfiguration: {baseConfig: {authentication: {x509: {clientCAFile: /dev/null}}}}'];
    expect(resultsOf(master('v1alpha2', ...lines))).toMatchObject({ 'kubelet of MasterConfiguration': 'pass' });
  });
});
