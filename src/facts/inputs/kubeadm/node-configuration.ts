// InitConfiguration and JoinConfiguration: what kubeadm starts the kubelet of one node with.

import { asRecord, asText } from '../../../json.ts';
import { kubeadmKubelet } from '../../kubeadm/kubelet.ts';
import { isNodeConfiguration, kubeadmKind } from '../../kubeadm/versions.ts';
import { inDocument, unreadableConfiguredKubelet, type ConfigurationPlace } from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { documentsFor, withDoubts } from './file.ts';

/** The configuration of a node that kubeadm sets up. */
export const nodeConfiguration: Input = {
  name: 'InitConfiguration, JoinConfiguration',
  platform: 'kubeadm',
  surfaces: ['kubeadm-config'],
  matches: isNodeConfiguration,
  read: ({ document, kubeadm, pointer, budget, ...found }) => {
    // the kubelet of kubeadm init is reported for its KubeletConfiguration, if there is one
    if (kubeadm?.kubelet && kubeadm.init === document) return [];
    const node = { document, pointer: '' };
    const documents = kubeadm ? documentsFor(kubeadm, document, document) : { node };
    return kubeadmKubelet(documents, placeOf(found), budget)
      .map((subject) => inDocument(subject, pointer))
      .map((subject) => withDoubts(subject, kubeadm));
  },
  unreadable: (found, problem) => [unreadableConfiguredKubelet(problem, placeOf(found))],
};

function placeOf({ object, source, vantage }: Pick<FoundObject, 'object' | 'source' | 'vantage'>): ConfigurationPlace {
  const kind = kubeadmKind(object) ?? '';
  const name = asText(asRecord(object.nodeRegistration).name) ?? kind;
  return { name, kind, source, vantage, surface: 'kubeadm-config' };
}
