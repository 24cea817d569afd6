// The components of a kind cluster: kubeadm init on its first control plane, kubeadm join on the other nodes.

import { asRecord, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import type { Budget } from '../../budget.ts';
import type { KubeadmDocument, KubeadmDocuments } from '../../kubeadm/documents.ts';
import { kubeadmKubelet } from '../../kubeadm/kubelet.ts';
import { kubeadmSubjects } from '../../kubeadm/subjects.ts';
import { treeOf, valueOf, writtenAt, type Tree } from '../../patching/tree.ts';
import { decodedDocument } from '../../yaml/documents.ts';
import {
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from '../configuration.ts';
import { generatedDocuments, kubeadmVersionsFor, type KindNode } from './generated.ts';
import { applyKindPatches, type KindPatch } from './patches.ts';

/** A node with the patches that apply to its documents. */
export interface PatchedNode extends KindNode {
  readonly patches: readonly KindPatch[];
  readonly ownPatches: readonly KindPatch[];
  readonly doubts: readonly Problem[];
}

/**
 * The kube-apiserver of a cluster and the kubelets of its nodes.
 *
 * @param version the version of kubeadm's API, for nodes whose image allows it
 */
export function subjectsOfCluster(
  nodes: readonly PatchedNode[],
  version: string,
  place: ConfigurationPlace,
  budget: Budget,
): Subject[] {
  const first = nodes.find(({ role }) => role === 'control-plane');
  if (first === undefined) return [];
  const cluster = documentsOf(first, version, budget);
  return nodes.flatMap((node): Subject[] => {
    const own = node === first ? cluster : documentsOf(node, version, budget);
    const at = { ...place, name: node.name, kind: 'kind node' };
    const minor = minorOf(node.version ?? '');
    const fault = own.fault ?? cluster.fault;
    if (fault !== undefined) {
      const problem: Problem = { code: 'malformed', message: fault };
      const kubelet = unreadableConfiguredKubelet(problem, at);
      return node === first ? [unreadableConfiguredApiServer(problem, at), kubelet] : [kubelet];
    }
    const shared: KubeadmDocuments = { ...cluster.documents, ...(minor !== undefined && { minor }) };
    const subjects =
      node === first
        ? kubeadmSubjects({ ...shared, ...nodeOf(own, 'InitConfiguration') }, at, budget)
        : kubeadmKubelet({ ...shared, ...nodeOf(own, 'JoinConfiguration') }, at, budget);
    return subjects.map((subject) => ({ ...subject, doubts: [...subject.doubts, ...node.doubts] }));
  });
}

interface Documents {
  readonly documents: Pick<KubeadmDocuments, 'cluster' | 'kubelet'>;
  readonly all: ReadonlyMap<unknown, KubeadmDocument>;
  readonly fault?: string;
}

function nodeOf({ all }: Documents, kind: string): Pick<KubeadmDocuments, 'node'> {
  const node = all.get(kind);
  return node ? { node } : {};
}

function documentsOf(node: PatchedNode, wanted: string, budget: Budget): Documents {
  const possible = kubeadmVersionsFor(minorOf(node.version ?? ''));
  const version = possible.includes(wanted) ? wanted : (possible[0] ?? wanted);
  const all = new Map<unknown, KubeadmDocument>();
  for (const document of generatedDocuments(node, version)) {
    const patched = patchedDocument(document, node, budget);
    if ('fault' in patched) return { documents: {}, all, fault: patched.fault };
    all.set(document.kind, documentOf(patched));
  }
  const cluster = all.get('ClusterConfiguration');
  const kubelet = all.get('KubeletConfiguration');
  return { documents: { ...(cluster && { cluster }), ...(kubelet && { kubelet }) }, all };
}

function patchedDocument(document: UnknownRecord, node: PatchedNode, budget: Budget) {
  const tree = applyKindPatches(document, treeOf(document, undefined, budget), node.patches, budget);
  if ('fault' in tree) return tree;
  // a patch of the cluster may have changed what the node's patches match
  return applyKindPatches(asRecord(valueOf(tree)), tree, node.ownPatches, budget);
}

function documentOf(tree: Tree): KubeadmDocument {
  return {
    document: decodedDocument(valueOf(tree)),
    pointer: '',
    originOf: ({ layer, pointer = '' }) => {
      const written = writtenAt(tree, pointer);
      return written ? { ...written, layer } : { layer: 'kubeadm' };
    },
  };
}
