// Files of kubeadm's --patches: what they change of what kubeadm makes.

import { describe, expect, test } from '@jest/globals';

import type { ConfigurationPlace } from '../../../src/facts/inputs/configuration.ts';
import { kubeadmSubjects } from '../../../src/facts/kubeadm/subjects.ts';
import { decodedDocument } from '../../../src/facts/yaml/documents.ts';
import type { UnknownRecord } from '../../../src/json.ts';
import { ample } from '../../support/budget.ts';
import { resultsOf } from './results.ts';

const API_SERVER = 'kube-apiserver of kubeadm patch';
const KUBELET = 'kubelet of kubeadm patch';

function container(...lines: readonly string[]): string {
  return `spec:\n  containers:\n  - name: kube-apiserver\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

describe('a patch that leaves our settings alone gives no finding', () => {
  test.each([
    ['kube-apiserver+strategic.yaml', container('args: [--v=2]')],
    [
      'kube-apiserver0.yaml',
      `apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver}\n${container('args: [--v=2]')}`,
    ],
    ['kube-apiserver1+strategic.yaml', container('resources: {requests: {cpu: 1}}')],
    ['kube-apiserver.yaml', 'metadata: {labels: {a: b}}\n'],
    ['kube-apiserver+json.json', '[{"op": "add", "path": "/spec/containers/0/command/-", "value": "--v=2"}]'],
    ['kube-apiserver+merge.yaml', 'spec: {priorityClassName: null}\n'],
    ['kubeletconfiguration0+strategic.json', '{"kubeReserved": {"cpu": "1"}}'],
    ['kubeletconfiguration0+strategic.json', '{"kubeReserved": {"cpu": "1",},}'],
    ['kubeletconfiguration.yaml', 'maxPods: 200\n'],
    ['etcd+strategic.yaml', container('command: [etcd]')],
  ])('%s', (path, text) => {
    expect(resultsOf(text, `patches/${path}`)).toEqual({});
  });
});

describe('a patch of kube-apiserver', () => {
  test.each([
    [
      'kube-apiserver+strategic.yaml',
      container('command:', '- kube-apiserver', '- --v=2'),
      'missing in line 4, missing in line 4',
    ],
    ['kube-apiserver0.yaml', container('command: [kube-apiserver]'), 'missing in line 4, missing in line 4'],
    ['kube-apiserver.yaml', container('args: [--v=2, --kubelet-client-key=]'), 'empty in line 4'],
    [
      'kube-apiserver+json.yaml',
      '- op: add\n  path: /spec/containers/0/command/-\n  value: --kubelet-client-key=\n',
      'empty in line 3',
    ],
    [
      'kube-apiserver+json.json',
      '[{"op": "replace", "path": "/spec/containers/0/command", "value": ["kube-apiserver"]}]',
      'missing in line 1, missing in line 1',
    ],
    [
      'kube-apiserver+merge.yaml',
      container('image: kube-apiserver', 'command: [kube-apiserver, --kubelet-client-key=/k]'),
      'missing in line 5',
    ],
    [
      'kube-apiserver+strategic.yaml',
      `spec:\n  containers:\n  - $patch: replace\n  - name: kube-apiserver\n    command: [kube-apiserver]\n`,
      'missing in line 5, missing in line 5',
    ],
    [
      'kube-apiserver+strategic.yaml',
      `metadata: {labels: {a: b}}\n---\n${container('args: [--kubelet-client-certificate=]')}`,
      'empty in line 6',
    ],
  ])('%s that removes the pair fails', (path, text, result) => {
    expect(resultsOf(text, `patches/${path}`)).toEqual({ [API_SERVER]: result });
  });

  test.each([
    ['that sets another mounted pair passes', container('args: [--kubelet-client-key=/etc/kubernetes/pki/k]'), 'pass'],
    ['that sets a pair that is not mounted is unknown', container('args: [--kubelet-client-key=/srv/k]'), 'unknown'],
    [
      'that removes the mount is unknown',
      container('volumeMounts: [{mountPath: /etc/kubernetes/pki, $patch: delete}]'),
      'unknown',
    ],
    ['without a merge key cannot be applied', 'spec: {containers: [{args: [--v=2]}]}\n', 'unknown'],
    ['that is no YAML is unknown', 'spec: [a\n', 'unknown'],
  ])('%s', (_title, text, result) => {
    expect(resultsOf(text, 'kube-apiserver0+strategic.yaml')).toEqual({ [API_SERVER]: result });
  });

  test('that removes an argument by its number fails, if that is the one', () => {
    const patch = (index: number): string => `- {op: remove, path: /spec/containers/0/command/${String(index)}}\n`;
    expect(resultsOf(patch(12), 'kube-apiserver+json.yaml')).toEqual({ [API_SERVER]: 'missing in line 1' });
    expect(resultsOf(patch(2), 'kube-apiserver+json.yaml')).toEqual({ [API_SERVER]: 'unknown' });
  });
});

describe('a patch of the KubeletConfiguration', () => {
  test.each([
    ['kubeletconfiguration+merge.yaml', 'authentication: {x509: {clientCAFile: null}}\n', 'missing in line 1'],
    ['kubeletconfiguration+strategic.yaml', 'authentication:\n  x509:\n    clientCAFile: ""\n', 'empty in line 3'],
    ['kubeletconfiguration0.json', '{"authentication": null}', 'missing in line 1'],
    [
      'kubeletconfiguration+json.yaml',
      '- {op: remove, path: /authentication/x509/clientCAFile}\n',
      'missing in line 1',
    ],
    [
      'kubeletconfiguration.yaml',
      'authentication:\n  $patch: replace\n  anonymous: {enabled: false}\n',
      'missing in line 1',
    ],
    ['kubeletconfiguration0.yaml', 'authentication: {x509: {clientCAFile: /etc/ca.crt}}\n', 'pass'],
    [
      'kubeletconfiguration0.yaml',
      'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: many\n',
      'would-not-start in line 3',
    ],
  ])('%s: %s', (path, text, result) => {
    expect(resultsOf(text, path)).toEqual({ [KUBELET]: result });
  });
});

describe('a whole object of such a name is no patch', () => {
  test.each([
    [
      'kube-apiserver.yaml',
      `apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver}\n${container('image: kube-apiserver', 'command: [kube-apiserver]')}`,
      'kube-apiserver of Pod',
    ],
    [
      'kubeletconfiguration.yaml',
      'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n',
      'kubelet of KubeletConfiguration',
    ],
  ])('%s', (path, text, subject) => {
    expect(resultsOf(text, path)).toEqual({ [subject]: expect.stringContaining('missing') });
  });
});

describe('patches with the documents that they change', () => {
  const HEADER = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };
  const place: ConfigurationPlace = {
    name: 'k',
    kind: 'k',
    source: { object: 'k' },
    vantage: 'declared',
    surface: 'kubeadm-config',
  };

  function clientCA(kubelet: UnknownRecord, patch: unknown): unknown {
    const patches = [{ path: 'kubeletconfiguration.json', content: { text: JSON.stringify(patch) }, pointer: '/p' }];
    const documents = { kubelet: { document: decodedDocument({ ...HEADER, ...kubelet }), pointer: '/k' }, patches };
    const [subject] = kubeadmSubjects(documents, place, ample());
    return subject?.component === 'kubelet' ? subject.clientCAFile : undefined;
  }

  test.each([[{}], [{ authentication: null }], [{ authentication: { x509: null } }]])(
    'kubeadm fills in the client CA of %j first',
    (kubelet) => {
      const origin = { layer: 'kubeadm' };
      expect(clientCA(kubelet, { maxPods: 5 })).toEqual({ state: 'set', value: '/etc/kubernetes/pki/ca.crt', origin });
      expect(clientCA(kubelet, { authentication: { x509: { clientCAFile: '' } } })).toMatchObject({
        value: '',
        origin: { pointer: '/p', lineWithin: 1 },
      });
    },
  );

  test('what no patch changes stays where it is written', () => {
    expect(clientCA({ authentication: { x509: { clientCAFile: '/ca' } } }, { maxPods: 5 })).toMatchObject({
      value: '/ca',
      origin: { pointer: '/k/authentication/x509/clientCAFile' },
    });
  });
});
