// kubeadm as a function of its documents: the kube-apiserver and the kubelet that it would set up.

import type { UnknownRecord } from '../../json.ts';
import type { Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import { subjectAt, withOrigins, type ConfigurationPlace } from '../inputs/configuration.ts';
import type { ParsedDocument } from '../yaml/documents.ts';
import { clusterConfigurationSettings } from './api-server.ts';
import { originIn, type KubeadmDocument, type KubeadmDocuments } from './documents.ts';
import { kubeadmKubelet } from './kubelet.ts';
import { patchedApiServer } from './manifest.ts';
import { missingPatches, patchName } from './patches.ts';

/**
 * The components that kubeadm would set up: a kube-apiserver if a cluster is configured, and a kubelet if a node or its
 * kubelet is. A joining node whose own configuration decides nothing gives none: its cluster decides.
 *
 * @param place where the documents were found; origins are moved to the pointers of the documents
 */
export function kubeadmSubjects(documents: KubeadmDocuments, place: ConfigurationPlace, budget: Budget): Subject[] {
  const { cluster, node, kubelet } = documents;
  return [
    ...(cluster ? kubeadmApiServer({ ...documents, cluster }, place, budget) : []),
    ...(node || kubelet ? kubeadmKubelet(documents, place, budget) : []),
  ];
}

/** The kube-apiserver of a cluster's configuration. */
export function kubeadmApiServer(
  documents: KubeadmDocuments & { readonly cluster: KubeadmDocument },
  place: ConfigurationPlace,
  budget: Budget,
): Subject[] {
  const { cluster, minor, patches = [] } = documents;
  if (patches.some(({ path }) => patchName(path)?.target === 'kube-apiserver'))
    return patchedApiServer(documents, place, budget);
  const settings = clusterConfigurationSettings(cluster.document, budget, minor);
  const subject: Subject = {
    ...subjectAt('kube-apiserver', place),
    component: 'kube-apiserver',
    ...settings,
    doubts: [...settings.doubts, ...missingPatches(documents)],
  };
  return [withOrigins(subject, (origin) => originIn(cluster, origin))];
}

/** A document of kubeadm that stands in another object without its apiVersion and kind. */
export function insideObject(
  holder: ParsedDocument,
  value: UnknownRecord,
  pointer: string,
  header: { readonly apiVersion: string; readonly kind: string },
): KubeadmDocument {
  return { document: { ...holder, value: { ...value, ...header } }, pointer };
}
