import { comparable } from '../../policy/link/addresses.ts';
import { markOutdated, type NodeAudit } from '../../policy/link/node-audit.ts';
import { combineReported, type CombinedFindings } from '../../policy/link/combine.ts';
import {
  sharedEndpointProblem,
  identityProblem,
  type NodeIndex,
  type IdentityProblem,
} from '../../policy/link/identity.ts';
import { CLIENT_CA_CONTROL } from '../../policy/link/link.ts';
import type { RawDocument, UnansweredDocument } from '../../policy/document.ts';
import type { Finding } from '../../policy/finding.ts';
import type { AskedSource, Problem } from '../../policy/reading.ts';
import type { KubeletEvidence, LoadAudit, NodeTarget } from '../../evidence/evidence.ts';
import type { ListedNode } from '../../evidence/nodes.ts';
import type { Call } from './recorder.ts';

/** Nothing was heard at all. */
const NO_ANSWER: ReadonlySet<string> = new Set(['unreachable', 'timeout']);

/** Unless these pass, a kubelet can answer a caller that it does not know. */
const ANSWERS_ANYBODY: ReadonlySet<string> = new Set([CLIENT_CA_CONTROL, 'kubelet-anonymous-auth']);

/** How nodes are asked and judged. */
export interface NodeJudging {
  readonly evidence: readonly KubeletEvidence[];
  readonly inspect: (document: RawDocument) => readonly Finding[];
  readonly isReported: (finding: Finding) => boolean;
  /** What is written down for all kubelets. */
  readonly declared: readonly Finding[];
  /** Loads the audit that the agent of a node stored. */
  readonly loadAudit: LoadAudit;
  /** All nodes of the sweep. */
  readonly directory: NodeIndex;
  readonly unanswered: (document: UnansweredDocument) => void;
  /** Notes that something crashed, and gives the problem. */
  readonly crashed: (what: string, cause: unknown) => Problem;
}

/** What is known of a node. */
export interface JudgedNode extends CombinedFindings {
  /** What its agent saw of kube-apiservers on it. */
  readonly apiServers: NodeAudit;
  /** Where kube-apiserver passed a call on to the kubelet. */
  readonly call: Call | undefined;
  /** It says that it is no machine with a kubelet, and nothing there answered. */
  readonly isSkipped: boolean;
}

/** Asks a node's kubelet in every way at once, and makes one finding for each control of the answers. Never rejects. */
export async function judgeNode(node: ListedNode, judging: NodeJudging, signal: AbortSignal): Promise<JudgedNode> {
  try {
    return await judge(node, judging, signal);
  } catch (cause) {
    const problem = judging.crashed(`the node ${node.name}`, cause);
    const source = { node: node.name, via: 'proc' } as const;
    const all = judging.inspect({ form: 'unanswered', component: 'kubelet', wanted: 'process', source, problem });
    const reported = all.filter(judging.isReported);
    return { all, reported, apiServers: { findings: [], at: '' }, call: undefined, isSkipped: false };
  }
}

async function judge(node: ListedNode, judging: NodeJudging, signal: AbortSignal): Promise<JudgedNode> {
  const { evidence, inspect, isReported, declared, unanswered } = judging;
  const audited = loadOrCrash(node, judging, signal);
  const asked = evidence.map((one) => askOrCrash(one, node, judging, signal));
  const answers = withoutStrangers(await Promise.all(asked));
  const isSilent = answers.every((answer) => answer.form === 'unanswered' && NO_ANSWER.has(answer.problem.code));
  const onHost = (await audited) ?? { findings: [], at: '' };
  if ('code' in onHost) {
    const source = { node: node.name, via: 'proc' } as const;
    answers.push({ form: 'unanswered', component: 'kubelet', wanted: 'process', source, problem: onHost });
  }
  const { findings: found, at } = 'code' in onHost ? { findings: [], at: '' } : onHost;
  for (const answer of answers) if (answer.form === 'unanswered') unanswered(answer);
  const live = answers.flatMap(inspect);
  const audit = { findings: found.filter(isOfKubelet), at };
  const pieces = [...live, ...markOutdated(audit, () => node.readySince, live)];
  const known = combineReported(pieces, declared.filter(isOfKubelet), isReported);
  const apiServers = { findings: found.filter((finding) => !isOfKubelet(finding)), at };
  const isSkipped = node.isVirtual && (isSilent || 'unusable' in node) && found.length === 0;
  return { ...known, apiServers, call: callOf(answers, known.all), isSkipped };
}

/** Where a node is asked. */
export function endpointOf({ address, port }: NodeTarget): string {
  const host = comparable(address);
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Tells whether the kubelet itself was seen to ask its callers for a certificate. */
export function asksForCertificate({ all }: JudgedNode): boolean {
  return all.some(({ control, outcome }) => control.slug === CLIENT_CA_CONTROL && outcome.result === 'pass');
}

async function loadOrCrash(
  node: ListedNode,
  { loadAudit, crashed }: NodeJudging,
  signal: AbortSignal,
): Promise<NodeAudit | Problem | undefined> {
  try {
    return await loadAudit(node, signal);
  } catch (cause) {
    return crashed(`the stored audit of ${node.name}`, cause);
  }
}

/** What is heard otherwise of the node is told all the same. */
async function askOrCrash(
  one: KubeletEvidence,
  node: ListedNode,
  { directory, crashed }: NodeJudging,
  signal: AbortSignal,
): Promise<RawDocument> {
  try {
    return await ask(one, node, directory, signal);
  } catch (cause) {
    const problem = crashed(`what ${node.name} says by ${one.name}`, cause);
    const source = { node: node.name, via: one.name };
    return { form: 'unanswered', component: 'kubelet', wanted: one.wanted, source, problem };
  }
}

function ask(
  { name: via, wanted, ask }: KubeletEvidence,
  node: ListedNode,
  directory: NodeIndex,
  signal: AbortSignal,
): Promise<RawDocument> {
  const source = { node: node.name, via };
  const unasked = (problem: Problem): Promise<RawDocument> =>
    Promise.resolve({ form: 'unanswered', component: 'kubelet', wanted, source, problem });
  if (!('target' in node)) return unasked(node.unusable);
  const { name, addresses, target } = node;
  const names = { name, addresses, endpoint: endpointOf(target) };
  // kube-apiserver does not say whose certificate it saw
  const shared = via === 'configz-proxy' ? sharedEndpointProblem(names, directory) : undefined;
  if (shared !== undefined) return unasked(shared);
  return ask({ ...target, stranger: (seen) => identityProblem(names, directory, seen) }, signal);
}

/**
 * What kube-apiserver heard at an address is nothing of the node either, where another one answers there; where who answers is
 * not known, it has to be a configz.
 */
function withoutStrangers(answers: readonly RawDocument[]): RawDocument[] {
  const strangers = answers
    .flatMap((answer) => (answer.form === 'unanswered' ? [answer.problem] : []))
    .filter(isStranger);
  const [stranger] = [...strangers.filter(({ code }) => code === 'wrong-node'), ...strangers];
  return answers.map((answer) => {
    if (stranger === undefined || answer.form === 'text' || viaOf(answer) !== 'configz-proxy') return answer;
    if (answer.form !== 'unanswered' && stranger.code === 'unidentified') return answer;
    const source = answer.source as AskedSource;
    return { form: 'unanswered', component: 'kubelet', wanted: 'configz', source, problem: stranger };
  });
}

function isStranger(problem: Problem): problem is IdentityProblem {
  return problem.code === 'wrong-node' || problem.code === 'unidentified';
}

/** A kubelet that asks for a certificate and refuses kube-apiserver as a stranger was shown none that it accepts. */
function callOf(answers: readonly RawDocument[], findings: readonly Finding[]): Call | undefined {
  const passedOn = answers.find((answer) => answer.form !== 'text' && viaOf(answer) === 'configz-proxy');
  if (passedOn === undefined) return undefined;
  // a kubelet that lets anybody in answers too, and proves nothing
  if (passedOn.form !== 'unanswered') return findings.some(isOpen) ? undefined : 'answered';
  return passedOn.problem.code === 'unauthorized' ? 'refused' : undefined;
}

function viaOf({ source }: Exclude<RawDocument, { form: 'text' }>): string | undefined {
  return 'via' in source ? source.via : undefined;
}

function isOpen({ control, outcome }: Finding): boolean {
  return ANSWERS_ANYBODY.has(control.slug) && outcome.result !== 'pass';
}

function isOfKubelet({ subject }: Finding): boolean {
  return subject.component === 'kubelet';
}
