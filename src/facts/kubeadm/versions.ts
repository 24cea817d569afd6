// The versions of kubeadm's API: which fields each has, and how it writes arguments (kubernetes cmd/kubeadm/app/apis/kubeadm).

import { asRecord, asString } from '../../json.ts';

/** The part of a version that decides command lines. */
export interface KubeadmVersion {
  /** Before v1beta4 arguments are a map, whose entries kubeadm sorts by name. */
  readonly arguments: 'map' | 'list';
  /** `mergeMethod` of an argument. */
  readonly merges?: true;
  readonly apiServerArguments: readonly string[];
  readonly apiServerVolumes: readonly string[];
  /** Arguments of the node's kubelet, in its Init- or JoinConfiguration. */
  readonly kubeletArguments?: readonly string[];
  /** Whatever the KubeletConfiguration says, kubeadm sets the settings that are checked (componentconfigs/defaults.go until 1.14). */
  readonly enforces?: true;
  /** Before v1alpha3 one kind held what are InitConfiguration and ClusterConfiguration now. */
  readonly clusterKind: 'ClusterConfiguration' | 'MasterConfiguration';
}

const GROUP = 'kubeadm.k8s.io/';
const KUBELET = ['nodeRegistration', 'kubeletExtraArgs'];

const FLAT = {
  arguments: 'map',
  apiServerArguments: ['apiServerExtraArgs'],
  apiServerVolumes: ['apiServerExtraVolumes'],
} as const;
const NESTED = {
  apiServerArguments: ['apiServer', 'extraArgs'],
  apiServerVolumes: ['apiServer', 'extraVolumes'],
  kubeletArguments: KUBELET,
  clusterKind: 'ClusterConfiguration',
} as const;
const MASTER = {
  ...FLAT,
  clusterKind: 'MasterConfiguration',
  kubeletConfiguration: ['kubeletConfiguration', 'baseConfig'],
} as const;

const VERSIONS: ReadonlyMap<string, KubeadmVersion> = new Map<string, KubeadmVersion>([
  ['v1alpha1', MASTER],
  ['v1alpha2', { ...MASTER, kubeletArguments: KUBELET }],
  ['v1alpha3', { ...FLAT, clusterKind: 'ClusterConfiguration', kubeletArguments: KUBELET }],
  ['v1beta1', { ...NESTED, arguments: 'map' }],
  ['v1beta2', { ...NESTED, arguments: 'map' }],
  ['v1beta3', { ...NESTED, arguments: 'map' }],
  ['v1beta4', { ...NESTED, arguments: 'list' }],
  ['v1', { ...NESTED, arguments: 'list', merges: true }],
]);

/** The kind of a kubeadm document; undefined if it is none. */
export function kubeadmKind(value: unknown): string | undefined {
  const { apiVersion, kind } = asRecord(value);
  return asString(apiVersion)?.startsWith(GROUP) === true ? asString(kind) : undefined;
}

/** The version that a document is written in; undefined if no kubeadm has it. */
export function kubeadmVersion(value: unknown): KubeadmVersion | undefined {
  const apiVersion = asString(asRecord(value).apiVersion) ?? '';
  return apiVersion.startsWith(GROUP) ? VERSIONS.get(apiVersion.slice(GROUP.length)) : undefined;
}

/** Whether a document is the configuration of one node: InitConfiguration, JoinConfiguration, or that of an old version. */
export function isNodeConfiguration(value: unknown): boolean {
  const kind = kubeadmKind(value);
  return kind === 'InitConfiguration' || isJoinConfiguration(value);
}

/** Whether a document is the configuration of a node that joins a cluster. */
export function isJoinConfiguration(value: unknown): boolean {
  const kind = kubeadmKind(value);
  return kind === 'JoinConfiguration' || kind === 'NodeConfiguration';
}

/** Whether a document is the configuration of a cluster, of any version. */
export function isClusterConfiguration(value: unknown): boolean {
  const kind = kubeadmKind(value);
  return kind === 'ClusterConfiguration' || kind === 'MasterConfiguration';
}
