// The list of inputs: every kind of document that is read. What is admitted, listed, watched and documented comes from it.

import type { UnknownRecord } from '../../json.ts';
import { admissionReview } from './kubernetes/admission-review.ts';
import { list } from './kubernetes/list.ts';
import { pod, workload } from './kubernetes/pod.ts';
import { kindCluster } from './kind/cluster.ts';
import { clusterConfigurationFile } from './kubeadm/cluster-configuration.ts';
import { kubeadmConfig } from './kubeadm/kubeadm-config.ts';
import { kubeletConfig } from './kubeadm/kubelet-config.ts';
import { nodeConfiguration } from './kubeadm/node-configuration.ts';
import { configzBody } from './kubelet/configz.ts';
import { kubeletConfigurationFile } from './kubelet/kubelet-configuration.ts';
import { openShiftConfig } from './openshift/config.ts';
import { kubeletConfigResource } from './openshift/kubelet-config-resource.ts';
import { kubeApiServerConfigFile } from './openshift/kube-api-server-config.ts';
import { clusterApiKubeadm } from './cluster-api/kubeadm.ts';
import { cloudConfig } from './cloud-init/cloud-config.ts';
import { butane, ignition, machineConfig } from './ignition/ignition.ts';
import { ec2NodeClass } from './eks/karpenter.ts';
import { eksctl } from './eks/eksctl.ts';
import { eksConfig, nodeConfig } from './eks/node-config.ts';
import { k0s } from './k0s/k0s.ts';
import { kops } from './kops/kops.ts';
import { talconfig } from './talos/talconfig.ts';
import { talosMachineConfig } from './talos/machine-config.ts';
import { clusterApiRancher } from './rancher/cluster-api.ts';
import { rancherConfig } from './rancher/config.ts';
import { k3d } from './rancher/k3d.ts';
import { rancherCluster } from './rancher/provisioning.ts';
import { rke1 } from './rancher/rke1.ts';
import type { AdmissionResource, ConfigMapName, Input, Wrapper } from './input.ts';

/** Objects that hold other objects. They are opened before anything else is tried. */
export const WRAPPERS: readonly Wrapper[] = [list, admissionReview];

/** The inputs. The first one that matches an object reads it; a test shows that no two match the same object. */
export const INPUTS: readonly Input[] = [
  pod,
  workload,
  kubeadmConfig,
  kubeletConfig,
  openShiftConfig,
  kubeletConfigurationFile,
  clusterConfigurationFile,
  nodeConfiguration,
  kindCluster,
  kubeApiServerConfigFile,
  configzBody,
  rke1,
  rancherConfig,
  rancherCluster,
  clusterApiRancher,
  k3d,
  k0s,
  clusterApiKubeadm,
  kops,
  talosMachineConfig,
  talconfig,
  ignition,
  butane,
  machineConfig,
  cloudConfig,
  nodeConfig,
  eksConfig,
  ec2NodeClass,
  eksctl,
  kubeletConfigResource,
];

/** The wrapper that an object is, if it is one. */
export function wrapperOf(object: UnknownRecord): Wrapper | undefined {
  return WRAPPERS.find(({ matches }) => matches(object));
}

/** The input that an object is, if it is one. */
export function inputOf(object: UnknownRecord): Input | undefined {
  return INPUTS.find(({ matches }) => matches(object));
}

/** The resources that the webhook checks, each once. */
export const ADMISSION_RESOURCES: readonly AdmissionResource[] = [
  ...new Set(INPUTS.flatMap(({ resources = [] }) => resources)),
];

/** The resources that declare clusters and nodes. Their objects are in any namespace, or in none. */
export const DECLARED_RESOURCES: readonly AdmissionResource[] = INPUTS.filter(({ surfaces }) =>
  surfaces.includes('declared-cluster'),
).flatMap(({ resources = [] }) => resources);

/** The ConfigMaps that sweeps list and the webhook watches. */
export const WATCHED_CONFIG_MAPS: readonly ConfigMapName[] = INPUTS.flatMap(({ configMap }) => configMap ?? []);
