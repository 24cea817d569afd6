// Ways to check a document, with the result as one line of text.

import { createValidator } from '../../src/webhook/validator.ts';
import { createObjectCache } from '../../src/webhook/object-cache.ts';
import { kubeletSettings, type DropIn, type ConfigFile } from '../../src/facts/kubelet/kubelet.ts';
import { inspect } from '../../src/inspect.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { DecisionPolicy, Finding } from '../../src/policy/finding.ts';
import type { Outcome } from '../../src/policy/outcome.ts';
import type { Subject } from '../../src/policy/subject.ts';
import { ofTheLink } from '../support/controls.ts';
import { AMPLE, ample } from '../support/budget.ts';

/** The result: one line for each finding, then one for each problem of the run. */
export interface Verdict {
  readonly lines: readonly string[];
  readonly findings: readonly Finding[];
}

/** A case of a row of the table: the document, and the expected result. */
export interface Row {
  readonly row: number;
  readonly title: string;
  readonly show: () => Verdict;
  /** `pass`, `fail CODE SETTING…`, `unknown CODE…`, in the order of the findings. An empty list means that nothing is checked. */
  readonly expected: readonly string[];
  /** The value of the last evidence of the last finding. */
  readonly effective?: string;
}

/** The lines for the most frequent outcomes. */
export const PASS = ['pass'];
export const NO_FINDING: readonly string[] = [];
export const CERTIFICATE = '--kubelet-client-certificate';
export const KEY = '--kubelet-client-key';
export const CA_FIELD = 'authentication.x509.clientCAFile';
export const CA_FLAG = '--client-ca-file';
/** Both flags, as most rows need them. */
export const BOTH = [`${CERTIFICATE}=/c`, `${KEY}=/k`] as const;

/** A text, as `check` reads it from a file. */
export function text(content: string, path = 'file.yaml'): Verdict {
  const { findings, problems } = inspect(ofTheLink, [{ form: 'text', path, text: content }], AMPLE);
  return { findings, lines: [...findings.map(line), ...problems.map(({ problem }) => `problem ${problem.code}`)] };
}

/** The manifest of a static pod with one container. `more` has further lines of the container. */
export function pod(command: readonly string[], more: readonly string[] = []): Verdict {
  return text(podText(command, more));
}

/** The text of that manifest. */
export function podText(command: readonly string[], more: readonly string[] = []): string {
  const lines = [
    'apiVersion: v1',
    'kind: Pod',
    'metadata: {name: kube-apiserver, namespace: kube-system}',
    'spec:',
    '  containers:',
    '  - name: kube-apiserver',
    ...(command.length > 0 ? [`    command: ${JSON.stringify(command)}`] : []),
    ...(more.some((entry) => entry.startsWith('image:')) ? [] : ['    image: registry.k8s.io/kube-apiserver:v1.37.2']),
    ...more.map((entry) => `    ${entry}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** A pod whose container runs kube-apiserver with these words. */
export function apiServer(...words: readonly string[]): Verdict {
  return pod(['kube-apiserver', ...words]);
}

/** A pod whose container runs a script. */
export function script(lines: string | readonly string[], more: readonly string[] = []): Verdict {
  return pod(['/bin/sh', '-c', typeof lines === 'string' ? lines : lines.join('\n')], more);
}

/**
 * A kubelet with its command line and the files that it would read. The drop-ins of a directory are in the order in which the
 * kubelet reads them.
 */
export function kubelet(
  argv: string,
  files: Readonly<Record<string, string | readonly DropIn[]>> = {},
  minor?: number,
): Verdict {
  const args = argv === '' ? [] : argv.split(' ').map((word) => ({ text: word === '""' ? '' : word }));
  const readFile = (path: string): ConfigFile => {
    const content = files[path];
    return typeof content === 'string' ? { state: 'read', text: content } : { state: 'missing' };
  };
  const readDropIns = (directory: string): readonly DropIn[] | { state: 'missing' } => {
    const content = files[directory];
    return content === undefined || typeof content === 'string' ? { state: 'missing' } : content;
  };
  const { serves, ...settings } = kubeletSettings({
    budget: ample(),
    args,
    readFile,
    readDropIns,
    ...(minor !== undefined && { minor }),
  });
  const subject: Subject = {
    component: 'kubelet',
    name: { component: 'kubelet', name: 'worker-1', kind: 'Node' },
    source: { node: 'worker-1', via: 'proc' },
    vantage: 'on-node',
    surface: 'kubelet-config',
    ...settings,
  };
  const findings = serves ? evaluate(ofTheLink, [subject]) : [];
  return { findings, lines: findings.map(line) };
}

/** The text of a KubeletConfiguration with further lines. */
export function configuration(...lines: readonly string[]): string {
  return `${['apiVersion: kubelet.config.k8s.io/v1beta1', 'kind: KubeletConfiguration', ...lines].join('\n')}\n`;
}

/** The text of a KubeletConfiguration with this value of clientCAFile, as YAML. */
export function withCA(value: string): string {
  return configuration('authentication:', '  x509:', `    clientCAFile: ${value}`);
}

/** A ConfigMap with one key, as kubectl prints it. */
export function configMap(name: string, key: string, content: string, namespace = 'kube-system'): string {
  return `${[
    'apiVersion: v1',
    'kind: ConfigMap',
    `metadata: {name: ${name}, namespace: ${namespace}}`,
    'data:',
    `  ${key}: |`,
    ...content
      .trimEnd()
      .split('\n')
      .map((entry) => `    ${entry}`),
  ].join('\n')}\n`;
}

/** kubeadm-config with a ClusterConfiguration's apiServer.extraArgs, as YAML lines. */
export function kubeadmConfig(extraArgs: readonly string[], version = 'v1beta4'): Verdict {
  const lines = [
    `apiVersion: kubeadm.k8s.io/${version}`,
    'kind: ClusterConfiguration',
    'kubernetesVersion: v1.37.2',
    ...(extraArgs.length > 0 ? ['apiServer:', '  extraArgs:', ...extraArgs.map((entry) => `    ${entry}`)] : []),
  ];
  return text(configMap('kubeadm-config', 'ClusterConfiguration', lines.join('\n')));
}

/** The content of a request to the webhook. Every control is enforced. */
export interface Change {
  readonly operation: string;
  readonly resource: string;
  readonly subResource?: string;
  readonly object?: unknown;
  readonly oldObject?: unknown;
  readonly dryRun?: boolean;
}

/** The webhook's answer to a request for a kube-system object. */
export function admit({ operation, resource, subResource = '', object, oldObject, dryRun = false }: Change): Verdict {
  const policy: DecisionPolicy = { action: () => 'enforce', onUnknown: 'audit', exemptions: [] };
  const validate = createValidator({
    allowance: AMPLE,
    stored: () => [],
    configuration: () => ({ controls: ofTheLink, policy, namespaces: new Set(['kube-system']) }),
    cache: createObjectCache(() => new Date(0)),
    now: () => new Date(0),
  });
  const kind = resource === 'pods' ? 'Pod' : 'ConfigMap';
  const request = {
    uid: 'u',
    group: '',
    resource,
    subResource,
    kind,
    namespace: 'kube-system',
    name: 'x',
    operation,
    username: '',
    dryRun,
  };
  const decision = validate({ ...request, object, oldObject });
  if (decision === undefined) return { findings: [], lines: ['not checked'] };
  const { allowed, denied, warned } = decision;
  const findings = [...denied, ...warned];
  return { findings, lines: [allowed ? 'allowed' : 'denied', ...findings.map(line)] };
}

function line({ outcome }: Finding): string {
  return [outcome.result, ...reasons(outcome), ...outcome.warnings.map(({ code }) => `(${code})`)].join(' ');
}

function reasons(outcome: Outcome): string[] {
  switch (outcome.result) {
    case 'pass':
      return [];
    case 'unknown':
      return [...new Set(outcome.problems.map(({ code }) => code))];
    case 'fail':
      return outcome.violations.flatMap(({ code, setting }) => [code, setting]);
  }
}

/** A workload whose template contains the pod of a manifest. */
export function workload(kind: string, manifest: string, api = 'apps/v1'): Verdict {
  const spec = manifest.slice(manifest.indexOf('spec:'));
  const indented = spec.replaceAll(/^(?=.)/gm, '    ');
  return text(
    `apiVersion: ${api}\nkind: ${kind}\nmetadata: {name: x, namespace: hosted}\nspec:\n  template:\n${indented}`,
  );
}
