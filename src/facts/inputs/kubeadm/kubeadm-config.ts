// ConfigMap kubeadm-config: the ClusterConfiguration that kubeadm keeps for upgrades and joining nodes.

import { isClusterConfiguration } from '../../kubeadm/versions.ts';
import { configMapInput } from '../config-map.ts';
import { clusterConfiguration } from './cluster-configuration.ts';

/** `kubeadm-config`. */
export const kubeadmConfig = configMapInput({
  namespace: 'kube-system',
  name: 'kubeadm-config',
  platform: 'kubeadm',
  key: 'ClusterConfiguration',
  configuration: clusterConfiguration,
  holds: isClusterConfiguration,
});
