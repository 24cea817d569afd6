// ConfigMap config: what OpenShift's operator mounts into kube-apiserver's static pod.

import { isApiServerConfig } from '../../api-server/openshift.ts';
import { configMapInput } from '../config-map.ts';
import { kubeApiServerConfig } from './kube-api-server-config.ts';

/** `config`; the operator keeps a copy for each revision. */
export const openShiftConfig = configMapInput({
  namespace: 'openshift-kube-apiserver',
  name: 'config',
  otherNames: /^config-\d+$/,
  platform: 'openshift',
  key: 'config.yaml',
  configuration: kubeApiServerConfig,
  holds: isApiServerConfig,
});
