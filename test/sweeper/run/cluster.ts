// A fake cluster for tests of the sweep: what it asks for, and the answers.

import { controls } from '../../../src/controls/index.ts';
import { noHistory } from '../../../src/sweeper/reports/history.ts';
import type { SweepDeps, SweepOptions } from '../../../src/sweeper/run/deps.ts';
import { sweep, type SweepResult } from '../../../src/sweeper/run/sweep.ts';
import { inspect } from '../../../src/inspect.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { ProblemCode } from '../../../src/policy/reading.ts';
import type { KubeletEvidence, NodeTarget } from '../../../src/evidence/evidence.ts';
import type { ListedNode } from '../../../src/evidence/nodes.ts';
import { AMPLE } from '../../support/budget.ts';

export const SERVER = 'api.test:6443';

export const sweepOptions: SweepOptions = {
  inspect: (document) => inspect(controls, [document], AMPLE),
  isReported: () => true,
  exemptions: [],
  exemptionFor: () => undefined,
  concurrency: 4,
};

export function node(name: string, traits: Partial<ListedNode> = {}): ListedNode {
  const address = addressOf(name);
  const target: NodeTarget = { name, uid: `uid-${name}`, address, port: 10250 };
  return {
    ...{ name, uid: target.uid, createdAt: undefined, readySince: undefined, addresses: [address] },
    ...{ pool: undefined, isControlPlane: false, isVirtual: false, target, ...traits },
  };
}

/** A different address for each name that is used here. */
export function addressOf(name: string): string {
  const sum = Array.from(name).reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 65_521, 0);
  return `10.9.${sum >> 8}.${sum & 0xff}`;
}

/** The answer of a kubelet at /configz. */
export function configz(name: string, path: string | undefined): RawDocument {
  const x509 = path === undefined ? {} : { clientCAFile: path };
  const authentication = { x509, anonymous: { enabled: false }, webhook: { enabled: true } };
  const value = { kubeletconfig: { authentication, authorization: { mode: 'Webhook' } } };
  return { form: 'configz', source: { node: name, via: 'configz' }, value };
}

export function hello(name: string, authorities: readonly string[] | undefined): RawDocument {
  return { form: 'hello', source: { node: name, via: 'handshake' }, authorities };
}

export function unanswered(name: string, via: KubeletEvidence['name'], code: ProblemCode): RawDocument {
  const problem = { code, message: code };
  return { form: 'unanswered', component: 'kubelet', wanted: wantedOf(via), source: { node: name, via }, problem };
}

export function flagz(address: string, flags: Readonly<Record<string, string>> = GOOD_FLAGS): RawDocument {
  const value = { kind: 'Flagz', apiVersion: 'config.k8s.io/v1beta1', flags };
  return { form: 'flagz', source: { node: address, via: 'flagz' }, value };
}

const GOOD_FLAGS = {
  'kubelet-client-certificate': '/pki/client.crt',
  'kubelet-client-key': '/pki/client.key',
  'kubelet-certificate-authority': '/pki/ca.crt',
};

/** A kube-apiserver's pod, as the API shows it. */
export function apiServerPod(
  name: string,
  hostIP: string | undefined,
  flags: readonly string[] = FLAGS,
  nodeName = 'cp',
): RawDocument {
  const value = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', annotations: { 'kubernetes.io/config.mirror': 'x' } },
    spec: { nodeName, containers: [{ name: 'kube-apiserver', command: ['kube-apiserver', ...flags] }] },
    status: hostIP === undefined ? {} : { hostIP },
  };
  return { form: 'object', source: { object: `Pod kube-system/${name}` }, vantage: 'running', value };
}

const FLAGS = Object.entries(GOOD_FLAGS).map(([flag, value]) => `--${flag}=${value}`);

export function kubeletConfigMap(clientCAFile: string): RawDocument {
  const kubelet = JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { x509: { clientCAFile } },
  });
  const metadata = { name: 'kubelet-config', namespace: 'kube-system' };
  const value = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { kubelet } };
  return { form: 'object', source: { object: 'ConfigMap kube-system/kubelet-config' }, vantage: 'declared', value };
}

function wantedOf(name: KubeletEvidence['name']): KubeletEvidence['wanted'] {
  return name === 'handshake' ? 'hello' : 'configz';
}

export function evidence(name: KubeletEvidence['name'], ask: (node: string) => RawDocument): KubeletEvidence {
  return { name, wanted: wantedOf(name), ask: (target) => Promise.resolve(ask(target.name)) };
}

export function sweepDeps(changes: Partial<SweepDeps> = {}): SweepDeps {
  return {
    server: SERVER,
    context: undefined,
    objects: () => stream<RawDocument>([]),
    nodes: () => stream([[node('a'), node('b')]]),
    version: () => Promise.resolve(undefined),
    clusterUid: () => Promise.resolve(undefined),
    evidence: [evidence('configz', (name) => configz(name, '/ca.crt'))],
    askApiServers: () => Promise.resolve([flagz(SERVER)]),
    history: noHistory,
    callbacks: silent,
    loadAudit: () => Promise.resolve(undefined),
    nextTurn: () => Promise.resolve(),
    now: () => new Date('2026-11-23T12:00:00Z'),
    ...changes,
  };
}

export const silent: SweepDeps['callbacks'] = {
  onProgress: () => undefined,
  onUnanswered: () => undefined,
  onFinding: () => undefined,
  onStoreError: () => undefined,
};

// eslint-disable-next-line @typescript-eslint/require-await -- a source of pages is asynchronous
export async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

export function run(
  changes: Partial<SweepDeps> = {},
  signal = new AbortController().signal,
  changedRules: Partial<SweepOptions> = {},
): Promise<SweepResult> {
  return sweep({ id: 'r', entrance: 'sweep' }, { ...sweepOptions, ...changedRules }, sweepDeps(changes), signal);
}

/** The findings of a run as `control of subject: result`. */
export function resultLines({ findings }: SweepResult): string[] {
  return Array.from(findings.all(), resultLine);
}

export function resultLine({ control, subject, outcome }: Finding): string {
  return `${control.slug} of ${subject.name}: ${outcome.result}`;
}
