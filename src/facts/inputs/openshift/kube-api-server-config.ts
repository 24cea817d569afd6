// KubeAPIServerConfig: the file of --openshift-config, which OpenShift's kube-apiserver reads its flags from.

import { apiServerConfigSettings, isApiServerConfig } from '../../api-server/openshift.ts';
import { configurationFile, subjectAt, unreadableConfiguredApiServer, type Configuration } from '../configuration.ts';
import type { Input } from '../input.ts';

/** The configuration of OpenShift's kube-apiserver. */
export const kubeApiServerConfig: Configuration = {
  surface: 'openshift-config',
  read: ({ value }, place) => [
    {
      ...subjectAt('kube-apiserver', place),
      component: 'kube-apiserver',
      doubts: [],
      ...apiServerConfigSettings(value),
    },
  ],
  unreadable: unreadableConfiguredApiServer,
};

/** A KubeAPIServerConfig in a file. */
export const kubeApiServerConfigFile: Input = {
  ...configurationFile('KubeAPIServerConfig', kubeApiServerConfig, isApiServerConfig),
  platform: 'openshift',
};
