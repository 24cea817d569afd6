// How to fix a setting of the kubelet: where each platform keeps it, and what makes it take effect.

import type { Remediation, RemediationEntry } from '../../../policy/control.ts';

/** What is to be set. */
interface KubeletFix {
  /** The field of KubeletConfiguration. */
  readonly field: string;
  /** The flag, without dashes. */
  readonly flag: string;
  /** What is right, in words. */
  readonly value: string;
  /** What kubeadm sets. */
  readonly usual: string;
  /** The field in the specification of kops. */
  readonly kops: string;
}

const RESTART = 'systemctl daemon-reload; systemctl restart kubelet';

/** The remedies of a control that wants one setting of the kubelet. */
export function kubeletRemediation(fix: KubeletFix): Remediation {
  const { field, value } = fix;
  return {
    general: `Set ${field} in the file of the kubelet's --config to ${value}, remove drop-ins and --${fix.flag} flags that override it, then restart the kubelet: ${RESTART}.`,
    entries: [...objectEntries(fix), ...installerEntries(fix), ...managedEntries(fix)],
  };
}

function objectEntries({ field, flag, value, usual }: KubeletFix): RemediationEntry[] {
  return [
    {
      platforms: ['kubeadm'],
      surfaces: ['kubelet-config'],
      text: `Set ${field} to ${usual} in the key kubelet of the ConfigMap: kubectl edit configmap kubelet-config -n kube-system. Then run on each node: kubeadm upgrade node phase kubelet-config; systemctl restart kubelet.`,
    },
    {
      surfaces: ['kubelet-config'],
      text: `Set ${field} in this KubeletConfiguration to ${value}, then restart the kubelets that use it: ${RESTART}.`,
    },
    {
      surfaces: ['kubeadm-config'],
      text: `Set ${field} to ${usual} in the KubeletConfiguration that kubeadm is given, and remove ${flag} from nodeRegistration.kubeletExtraArgs, where kubeadm's own setting is overridden.`,
    },
    {
      platforms: ['kubeadm'],
      surfaces: ['declared-cluster'],
      text: `Remove ${flag} from nodeRegistration.kubeletExtraArgs of initConfiguration and joinConfiguration, and ${field} from files and patches, because kubeadm's own setting (${usual}) is correct; new machines get it.`,
    },
    {
      surfaces: ['mirror-pod', 'pod', 'workload'],
      text: `Set ${field} in the file of the kubelet's --config to ${value}, or pass --${flag} in the command of the container.`,
    },
  ];
}

function installerEntries({ field, flag, usual, kops }: KubeletFix): RemediationEntry[] {
  const ownDefault = (name: string): string => `because the default of ${name} is correct`;
  return [
    {
      platforms: ['kubeadm'],
      text: `Set ${field} to ${usual} in the ConfigMap kube-system/kubelet-config, and remove --${flag} from /var/lib/kubelet/kubeadm-flags.env and drop-ins. Then run on the node: kubeadm upgrade node phase kubelet-config; ${RESTART}.`,
    },
    {
      platforms: ['openshift'],
      text: `Remove ${field} from spec.kubeletConfig of the KubeletConfig (oc get kubeletconfig) and from MachineConfigs that write /etc/kubernetes/kubelet.conf or drop-ins, because the default of OpenShift is correct; the Machine Config Operator then updates the nodes.`,
    },
    ...(['rke2', 'k3s'] as const).map((name) => ({
      platforms: [name],
      text: `Remove ${flag} from kubelet-arg in /etc/rancher/${name}/config.yaml and config.yaml.d, and ${field} from the kubelet's drop-ins, ${ownDefault(name)}, then restart it: ${name === 'rke2' ? 'systemctl restart rke2-server (or rke2-agent)' : 'systemctl restart k3s (or k3s-agent)'}.`,
    })),
    {
      platforms: ['rancher'],
      text: `Remove ${flag} from kubelet-arg in machineGlobalConfig and machineSelectorConfig of the Cluster (RKE1: from services.kubelet.extra_args), ${ownDefault('Rancher')}.`,
    },
    {
      platforms: ['k0s'],
      text: `Remove ${field} from spec.workerProfiles of the ClusterConfig, and --${flag} from --kubelet-extra-args of k0s, ${ownDefault('k0s')}, then restart it: systemctl restart k0sworker (or k0scontroller).`,
    },
    {
      platforms: ['talos'],
      text: `Remove ${flag} from machine.kubelet.extraArgs and ${field} from machine.kubelet.extraConfig of the machine configuration, ${ownDefault('Talos')}, then apply it: talosctl apply-config --nodes NODE --file FILE.`,
    },
    {
      platforms: ['kops'],
      text: `Remove ${kops} from spec.kubelet and spec.controlPlaneKubelet (kops edit cluster) and from the instance groups, ${ownDefault('kops')}, then: kops update cluster --yes; kops rolling-update cluster --yes.`,
    },
    {
      platforms: ['microk8s'],
      text: `Correct --${flag} in /var/snap/microk8s/current/args/kubelet, then: snap restart microk8s.daemon-kubelite.`,
    },
  ];
}

function managedEntries({ field, flag }: KubeletFix): RemediationEntry[] {
  return [
    {
      platforms: ['eks'],
      text: `Remove ${field} from spec.kubelet.config and --${flag} from spec.kubelet.flags of the NodeConfig in the user data (of the launch template, or of the EC2NodeClass), because nodeadm's own setting is correct, then replace the nodes.`,
    },
    {
      platforms: ['aks'],
      text: `AKS sets this itself, and a custom node configuration cannot change it: remove what changes it on the nodes (a DaemonSet or a script), then reimage them: az aks nodepool upgrade --node-image-only --resource-group GROUP --cluster-name CLUSTER --name POOL.`,
    },
    {
      platforms: ['gke'],
      text: `GKE sets this itself, and a node system configuration cannot change it: remove what changes it on the nodes (a DaemonSet or a script), then re-create them: gcloud container clusters upgrade CLUSTER --node-pool=POOL --cluster-version=VERSION.`,
    },
  ];
}
