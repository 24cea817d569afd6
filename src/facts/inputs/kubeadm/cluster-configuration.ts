// ClusterConfiguration: what kubeadm writes kube-apiserver's static pod from.

import { missingPatches } from '../../kubeadm/patches.ts';
import { kubeadmSubjects } from '../../kubeadm/subjects.ts';
import { isClusterConfiguration, kubeadmKind } from '../../kubeadm/versions.ts';
import { configurationFile, unreadableConfiguredApiServer, type Configuration } from '../configuration.ts';
import type { Input } from '../input.ts';
import { withDoubts } from './file.ts';

/** The configuration of a cluster that kubeadm sets up. */
export const clusterConfiguration: Configuration = {
  surface: 'kubeadm-config',
  read: (document, place, budget) => {
    const cluster = { document, pointer: '' };
    // until v1alpha2 it held the configuration of the node too
    const node = kubeadmKind(document.value) === 'MasterConfiguration' ? cluster : undefined;
    return kubeadmSubjects({ cluster, ...(node && { node }) }, place, budget);
  },
  unreadable: unreadableConfiguredApiServer,
};

const file = configurationFile('ClusterConfiguration', clusterConfiguration, isClusterConfiguration);

/** A ClusterConfiguration in a file. */
export const clusterConfigurationFile: Input = {
  ...file,
  platform: 'kubeadm',
  read: (found) => {
    const { kubeadm } = found;
    const doubts = kubeadm?.init
      ? missingPatches({ node: { document: kubeadm.init, pointer: '', elsewhere: true } })
      : [];
    return file
      .read(found)
      .map((subject) => withDoubts({ ...subject, doubts: [...subject.doubts, ...doubts] }, kubeadm));
  },
};
