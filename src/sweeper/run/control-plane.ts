import { asRecord, asRecords } from '../../json.ts';
import { comparable } from '../../policy/link/addresses.ts';
import { markOutdated, type NodeAudit } from '../../policy/link/node-audit.ts';
import { combineReported, type CombinedFindings } from '../../policy/link/combine.ts';
import type { NodeIndex } from '../../policy/link/identity.ts';
import { CLIENT_CERTIFICATE_CONTROL } from '../../policy/link/link.ts';
import type { UnansweredDocument } from '../../policy/document.ts';
import type { Finding } from '../../policy/finding.ts';
import type { SubjectName } from '../../policy/subject.ts';

/** What the control plane showed of itself. */
export interface ControlPlane {
  /** The findings of pods, which show a process, and of ConfigMaps, which only declare one. */
  readonly listed: Finding[];
  /** The pods that run a kube-apiserver. */
  readonly pods: ApiServerPod[];
  /** Whether one of the pods is one that AKS itself runs. */
  hasAksPod: boolean;
}

/** A pod that runs a kube-apiserver. */
interface ApiServerPod {
  readonly subject: SubjectName;
  /** As far as its status says: a new mirror pod has none yet. */
  readonly addresses: readonly string[];
  /** Since when its container runs, or else since when it is there; RFC 3339, undefined where neither is known. */
  readonly startedAt: string | undefined;
}

/** What is known of the control plane besides. */
export interface Surroundings {
  /** The `host:port` that was configured: it can be a load balancer, and then stands for no one kube-apiserver. */
  readonly server: string;
  /** The provider that runs the control plane, where that is known and no node is a control plane's. */
  readonly managedBy: string | undefined;
  /** The nodes of the cluster. */
  readonly directory: NodeIndex;
  readonly isReported: (finding: Finding) => boolean;
}

/** Notes a pod that runs a kube-apiserver. */
export function notePod({ pods }: ControlPlane, pod: unknown, findings: readonly Finding[]): void {
  const subject = findings.find((finding) => finding.subject.component === 'kube-apiserver')?.subject;
  if (subject === undefined) return;
  const { metadata, status } = asRecord(pod);
  const { hostIP, podIP, containerStatuses } = asRecord(status);
  const containers = asRecords(containerStatuses);
  const { running } = asRecord(containers.find(({ name }) => name === subject.container)?.state);
  const [startedAt] = [asRecord(running).startedAt, asRecord(metadata).creationTimestamp].filter(isText);
  pods.push({ subject, addresses: [podIP, hostIP].filter(isText), startedAt });
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/**
 * The findings about the control plane: each kube-apiserver once, whether its pod showed it, it was asked, or both.
 *
 * @param asked the findings of kube-apiservers that were asked themselves
 * @param audits what agents saw of them on their hosts
 * @returns the findings, and why kube-apiservers cannot be judged at all where a provider runs them
 */
export function judgeControlPlane(
  { listed, pods }: ControlPlane,
  asked: readonly Finding[],
  audits: readonly NodeAudit[],
  { server, managedBy, directory, isReported }: Surroundings,
): CombinedFindings & { readonly notApplicable?: string } {
  const declared = listed.filter(({ vantage }) => vantage === 'declared');
  const running = listed.filter(({ vantage }) => vantage !== 'declared');
  const hasPods = running.some(isOfApiServer);
  const isAlone = onlyHosts(asked);
  const live = asked.flatMap((finding) => {
    const isKnown = isAlone(hostOf(finding.subject.name));
    const subject = isKnown ? atAddress(finding.subject, pods, directory) : finding.subject;
    // an address that can stand for all of them tells of none in particular, and their pods are seen
    const isMoot = managedBy !== undefined || (hasPods && finding.subject.name === server);
    return isMoot && subject === finding.subject && finding.outcome.result === 'unknown'
      ? []
      : [{ ...finding, subject }];
  });
  const startedAt = ({ subject }: Finding) => pods.find((pod) => pod.subject === subject)?.startedAt;
  const onHosts = audits.flatMap(({ findings, at }) => {
    const named = findings.map((finding) => ({ ...finding, subject: atHome(finding, findings, pods) }));
    return markOutdated({ findings: named, at }, startedAt, [...running, ...live]);
  });
  const known = combineReported([...running, ...live, ...onHosts], declared, isReported);
  const all = [...known.all, ...declared];
  const reported = [...known.reported, ...declared.filter(isReported)];
  if (managedBy === undefined || hasPods || [...live, ...onHosts].some(isOfApiServer)) return { all, reported };
  const notApplicable = `${managedBy} runs the control plane and does not show its kube-apiserver; its flags are not the cluster's to set`;
  return { all, reported, notApplicable };
}

/** Tells the addresses at which one kube-apiserver was asked, and not several at different ports. */
function onlyHosts(asked: readonly Finding[]): (host: string) => boolean {
  const names = new Set(asked.map(({ subject }) => subject.name));
  const hosts = [...names].map(hostOf);
  return (host) => hosts.indexOf(host) === hosts.lastIndexOf(host);
}

/**
 * The kube-apiserver that was asked at an address: the one of the node that has it, as its pod where the API shows that.
 * Where the address is no node's, pods tell theirs.
 */
function atAddress(asked: SubjectName, pods: readonly ApiServerPod[], directory: NodeIndex): SubjectName {
  const host = hostOf(asked.name);
  const node = directory.ownerOf(comparable(host));
  const there = pods.filter(({ subject }) => subject.node === node);
  if (node !== undefined && there.length === 1 && there[0] !== undefined) return there[0].subject;
  const pod = pods.find(({ addresses }) => addresses.includes(host));
  if (pod !== undefined) return pod.subject;
  return node === undefined || there.length > 0 ? asked : ofNode(node);
}

/**
 * What an agent says is about its own node. Only where the API shows the pod there is it that pod: a name alone proves nothing,
 * for that of another node can end with the name of this one.
 */
function atHome({ subject }: Finding, audited: readonly Finding[], pods: readonly ApiServerPod[]): SubjectName {
  const { kind, namespace, name, node = '' } = subject;
  const there = pods.filter((pod) => pod.subject.node === node).map((pod) => pod.subject);
  const same = there.find((pod) => kind === 'Pod' && pod.namespace === namespace && pod.name === name);
  if (same !== undefined) return same;
  const isOnly = audited.every((other) => other.subject.name === name && other.subject.container === subject.container);
  if (isOnly && there.length === 0) return ofNode(node);
  if (isOnly && there.length === 1 && kind === 'Node' && there[0] !== undefined) return there[0];
  return kind === 'Node' ? subject : { ...ofNode(node), container: name };
}

function ofNode(node: string): SubjectName {
  return { component: 'kube-apiserver', name: node, kind: 'Node', node };
}

/** What stands for a kube-apiserver that nothing shows: the cluster has one, and it could not be judged. */
export function unseenApiServer(server: string): UnansweredDocument {
  const message =
    'no pod shows kube-apiserver, and it was not asked; add flagz to the evidence (kube-apiserver 1.36 and newer), or judge its host';
  return {
    form: 'unanswered',
    component: 'kube-apiserver',
    wanted: 'flagz',
    source: { node: server, via: 'flagz' },
    problem: { code: 'not-visible', message },
  };
}

function isOfApiServer({ control }: Finding): boolean {
  return control.slug === CLIENT_CERTIFICATE_CONTROL;
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
