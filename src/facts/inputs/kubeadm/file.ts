// The documents of one file of kubeadm's --config: which of them kubeadm reads, and what they mean together (kubernetes
// cmd/kubeadm/app/util/config, documentMapToInitConfiguration and documentMapToJoinConfiguration).

import { asRecord, asString } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import type { KubeadmDocument, KubeadmDocuments } from '../../kubeadm/documents.ts';
import { isClusterConfiguration, kubeadmKind } from '../../kubeadm/versions.ts';
import type { ParsedDocument } from '../../yaml/documents.ts';

/** A file with documents of kubeadm: the first of each kind. */
export interface KubeadmFile {
  readonly init?: ParsedDocument;
  readonly cluster?: ParsedDocument;
  readonly kubelet?: ParsedDocument;
  /** Why kubeadm rejects the whole file. */
  readonly doubts: readonly Problem[];
}

/** The file that documents are, if one of them is kubeadm's. */
export function kubeadmFile(documents: readonly ParsedDocument[]): KubeadmFile | undefined {
  const kinds = documents.map(({ value }) => kubeadmKind(value));
  if (kinds.every((kind) => kind === undefined)) return undefined;
  const init = documents.find((_, index) => kinds[index] === 'InitConfiguration');
  const cluster = documents.find(({ value }) => isClusterConfiguration(value));
  const kubelet = documents.find(({ value }) => asRecord(value).kind === 'KubeletConfiguration');
  return {
    ...(init && { init }),
    ...(cluster && { cluster }),
    ...(kubelet && { kubelet }),
    doubts: repeated(documents),
  };
}

/** kubeadm init reads the documents of a cluster; the other commands ignore them. */
export function isForInit({ init, cluster }: KubeadmFile): boolean {
  return init !== undefined || cluster !== undefined;
}

/**
 * What decides a kubelet of a file.
 *
 * @param own the document that the kubelet is reported for
 * @param node the configuration of its node
 */
export function documentsFor(
  file: KubeadmFile,
  own: ParsedDocument,
  node: ParsedDocument | undefined,
): KubeadmDocuments {
  const seen = (document: ParsedDocument): KubeadmDocument =>
    document === own ? { document, pointer: '' } : { document, pointer: '', elsewhere: true };
  const { cluster, kubelet } = isForInit(file) ? file : {};
  return {
    ...(cluster && { cluster: seen(cluster) }),
    ...(node && { node: seen(node) }),
    ...(kubelet && { kubelet: seen(own === node ? kubelet : own) }),
  };
}

/** A subject of a file that kubeadm may reject. */
export function withDoubts(subject: Subject, file: KubeadmFile | undefined): Subject {
  return file === undefined || file.doubts.length === 0
    ? subject
    : { ...subject, doubts: [...subject.doubts, ...file.doubts] };
}

/** A kind that stands twice (cmd/kubeadm/app/util/marshal.go, SplitConfigDocuments). */
function repeated(documents: readonly ParsedDocument[]): Problem[] {
  const seen = new Set<string>();
  for (const { value } of documents) {
    const kind = asString(asRecord(value).kind) ?? '';
    if (seen.has(kind)) {
      const message = `kubeadm rejects a file in which the kind ${kind} stands twice; split the file`;
      return [{ code: 'malformed', message }];
    }
    seen.add(kind);
  }
  return [];
}
