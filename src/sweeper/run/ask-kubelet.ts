// Asks a kubelet in one way, and drops answers that another server gave at its address.

import { comparable } from '../../policy/link/addresses.ts';
import {
  identityProblem,
  sharedEndpointProblem,
  type IdentityProblem,
  type NodeIdentity,
  type NodeIndex,
} from '../../policy/link/identity.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { AskedSource, Problem } from '../../policy/reading.ts';
import type { KubeletEvidence, NodeTarget } from '../../evidence/evidence.ts';
import type { ListedNode } from '../../evidence/nodes.ts';

/** What is needed to ask a kubelet. */
export interface AskDeps {
  readonly nodeIndex: NodeIndex;
  /** Records a crash and gives its problem. */
  readonly onCrash: (what: string, cause: unknown) => Problem;
}

/** Gives what identifies a listed node. */
export function identityOf(node: ListedNode): NodeIdentity {
  const { name, addresses } = node;
  return { name, addresses, endpoint: 'target' in node ? endpointOf(node.target) : undefined };
}

/** Asks a kubelet. Never rejects: a crash is an unanswered document, and the other ways to ask still count. */
export async function askKubelet(
  { name: via, wanted, ask }: KubeletEvidence,
  node: ListedNode,
  { nodeIndex, onCrash }: AskDeps,
  signal: AbortSignal,
): Promise<RawDocument> {
  const unanswered = (problem: Problem): RawDocument => {
    return { form: 'unanswered', component: 'kubelet', wanted, source: { node: node.name, via }, problem };
  };
  try {
    if (!('target' in node)) return unanswered(node.unusable);
    const identity = identityOf(node);
    // kube-apiserver does not show the certificate that it saw
    const shared = via === 'configz-proxy' ? sharedEndpointProblem(identity, nodeIndex) : undefined;
    if (shared !== undefined) return unanswered(shared);
    return await ask({ ...node.target, identityProblem: (seen) => identityProblem(identity, nodeIndex, seen) }, signal);
  } catch (cause) {
    return unanswered(onCrash(`the answer of ${node.name} by ${via}`, cause));
  }
}

/**
 * Drops the answer through kube-apiserver if another way showed that another server is at the node's address. If it only
 * showed that the server is not identified, an answer that is a configz stays.
 */
export function withoutOtherServers(answers: readonly RawDocument[]): RawDocument[] {
  const problems = answers
    .flatMap((answer) => (answer.form === 'unanswered' ? [answer.problem] : []))
    .filter(isIdentityProblem);
  const [problem] = [...problems.filter(({ code }) => code === 'wrong-node'), ...problems];
  return answers.map((answer) => {
    if (problem === undefined || answer.form === 'text' || viaOf(answer) !== 'configz-proxy') return answer;
    if (answer.form !== 'unanswered' && problem.code === 'unidentified') return answer;
    const source = answer.source as AskedSource;
    return { form: 'unanswered', component: 'kubelet', wanted: 'configz', source, problem };
  });
}

/** Gives how a document was obtained; undefined for an object of the API. */
export function viaOf({ source }: Exclude<RawDocument, { form: 'text' }>): string | undefined {
  return 'via' in source ? source.via : undefined;
}

function isIdentityProblem(problem: Problem): problem is IdentityProblem {
  return problem.code === 'wrong-node' || problem.code === 'unidentified';
}

function endpointOf({ address, port }: NodeTarget): string {
  const host = comparable(address);
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
