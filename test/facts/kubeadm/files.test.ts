// A file of kubeadm's --config: what its documents mean together.

import { describe, expect, test } from '@jest/globals';

import { problemsOf, resultsOf } from './results.ts';

const CLUSTER = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n';
const KUBELET = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const GOOD = `${KUBELET}authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\n`;
const INIT = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n';
const JOIN = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n';
const EMPTY_LIST = 'nodeRegistration:\n  kubeletExtraArgs:\n    - name: client-ca-file\n      value: ""\n';
const EMPTY_MAP = 'nodeRegistration:\n  kubeletExtraArgs:\n    client-ca-file: ""\n';

function file(...documents: readonly string[]): string {
  return documents.join('---\n');
}

describe('a file for kubeadm init', () => {
  test('arguments of the node decide over the KubeletConfiguration', () => {
    expect(resultsOf(file(INIT + EMPTY_LIST, CLUSTER, GOOD))).toEqual({
      'kube-apiserver of ClusterConfiguration': 'pass',
      'kubelet of KubeletConfiguration': 'empty in line 6',
    });
  });

  test('whatever the order of the documents is', () => {
    expect(resultsOf(file(GOOD, CLUSTER, INIT + EMPTY_LIST))).toMatchObject({
      'kubelet of KubeletConfiguration': 'empty in line 13',
    });
  });

  test.each(['v1alpha3', 'v1beta1', 'v1beta2', 'v1beta3'])('arguments are a map in %s', (version) => {
    const init = INIT.replace('v1beta4', version) + EMPTY_MAP;
    expect(resultsOf(file(init, GOOD))).toEqual({ 'kubelet of KubeletConfiguration': 'empty in line 5' });
    expect(resultsOf(INIT.replace('v1beta4', version) + EMPTY_LIST)).toEqual({
      'kubelet of InitConfiguration': 'would-not-start in line 4',
    });
  });

  test('a good argument decides over an empty file', () => {
    const init = `${INIT}nodeRegistration: {kubeletExtraArgs: [{name: client-ca-file, value: /ca.crt}]}\n`;
    expect(resultsOf(file(init, `${KUBELET}authentication: {x509: {clientCAFile: "/dev/null"}}\n`))).toEqual({
      'kubelet of KubeletConfiguration': 'pass',
    });
  });

  test('kubeadm makes the KubeletConfiguration that is left out', () => {
    expect(resultsOf(file(INIT, CLUSTER))).toEqual({
      'kube-apiserver of ClusterConfiguration': 'pass',
      'kubelet of InitConfiguration': 'pass',
    });
    expect(resultsOf(INIT + EMPTY_LIST)).toEqual({ 'kubelet of InitConfiguration': 'empty in line 6' });
  });

  test('kubeadm fills in an empty client CA', () => {
    const kubelet = `${KUBELET}authentication: {x509: {clientCAFile: ""}}\n`;
    expect(resultsOf(file(CLUSTER, kubelet))).toMatchObject({ 'kubelet of KubeletConfiguration': 'pass' });
    expect(resultsOf(file(INIT, kubelet))).toMatchObject({ 'kubelet of KubeletConfiguration': 'pass' });
  });

  test('another file in the arguments is not known', () => {
    const init = `${INIT}nodeRegistration: {kubeletExtraArgs: [{name: config, value: /etc/other.yaml}]}\n`;
    expect(resultsOf(file(init, GOOD))).toEqual({ 'kubelet of KubeletConfiguration': 'unknown' });
  });

  test('a value that systemd splits gives further arguments', () => {
    const init = `${INIT}nodeRegistration: {kubeletExtraArgs: [{name: v, value: "2 --client-ca-file="}]}\n`;
    expect(resultsOf(file(init, GOOD))).toEqual({ 'kubelet of KubeletConfiguration': 'empty in line 3' });
  });

  test('a kind that stands twice makes kubeadm reject the file', () => {
    expect(resultsOf(file(CLUSTER, GOOD, GOOD))).toEqual({
      'kube-apiserver of ClusterConfiguration': 'unknown',
      'kubelet of KubeletConfiguration': 'unknown',
    });
  });
});

describe('a file for kubeadm join', () => {
  test.each([
    ['JoinConfiguration', JOIN],
    ['UpgradeConfiguration', 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n'],
    ['ResetConfiguration', 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\n'],
  ])('a KubeletConfiguration beside a %s configures nothing', (_kind, document) => {
    for (const text of [file(document, GOOD), file(GOOD, document)]) {
      expect(resultsOf(text)).toEqual({});
      expect(problemsOf(text)).toEqual([expect.stringContaining('it configures nothing')]);
    }
  });

  test('arguments of the node count', () => {
    expect(resultsOf(file(JOIN + EMPTY_LIST, GOOD))).toEqual({ 'kubelet of JoinConfiguration': 'empty in line 6' });
  });

  test('what other arguments leave to the cluster is unknown', () => {
    const anonymous = `${JOIN}nodeRegistration: {kubeletExtraArgs: [{name: anonymous-auth, value: "false"}]}\n`;
    expect(resultsOf(anonymous)).toEqual({ 'kubelet of JoinConfiguration': 'unknown' });
    const labels = `${JOIN}nodeRegistration: {kubeletExtraArgs: [{name: node-labels, value: a=b}]}\n`;
    expect(resultsOf(labels)).toEqual({});
  });

  test('beside the configuration of its cluster, that counts', () => {
    expect(resultsOf(file(INIT, CLUSTER, GOOD, JOIN))).toEqual({
      'kube-apiserver of ClusterConfiguration': 'pass',
      'kubelet of KubeletConfiguration': 'pass',
      'kubelet of JoinConfiguration': 'pass',
    });
    expect(resultsOf(file(INIT, CLUSTER, GOOD, JOIN + EMPTY_LIST))).toMatchObject({
      'kubelet of KubeletConfiguration': 'pass',
      'kubelet of JoinConfiguration': 'empty in line 16',
    });
  });
});
