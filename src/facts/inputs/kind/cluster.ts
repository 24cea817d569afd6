// kind's Cluster: kubeadm's documents for each node, and the user's patches on them (kind
// pkg/cluster/internal/create/actions/config/config.go).

import { asRecord, asRecords, asString, asText, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import { minorOf } from '../../argv/flags.ts';
import {
  inDocument,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { valueOf } from '../../patching/tree.ts';
import { generatedDocuments, kubeadmVersionsFor, type KindNode } from './generated.ts';
import { subjectsOfCluster, type PatchedNode } from './nodes.ts';
import { appliesTo, kindPatches, type KindPatch } from './patches.ts';
import { settle } from './settle.ts';

/** A configuration of `kind create cluster`. */
export const kindCluster: Input = {
  name: 'kind `Cluster`',
  platform: 'kubeadm',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) =>
    kind === 'Cluster' && typeof apiVersion === 'string' && apiVersion.startsWith('kind.x-k8s.io/'),
  read: (found) => {
    const { nodes, versions } = read(found);
    const candidates = versions.map((version) => subjectsOfCluster(nodes, version, placeOf(found), found.budget));
    return settle(candidates).map((subject) => inDocument(subject, found.pointer));
  },
  problems: ignoredPatches,
  unreadable: (found, problem) => [
    unreadableConfiguredApiServer(problem, placeOf(found)),
    unreadableConfiguredKubelet(problem, placeOf(found)),
  ],
};

interface KindFile {
  readonly nodes: readonly PatchedNode[];
  /** All patches, each once. */
  readonly patches: readonly KindPatch[];
  /** The versions of kubeadm's API that kind may use. */
  readonly versions: readonly string[];
}

function read({ object, budget }: FoundObject): KindFile {
  const ofCluster = kindPatches(object, '', budget);
  const patches = [...ofCluster.patches];
  const listed = asRecords(object.nodes);
  const counts = new Map<string, number>();
  const nodes = (listed.length === 0 ? [{}] : listed).map((node: UnknownRecord, index): PatchedNode => {
    const role = asText(node.role) ?? 'control-plane';
    const count = (counts.get(role) ?? 0) + 1;
    counts.set(role, count);
    const own = kindPatches(node, `/nodes/${String(index)}`, budget);
    for (const patch of own.patches) patches.push(patch);
    return {
      ...nodeOf(object, node, role, count),
      patches: ofCluster.patches,
      ownPatches: own.patches,
      doubts: [...ofCluster.problems, ...own.problems, ...mountDoubts(node, index)],
    };
  });
  const possible = [...new Set(nodes.flatMap(({ version }) => kubeadmVersionsFor(minorOf(version ?? ''))))];
  // who writes a version into a patch has a kind that uses it
  const stated = new Set(patches.flatMap(statedVersion));
  const chosen = possible.length > 1 && stated.size === 1 ? possible.filter((version) => stated.has(version)) : [];
  return { nodes, patches, versions: chosen.length === 0 ? possible : chosen };
}

function statedVersion({ apiVersion }: KindPatch): string[] {
  return apiVersion.startsWith('kubeadm.k8s.io/') ? [apiVersion.slice('kubeadm.k8s.io/'.length)] : [];
}

function nodeOf(cluster: UnknownRecord, node: UnknownRecord, role: string, count: number): KindNode {
  const suffix = count === 1 ? role : `${role}${String(count)}`;
  const version = /:(v\d+\.\d+\.\d+[^@]*)/.exec(asString(node.image) ?? '')?.[1];
  const joined = (value: unknown): string =>
    Object.entries(asRecord(value))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, entry]) => `${name}=${String(entry)}`)
      .join(',');
  return {
    name: `${asText(cluster.name) ?? 'kind'}-${suffix}`,
    ...{ role, version, labels: joined(node.labels) },
    ...{ featureGates: joined(cluster.featureGates), runtimeConfig: joined(cluster.runtimeConfig) },
  };
}

/** Folders and files of a node that decide how its kubelet is started. */
const DECIDING =
  /^\/(?:etc\/default\/kubelet|etc\/systemd|(?:usr\/)?lib\/systemd|kind|var\/lib\/kubelet\/[^/]*)(?:\/|$)/;

function mountDoubts(node: UnknownRecord, index: number): Problem[] {
  return asRecords(node.extraMounts).flatMap(({ containerPath }, at) => {
    const path = asString(containerPath) ?? '';
    if (!DECIDING.test(path)) return [];
    const message = `${path} is mounted from the host, and can change how the kubelet is started; check the node with kubelet-guard sweep`;
    const pointer = `/nodes/${String(index)}/extraMounts/${String(at)}`;
    return [{ code: 'not-visible', message, origin: { layer: 'file', pointer } }];
  });
}

const SETTINGS = /client-?ca-?file|kubelet-client-|kubelet-certificate-authority|anonymous|authorization/i;

/** kind passes over patches that match no document. */
function ignoredPatches(found: FoundObject): Problem[] {
  const { nodes, patches, versions } = read(found);
  const [node] = nodes;
  const documents = node ? versions.flatMap((version) => generatedDocuments(node, version)) : [];
  const ignored = patches.filter(
    (patch) =>
      (patch.kind === '' || documents.some(({ kind }) => kind === patch.kind)) &&
      !documents.some((document) => appliesTo(patch, document)) &&
      SETTINGS.test(JSON.stringify(valueOf(patch.tree))),
  );
  return ignored.map(({ apiVersion, kind, pointer }) => {
    const message = `kind ignores this patch: it is for ${kind === '' ? 'no kind' : `${apiVersion} ${kind}`}, and kind writes ${versions.join(' or ')} here; correct or remove it`;
    return { code: 'not-read', message, origin: { layer: 'file', pointer: `${found.pointer}${pointer}` } };
  });
}

function placeOf({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const name = asText(object.name) ?? 'kind';
  return { name, kind: 'Cluster', source, vantage, surface: 'declared-cluster' };
}
