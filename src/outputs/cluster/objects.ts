// The names of reports, and references to the Kubernetes objects that reports and Events are about.

import type { SubjectName } from '../../policy/subject.ts';
import { nameText } from './words.ts';

/** What a report is about. */
export type ReportSubject =
  { readonly kind: 'node'; readonly name: string; readonly uid: string } | { readonly kind: 'control-plane' };

/** The APIs for reports that a cluster can have. Their payload is the same. */
export type ReportApi = 'wgpolicyk8s' | 'openreports';

/** Makes a short text of lower-case letters and digits that no other text has. */
export type Digest = (text: string) => string;

/** Where reports live in each API: the kinds that are not in a namespace, as nodes are not. */
export const REPORT_RESOURCES = {
  wgpolicyk8s: { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'ClusterPolicyReport', plural: 'clusterpolicyreports' },
  openreports: { apiVersion: 'openreports.io/v1alpha1', kind: 'ClusterReport', plural: 'clusterreports' },
} as const;

/** The label by which our reports are found, and nobody else's are touched. */
export const MANAGED_BY = { label: 'app.kubernetes.io/managed-by', value: 'kubelet-guard' } as const;

/** The annotation of the control plane's report with the start of the last sweep that could read everything, RFC 3339 in UTC. */
export const LAST_COMPLETE_SWEEP = 'kubelet-guard.dev/last-complete-sweep';

const CONTROL_PLANE = 'kubelet-guard-control-plane';
const NODE_PREFIX = 'kubelet-guard-node-';
const LONGEST_NAME = 253;

const API_VERSIONS: ReadonlyMap<string, string> = new Map([
  ...['Pod', 'ConfigMap', 'Node'].map((kind) => [kind, 'v1'] as const),
  ...['Deployment', 'DaemonSet', 'StatefulSet', 'ReplicaSet'].map((kind) => [kind, 'apps/v1'] as const),
  ...['Job', 'CronJob'].map((kind) => [kind, 'batch/v1'] as const),
]);

/** Names for components that no object of the API is. */
const COMPONENT_KINDS = { 'kube-apiserver': 'KubeAPIServer', kubelet: 'Kubelet' } as const;

/** A reference to an object of Kubernetes. */
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

/** The name of a report; always the same one for the same node. */
export function reportName(about: ReportSubject, digest: Digest): string {
  if (about.kind === 'control-plane') return CONTROL_PLANE;
  const name = `${NODE_PREFIX}${about.name}`;
  if (name.length <= LONGEST_NAME) return name;
  const tail = digest(about.name).slice(0, 16);
  return `${name.slice(0, LONGEST_NAME - 1 - tail.length).replace(/[-.]+$/, '')}-${tail}`;
}

/** Whether a report has a name that `reportName` gives. */
export function isReportName(name: string): boolean {
  return name === CONTROL_PLANE || name.startsWith(NODE_PREFIX);
}

/** The object of Kubernetes that a finding's subject is, if it is one. */
export function referenceOf({ kind, namespace, name }: SubjectName, about: ReportSubject): ObjectReference | undefined {
  if (kind === undefined) return undefined;
  if (kind === 'Node' && about.kind === 'node' && about.name === name) return nodeReference(about);
  const apiVersion = API_VERSIONS.get(kind);
  return {
    ...(apiVersion !== undefined && { apiVersion }),
    kind: nameText(kind),
    ...(namespace !== undefined && { namespace: nameText(namespace) }),
    name: nameText(name),
  };
}

/**
 * The resource of a finding in a report: its object, else the component itself. Readers of reports group rows by resource, so
 * that two kube-apiservers without a pod must not share one.
 */
export function resourceOf(subject: SubjectName, about: ReportSubject): ObjectReference {
  return referenceOf(subject, about) ?? { kind: COMPONENT_KINDS[subject.component], name: nameText(subject.name) };
}

/** A reference to a node. */
export function nodeReference({ name, uid }: { name: string; uid: string }): ObjectReference {
  return { apiVersion: 'v1', kind: 'Node', name, uid };
}
