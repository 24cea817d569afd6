import { combine } from '../../policy/combine.ts';
import { PRESENTS } from '../../policy/link.ts';
import type { Finding, SubjectName, UnansweredDocument } from '../../policy/types.ts';

/** What the control plane showed of itself. */
export interface ControlPlane {
  /** The findings of pods, which show a process, and of ConfigMaps, which only declare one. */
  readonly listed: Finding[];
  /** Which pod has an IP address, as far as it runs a kube-apiserver. */
  readonly addresses: Map<string, SubjectName>;
}

/** What is known of the control plane besides. */
export interface Surroundings {
  /** The `host:port` that was configured: it can be a load balancer, and then stands for no one kube-apiserver. */
  readonly server: string;
  /** The provider that runs the control plane, where the nodes tell so and none of them is a control plane's. */
  readonly managedBy: string | undefined;
}

/** Notes the addresses of a pod that runs a kube-apiserver: what is asked at one of them is that kube-apiserver. */
export function noteAddresses({ addresses }: ControlPlane, pod: unknown, findings: readonly Finding[]): void {
  const subject = findings.find((finding) => finding.subject.component === 'kube-apiserver')?.subject;
  if (subject === undefined) return;
  const { hostIP, podIP } = fieldsOf(fieldsOf(pod).status);
  for (const address of [hostIP, podIP]) if (typeof address === 'string') addresses.set(address, subject);
}

/**
 * The findings about the control plane: each kube-apiserver once, whether its pod showed it, it was asked, or both.
 *
 * @param asked the findings of kube-apiservers that were asked themselves, and of those that agents saw on their hosts
 * @returns the findings, and why kube-apiservers can not be judged at all where a provider runs them
 */
export function judgeControlPlane(
  { listed, addresses }: ControlPlane,
  asked: readonly Finding[],
  { server, managedBy }: Surroundings,
): { readonly findings: readonly Finding[]; readonly notApplicable?: string } {
  const declared = listed.filter(({ vantage }) => vantage === 'declared');
  const running = listed.filter(({ vantage }) => vantage !== 'declared');
  const hasPods = running.some(isOfApiServer);
  const live = asked.flatMap((finding) => {
    if (finding.vantage === 'on-node') return [{ ...finding, subject: atHome(finding.subject, running) }];
    const subject = addresses.get(hostOf(finding.subject.name));
    if (subject !== undefined) return [{ ...finding, subject }];
    // an address that can stand for all of them tells of none in particular, and their pods are seen
    const isMoot = managedBy !== undefined || (hasPods && finding.subject.name === server);
    return isMoot && finding.outcome.result === 'unknown' ? [] : [finding];
  });
  const findings = [...combine([...running, ...live], declared), ...declared];
  if (managedBy === undefined || hasPods || live.some(isOfApiServer)) return { findings };
  const notApplicable = `${managedBy} runs the control plane and does not show its kube-apiserver; its flags are not the cluster's to set`;
  return { findings, notApplicable };
}

/**
 * What an agent says is about its own node. Only where the API shows the pod there is it that pod: a name alone proves nothing,
 * for that of another node can end with the name of this one.
 */
function atHome(subject: SubjectName, running: readonly Finding[]): SubjectName {
  const { component, kind, namespace, name, node = '' } = subject;
  const isShown = running.some((finding) => {
    const { subject: pod } = finding;
    return pod.kind === kind && pod.namespace === namespace && pod.name === name && pod.node === node;
  });
  return kind === 'Node' || isShown ? subject : { component, name: node, kind: 'Node', node, container: name };
}

/** What stands for a kube-apiserver that nothing shows: the cluster has one, and it could not be judged. */
export function unseenApiServer(server: string): UnansweredDocument {
  const message =
    'no pod shows kube-apiserver, and it was not asked; add flagz to the evidence (kube-apiserver 1.36 and newer), or judge its host';
  return {
    form: 'unanswered',
    component: 'kube-apiserver',
    source: { node: server, via: 'flagz' },
    problem: { code: 'not-visible', message },
  };
}

function isOfApiServer({ control }: Finding): boolean {
  return control.slug === PRESENTS;
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
