// The pool that a node belongs to, by its labels. A kubelet can set most labels of its own node, so they are for people only: they
// group and filter nodes, and no result depends on them.

import type { UnknownRecord } from '../json.ts';

/**
 * Labels whose value is the name of a pool, each with where it is set. Cluster API labels Machines with their MachineDeployment
 * (cluster.x-k8s.io/deployment-name), but copies only labels of other domains to Nodes (cluster-api
 * docs/proposals/20220927-label-sync-between-machine-and-nodes.md): its nodes have a role.
 */
const POOL_LABELS = [
  // before the groups that it adds nodes to: karpenter.sh, Concepts, NodePools
  'karpenter.sh/nodepool',
  // docs.aws.amazon.com/eks, Managed node groups; eksctl pkg/apis/eksctl.io/v1alpha5 for other groups
  'eks.amazonaws.com/nodegroup',
  'alpha.eksctl.io/nodegroup-name',
  // cloud.google.com/kubernetes-engine, About node pools
  'cloud.google.com/gke-nodepool',
  // learn.microsoft.com/azure/aks/use-labels; the short one is older
  'kubernetes.azure.com/agentpool',
  'agentpool',
  // kops pkg/nodelabels/builder.go
  'kops.k8s.io/instancegroup',
  // gardener pkg/apis/core/v1beta1/constants/types_constants.go
  'worker.gardener.cloud/pool',
  // hypershift api/hypershift/v1beta1/nodepool_types.go; pools of other OpenShift clusters are roles
  'hypershift.openshift.io/nodePool',
  // docs.digitalocean.com/products/kubernetes, Node labels
  'doks.digitalocean.com/node-pool',
  // scaleway.com/docs/kubernetes, Tags and labels of pools
  'k8s.scaleway.com/pool-name',
] as const;

const ROLE = 'node-role.kubernetes.io/';
/** A node of the control plane is no worker, and one with a role of its own is no plain worker, whatever else it is called. */
const FIRST = ['control-plane', 'master'];
const LAST = ['worker', 'node'];

/** The longest value of a label, and the longest name of a role. */
const LONGEST = 63;

/**
 * Finds the name of the pool: by a label of whoever manages pools, else the role. If there are several roles, that of the
 * control plane goes first, then the first by name that is not a mere worker.
 *
 * @param labels the labels of a Node
 * @returns the name; undefined if no label names a pool
 */
export function poolOf(labels: UnknownRecord): string | undefined {
  const own = POOL_LABELS.filter((label) => Object.hasOwn(labels, label)).map((label) => labels[label]);
  return own.find(isName) ?? roleOf(labels);
}

function roleOf(labels: UnknownRecord): string | undefined {
  const roles = Object.keys(labels)
    .filter((label) => label.startsWith(ROLE))
    .map((label) => label.slice(ROLE.length))
    .filter(isName)
    .sort();
  const first = FIRST.find((role) => roles.includes(role));
  return first ?? roles.find((role) => !LAST.includes(role)) ?? roles[0];
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST;
}
