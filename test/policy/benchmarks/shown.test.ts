import { describe, expect, test } from '@jest/globals';

import { apiserverKubeletClientCert } from '../../../src/controls/apiserver-kubelet-client-cert.ts';
import { controls } from '../../../src/controls/index.ts';
import { kubeletClientCA } from '../../../src/controls/kubelet-client-ca.ts';
import { PLATFORMS, type Platform } from '../../../src/policy/benchmarks/platform.ts';
import { benchmarkNames, findBenchmark, selectBenchmark } from '../../../src/policy/benchmarks/select.ts';
import { controlsWithId, referencesOf, shownReference, titleOf } from '../../../src/policy/benchmarks/shown.ts';

function title(control: typeof kubeletClientCA, platform?: Platform): string {
  return titleOf({ control, ...(platform && { platform }) });
}

function choose(name: string) {
  const choice = findBenchmark(name);
  if (choice === undefined) throw new Error(`no benchmark ${name}`);
  return selectBenchmark(controls, choice);
}

describe('the shown id', () => {
  test.each([
    [undefined, 'kubelet-client-ca (CIS Kubernetes Benchmark 4.2.3)'],
    ['kubeadm', 'kubelet-client-ca (CIS Kubernetes Benchmark 4.2.3)'],
    ['aks', 'kubelet-client-ca (CIS AKS Benchmark 3.2.3)'],
    ['eks', 'kubelet-client-ca (CIS EKS Benchmark 3.2.3)'],
    ['gke', 'kubelet-client-ca (CIS GKE Benchmark 3.2.3, v1.2 to v1.7)'],
    ['openshift', 'kubelet-client-ca (CIS OpenShift Benchmark 4.2.4)'],
    ['rke2', 'kubelet-client-ca (Rancher CIS profile 4.2.3)'],
  ] as const)('on %s', (platform, expected) => {
    expect(title(kubeletClientCA, platform)).toBe(expected);
  });

  test('is the general one where the benchmark of the platform does not have the control', () => {
    expect(title(apiserverKubeletClientCert, 'eks')).toBe(
      'apiserver-kubelet-client-cert (CIS Kubernetes Benchmark 1.2.4)',
    );
  });

  test('is the first of the references, and those of other platforms are left out', () => {
    for (const control of controls) {
      for (const platform of [undefined, ...PLATFORMS]) {
        const shown = shownReference(control, platform);
        expect(referencesOf(control, platform)[0]).toContain(`${shown?.benchmark} ${shown?.id}`);
      }
    }
    expect(referencesOf(kubeletClientCA, 'eks')).toStrictEqual([
      'CIS EKS Benchmark 3.2.3',
      'CIS Kubernetes Benchmark 4.2.3',
      'DISA Kubernetes STIG V-242420',
      'NIST 800-53 CM-6, SC-23',
    ]);
    expect(referencesOf(apiserverKubeletClientCert, 'kubeadm')).toStrictEqual([
      'CIS Kubernetes Benchmark 1.2.4',
      'CIS Kubernetes Benchmark 1.2.5 (v1.5, v1.6, v1.23)',
      'DISA Kubernetes STIG V-242441 (V1)',
      'NIST 800-53 CM-6, SC-8',
    ]);
    expect(referencesOf(kubeletClientCA, undefined)).toContain('CIS OpenShift Benchmark 4.2.3 (v1.0, v1.1)');
  });
});

describe('a chosen benchmark', () => {
  test('has its own ids only, with the version, whatever the platform', () => {
    const chosen = choose('cis-aks-1.8');
    expect(chosen.map((control) => titleOf({ control, platform: 'openshift' }))).toStrictEqual([
      'apiserver-kubelet-client-cert',
      'kubelet-client-ca (CIS AKS Benchmark 3.2.3, v1.8)',
      'apiserver-kubelet-ca',
      'kubelet-anonymous-auth (CIS AKS Benchmark 3.2.1, v1.8)',
      'kubelet-authorization-mode (CIS AKS Benchmark 3.2.2, v1.8)',
    ]);
    const [first] = chosen;
    expect(first && referencesOf(first, 'aks')).toStrictEqual([]);
  });

  test('without a version shows the newest id', () => {
    const [, control] = choose('cis-openshift');
    expect(control && referencesOf(control, undefined)).toStrictEqual([
      'CIS OpenShift Benchmark 4.2.4',
      'CIS OpenShift Benchmark 4.2.3 (v1.0, v1.1)',
    ]);
  });

  test('has no ids in a version that dropped the controls', () => {
    expect(choose('cis-gke-1.9').flatMap(({ benchmarks }) => benchmarks)).toStrictEqual([]);
  });

  test('changes nothing else of a control', () => {
    for (const [name, ...versioned] of benchmarkNames()) {
      for (const choice of [name, ...versioned]) {
        const without = choose(choice).map((control) => ({ ...control, benchmarks: [] }));
        expect(without).toStrictEqual(controls.map((control) => ({ ...control, benchmarks: [] })));
        expect(findBenchmark(choice)?.name).toBe(choice);
      }
    }
  });

  test.each([
    ['CIS-AKS-v1.8.0', 'cis-aks-1.8'],
    ['cis-eks-1.0.1', 'cis-eks-1.0.1'],
    ['disa-stig-v2', 'disa-stig-v2'],
    ['nist-800-53-r5', 'nist-800-53-r5'],
    ['nist-800-53', 'nist-800-53'],
    ['cis-aks-2.0', undefined],
    ['cis-aks-', undefined],
    ['cis', undefined],
    ['', undefined],
  ])('%j is %j', (name, found) => {
    expect(findBenchmark(name)?.name).toBe(found);
  });
});

describe('an id', () => {
  const find = (id: string, platform?: Platform) => controlsWithId(controls, id, platform).map(({ slug }) => slug);

  test('names the control that shows it', () => {
    expect(find('4.2.3')).toStrictEqual(['kubelet-client-ca']);
    expect(find('4.2.3', 'openshift')).toStrictEqual(['kubelet-authorization-mode']);
    expect(find('1.2.5')).toStrictEqual(['apiserver-kubelet-ca']);
  });

  test('of another benchmark or of an old version is found if no control shows it', () => {
    expect(find('3.2.3')).toStrictEqual(['kubelet-client-ca']);
    expect(find('4.2.4')).toStrictEqual(['kubelet-client-ca']);
    expect(find('1.2.6')).toStrictEqual(['apiserver-kubelet-ca']);
    expect(find('v-242420')).toStrictEqual(['kubelet-client-ca']);
    expect(find('SC-23')).toStrictEqual(['kubelet-client-ca']);
  });

  test('names no control by a part of it', () => {
    expect(find('4.2')).toStrictEqual([]);
    expect(find('')).toStrictEqual([]);
  });

  test('is one of the chosen benchmark only', () => {
    expect(controlsWithId(choose('cis-aks-1.8'), '4.2.3')).toStrictEqual([]);
  });
});
