// Checks one node: asks its kubelet in every way, loads its stored audit, and combines the findings.

import { withCommandLine } from '../../policy/link/command-line.ts';
import { markOutdated, type NodeAudit } from '../../policy/link/node-audit.ts';
import { combineReported, type CombinedFindings } from '../../policy/link/combine.ts';
import type { NodeIndex } from '../../policy/link/identity.ts';
import { CLIENT_CA_CONTROL } from '../../policy/link/link.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { Finding } from '../../policy/finding.ts';
import type { Problem } from '../../policy/reading.ts';
import type { ListedNode } from '../../evidence/nodes.ts';
import { askKubelet, viaOf, withoutOtherServers } from './ask-kubelet.ts';
import type { SweepCallbacks, SweepDeps, SweepOptions } from './deps.ts';
import type { ProxyCall } from './recorder.ts';

/** The kubelet did not answer at all. */
const NO_ANSWER: ReadonlySet<string> = new Set(['unreachable', 'timeout']);

/** Unless these pass, a kubelet can answer callers that it does not know. */
const AUTHENTICATION_CONTROLS: ReadonlySet<string> = new Set([CLIENT_CA_CONTROL, 'kubelet-anonymous-auth']);

/** What a node is checked with. */
export interface NodeDeps
  extends
    Pick<SweepDeps, 'evidence' | 'loadAudit'>,
    Pick<SweepOptions, 'isReported'>,
    Pick<SweepCallbacks, 'onUnanswered'> {
  readonly inspect: (document: RawDocument) => readonly Finding[];
  /** The findings about objects that declare settings for all kubelets. */
  readonly declared: readonly Finding[];
  /** All nodes of the sweep. */
  readonly nodeIndex: NodeIndex;
  /** Records a crash and gives its problem. */
  readonly onCrash: (what: string, cause: unknown) => Problem;
}

/** The findings about a node. */
export interface NodeFindings extends CombinedFindings {
  /** The findings of its stored audit about kube-apiservers. */
  readonly apiServers: NodeAudit;
  /** Undefined if kube-apiserver passed no call to the kubelet, or the answer proves nothing. */
  readonly call: ProxyCall | undefined;
  /** It is a virtual node without a kubelet, and nothing answered. */
  readonly isSkipped: boolean;
}

const NO_AUDIT: NodeAudit = { findings: [], at: '' };

/** Checks a node. Never rejects: after a crash its kubelet is unknown. */
export async function checkNode(node: ListedNode, deps: NodeDeps, signal: AbortSignal): Promise<NodeFindings> {
  try {
    return await check(node, deps, signal);
  } catch (cause) {
    const all = deps.inspect(unknownKubelet(node, deps.onCrash(`the node ${node.name}`, cause)));
    const reported = all.filter(deps.isReported);
    return { all, reported, apiServers: NO_AUDIT, call: undefined, isSkipped: false };
  }
}

async function check(node: ListedNode, deps: NodeDeps, signal: AbortSignal): Promise<NodeFindings> {
  const { evidence, inspect, isReported, declared, onUnanswered } = deps;
  const loading = loadAudit(node, deps, signal);
  const asking = evidence.filter(({ refines }) => !refines).map((one) => askKubelet(one, node, deps, signal));
  const answers = withoutOtherServers(await Promise.all(asking));
  const isSilent = answers.every((answer) => answer.form === 'unanswered' && NO_ANSWER.has(answer.problem.code));
  const loaded = (await loading) ?? NO_AUDIT;
  if ('code' in loaded) answers.push(unknownKubelet(node, loaded));
  const { findings, at } = 'code' in loaded ? NO_AUDIT : loaded;
  for (const answer of answers) if (answer.form === 'unanswered') onUnanswered(answer);
  const found = answers.map((answer) => ({ answer, findings: inspect(answer) }));
  const live = await refined(found, node, deps, signal);
  const audited = markOutdated({ findings: findings.filter(isAboutKubelet), at }, () => node.readySince, live);
  const combined = combineReported([...live, ...audited], declared.filter(isAboutKubelet), isReported);
  const apiServers = { findings: findings.filter((finding) => !isAboutKubelet(finding)), at };
  const isSkipped = node.isVirtual && (isSilent || 'unusable' in node) && findings.length === 0;
  return { ...combined, apiServers, call: proxyCallOf(answers, combined.all), isSkipped };
}

interface Answered {
  readonly answer: RawDocument;
  readonly findings: readonly Finding[];
}

/**
 * Gives the findings about all answers. Where `/configz` shows a fault, the kubelet is asked which flags and files decided.
 * Without `/configz`, its flags are evidence of their own. A kubelet that does not show them has no finding for that, unless
 * it was asked for nothing else.
 */
async function refined(
  found: readonly Answered[],
  node: ListedNode,
  deps: NodeDeps,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings = found.flatMap((one) => one.findings);
  const [one] = deps.evidence.filter(({ refines }) => refines);
  const configz = found.filter(({ answer }) => answer.form === 'configz');
  const hasFault = configz.some((answered) => answered.findings.some(({ outcome }) => outcome.result !== 'pass'));
  const isAskedForConfigz = deps.evidence.some(({ refines, wanted }) => !refines && wanted === 'configz');
  if (one === undefined || (isAskedForConfigz && !hasFault)) return findings;
  const answer = await askKubelet(one, node, deps, signal);
  if (answer.form === 'kubelet-flagz' && isAskedForConfigz) {
    return found.flatMap((answered) =>
      configz.includes(answered) ? withCommandLine(answered.findings, answer.flags) : answered.findings,
    );
  }
  const isNeeded = answer.form === 'kubelet-flagz' || deps.evidence.length === 1;
  return isNeeded ? [...findings, ...deps.inspect(answer)] : findings;
}

/** Tells whether the kubelet itself showed that it requests a client certificate. */
export function requestsCertificate({ all }: NodeFindings): boolean {
  return all.some(({ control, outcome }) => control.slug === CLIENT_CA_CONTROL && outcome.result === 'pass');
}

async function loadAudit(
  node: ListedNode,
  { loadAudit, onCrash }: NodeDeps,
  signal: AbortSignal,
): Promise<NodeAudit | Problem | undefined> {
  try {
    return await loadAudit(node, signal);
  } catch (cause) {
    return onCrash(`the stored audit of ${node.name}`, cause);
  }
}

function unknownKubelet({ name }: ListedNode, problem: Problem): RawDocument {
  const source = { node: name, via: 'proc' } as const;
  return { form: 'unanswered', component: 'kubelet', wanted: 'process', source, problem };
}

/**
 * Gives how the kubelet answered kube-apiserver. An answer proves the link only if the kubelet answers nobody else. A kubelet
 * that requests a certificate and rejects kube-apiserver got none that it accepts.
 */
function proxyCallOf(answers: readonly RawDocument[], findings: readonly Finding[]): ProxyCall | undefined {
  const answer = answers.find((one) => one.form !== 'text' && viaOf(one) === 'configz-proxy');
  if (answer === undefined) return undefined;
  if (answer.form !== 'unanswered') return findings.some(canAnswerAnybody) ? undefined : 'answered';
  return answer.problem.code === 'unauthorized' ? 'refused' : undefined;
}

function canAnswerAnybody({ control, outcome }: Finding): boolean {
  return AUTHENTICATION_CONTROLS.has(control.slug) && outcome.result !== 'pass';
}

function isAboutKubelet({ subject }: Finding): boolean {
  return subject.component === 'kubelet';
}
