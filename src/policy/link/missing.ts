// The kube-apiservers that should be visible and are not. A denied mirror pod does not stop its static pod, so a kube-apiserver
// whose pod is gone may still run, and must not just drop out of the count.

import { parseFindingKey, type FindingKey } from '../finding-key.ts';
import type { Problem } from '../reading.ts';
import type { SubjectName } from '../subject.ts';

/** What decides which kube-apiservers are missing. */
export interface MissingOptions {
  /** The kube-apiservers whose pods the API shows. */
  readonly visible: readonly SubjectName[];
  /** The findings of the last complete sweep about the control plane. */
  readonly remembered: Iterable<FindingKey>;
  /** The nodes that are Ready, and whether each has the label of the control plane. */
  readonly ready: ReadonlyMap<string, { readonly isControlPlane: boolean }>;
  /** At least one node has the label of the control plane. */
  readonly hasControlPlane: boolean;
}

/** A kube-apiserver that may run, though the API shows no pod of it. */
export interface MissingApiServer {
  readonly subject: SubjectName & { readonly node: string };
  readonly problem: Problem;
}

/**
 * Gives the kube-apiservers that are missing, at most one for a node: those whose mirror pod the last sweep saw, and those of
 * nodes of a control plane on whose other nodes kube-apiserver is a static pod. Only static pods count: the name of any other
 * pod does not say where its successor runs. A node that is not Ready, or no longer part of the control plane, misses none.
 */
export function missingApiServers(options: MissingOptions): MissingApiServer[] {
  const { visible, ready, hasControlPlane } = options;
  const seen = new Set(visible.map(({ node }) => node));
  const sibling = visible.find((subject) => {
    const { node } = subject;
    return node !== undefined && ready.get(node)?.isControlPlane === true && isStaticPodOf(subject, node);
  });
  const missing: MissingApiServer[] = [];
  const remembered = rememberedPods(options);
  for (const [node, { isControlPlane }] of ready) {
    if (seen.has(node) || (hasControlPlane && !isControlPlane)) continue;
    const before = remembered.get(node);
    if (before !== undefined) missing.push({ subject: before, problem: goneFrom(node) });
    else if (isControlPlane && sibling?.node !== undefined) {
      const subject = { component: 'kube-apiserver', name: node, kind: 'Node', node } as const;
      missing.push({ subject, problem: absentFrom(node, sibling.node) });
    }
  }
  return missing;
}

/** Tells whether a pod is remembered and not visible. While the nodes are not known, it may be missing or not. */
export function hasUnseenPod({ visible, remembered }: Pick<MissingOptions, 'visible' | 'remembered'>): boolean {
  const seen = new Set(visible.map(({ namespace = '', name }) => `${namespace}/${name}`));
  return [...remembered].some((key) => {
    const { component, kind, namespace = '', name } = parseFindingKey(key);
    return component === 'kube-apiserver' && kind === 'Pod' && !seen.has(`${namespace}/${name}`);
  });
}

/** The remembered static pods, by their nodes. */
function rememberedPods({ remembered, ready }: MissingOptions): ReadonlyMap<string, MissingApiServer['subject']> {
  const pods = new Map<string, MissingApiServer['subject']>();
  for (const key of remembered) {
    const { component, kind, namespace, name, container } = parseFindingKey(key);
    if (component !== 'kube-apiserver' || kind !== 'Pod' || namespace === undefined) continue;
    const node = nodeOf(name, ready);
    if (node === undefined || pods.has(node)) continue;
    pods.set(node, { component, name, kind, namespace, node, ...(container !== undefined && { container }) });
  }
  return pods;
}

/** Finds the node of a static pod by its name. The name of one node can end with that of another: the longest is meant. */
function nodeOf(pod: string, ready: MissingOptions['ready']): string | undefined {
  for (let at = pod.indexOf('-'); at !== -1; at = pod.indexOf('-', at + 1)) {
    const node = pod.slice(at + 1);
    if (at > 0 && ready.has(node)) return node;
  }
  return undefined;
}

/** The kubelet adds the name of the node to that of the pod (pkg/kubelet/config/common.go, generatePodName). */
function isStaticPodOf({ kind, name }: SubjectName, node: string): boolean {
  return kind === 'Pod' && name.endsWith(`-${node}`);
}

const NEXT =
  'search the log of its kubelet for "Failed creating a mirror pod", and run `kubelet-guard node` on the host. If it no longer runs a kube-apiserver, delete the Node or its label node-role.kubernetes.io/control-plane';

function goneFrom(node: string): Problem {
  const message = `its mirror pod is gone, and its node ${node} is Ready; the static pod may still run, because a denied mirror pod does not stop it: ${NEXT}`;
  return { code: 'not-visible', message };
}

function absentFrom(node: string, other: string): Problem {
  const message = `the node ${node} is Ready and part of the control plane, and shows no kube-apiserver pod as ${other} does; a static pod may still run there, because a denied mirror pod does not stop it: ${NEXT}`;
  return { code: 'not-visible', message };
}
