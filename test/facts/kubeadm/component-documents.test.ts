// Several documents in the text of a ConfigMap. The expected results are those of kubeadm's own code (FetchFromCluster).

import { expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { inspect } from '../../../src/inspect.ts';
import { AMPLE } from '../../support/budget.ts';

const HEADER = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const GOOD = `${HEADER}authentication: {x509: {clientCAFile: /ca.crt}}\n`;
const BAD = `${HEADER}authentication: {x509: {clientCAFile: ""}}\n`;
const OTHER = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';

function verdict(name: string, key: string, text: string, control: string): string {
  const value = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
    data: { [key]: text },
  };
  const { findings } = inspect(
    controls,
    [{ form: 'object', source: { object: 'ConfigMap' }, vantage: 'declared', value }],
    AMPLE,
  );
  const outcome = findings.find((finding) => finding.control.slug === control)?.outcome;
  return outcome?.result === 'unknown' ? `unknown: ${outcome.problems[0].message}` : (outcome?.result ?? 'none');
}

test.each<[string, string]>([
  [GOOD, 'pass'],
  [`${GOOD}---\n`, 'pass'],
  [`${GOOD}---\n${OTHER}`, 'pass'],
  [`${OTHER}---\n${GOOD}`, 'pass'],
  [`${OTHER}---\n${BAD}`, 'fail'],
  [`${BAD}---\n${OTHER}`, 'fail'],
  // kubeadm rejects the whole text, but the kubelet would read the first document
  [`${BAD}---\na: b\n`, 'fail'],
  [`${BAD}---\n${GOOD}`, 'fail'],
  [`${GOOD}---\n${BAD}`, 'unknown: the kind KubeletConfiguration stands in it twice'],
  [`${GOOD}---\na: b\n`, 'unknown: document 2 has no kind, or no apiVersion with a group'],
  [`${GOOD}---\n# end\n`, 'unknown: document 2 has no kind, or no apiVersion with a group'],
  [`${GOOD}---\napiVersion: v1\nkind: Pod\n`, 'unknown: document 2 has no kind, or no apiVersion with a group'],
  [`${GOOD}---\na: [\n`, 'unknown: document 2 is not readable as YAML or JSON'],
  [`${GOOD}--- x\n`, 'unknown'],
])('kubelet-config %j: %s', (text, expected) => {
  const found = verdict('kubelet-config', 'kubelet', text, 'kubelet-client-ca');
  expect(found.replace(/kubeadm rejects the key kubelet of kubelet-config: /, '').startsWith(expected)).toBe(true);
});

const CLUSTER = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.37.2\n';
const NO_KEY = 'apiServer: {extraArgs: [{name: kubelet-client-key, value: ""}]}\n';

test.each<[string, string]>([
  [`${CLUSTER}---\na: b\n`, 'pass'],
  [`${CLUSTER}---\na: [\n`, 'pass'],
  [`${CLUSTER}---\n${CLUSTER}${NO_KEY}`, 'pass'],
  [`${CLUSTER}${NO_KEY}---\n${CLUSTER}`, 'fail'],
])('kubeadm reads only the first document of kubeadm-config: %j: %s', (text, expected) => {
  expect(verdict('kubeadm-config', 'ClusterConfiguration', text, 'apiserver-kubelet-client-cert')).toBe(expected);
});
