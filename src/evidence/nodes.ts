// Lists the nodes of a cluster, and where the kubelet of each is asked.

import { asRecord, asRecords, type UnknownRecord } from '../json.ts';
import { comparable } from '../policy/link/addresses.ts';
import type { Problem } from '../policy/reading.ts';
import { isKubeletAddress, isKubeletName, isKubeletPort } from './addresses.ts';
import { ApiFault, type Api } from '../kube/api.ts';
import { objectClient } from '../kube/objects/client.ts';
import { NODES } from '../kube/objects/resources.ts';
import type { NodeTarget } from './evidence.ts';
import { poolOf } from './node-pool.ts';

/** A node, and how its kubelet is asked, or why it is not. */
export type ListedNode = NodeTraits & ({ readonly target: NodeTarget } | { readonly unusable: Problem });

/** What a node says of itself. Its kubelet can write nearly all of it: hints, and no more. */
export interface NodeTraits {
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, in UTC; undefined if it is not shown. */
  readonly createdAt: string | undefined;
  /** Since when it is Ready: its kubelet was started no later. Undefined if it is not Ready. */
  readonly readySince: string | undefined;
  /** All addresses of its status, written so that they can be compared. */
  readonly addresses: readonly string[];
  /** The pool that its labels name; undefined if none does. */
  readonly pool: string | undefined;
  /** It is one of the nodes that the control plane runs on. */
  readonly isControlPlane: boolean;
  /** It says that it stands for another system than a machine with a kubelet. */
  readonly isVirtual: boolean;
}

const DEFAULT_PORT = 10250;
const LONGEST_NAME = 253;

const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/**
 * Lists the nodes page by page, and of each only what is needed to ask its kubelet.
 *
 * @throws ApiFault where a page is refused
 */
export async function* listNodes(request: Api, signal: AbortSignal): AsyncGenerator<readonly ListedNode[], void> {
  for await (const page of objectClient(request, NODES).list({}, signal)) yield page.map(listedNode);
}

function listedNode({ metadata, status }: UnknownRecord): ListedNode {
  const { name, uid, labels, creationTimestamp } = asRecord(metadata);
  if (typeof name !== 'string' || typeof uid !== 'string') throw new ApiFault('the answer lists a node without a name');
  const { addresses, daemonEndpoints, conditions } = asRecord(status);
  const has = (label: string): boolean => Object.hasOwn(asRecord(labels), label);
  const traits: NodeTraits = {
    name,
    uid,
    createdAt: typeof creationTimestamp === 'string' ? creationTimestamp : undefined,
    readySince: readySince(conditions),
    addresses: addressesOf(addresses),
    pool: poolOf(asRecord(labels)),
    isControlPlane: CONTROL_PLANE.some(has),
    isVirtual: asRecord(labels).type === 'virtual-kubelet',
  };
  const address = addressOf(addresses);
  if (typeof address !== 'string') return { ...traits, unusable: address };
  const port = portOf(asRecord(asRecord(daemonEndpoints).kubeletEndpoint).Port);
  if (typeof port !== 'number') return { ...traits, unusable: port };
  return { ...traits, target: { name, uid, address, port } };
}

/** A node whose kubelet was down for long was not Ready meanwhile. A quick restart of the kubelet does not show. */
function readySince(conditions: unknown): string | undefined {
  const all = asRecords(conditions);
  const time = all.find(({ type, status }) => type === 'Ready' && status === 'True')?.lastTransitionTime;
  return typeof time === 'string' ? time : undefined;
}

/** More than any node has. */
const MOST_ADDRESSES = 64;

function addressesOf(addresses: unknown): string[] {
  const texts = asRecords(addresses).map((entry) => entry.address);
  const known = texts.filter((text) => typeof text === 'string' && text.length <= LONGEST_NAME) as string[];
  return known.slice(0, MOST_ADDRESSES).map(comparable);
}

/** The address that the node's first choice of a type gives: there is no second try after one that cannot be true. */
function addressOf(addresses: unknown): string | Problem {
  const all = asRecords(addresses);
  const first = ['InternalIP', 'ExternalIP', 'Hostname']
    .map((type) => all.find((entry) => entry.type === type))
    .find((entry) => entry !== undefined);
  if (first === undefined) {
    const message = 'its status has no address; wait until its kubelet has registered it, or see why it does not';
    return { code: 'unreachable', message };
  }
  const { type, address } = first;
  const text = typeof address === 'string' ? address : '';
  if (isKubeletAddress(text) || (type === 'Hostname' && isKubeletName(text))) return text;
  const shown = text.slice(0, LONGEST_NAME);
  const message = `its status says that its ${String(type)} is "${shown}", where no kubelet can be; nothing was asked there`;
  return { code: 'malformed', message };
}

/** As kube-apiserver does (pkg/kubelet/client/kubelet_client.go, GetConnectionInfo), with the port that nearly all have. */
function portOf(port: unknown): number | Problem {
  if (port === undefined || port === null || port === 0) return DEFAULT_PORT;
  if (isKubeletPort(port)) return port;
  const shown = JSON.stringify(port).slice(0, LONGEST_NAME);
  const message = `its status says that its kubelet has the port ${shown}, where none listens; nothing was asked there`;
  return { code: 'malformed', message };
}
