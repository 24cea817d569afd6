import { describe, expect, test } from '@jest/globals';

import { flagTable } from '../../../src/facts/argv/flags.ts';
import { parseCommandLine } from '../../../src/facts/argv/pflag.ts';
import { wordOf } from '../../../src/facts/argv/words.ts';
import data from '../../../src/facts/data/feature-gates.json' with { type: 'json' };
import { apiServerStart } from '../../../src/facts/gates/flags.ts';
import { kubeletSettings, type KubeletSettings } from '../../../src/facts/kubelet/kubelet.ts';
import { controls } from '../../../src/controls/index.ts';
import { inspect } from '../../../src/inspect.ts';
import { AMPLE, ample } from '../../support/budget.ts';

const HEADER = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const CONFIG = `${HEADER}authentication: {x509: {clientCAFile: /ca.crt}}\n`;

const CLUSTER = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.2
featureGates: {ControlPlaneKubeletLocalMode: true}
apiServer:
  extraArgs:
    - {name: feature-gates, value: NoSuchGate=true}
`;

interface Ways {
  readonly minor?: number;
  readonly args?: readonly string[];
  readonly file?: string;
  readonly dropIns?: readonly string[];
}

function kubelet({ minor, args = [], file = '', dropIns = [] }: Ways): KubeletSettings {
  return kubeletSettings({
    args: [`--config=/c.yaml`, ...(dropIns.length > 0 ? ['--config-dir=/d'] : []), ...args].map((text) =>
      wordOf(text, undefined),
    ),
    budget: ample(),
    ...(minor !== undefined && { minor }),
    readFile: () => ({ state: 'read', text: `${CONFIG}${file}` }),
    readDropIns: () => dropIns.map((text, index) => ({ path: `/d/${index}.conf`, text: `${HEADER}${text}` })),
  });
}

function apiServer(minor: number | undefined, ...args: readonly string[]): ReturnType<typeof apiServerStart> {
  const words = args.map((text) => wordOf(text, undefined));
  const table = flagTable('kube-apiserver', minor);
  return apiServerStart(parseCommandLine(words, table, { emptyPositionals: true, budget: ample() }), minor);
}

describe('the generated data', () => {
  test('has every minor version that the flags have, and no two entries for one gate and version', () => {
    expect(data.versions.map((version) => version.split('.')[1])).toStrictEqual(
      Array.from({ length: 18 }, (_, index) => String(20 + index)),
    );
    const taken = data.gates.flatMap(({ name, since, until }) =>
      Array.from({ length: until - since + 1 }, (_, index) => `${name} ${since + index}`),
    );
    expect(new Set(taken).size).toBe(taken.length);
  });
});

describe('a gate that a version does not have', () => {
  const REASON = 'unrecognized feature gate: NoSuchGate';

  test('is refused in every way in', () => {
    expect(apiServer(37, '--feature-gates=NoSuchGate=true').refusal).toMatchObject({ reason: REASON });
    expect(apiServer(31, '--feature-gates=kube:NoSuchGate=true').refusal?.reason).toBe(REASON);
    expect(kubelet({ minor: 37, args: ['--feature-gates', ' NoSuchGate = T '] }).refusal?.reason).toBe(REASON);
    expect(kubelet({ minor: 33, file: 'featureGates: {NoSuchGate: false}' }).refusal).toMatchObject({
      reason: REASON,
      origin: { layer: 'file', file: '/c.yaml', pointer: '/featureGates/NoSuchGate' },
    });
    expect(kubelet({ minor: 37, dropIns: ['maxPods: 5', 'featuregates: {NoSuchGate: true}'] }).refusal?.origin).toEqual(
      {
        layer: 'drop-in',
        file: '/d/1.conf',
        pointer: '/featuregates/NoSuchGate',
      },
    );
  });

  test('is refused with the versions that have it', () => {
    expect(apiServer(37, '--feature-gates=ServiceTopology=true').refusal?.reason).toMatch(
      /^unrecognized feature gate: ServiceTopology \(Kubernetes 1\.\d\d is the last version that has it\)$/,
    );
    expect(apiServer(20, '--feature-gates=ContextualLogging=true').refusal?.reason).toMatch(/is the first version/);
  });

  test('is a doubt if the version is not known, and nothing if some version has it', () => {
    for (const { refusal, doubts } of [
      apiServer(undefined, '--feature-gates=NoSuchGate=true'),
      kubelet({ args: ['--feature-gates=NoSuchGate=true'] }),
      kubelet({ file: 'featureGates: {NoSuchGate: true}' }),
      apiServer(17, '--feature-gates=NoSuchGate=true'),
      apiServer(99, '--feature-gates=NoSuchGate=true'),
    ]) {
      expect(refusal).toBeUndefined();
      expect(doubts.map(({ code, message }) => [code, message.includes('NoSuchGate')])).toEqual([
        ['unknown-flag', true],
      ]);
    }
    expect(kubelet({ file: 'featureGates: {ServiceTopology: true, ContextualLogging: true}' }).doubts).toEqual([]);
  });

  test('does not take the readings away, because a process that runs in spite of it has them', () => {
    const { refusal, clientCAFile } = kubelet({ minor: 37, file: 'featureGates: {NoSuchGate: true}' });
    expect(refusal?.isRule).toBe(true);
    expect(clientCAFile).toMatchObject({ state: 'set', value: '/ca.crt' });
  });
});

describe('a gate that is locked', () => {
  test('is refused with the other value only', () => {
    expect(apiServer(37, '--feature-gates=DynamicResourceAllocation=false').refusal?.reason).toBe(
      'cannot set feature gate DynamicResourceAllocation to false, feature is locked to true',
    );
    expect(apiServer(37, '--feature-gates=DynamicResourceAllocation=true').refusal).toBeUndefined();
    expect(apiServer(37, '--feature-gates=GitRepoVolumeDriver=false').refusal).toBeUndefined();
    expect(apiServer(34, '--feature-gates=DynamicResourceAllocation=false').refusal).toBeUndefined();
  });

  test('the last of several values counts', () => {
    const flags = ['--feature-gates=DynamicResourceAllocation=false', '--feature-gates=DynamicResourceAllocation=true'];
    expect(apiServer(37, ...flags).refusal).toBeUndefined();
    expect(apiServer(37, ...[...flags].reverse()).refusal).toBeDefined();
  });

  test('is refused in a file also if a flag has the right value, because the defaults of the file depend on it from 1.32 on', () => {
    const ways = {
      file: 'featureGates: {ContextualLogging: false}',
      args: ['--feature-gates=ContextualLogging=true'],
    };
    const locked = { file: 'featureGates: {AppArmor: false}', args: ['--feature-gates=AppArmor=true'] };
    expect(kubelet({ minor: 37, ...ways }).refusal).toBeUndefined();
    expect(kubelet({ minor: 32, ...locked }).refusal?.reason).toContain('locked to true');
    expect(kubelet({ minor: 31, ...locked }).refusal).toBeUndefined();
  });
});

describe('gates of kube-apiserver', () => {
  test.each([
    ['NoValue', 'missing bool value for NoValue'],
    ['ContextualLogging=yes', 'invalid value of ContextualLogging=yes'],
    ['wardle:ContextualLogging=true', 'component not registered: wardle'],
    ['kube:ContextualLogging=true,AllBeta=true', 'do not mix use'],
    ['AllAlpha=true', 'depends on features that are disabled: [GenericWorkload]'],
  ])('%s: %s', (gates, reason) => {
    expect(apiServer(37, `--feature-gates=${gates}`).refusal?.reason).toContain(reason);
  });

  test.each([
    '',
    ',',
    'kube:',
    ' kube : ContextualLogging = T ',
    'AllBeta=false',
    'AllAlpha=true,AllBeta=true,GenericWorkload=true',
  ])('%j are accepted', (gates) => {
    expect(apiServer(37, `--feature-gates=${gates}`)).toEqual({ doubts: [] });
  });

  test('are a doubt if an emulated version would refuse them', () => {
    const gate = '--feature-gates=CompositePodGroup=false';
    expect(apiServer(37, gate)).toEqual({ doubts: [] });
    expect(apiServer(37, gate, '--emulated-version=kube=1.35').doubts).toMatchObject([{ code: 'unresolved' }]);
    expect(apiServer(37, '--feature-gates=NoSuchGate=true', '--emulated-version=1.36').refusal).toBeDefined();
  });
});

test('null is false in the map of gates', () => {
  expect(kubelet({ minor: 37, file: 'featureGates: {DynamicResourceAllocation: null}' }).refusal).toBeDefined();
});

test("OpenShift's kubelet only warns of gates that it does not know", () => {
  const gates = 'featureGates: {AdminNetworkPolicy: true}';
  const openShift = 'authentication: {x509: {clientCAFile: /etc/kubernetes/kubelet-ca.crt}}';
  expect(kubelet({ dropIns: [gates] }).doubts).toHaveLength(1);
  expect(kubelet({ dropIns: [`${gates}\n${openShift}`] })).toMatchObject({ doubts: [] });
  expect(kubelet({ minor: 34, dropIns: [`${gates}\n${openShift}`] }).refusal).toBeUndefined();
});

describe('a document', () => {
  const GATES = 'featureGates: {NoSuchGate: true}';
  const pod = (image: string): string =>
    [
      'apiVersion: v1',
      'kind: Pod',
      'metadata: {name: kube-apiserver, namespace: kube-system}',
      'spec:',
      '  containers:',
      '    - name: kube-apiserver',
      `      image: ${image}`,
      '      command: [kube-apiserver, --feature-gates=NoSuchGate=true]',
    ].join('\n');

  test.each([
    ['a configuration', '/etc/kubelet.yaml', `${CONFIG}${GATES}`, 'unknown'],
    ['a drop-in', '/etc/kubelet.conf.d/10-gates.conf', `${CONFIG}${GATES}`, 'unknown'],
    ['a pod of a known version', 'pod.yaml', pod('registry.k8s.io/kube-apiserver:v1.33.1'), 'fail'],
    ['a ClusterConfiguration', 'c.yaml', CLUSTER, 'fail'],
  ])('%s is judged by its gates', (_, path, text, result) => {
    const { findings } = inspect(controls, [{ form: 'text', path, text }], AMPLE);
    expect(findings.length).toBeGreaterThan(0);
    expect(new Set(findings.map(({ outcome }) => outcome.result))).toEqual(new Set([result]));
  });
});
