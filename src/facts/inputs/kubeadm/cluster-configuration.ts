// ClusterConfiguration: what kubeadm writes kube-apiserver's static pod from.

import { clusterConfigurationSettings, isClusterConfiguration } from '../../api-server/kubeadm.ts';
import { configurationFile, subjectAt, unreadableConfiguredApiServer, type Configuration } from '../configuration.ts';

/** The configuration of a cluster that kubeadm sets up. */
export const clusterConfiguration: Configuration = {
  surface: 'kubeadm-config',
  read: (document, place, budget) => [
    {
      ...subjectAt('kube-apiserver', place),
      component: 'kube-apiserver',
      ...clusterConfigurationSettings(document, budget),
    },
  ],
  unreadable: unreadableConfiguredApiServer,
};

/** A ClusterConfiguration in a file. */
export const clusterConfigurationFile = configurationFile(
  'ClusterConfiguration',
  clusterConfiguration,
  isClusterConfiguration,
);
