// Checks all nodes of a cluster, several at the same time.

import { indexNodes, type NodeIndex } from '../../policy/link/identity.ts';
import type { NodeAudit } from '../../policy/link/node-audit.ts';
import type { Finding } from '../../policy/finding.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import type { ListedNode } from '../../evidence/nodes.ts';
import { identityOf } from './ask-kubelet.ts';
import { crashOf, inspectInto } from './crashes.ts';
import type { SweepDeps, SweepOptions } from './deps.ts';
import { checkNode, requestsCertificate } from './node.ts';
import { forEachConcurrently } from './pool.ts';
import type { SweepRecorder } from './recorder.ts';

/** What the nodes show about the rest of the cluster. */
export interface CheckedNodes {
  count: number;
  /** A node is part of the control plane. */
  hasControlPlane: boolean;
  /** The nodes that are listed. */
  listed: readonly Pick<ListedNode, 'name' | 'pool'>[];
  /** The nodes that are Ready. */
  ready: ReadonlyMap<string, Pick<ListedNode, 'isControlPlane'>>;
  /** All nodes of the cluster. */
  index: NodeIndex;
  /** Kubelets that request a client certificate and rejected the call of kube-apiserver. */
  readonly rejecting: string[];
  /** The stored audits about kube-apiservers. */
  readonly apiServerAudits: NodeAudit[];
}

/** The state before any node is checked. */
export function noNodes(): CheckedNodes {
  return {
    count: 0,
    hasControlPlane: false,
    listed: [],
    ready: new Map(),
    index: indexNodes([]),
    rejecting: [],
    apiServerAudits: [],
  };
}

/**
 * Lists the nodes, checks and records them. If the list fails half way, the listed nodes are still checked, and it rejects.
 *
 * @param findings the findings about pods and ConfigMaps
 */
export async function checkNodes(
  { nodes: listNodes, evidence, loadAudit, callbacks, nextTurn }: SweepDeps,
  { inspect, isReported, concurrency }: SweepOptions,
  findings: readonly Finding[],
  { checked, recorder, problems }: { checked: CheckedNodes; recorder: SweepRecorder; problems: SourceProblem[] },
  signal: AbortSignal,
): Promise<void> {
  const { nodes, fault } = await listAll(listNodes, signal);
  signal.throwIfAborted();
  checked.listed = nodes;
  checked.index = indexNodes(nodes.map(identityOf));
  checked.hasControlPlane = nodes.some(({ isControlPlane }) => isControlPlane);
  checked.ready = new Map(nodes.filter(({ readySince }) => readySince !== undefined).map((node) => [node.name, node]));
  const { onUnanswered, onProgress } = callbacks;
  const declared = findings.filter(({ vantage }) => vantage === 'declared');
  const deps = { evidence, isReported, declared, loadAudit, nodeIndex: checked.index, onUnanswered };
  const check = async (node: ListedNode): Promise<void> => {
    const unread: SourceProblem[] = [];
    const onCrash = (what: string, cause: unknown): Problem => {
      const crash = crashOf(what, cause);
      unread.push(crash);
      return crash.problem;
    };
    const result = await checkNode(node, { ...deps, inspect: inspectInto(inspect, unread), onCrash }, signal);
    // an aborted check proves nothing
    if (signal.aborted) return;
    if (result.call === 'refused' && requestsCertificate(result)) checked.rejecting.push(node.name);
    if (result.apiServers.findings.length > 0) checked.apiServerAudits.push(result.apiServers);
    problems.push(...unread);
    await recorder.recordNode(node, { ...result, isPartial: unread.length > 0 });
    checked.count += 1;
    onProgress(checked.count, nodes.length);
  };
  await forEachConcurrently(nodes, concurrency, check, () => nextTurn(signal));
  if (fault !== undefined) throw fault;
}

/** Lists all nodes before the first is asked: an API server keeps a list for minutes only, and kubelets can be slower. */
async function listAll(
  list: SweepDeps['nodes'],
  signal: AbortSignal,
): Promise<{ readonly nodes: readonly ListedNode[]; readonly fault?: Error }> {
  const nodes: ListedNode[] = [];
  try {
    for await (const page of list(signal)) nodes.push(...page);
    return { nodes };
  } catch (cause) {
    return { nodes, fault: cause as Error };
  }
}
