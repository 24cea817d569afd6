// How to fix flags of kube-apiserver: where each platform keeps them, and what makes them take effect.

import type { Remediation, RemediationEntry } from '../../../policy/control.ts';
import type { Platform } from '../../../policy/benchmarks/platform.ts';

/** Which flags are to be set. */
interface ApiServerFix {
  /** The flags without dashes. */
  readonly flags: readonly string[];
  /** What they are set to, in words. */
  readonly value: string;
  /** What has to be done before, in a sentence. */
  readonly first?: string;
  /** The platforms that set them correctly by themselves, so that they only have to be left alone. */
  readonly setBy: ReadonlySet<Platform>;
  /** The fields in the specification of kops. */
  readonly kops: readonly string[];
}

/** A place where flags are kept, and what makes it take effect. */
interface FlagPlace {
  readonly place: string;
  readonly then?: string;
}

const PLACES: readonly (readonly [Platform, FlagPlace])[] = [
  [
    'openshift',
    {
      place: 'apiServerArguments in spec.unsupportedConfigOverrides of the operator (oc edit kubeapiserver cluster)',
      then: 'the kube-apiserver operator then rolls out a new revision',
    },
  ],
  [
    'rke2',
    {
      place: 'kube-apiserver-arg in /etc/rancher/rke2/config.yaml and config.yaml.d',
      then: 'then restart it: systemctl restart rke2-server',
    },
  ],
  [
    'k3s',
    {
      place: 'kube-apiserver-arg in /etc/rancher/k3s/config.yaml and config.yaml.d',
      then: 'then restart it: systemctl restart k3s',
    },
  ],
  [
    'rancher',
    { place: 'kube-apiserver-arg in machineGlobalConfig of the Cluster (RKE1: services.kube-api.extra_args)' },
  ],
  [
    'k0s',
    { place: 'spec.api.extraArgs of the ClusterConfig', then: 'then restart it: systemctl restart k0scontroller' },
  ],
  [
    'talos',
    {
      place: 'cluster.apiServer.extraArgs of the machine configuration',
      then: 'then apply it: talosctl apply-config --nodes NODE --file FILE',
    },
  ],
  [
    'microk8s',
    {
      place: '/var/snap/microk8s/current/args/kube-apiserver',
      then: 'then restart it: snap restart microk8s.daemon-kubelite',
    },
  ],
];

const PROVIDERS = { eks: 'Amazon EKS', aks: 'Azure AKS', gke: 'Google GKE' } as const;

/** The remedies of a control that wants flags of kube-apiserver. */
export function apiServerRemediation(fix: ApiServerFix): Remediation {
  const { value, first } = fix;
  const start = first === undefined ? '' : `${first} `;
  const flags = listed(fix.flags.map((flag) => `--${flag}`));
  return {
    general: `${start}Set ${flags} in the command line of kube-apiserver to ${value}, then restart it.`,
    entries: [
      ...objectEntries(fix, start, flags),
      ...PLACES.map((entry) => placeEntry(entry, fix, start)),
      kops(fix, start),
      ...managed,
      {
        surfaces: ['pod', 'mirror-pod'],
        text: `${start}Set ${flags} in the static pod manifest of kube-apiserver on the node to ${value}; the kubelet then restarts it.`,
      },
    ],
  };
}

function objectEntries(fix: ApiServerFix, start: string, flags: string): RemediationEntry[] {
  const names = listed(fix.flags);
  const inExtraArgs = (where: string, before = start): string =>
    fix.setBy.has('kubeadm')
      ? `Remove ${names} from ${where}, because kubeadm sets them correctly by itself.`
      : `${before}Set ${names} in ${where} to ${fix.value}.`;
  return [
    {
      surfaces: ['kubeadm-config'],
      text: `${inExtraArgs('apiServer.extraArgs of the ClusterConfiguration')} For the ConfigMap: kubectl edit configmap kubeadm-config -n kube-system; kubeadm uses it at the next upgrade.`,
    },
    {
      platforms: ['kubeadm'],
      surfaces: ['declared-cluster'],
      kinds: ['KubeadmControlPlane'],
      text: inExtraArgs('spec.kubeadmConfigSpec.clusterConfiguration.apiServer.extraArgs of the KubeadmControlPlane'),
    },
    {
      platforms: ['kubeadm'],
      surfaces: ['declared-cluster'],
      text: inExtraArgs('clusterConfiguration.apiServer.extraArgs (and in patches)'),
    },
    {
      surfaces: ['workload'],
      text: `${start}Set ${flags} in the command of the container, in the pod template, to ${fix.value}.`,
    },
    {
      platforms: ['kubeadm'],
      surfaces: ['pod', 'mirror-pod', 'process'],
      text: `${start}Set ${flags} in /etc/kubernetes/manifests/kube-apiserver.yaml on the node to ${fix.value}; the kubelet then restarts it. Also, for the next upgrade, ${lowerFirst(inExtraArgs('apiServer.extraArgs of the ConfigMap kube-system/kubeadm-config', ''))}`,
    },
    {
      surfaces: ['openshift-config'],
      text: placeText('openshift', fix, start),
    },
  ];
}

function placeEntry([platform, place]: (typeof PLACES)[number], fix: ApiServerFix, start: string): RemediationEntry {
  return { platforms: [platform], text: withPlace(platform, place, fix, start) };
}

function placeText(platform: Platform, fix: ApiServerFix, start: string): string {
  const found = PLACES.find(([name]) => name === platform);
  return found === undefined ? start : withPlace(platform, found[1], fix, start);
}

function withPlace(
  platform: Platform,
  { place, then }: FlagPlace,
  { flags, value, setBy }: ApiServerFix,
  start: string,
): string {
  const names = listed(flags);
  const end = then === undefined ? '.' : `; ${then}.`;
  return setBy.has(platform)
    ? `Remove ${names} from ${place}, because the default is correct${end}`
    : `${start}Set ${names} in ${place} to ${value}${end}`;
}

function kops({ kops: fields, value, setBy }: ApiServerFix, start: string): RemediationEntry {
  const names = listed(fields);
  const what = setBy.has('kops')
    ? `Remove ${names} from spec.kubeAPIServer, because the default of kops is correct`
    : `${start}Set ${names} of spec.kubeAPIServer to ${value}`;
  return {
    platforms: ['kops'],
    text: `${what}: kops edit cluster; kops update cluster --yes; kops rolling-update cluster --yes.`,
  };
}

const managed: readonly RemediationEntry[] = Object.entries(PROVIDERS).map(([platform, name]) => ({
  platforms: [platform as keyof typeof PROVIDERS],
  text: `${name} runs kube-apiserver, and users of the cluster cannot set its flags: report this to its support.`,
}));

function lowerFirst(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

function listed(names: readonly string[]): string {
  return names.length === 2 ? `both ${names.join(' and ')}` : names.join(', ');
}
