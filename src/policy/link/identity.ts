// Who answered at the address of a node. An address proves an address: two nodes can have the same one, it can have moved to
// another machine, and any TLS server can listen there. What tells them apart are the names of the serving certificate.

import type { Problem } from '../reading.ts';

/** A node, as far as others can be taken for it. Names and addresses are in lower case, IPv6 addresses in one form. */
export interface NodeNames {
  readonly name: string;
  /** All that its status gives, whatever their types. Its kubelet can write them. */
  readonly addresses: readonly string[];
  /** Where it is asked, as `host:port`; undefined where it is not. */
  readonly endpoint?: string | undefined;
}

/** Which node a name or an address stands for, among all nodes of one sweep. */
export interface Directory {
  /** The only node that has this name or address; undefined where there are several or none. */
  readonly ownerOf: (nameOrAddress: string) => string | undefined;
  /** The nodes that are asked at the same place, itself included. */
  readonly askedAt: (endpoint: string) => readonly string[];
}

/** The names of a serving certificate, written as those of nodes. */
export interface ServingNames {
  readonly commonName: string | undefined;
  readonly hosts: readonly string[];
  readonly addresses: readonly string[];
  /** Whether a CA that is known signs kubelets alone with such a subject, and has signed this one. Costs a verification. */
  readonly isKubelet: () => boolean;
}

/** Why an answer is not taken for that of a node. */
export interface Stranger extends Problem {
  readonly code: 'wrong-node' | 'unidentified';
}

/** Makes the directory of all nodes of a sweep. A name goes before an address: no other node can take it for its own. */
export function directoryOf(nodes: readonly NodeNames[]): Directory {
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
    askedAt: (endpoint) => endpoints.get(endpoint) ?? [],
  };
}

/**
 * Tells whether a serving certificate is that of the node that was asked. A kubelet serves with one of three: signed by the
 * cluster, for `system:node:NAME`; signed by itself, for `NAME@TIME`; or given to it, for its host name or an address.
 *
 * @param seen undefined where no certificate was seen
 * @returns why what answered says nothing about the node; undefined where it is the node
 */
export function strangerAt(
  node: NodeNames,
  directory: Directory,
  seen: ServingNames | undefined,
): Stranger | undefined {
  const { name, endpoint = name } = node;
  const others = directory.askedAt(endpoint).filter((other) => other !== name);
  const shown = seen && shownNames(seen);
  if (seen !== undefined && shown !== undefined) {
    const { signed, all } = namesOf(seen);
    if (all.includes(name)) return undefined;
    // a wildcard is for several nodes, and tells those that are asked at one place not apart
    if (others.length === 0 && all.some((known) => covers(known, name))) return undefined;
    if (isOfApiServer(seen)) return unidentified(`${endpoint} answers with the certificate of a kube-apiserver`);
    const another = signed ?? namedNode(node, directory, all);
    if (another !== undefined && another !== name) {
      const words = `${endpoint} answers as ${another} (its certificate is for ${shown}), not as ${name}`;
      return { code: 'wrong-node', message: `${words}: ${ADDRESSES}` };
    }
    if (another === name) return undefined;
    if (others.length === 0 && seen.isKubelet()) return undefined;
  }
  const words = shown === undefined ? 'shows no certificate' : `shows a certificate for ${shown}`;
  if (others.length > 0) {
    const message = `${listed([name, ...others])} are all asked at ${endpoint}, which ${words}, and so none of them in particular: ${ADDRESSES}`;
    return { code: 'wrong-node', message };
  }
  return unidentified(`${endpoint} ${words}, which is neither the name of ${name} nor an address that only it has`);
}

/** Why an answer that shows no certificate says nothing about a node, where others are asked at the same place. */
export function sharedPlace({ name, endpoint = name }: NodeNames, directory: Directory): Stranger | undefined {
  const others = directory.askedAt(endpoint).filter((other) => other !== name);
  if (others.length === 0) return undefined;
  const message = `${listed([name, ...others])} are all asked at ${endpoint}, and the answer does not show whose it is: ${ADDRESSES}`;
  return { code: 'wrong-node', message };
}

const ADDRESSES = 'compare the addresses in kubectl get nodes -o wide, and give each kubelet its own with --node-ip';

/** The names to compare, and the one that the cluster itself vouches for, which goes before all others. */
function namesOf({ commonName, hosts, addresses }: ServingNames): { signed: string | undefined; all: string[] } {
  const signed = commonName?.match(/^system:node:(.+)$/)?.[1];
  const own = signed ?? commonName?.match(/^(.+)@\d+$/)?.[1] ?? commonName;
  return { signed, all: [...(own === undefined ? [] : [own]), ...hosts, ...addresses] };
}

/** The node that a certificate is for: the one that is meant, where it has one of the names; else any other. */
function namedNode({ name }: NodeNames, directory: Directory, all: readonly string[]): string | undefined {
  const owners = all.map(directory.ownerOf).filter((owner) => owner !== undefined);
  return owners.includes(name) ? name : owners[0];
}

/** Every API server has this name for the pods of its cluster, and no kubelet. */
function isOfApiServer({ hosts }: ServingNames): boolean {
  return hosts.includes('kubernetes.default.svc');
}

/** A wildcard stands for one label (RFC 6125). */
function covers(pattern: string, name: string): boolean {
  return pattern.startsWith('*.') && name.includes('.') && pattern.slice(1) === name.slice(name.indexOf('.'));
}

function unidentified(words: string): Stranger {
  const advice =
    "it can be a proxy that inspects TLS, or another program; see what listens there, or renew the kubelet's serving certificate (delete its pki/kubelet.crt and restart it, or set serverTLSBootstrap)";
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
