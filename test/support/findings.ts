import { apiserverKubeletClientCert } from '../../src/controls/apiserver-kubelet-client-cert.ts';
import { kubeletClientCA } from '../../src/controls/kubelet-client-ca.ts';
import type { Finding } from '../../src/policy/finding.ts';
import type { Outcome } from '../../src/policy/outcome.ts';
import type { SourceProblem } from '../../src/policy/reading.ts';

/** An outcome of each result. */
export const outcomes = {
  pass: { result: 'pass', warnings: [] },
  fail: {
    result: 'fail',
    violations: [
      {
        code: 'missing',
        setting: '--kubelet-client-key',
        message: '--kubelet-client-key is not set',
        origin: { layer: 'flag', pointer: '/spec/containers/0/command', line: 14 },
      },
    ],
    problems: [],
    warnings: [],
  },
  unknown: {
    result: 'unknown',
    problems: [{ code: 'unresolved', message: '$KEY is not known here; check the running process' }],
    warnings: [],
  },
} as const satisfies Record<string, Outcome>;

/** The finding of one kube-apiserver's manifest; every part can be replaced. */
export function apiServerFinding(parts: Partial<Finding> = {}): Finding {
  return {
    control: apiserverKubeletClientCert,
    subject: {
      component: 'kube-apiserver',
      name: 'kube-apiserver-cp-1',
      namespace: 'kube-system',
      kind: 'Pod',
      node: 'cp-1',
    },
    source: { path: 'manifests/kube-apiserver.yaml', document: 0 },
    vantage: 'declared',
    surface: 'pod',
    outcome: outcomes.pass,
    evidence: [
      {
        setting: '--kubelet-client-certificate',
        value: '/etc/kubernetes/pki/apiserver-kubelet-client.crt',
        origin: { layer: 'flag', pointer: '/spec/containers/0/command/12' },
      },
    ],
    ...parts,
  };
}

/** The finding of one kubelet's ConfigMap; every part can be replaced. */
export function kubeletFinding(parts: Partial<Finding> = {}): Finding {
  return {
    control: kubeletClientCA,
    subject: { component: 'kubelet', name: 'kubelet-config', namespace: 'kube-system', kind: 'ConfigMap' },
    source: { object: 'ConfigMap kube-system/kubelet-config' },
    vantage: 'declared',
    surface: 'kubelet-config',
    outcome: outcomes.pass,
    evidence: [],
    ...parts,
  };
}

/** A path that could not be read. */
export const lostFile: SourceProblem = {
  problem: { code: 'forbidden', message: 'cannot be read: give this user the right to read it' },
  source: { path: 'secret.yaml' },
};
