// The findings about the control plane: each kube-apiserver once, from its pod, its own answer and its node's stored audit.

import { comparable } from '../../policy/link/addresses.ts';
import { markOutdated, type NodeAudit } from '../../policy/link/node-audit.ts';
import { combineReported, type CombinedFindings } from '../../policy/link/combine.ts';
import type { NodeIndex } from '../../policy/link/identity.ts';
import { CLIENT_CERTIFICATE_CONTROL } from '../../policy/link/link.ts';
import type { MissingApiServer } from '../../policy/link/missing.ts';
import type { RawDocument, UnansweredDocument } from '../../policy/document.ts';
import type { Finding } from '../../policy/finding.ts';
import type { SubjectName } from '../../policy/subject.ts';
import type { ApiServerPod, ListedObjects } from './listed.ts';
import type { CheckedNodes } from './nodes.ts';

/** What decides how the findings are combined. */
export interface ControlPlaneOptions {
  /** The configured `host:port`. It can be a load balancer, and then belongs to no single kube-apiserver. */
  readonly server: string;
  /** The provider that runs the control plane; undefined if it is not known, or if a node is part of the control plane. */
  readonly managedBy: string | undefined;
  /** All nodes of the cluster. */
  readonly nodeIndex: NodeIndex;
  /** The nodes that are Ready. */
  readonly ready: CheckedNodes['ready'];
  readonly isReported: (finding: Finding) => boolean;
}

/** The findings about the control plane. */
export interface ControlPlaneFindings extends CombinedFindings {
  /** Why no kube-apiserver can be checked; only where a provider runs them and does not show them. */
  readonly notApplicable?: string;
}

/**
 * Gives what is to be inspected about kube-apiservers besides their pods. Every cluster has a kube-apiserver: if none is
 * visible, that is a document too.
 *
 * @param answers the answers of kube-apiservers
 * @param checked the kubelets that request a client certificate and rejected kube-apiserver's call, and the stored audits
 */
export function apiServerDocuments(
  { findings }: ListedObjects,
  answers: readonly RawDocument[],
  { rejecting, apiServerAudits, ready }: Pick<CheckedNodes, 'rejecting' | 'apiServerAudits' | 'ready'>,
  server: string,
): RawDocument[] {
  const hasPods = findings.some((finding) => isAboutApiServer(finding) && finding.vantage !== 'declared');
  const isVisible = answers.length > 0 || hasPods || showApiServer(apiServerAudits, ready);
  const documents = isVisible ? answers : [invisibleApiServer(server)];
  if (rejecting.length === 0) return [...documents];
  return [...documents, { form: 'refused-calls', source: { node: server, via: 'configz-proxy' }, kubelets: rejecting }];
}

/** Adds the kube-apiservers that are missing: each is unknown, unless other evidence shows it. */
export function withMissing(
  listed: ListedObjects,
  missing: readonly MissingApiServer[],
  inspect: (document: RawDocument) => readonly Finding[],
): ListedObjects {
  const findings = missing.flatMap(({ subject, problem }) => {
    const source = { node: subject.node, via: 'proc' };
    const unanswered = { form: 'unanswered', component: 'kube-apiserver', wanted: 'process', source, problem } as const;
    const { kind = '', namespace, name } = subject;
    const object = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
    const place = { subject, source: { object }, vantage: 'running', surface: 'mirror-pod' } as const;
    return inspect(unanswered).map((finding) => ({ ...finding, ...place }));
  });
  const pods = missing.filter(({ subject }) => subject.kind === 'Pod');
  const gone = pods.map(({ subject }) => ({ subject, addresses: [], startedAt: undefined, isGone: true as const }));
  return {
    ...listed,
    findings: [...listed.findings, ...findings],
    apiServerPods: [...listed.apiServerPods, ...gone],
  };
}

/**
 * Combines all findings about the control plane.
 *
 * @param answered findings about the answers of kube-apiservers
 * @param audits the audits that node agents stored about kube-apiservers
 */
export function combineControlPlane(
  { findings, apiServerPods: pods }: ListedObjects,
  answered: readonly Finding[],
  audits: readonly NodeAudit[],
  { server, managedBy, nodeIndex, ready, isReported }: ControlPlaneOptions,
): ControlPlaneFindings {
  const declared = findings.filter(({ vantage }) => vantage === 'declared');
  const running = findings.filter(({ vantage }) => vantage !== 'declared');
  const hasPods = running.some(isAboutApiServer);
  const isVisible = hasPods || showApiServer(audits, ready);
  const isOneServer = singleHosts(answered);
  const live = answered.flatMap((finding) => {
    const isKnown = isOneServer(hostOf(finding.subject.name));
    const subject = isKnown ? atAddress(finding.subject, pods, nodeIndex) : finding.subject;
    // an unknown result at a shared address adds nothing if other evidence shows them, or the provider hides kube-apiserver
    const isMoot = managedBy !== undefined || (isVisible && finding.subject.name === server);
    return isMoot && subject === finding.subject && finding.outcome.result === 'unknown'
      ? []
      : [{ ...finding, subject }];
  });
  const startedAt = ({ subject }: Finding) => pods.find((pod) => pod.subject === subject)?.startedAt;
  const onHosts = audits.flatMap(({ findings, at }) => {
    const named = findings.map((finding) => ({ ...finding, subject: onItsNode(finding, findings, pods) }));
    const audited = new Map(named.map((finding, index) => [finding, findings[index]?.subject]));
    const unseen = (finding: Finding) => unseenRestart(finding.subject, audited.get(finding), pods);
    return markOutdated({ findings: named, at }, startedAt, [...running, ...live], unseen);
  });
  const combined = combineReported([...running, ...live, ...onHosts], declared, isReported);
  const all = [...combined.all, ...declared];
  const reported = [...combined.reported, ...declared.filter(isReported)];
  if (managedBy === undefined || hasPods || [...live, ...onHosts].some(isAboutApiServer)) return { all, reported };
  const notApplicable = `${managedBy} runs the control plane and does not show its kube-apiserver; users of the cluster cannot set its flags`;
  return { all, reported, notApplicable };
}

/** Stands for a kube-apiserver that no evidence shows: every cluster has one. */
export function invisibleApiServer(server: string): UnansweredDocument {
  const message =
    'no kube-apiserver pod is visible, and flagz is not in --evidence (or sweep.evidence); add flagz (kube-apiserver 1.36 or newer), or run `kubelet-guard node` on the control plane host';
  return {
    form: 'unanswered',
    component: 'kube-apiserver',
    wanted: 'flagz',
    source: { node: server, via: 'flagz' },
    problem: { code: 'not-visible', message },
  };
}

/** Tells whether only one kube-apiserver answered at a host, and not several at different ports. */
function singleHosts(asked: readonly Finding[]): (host: string) => boolean {
  const names = new Set(asked.map(({ subject }) => subject.name));
  const hosts = [...names].map(hostOf);
  return (host) => hosts.indexOf(host) === hosts.lastIndexOf(host);
}

/**
 * Finds the kube-apiserver at an address: that of the node with the address, as its pod if the API shows one. If no node has
 * the address, a pod can have it.
 */
function atAddress(asked: SubjectName, pods: readonly ApiServerPod[], nodeIndex: NodeIndex): SubjectName {
  const host = hostOf(asked.name);
  const node = nodeIndex.ownerOf(comparable(host));
  const there = pods.filter(({ subject }) => subject.node === node);
  if (node !== undefined && there.length === 1 && there[0] !== undefined) return there[0].subject;
  const pod = pods.find(({ addresses }) => addresses.includes(host));
  if (pod !== undefined) return pod.subject;
  return node === undefined || there.length > 0 ? asked : ofNode(node);
}

/**
 * Names a subject of a stored audit: it is on the agent's own node, and is a pod only if the API shows that pod there. A name
 * alone proves nothing, because the name of another node can end with the name of this one.
 */
function onItsNode({ subject }: Finding, audited: readonly Finding[], pods: readonly ApiServerPod[]): SubjectName {
  const { kind, namespace, name, node = '' } = subject;
  const there = pods.filter((pod) => pod.subject.node === node).map((pod) => pod.subject);
  const same = there.find((pod) => kind === 'Pod' && pod.namespace === namespace && pod.name === name);
  if (same !== undefined) return same;
  const isOnly = audited.every((other) => other.subject.name === name && other.subject.container === subject.container);
  if (isOnly && there.length === 0) return ofNode(node);
  if (isOnly && there.length === 1 && kind === 'Node' && there[0] !== undefined) return there[0];
  return kind === 'Node' ? subject : { ...ofNode(node), container: name };
}

/**
 * Why a restart of an audited kube-apiserver would not be seen: it is a static pod, and the API does not show it. A denied mirror
 * pod does not stop its static pod, which the kubelet starts again after each change of its manifest.
 *
 * @param audited the subject as the audit names it
 */
function unseenRestart(
  subject: SubjectName,
  audited: SubjectName | undefined,
  pods: readonly ApiServerPod[],
): string | undefined {
  const pod = pods.find((each) => each.subject === subject);
  const isStaticPod = audited?.kind === 'Pod' || pod !== undefined;
  if (!isStaticPod || (pod !== undefined && pod.isGone !== true)) return undefined;
  return `the API does not show its static pod, which may have been started again since; add flagz to --evidence (kube-apiserver 1.36 or newer), or run \`kubelet-guard node\` on ${subject.node ?? 'its host'}`;
}

function ofNode(node: string): SubjectName {
  return { component: 'kube-apiserver', name: node, kind: 'Node', node };
}

/**
 * Tells whether audits show a kube-apiserver on a node of the control plane, whose label no kubelet can set (NodeRestriction). Any
 * other node could invent one, which must not stand for the one that nothing shows.
 */
function showApiServer(audits: readonly NodeAudit[], ready: CheckedNodes['ready']): boolean {
  return audits.some(({ findings }) =>
    findings.some((finding) => {
      return isAboutApiServer(finding) && ready.get(finding.subject.node ?? '')?.isControlPlane === true;
    }),
  );
}

function isAboutApiServer({ control }: Finding): boolean {
  return control.slug === CLIENT_CERTIFICATE_CONTROL;
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
