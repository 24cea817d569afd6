// ConfigMap kubelet-config: the KubeletConfiguration that kubeadm gives to new and upgraded nodes.

import { readComponentConfiguration } from '../../kubeadm/component-documents.ts';
import { configMapInput } from '../config-map.ts';
import { kubeletConfiguration } from '../kubelet/kubelet-configuration.ts';

/** `kubelet-config`; before Kubernetes 1.25 kubeadm put the version into its name. */
export const kubeletConfig = configMapInput({
  namespace: 'kube-system',
  name: 'kubelet-config',
  otherNames: /^kubelet-config-1\.\d+$/,
  platform: 'kubeadm',
  key: 'kubelet',
  parse: readComponentConfiguration,
  configuration: kubeletConfiguration,
  // whatever it is, kubeadm reads it as a KubeletConfiguration or fails
  holds: () => true,
});
