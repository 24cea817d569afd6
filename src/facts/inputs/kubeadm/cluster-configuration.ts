// ClusterConfiguration: what kubeadm writes kube-apiserver's static pod from.

import { kubeadmApiServer } from '../../kubeadm/subjects.ts';
import { isClusterConfiguration } from '../../kubeadm/versions.ts';
import { configurationFile, unreadableConfiguredApiServer, type Configuration } from '../configuration.ts';
import type { Input } from '../input.ts';
import { withDoubts } from './file.ts';

/** The configuration of a cluster that kubeadm sets up. */
export const clusterConfiguration: Configuration = {
  surface: 'kubeadm-config',
  read: (document, place, budget) => kubeadmApiServer({ cluster: { document, pointer: '' } }, place, budget),
  unreadable: unreadableConfiguredApiServer,
};

const file = configurationFile('ClusterConfiguration', clusterConfiguration, isClusterConfiguration);

/** A ClusterConfiguration in a file. */
export const clusterConfigurationFile: Input = {
  ...file,
  read: (found) => file.read(found).map((subject) => withDoubts(subject, found.kubeadm)),
};
