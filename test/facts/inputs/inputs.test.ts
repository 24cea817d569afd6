// Every input is recognised in a file, in a list and in an AdmissionReview. Every list that is derived from the inputs
// or written by hand elsewhere agrees with them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { INPUTS, WRAPPERS } from '../../../src/facts/inputs/index.ts';
import { decodedDocument } from '../../../src/facts/yaml/documents.ts';
import { ADMISSION_RESOURCES, inspect } from '../../../src/inspect.ts';
import type { UnknownRecord } from '../../../src/json.ts';
import { evaluate } from '../../../src/policy/evaluate.ts';
import type { Inspection } from '../../../src/policy/finding.ts';
import { SURFACES } from '../../../src/policy/reading.ts';
import { AMPLE, ample } from '../../support/budget.ts';

const KUBELET = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: { x509: { clientCAFile: '' } },
};
const CLUSTER = {
  apiVersion: 'kubeadm.k8s.io/v1beta4',
  kind: 'ClusterConfiguration',
  apiServer: { extraArgs: [{ name: 'kubelet-client-certificate', value: '' }] },
};
const OPENSHIFT = {
  apiVersion: 'kubecontrolplane.config.openshift.io/v1',
  kind: 'KubeAPIServerConfig',
  apiServerArguments: { 'kubelet-client-certificate': [] },
};
const SPEC = { containers: [{ name: 'main', image: 'i', command: ['kube-apiserver'] }] };

function configMap(namespace: string, name: string, key: string, value: object): UnknownRecord {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { [key]: JSON.stringify(value) } };
}

/** One violating object for each input, by the input's name, and the component that it is about. */
const SAMPLES: Readonly<Record<string, readonly [component: string, object: UnknownRecord]>> = {
  Pod: [
    'kube-apiserver',
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'kube-system' }, spec: SPEC },
  ],
  'Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, PodTemplate, Job, CronJob': [
    'kube-apiserver',
    {
      ...{ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'd', namespace: 'kube-system' } },
      spec: { selector: {}, template: { spec: SPEC } },
    },
  ],
  'ConfigMap kube-system/kubeadm-config': [
    'kube-apiserver',
    configMap('kube-system', 'kubeadm-config', 'ClusterConfiguration', CLUSTER),
  ],
  'ConfigMap kube-system/kubelet-config': ['kubelet', configMap('kube-system', 'kubelet-config', 'kubelet', KUBELET)],
  'ConfigMap openshift-kube-apiserver/config': [
    'kube-apiserver',
    configMap('openshift-kube-apiserver', 'config', 'config.yaml', OPENSHIFT),
  ],
  KubeletConfiguration: ['kubelet', KUBELET],
  ClusterConfiguration: ['kube-apiserver', CLUSTER],
  'kind `Cluster`': [
    'kubelet',
    {
      ...{ apiVersion: 'kind.x-k8s.io/v1alpha4', kind: 'Cluster' },
      kubeadmConfigPatches: ['kind: InitConfiguration\nnodeRegistration: {kubeletExtraArgs: {client-ca-file: ""}}\n'],
    },
  ],
  'InitConfiguration, JoinConfiguration': [
    'kubelet',
    {
      ...{ apiVersion: 'kubeadm.k8s.io/v1beta3', kind: 'JoinConfiguration' },
      nodeRegistration: { kubeletExtraArgs: { 'client-ca-file': '' } },
    },
  ],
  KubeAPIServerConfig: ['kube-apiserver', OPENSHIFT],
  'RKE1 `cluster.yml`': [
    'kube-apiserver',
    {
      ...{ apiVersion: 'management.cattle.io/v3', kind: 'Cluster', metadata: { name: 'c' } },
      spec: { rancherKubernetesEngineConfig: { services: { kubeApi: { extraArgs: { 'kubelet-client-key': '' } } } } },
    },
  ],
  'Rancher `Cluster`, `RKEControlPlane`': [
    'kube-apiserver',
    {
      ...{ apiVersion: 'provisioning.cattle.io/v1', kind: 'Cluster', metadata: { name: 'c' } },
      spec: { rkeConfig: { machineGlobalConfig: { 'kube-apiserver-arg': ['kubelet-client-key='] } } },
    },
  ],
  [[
    ...['RKE2ControlPlane', 'RKE2ControlPlaneTemplate', 'RKE2Config', 'RKE2ConfigTemplate', 'KThreesControlPlane'],
    ...['KThreesControlPlaneTemplate', 'KThreesConfig', 'KThreesConfigTemplate'],
  ]
    .map((kind) => `\`${kind}\``)
    .join(', ')]: [
    'kube-apiserver',
    {
      ...{ apiVersion: 'controlplane.cluster.x-k8s.io/v1beta1', kind: 'RKE2ControlPlane', metadata: { name: 'r' } },
      spec: { serverConfig: { kubeAPIServer: { extraArgs: ['kubelet-client-key='] } } },
    },
  ],
  'k3d `Simple`': [
    'kubelet',
    {
      ...{ apiVersion: 'k3d.io/v1alpha5', kind: 'Simple', metadata: { name: 'k' } },
      options: { k3s: { extraArgs: [{ arg: '--kubelet-arg=client-ca-file=', nodeFilters: ['all'] }] } },
    },
  ],
  '`config.yaml` of k3s and RKE2': ['kube-apiserver', { 'kube-apiserver-arg': ['kubelet-client-key='] }],
  'k0s `ClusterConfig`, k0sctl `Cluster`, `K0sControlPlane`, `K0sWorkerConfig`': [
    'kube-apiserver',
    {
      ...{ apiVersion: 'controlplane.cluster.x-k8s.io/v1beta1', kind: 'K0sControlPlane', metadata: { name: 'k' } },
      spec: { k0sConfigSpec: { k0s: { spec: { api: { extraArgs: { 'kubelet-client-key': '' } } } } } },
    },
  ],
  '`KubeadmControlPlane`, `KubeadmControlPlaneTemplate`, `KubeadmConfig`, `KubeadmConfigTemplate`': [
    'kube-apiserver',
    {
      ...{ apiVersion: 'controlplane.cluster.x-k8s.io/v1beta1', kind: 'KubeadmControlPlane', metadata: { name: 'k' } },
      spec: {
        kubeadmConfigSpec: { clusterConfiguration: { apiServer: { extraArgs: { 'kubelet-client-key': '' } } } },
      },
    },
  ],
  'kops `Cluster`, `InstanceGroup`': [
    'kubelet',
    {
      ...{ apiVersion: 'kops.k8s.io/v1alpha2', kind: 'InstanceGroup', metadata: { name: 'nodes' } },
      spec: { kubelet: { anonymousAuth: true } },
    },
  ],
  'Talos machine configuration': [
    'kubelet',
    { version: 'v1alpha1', machine: { type: 'worker', kubelet: { extraArgs: { 'client-ca-file': '' } } } },
  ],
  'talhelper `talconfig.yaml`': [
    'kubelet',
    {
      ...{ clusterName: 'c', endpoint: 'https://c', nodes: [] },
      patches: ['machine:\n  kubelet:\n    extraArgs: { client-ca-file: "" }\n'],
    },
  ],
  'Ignition configuration': [
    'kubelet',
    {
      ignition: { version: '3.4.0' },
      systemd: {
        units: [{ name: 'kubelet.service', contents: '[Service]\nExecStart=/k/kubelet --client-ca-file=\n' }],
      },
    },
  ],
  'Butane configuration': [
    'kubelet',
    {
      ...{ variant: 'flatcar', version: '1.0.0' },
      systemd: {
        units: [{ name: 'kubelet.service', contents: '[Service]\nExecStart=/k/kubelet --client-ca-file=\n' }],
      },
    },
  ],
  'OpenShift `MachineConfig`': [
    'kubelet',
    {
      ...{
        apiVersion: 'machineconfiguration.openshift.io/v1',
        kind: 'MachineConfig',
        metadata: { name: '99-kubelet' },
      },
      spec: {
        config: {
          ignition: { version: '3.4.0' },
          systemd: {
            units: [{ name: 'kubelet.service', contents: '[Service]\nExecStart=/k/kubelet --client-ca-file=\n' }],
          },
        },
      },
    },
  ],
  'OpenShift `KubeletConfig`': [
    'kubelet',
    {
      ...{ apiVersion: 'machineconfiguration.openshift.io/v1', kind: 'KubeletConfig', metadata: { name: 'k' } },
      spec: { kubeletConfig: { authentication: { anonymous: { enabled: true } } } },
    },
  ],
  'cloud-init `#cloud-config`': [
    'kubelet',
    {
      write_files: [
        {
          path: '/etc/systemd/system/kubelet.service',
          content: '[Service]\nExecStart=/k/kubelet --client-ca-file=\n',
        },
      ],
    },
  ],
  'EKS `NodeConfig`': [
    'kubelet',
    {
      ...{ apiVersion: 'node.eks.aws/v1alpha1', kind: 'NodeConfig' },
      spec: { kubelet: { config: { authentication: { x509: { clientCAFile: '' } } } } },
    },
  ],
  'Cluster API `EKSConfig`, `NodeadmConfig` and their templates': [
    'kubelet',
    {
      ...{ apiVersion: 'bootstrap.cluster.x-k8s.io/v1beta2', kind: 'EKSConfig', metadata: { name: 'e' } },
      spec: { kubeletExtraArgs: { 'client-ca-file': '' } },
    },
  ],
  'Karpenter `EC2NodeClass`': [
    'kubelet',
    {
      ...{ apiVersion: 'karpenter.k8s.aws/v1', kind: 'EC2NodeClass', metadata: { name: 'default' } },
      spec: {
        userData:
          'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet:\n    flags: [--client-ca-file=]\n',
      },
    },
  ],
  'eksctl `ClusterConfig`': [
    'kubelet',
    {
      ...{ apiVersion: 'eksctl.io/v1alpha5', kind: 'ClusterConfig', metadata: { name: 'c' } },
      nodeGroups: [{ name: 'n', kubeletExtraConfig: { authentication: { anonymous: { enabled: true } } } }],
    },
  ],
  'body of `/configz`': ['kubelet', { kubeletconfig: { ...KUBELET, authentication: { x509: {} } } }],
};

function findIn(value: unknown): Inspection {
  const text = JSON.stringify(value, undefined, 1);
  return inspect(controls, [{ form: 'text', path: 'file.json', text }], AMPLE);
}

/** The findings, and the lines of the text that their violations point to. */
function violationsIn(value: unknown): unknown {
  const { findings, problems } = findIn(value);
  const lines = JSON.stringify(value, undefined, 1).split('\n');
  expect(problems).toEqual([]);
  expect(findings.map(({ outcome }) => outcome.result)).toContain('fail');
  return findings.map(({ control, subject, surface, outcome }) => [
    ...[control.slug, subject, surface, outcome.result],
    ...(outcome.result === 'fail' ? outcome.violations : []).map(({ code, message, origin }) => [
      ...[code, message, origin?.line === undefined ? undefined : lines[origin.line - 1]?.trim()],
    ]),
  ]);
}

test('every input has a sample here', () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(INPUTS.map(({ name }) => name).sort());
});

describe.each(INPUTS.map((input) => [input.name, input] as const))('%s', (name, input) => {
  const [component, object] = SAMPLES[name] ?? ['', {}];
  const known = (input.resources ?? []).find(({ kind }) => kind === object.kind);

  test('is matched by no other input', () => {
    expect([...INPUTS, ...WRAPPERS].filter(({ matches }) => matches(object))).toEqual([input]);
  });

  test('is recognised in a file', () => {
    const { findings } = findIn(object);
    expect(findings.map(({ subject }) => subject.component)).toContain(component);
    for (const { surface } of findings) expect(input.surfaces).toContain(surface);
  });

  test('is recognised in a list, with the same findings', () => {
    const other = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
    expect(violationsIn({ apiVersion: 'v1', kind: 'List', items: [other, object] })).toEqual(violationsIn(object));
  });

  test('is recognised in an AdmissionReview, with the same findings', () => {
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { object } };
    if (input.resources) expect(known).toBeDefined();
    expect(violationsIn(review)).toEqual(violationsIn(object));
  });

  test('is unknown if a limit or a bug keeps it from being read', () => {
    const context = { source: { object: name }, vantage: 'declared', budget: ample() } as const;
    const found = { ...context, object, document: decodedDocument(object), pointer: '' };
    const findings = evaluate(controls, input.unreadable(found, { code: 'too-large', message: 'too large' }));
    expect(findings.map(({ subject }) => subject.component)).toContain(component);
    expect(new Set(findings.map(({ outcome }) => outcome.result))).toEqual(new Set(['unknown']));
  });
});

describe('the surfaces of the inputs', () => {
  test('are the surfaces that an action can be configured for', () => {
    const used = new Set(INPUTS.flatMap(({ surfaces }) => surfaces));
    expect([...used].sort()).toEqual([...SURFACES].sort());
  });

  test.each([
    ['schema/guard-configuration.schema.json', ['$defs', 'control', 'properties', 'on', 'properties']],
    ['manifests/chart/kubelet-guard/values.schema.json', ['$defs', 'surfaces', 'properties']],
  ])('are the properties in %s', (path, keys) => {
    const schema: unknown = JSON.parse(read(path));
    const found = keys.reduce<unknown>((at, key) => (at as UnknownRecord)[key], schema);
    expect(Object.keys(found as UnknownRecord)).toEqual(SURFACES);
  });

  test('are the rows of the table in docs/configuration.md', () => {
    const [, table = ''] = read('docs/configuration.md').split(/^\| Surface +\|.*\n/m);
    const rows = table.split('\n\n')[0]?.split('\n').slice(1) ?? [];
    expect(rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1])).toEqual(SURFACES);
  });
});

test('no resource is checked by two rules', () => {
  const names = ADMISSION_RESOURCES.map(({ group, resource, subResource }) => `${group}/${resource}/${subResource}`);
  expect(new Set(names).size).toBe(names.length);
});

function read(path: string): string {
  return readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');
}
