// The documents that kubeadm sets up a cluster or a node from.

import type { Origin } from '../../policy/reading.ts';
import type { DeclaredFile } from '../declared/files.ts';
import type { ParsedDocument } from '../yaml/documents.ts';

/** A document of kubeadm, alone or inside another object. */
export interface KubeadmDocument {
  /** The object itself. `apiVersion` and `kind` are there: who has one without them adds those that its reader does. */
  readonly document: ParsedDocument;
  /** JSON Pointer of the object in the document that holds it. */
  readonly pointer: string;
  /** It is another document than the one that the subject is reported for: its origins get their lines at once. */
  readonly elsewhere?: true;
  /** Where a part of the object is written, if that is not at its own pointer. */
  readonly originOf?: (origin: Origin) => Origin;
}

/** What kubeadm is given. */
export interface KubeadmDocuments {
  /** ClusterConfiguration, or MasterConfiguration of old versions. An empty one means kubeadm's defaults. */
  readonly cluster?: KubeadmDocument;
  /** InitConfiguration or JoinConfiguration of one node. */
  readonly node?: KubeadmDocument;
  /** KubeletConfiguration. */
  readonly kubelet?: KubeadmDocument;
  /** Further files of the node, for `--config` and `--config-dir` in the arguments of its kubelet. */
  readonly files?: readonly DeclaredFile[];
  /** The patches of the folder of `--patches`; a file's name decides what it changes. */
  readonly patches?: readonly DeclaredFile[];
  /** The minor version of Kubernetes, if it is known. */
  readonly minor?: number;
}

/** An origin in one of the documents, as one in what holds it. */
export function originIn({ document, pointer, elsewhere, originOf }: KubeadmDocument, origin: Origin): Origin {
  if (origin.pointer === undefined) return origin;
  if (originOf) return originOf(origin);
  if (elsewhere !== true) return { ...origin, pointer: `${pointer}${origin.pointer}` };
  const { pointer: _, ...rest } = origin;
  const line = document.locate({ ...origin, pointer: `${pointer}${origin.pointer}` });
  return { ...rest, ...(line !== undefined && { line }) };
}
