// Whether the server at a node's address is that node's kubelet. An address alone does not prove it: two nodes can have the
// same address, an address can move to another machine, and any TLS server can listen there. The names in the serving
// certificate prove it.

import type { Problem } from '../reading.ts';

/** What identifies a node. Names are in lower case, and addresses in canonical form. */
export interface NodeIdentity {
  readonly name: string;
  /** All addresses in its status, of any type. Its kubelet writes them. */
  readonly addresses: readonly string[];
  /** The `host:port` of its kubelet; undefined if the kubelet has no usable address. */
  readonly endpoint?: string | undefined;
}

/** Finds the nodes of one sweep by name, address and endpoint. */
export interface NodeIndex {
  /** The node with this name or address; undefined if there is none, or more than one. */
  readonly ownerOf: (nameOrAddress: string) => string | undefined;
  /** All nodes with this endpoint. */
  readonly nodesAt: (endpoint: string) => readonly string[];
}

/** The names in a serving certificate, in the same form as those of nodes. */
export interface ServingNames {
  readonly commonName: string | undefined;
  readonly hosts: readonly string[];
  readonly addresses: readonly string[];
  /** Tells whether it is signed by a known CA that signs such subjects for kubelets only. Costs a verification. */
  readonly isKubelet: () => boolean;
}

/** Why an answer does not count as the node's. */
export interface IdentityProblem extends Problem {
  readonly code: 'wrong-node' | 'unidentified';
}

/** Indexes all nodes of a sweep. A name goes before an address, because no other node can claim a name. */
export function indexNodes(nodes: readonly NodeIdentity[]): NodeIndex {
  const owners = new Map<string, string | undefined>();
  const names = new Set(nodes.map(({ name }) => name));
  const endpoints = new Map<string, string[]>();
  for (const { name, addresses, endpoint } of nodes) {
    for (const address of new Set(addresses)) {
      const isFree = !owners.has(address) || owners.get(address) === name;
      owners.set(address, isFree ? name : undefined);
    }
    if (endpoint === undefined) continue;
    const there = endpoints.get(endpoint);
    if (there === undefined) endpoints.set(endpoint, [name]);
    else there.push(name);
  }
  return {
    ownerOf: (key) => (names.has(key) ? key : owners.get(key)),
    nodesAt: (endpoint) => endpoints.get(endpoint) ?? [],
  };
}

/**
 * Checks that a serving certificate belongs to the node that was asked. A kubelet has one of three: signed by the cluster,
 * for `system:node:NAME`; self-signed, for `NAME@TIME`; or configured, for its host name or an address.
 *
 * @param seen undefined if the server showed no certificate
 * @returns why the answer does not count as the node's; undefined if it does
 */
export function identityProblem(
  node: NodeIdentity,
  index: NodeIndex,
  seen: ServingNames | undefined,
): IdentityProblem | undefined {
  const { name, endpoint = name } = node;
  const others = index.nodesAt(endpoint).filter((other) => other !== name);
  const shown = seen && shownNames(seen);
  if (seen !== undefined && shown !== undefined) {
    const { signed, all } = namesOf(seen);
    if (all.includes(name)) return undefined;
    // a wildcard covers several nodes, and does not distinguish nodes with the same endpoint
    if (others.length === 0 && all.some((known) => covers(known, name))) return undefined;
    if (isOfApiServer(seen)) return unidentified(`${endpoint} answers with the certificate of a kube-apiserver`);
    const another = signed ?? namedNode(node, index, all);
    if (another !== undefined && another !== name) {
      const words = `${endpoint} answers as ${another} (its certificate is for ${shown}), not as ${name}`;
      return { code: 'wrong-node', message: `${words}: ${ADDRESSES}` };
    }
    if (another === name) return undefined;
    if (others.length === 0 && seen.isKubelet()) return undefined;
  }
  const words = shown === undefined ? 'shows no certificate' : `shows a certificate for ${shown}`;
  if (others.length > 0) {
    const message = `${listed([name, ...others])} all have the endpoint ${endpoint}, which ${words}, so the answer cannot be assigned to one of them: ${ADDRESSES}`;
    return { code: 'wrong-node', message };
  }
  return unidentified(
    `${endpoint} ${words}, which is neither for the name ${name} nor for an address that only this node has`,
  );
}

/** Gives the problem of an answer that shows no certificate if other nodes have the same endpoint; else undefined. */
export function sharedEndpointProblem(
  { name, endpoint = name }: NodeIdentity,
  index: NodeIndex,
): IdentityProblem | undefined {
  const others = index.nodesAt(endpoint).filter((other) => other !== name);
  if (others.length === 0) return undefined;
  const message = `${listed([name, ...others])} all have the endpoint ${endpoint}, and the answer does not show which of them sent it: ${ADDRESSES}`;
  return { code: 'wrong-node', message };
}

const ADDRESSES =
  'compare the addresses in kubectl get nodes -o wide, and give each kubelet its own address with --node-ip';

/** Gives the names to compare, and the node name that the cluster's CA signed, which goes before all others. */
function namesOf({ commonName, hosts, addresses }: ServingNames): { signed: string | undefined; all: string[] } {
  const signed = commonName?.match(/^system:node:(.+)$/)?.[1];
  const own = signed ?? commonName?.match(/^(.+)@\d+$/)?.[1] ?? commonName;
  return { signed, all: [...(own === undefined ? [] : [own]), ...hosts, ...addresses] };
}

/** Finds the node that a certificate is for: the asked node if it has one of the names, else any other. */
function namedNode({ name }: NodeIdentity, index: NodeIndex, all: readonly string[]): string | undefined {
  const owners = all.map(index.ownerOf).filter((owner) => owner !== undefined);
  return owners.includes(name) ? name : owners[0];
}

/** Every API server has this name, for the pods of its cluster, and no kubelet has it. */
function isOfApiServer({ hosts }: ServingNames): boolean {
  return hosts.includes('kubernetes.default.svc');
}

/** Tells whether a wildcard matches a name. It stands for one label (RFC 6125). */
function covers(pattern: string, name: string): boolean {
  return pattern.startsWith('*.') && name.includes('.') && pattern.slice(1) === name.slice(name.indexOf('.'));
}

function unidentified(words: string): IdentityProblem {
  const advice =
    "this can be a proxy that inspects TLS, or another program; find out what listens there, or renew the kubelet's serving certificate (delete its pki/kubelet.crt and restart the kubelet, or set serverTLSBootstrap)";
  return { code: 'unidentified', message: `${words}: ${advice}` };
}

const MOST_SHOWN = 3;
const LONGEST = 80;

function shownNames({ commonName, hosts, addresses }: ServingNames): string {
  const names = [...new Set([...(commonName === undefined ? [] : [`CN=${commonName}`]), ...hosts, ...addresses])];
  return names.length === 0 ? 'no name' : listed(names);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_SHOWN).map((name) => name.slice(0, LONGEST));
  const more = names.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}
