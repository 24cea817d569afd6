// The kubelet of a node that kubeadm sets up: the file that kubeadm writes, and over it the arguments of the node's own
// configuration (kubernetes cmd/kubeadm/app/componentconfigs/kubelet.go, phases/kubelet).

import { asRecord, isRecord } from '../../json.ts';
import type { Origin, Problem } from '../../policy/reading.ts';
import type { Refusal, Subject } from '../../policy/subject.ts';
import type { Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { declaredKubelet } from '../declared/components.ts';
import type { DeclaredFile } from '../declared/files.ts';
import {
  subjectAt,
  unreadableConfiguredKubelet,
  withOrigins,
  type ConfigurationPlace,
} from '../inputs/configuration.ts';
import { readKubeletConfiguration } from '../kubelet/configuration.ts';
import type { PatchFault } from '../patching/json-patch.ts';
import { treeOf, valueOf, writtenAt, type Tree } from '../patching/tree.ts';
import { KUBELET_SETTINGS } from '../../policy/settings.ts';
import { kubeletReadings } from '../readings.ts';
import { joinPath } from '../values/paths.ts';
import { pointerOf } from '../values/shape.ts';
import { decodedDocument, type ParsedDocument } from '../yaml/documents.ts';
import { certificatesDirectory, configuredMinor } from './api-server.ts';
import { commandLine, extraArguments } from './arguments.ts';
import { originIn, type KubeadmDocument, type KubeadmDocuments } from './documents.ts';
import { splitBySystemd } from './environment.ts';
import { decodingFault } from './faults.ts';
import { applyPatches, missingPatches, patchName } from './patches.ts';
import { isJoinConfiguration, kubeadmVersion } from './versions.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
const CLIENT_CA = ['authentication', 'x509', 'clientCAFile'];
/** What the unit of the kubeadm package gives to the kubelet before the arguments of kubeadm. */
const UNIT: readonly Word[] = [
  { text: '--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf' },
  { text: '--kubeconfig=/etc/kubernetes/kubelet.conf' },
  { text: `--config=${CONFIG}` },
];
const HEADER = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };

const ENFORCED = {
  ...HEADER,
  authentication: { x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' }, anonymous: { enabled: false } },
  authorization: { mode: 'Webhook' },
};

/**
 * The kubelet of a node, or the kubelets that a configuration without a node is for.
 *
 * @returns nothing for a joining node whose own configuration sets none of the settings: its cluster decides all of them
 */
export function kubeadmKubelet(documents: KubeadmDocuments, place: ConfigurationPlace, budget: Budget): Subject[] {
  const { cluster, node, files = [], minor: given } = documents;
  const fault = node && decodingFault(node.document);
  if (node && fault) return [refusedKubelet(fault, node, place)];
  const known = isKnown(documents) ? patchedFile(documents, budget) : undefined;
  if (known && 'refusal' in known) return [refusedKubelet(known.refusal, documents.kubelet, place)];
  if (known && 'fault' in known)
    return [unreadableConfiguredKubelet({ code: 'malformed', message: known.fault }, place)];
  const words = node ? nodeWords(node) : [];
  if (known === undefined && !decides(words)) return [];
  const minor = given ?? configuredMinor(cluster?.document.value);
  const written: DeclaredFile[] = known ? [{ path: CONFIG, content: { document: known.document }, pointer: '' }] : [];
  const subjects = declaredKubelet(
    place,
    {
      words: [...UNIT, ...words],
      files: [...written, ...files],
      missing: (path) => notHere(path, known !== undefined),
      ...(minor !== undefined && { minor }),
      doubts: [...missingPatches(documents), ...(known?.doubts ?? [])],
    },
    budget,
  );
  return subjects.map((subject) =>
    withOrigins(subject, (origin) => {
      if (origin.file !== CONFIG) return origin.layer === 'flag' && node ? originIn(node, origin) : origin;
      const { file: _, ...inFile } = origin;
      if (known?.tree) return placeIn(known.tree, inFile);
      const filled = known?.enforced === true || (known?.filled === true && origin.pointer === pointerOf(CLIENT_CA));
      return documents.kubelet && !filled ? originIn(documents.kubelet, inFile) : { layer: 'kubeadm' };
    }),
  );
}

/** Whether kubeadm makes the file of these documents. A node that only joins gets it from its cluster. */
function isKnown({ cluster, node, kubelet }: KubeadmDocuments): boolean {
  return cluster !== undefined || kubelet !== undefined || !isJoinConfiguration(node?.document.value);
}

type Written =
  | { readonly document: ParsedDocument; readonly filled: boolean; readonly enforced?: true }
  | { readonly refusal: Refusal };

interface Patched extends Extract<Written, { document: unknown }> {
  readonly tree?: Tree;
  readonly doubts?: readonly Problem[];
}

/** The configuration that kubeadm writes: what was given, with kubeadm's own defaults. */
function writtenFile({ cluster, node, kubelet }: KubeadmDocuments): Written {
  if (kubeadmVersion((cluster ?? node)?.document.value)?.enforces)
    return { document: decodedDocument(ENFORCED), filled: true, enforced: true };
  const given = kubelet?.document ?? decodedDocument(HEADER);
  const value = { ...HEADER, ...asRecord(given.value) };
  const step = readKubeletConfiguration({ ...given, value: isRecord(given.value) ? value : given.value }, undefined);
  if ('refusal' in step) return step;
  const { clientCAFile } = step.readings;
  const filled = clientCAFile.state === 'unset' || (clientCAFile.state === 'set' && clientCAFile.value === '');
  if (!filled) return { document: { ...given, value }, filled };
  const authority = joinPath(certificatesDirectory(cluster?.document.value), 'ca.crt');
  return { document: { ...given, value: withValue(value, CLIENT_CA, authority) }, filled };
}

/** The same after the patches of `--patches`. */
function patchedFile(
  documents: KubeadmDocuments,
  budget: Budget,
): Patched | PatchFault | { readonly refusal: Refusal } {
  const { kubelet, patches = [] } = documents;
  const file = writtenFile(documents);
  const isOurs = patches.some(({ path }) => patchName(path)?.target === 'kubeletconfiguration');
  if ('refusal' in file || !isOurs) return file;
  const base = treeOf(file.document.value, undefined, budget);
  const own =
    kubelet &&
    !file.enforced &&
    treeOf(kubelet.document.value, (pointer) => originIn(kubelet, { layer: 'file', pointer }), budget);
  const patched = applyPatches('kubeletconfiguration', own ? withFilled(own, base) : base, patches, budget);
  if ('fault' in patched) return patched;
  return { ...file, document: { ...file.document, value: valueOf(patched.tree) }, ...patched };
}

/** What was given, with what kubeadm fills in. */
function withFilled(own: Tree, filled: Tree): Tree {
  if (own.kind !== 'map' || filled.kind !== 'map')
    return JSON.stringify(valueOf(own)) === JSON.stringify(valueOf(filled)) ? own : filled;
  const entries = new Map(filled.entries);
  for (const [name, entry] of own.entries) {
    const other = entries.get(name);
    if (other) entries.set(name, withFilled(entry, other));
  }
  return { ...own, entries };
}

function placeIn(tree: Tree, { layer, pointer = '' }: Origin): Origin {
  const written = writtenAt(tree, pointer);
  return written ? { ...written, layer } : { layer: 'kubeadm' };
}

function withValue(value: unknown, [name, ...rest]: readonly string[], leaf: string): unknown {
  if (name === undefined) return leaf;
  const before = asRecord(value);
  return { ...before, [name]: withValue(before[name], rest, leaf) };
}

/** The arguments of a node's configuration, as its kubelet gets them. */
function nodeWords({ document }: KubeadmDocument): Word[] {
  const version = kubeadmVersion(document.value);
  if (version?.kubeletArguments === undefined) return [];
  return splitBySystemd(commandLine([], extraArguments(document.value, version.kubeletArguments, version)));
}

const DECIDING = new Set([
  ...Object.values(KUBELET_SETTINGS).map(({ flag }) => flag as string),
  'config',
  'config-dir',
]);

/** Whether arguments may set something that is checked. */
function decides(words: readonly Word[]): boolean {
  return words.some(({ text, holes }) => {
    if (holes) return true;
    const name = /^--?([^=]*)/.exec(text)?.[1];
    return name === undefined || DECIDING.has(name.replaceAll('_', '-'));
  });
}

function notHere(path: string, written: boolean): Problem {
  const message =
    path === CONFIG && !written
      ? 'the other settings of a joining node come from the ConfigMap kubelet-config of its cluster, which this document does not hold; check the configuration that the cluster was made with, or the cluster with kubelet-guard sweep'
      : `${path} is a file of the node that the configuration does not hold; check it too, or check the node with kubelet-guard node`;
  return { code: 'not-visible', message };
}

function refusedKubelet(refusal: Refusal, from: KubeadmDocument | undefined, place: ConfigurationPlace): Subject {
  const origin = refusal.origin && from ? originIn(from, refusal.origin) : refusal.origin;
  return {
    ...subjectAt('kubelet', place),
    component: 'kubelet',
    ...kubeletReadings(() => ({ state: 'unset' })),
    doubts: [],
    refusal: { ...refusal, ...(origin && { origin }) },
  };
}
