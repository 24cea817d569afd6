// Kinds of objects that are known and not read: how each is recognised, and what its user can do instead.

import { asArray, asRecord, asString, isRecord, stringOrEmpty, type UnknownRecord } from '../../../json.ts';

/** A kind of object that configures clusters, and that is not read. */
export interface UnreadKind {
  /** In the plural. */
  readonly names: string;
  readonly matches: (object: UnknownRecord) => boolean;
  /** What to do, as the end of a sentence. */
  readonly instead: string;
  /** Whether it is a problem even if it does not hold one of the settings. */
  readonly always?: (object: UnknownRecord) => boolean;
}

const RESULT = 'check the configuration that it makes: kubelet-guard node on a host, or kubelet-guard sweep';

/** The kinds. The first one that matches names the object. */
export const UNREAD_KINDS: readonly UnreadKind[] = [
  kind(
    'kubeadm configurations of this kind',
    /^kubeadm\.k8s\.io\//,
    'check the manifests that kubeadm writes: kubeadm init --dry-run',
  ),
  kind('KubeOne clusters', /^kubeone\.(?:k8c\.)?io\//, RESULT),
  {
    ...kind('eksctl clusters', /^eksctl\.io\//, RESULT),
    always: (object) => JSON.stringify(object).includes('kubeletExtraConfig'),
  },
  kind('Cluster API objects of this kind', /(?:^|\.)cluster\.x-k8s\.io\//, RESULT),
  kind('Talos configurations', /^v1alpha1$/, RESULT, (object) => isRecord(object.machine)),
  kind('k3d configurations', /^k3d\.io\//, RESULT),
  kind('Gardener objects', /\.gardener\.cloud\//, RESULT),
  kind('HyperShift objects', /^hypershift\.openshift\.io\//, RESULT),
  kind('Kamaji objects', /^kamaji\.clastix\.io\//, RESULT),
  kind(
    'kustomizations',
    /^kustomize\.config\.k8s\.io\//,
    'render it first: kubectl kustomize FOLDER | kubelet-guard check -',
  ),
  kind('Argo CD objects', /^argoproj\.io\//, 'render its source, and check the result'),
  kind('Flux objects', /\.toolkit\.fluxcd\.io\//, 'render its source, and check the result'),
  kind('Secrets', /^v1$/, 'check the files that it holds', ({ kind: own }) => own === 'Secret'),
  kind(
    'ConfigMaps of this name',
    /^v1$/,
    'check the configuration in its data as a file of its own',
    ({ kind: own }) => own === 'ConfigMap',
  ),
  loose('kustomizations', 'render it first: kubectl kustomize FOLDER | kubelet-guard check -', (object) =>
    ['resources', 'bases', 'patches', 'patchesStrategicMerge', 'patchesJson6902'].some((key) =>
      Array.isArray(object[key]),
    ),
  ),
  loose('launch configurations of MicroK8s', RESULT, ({ extraKubeletArgs, extraKubeAPIServerArgs }) =>
    [extraKubeletArgs, extraKubeAPIServerArgs].some((value) => value !== undefined),
  ),
  loose('minikube profiles', RESULT, ({ KubernetesConfig }) => isRecord(KubernetesConfig)),
  loose('docker compose files', 'check the process that it starts: kubelet-guard node', ({ services }) =>
    Object.values(asRecord(services)).some(
      (service) => isRecord(service) && ('image' in service || 'build' in service),
    ),
  ),
  loose(
    'CloudFormation templates',
    'check the user data of the nodes as a file of its own',
    (object) => 'AWSTemplateFormatVersion' in object || isRecord(object.Resources),
  ),
  loose('variables of Kubespray', 'check the kubeadm configuration and the manifests that it writes', (object) =>
    Object.keys(object).some((key) => /^(?:kubelet_|kube_api|kube_kubeadm|kubeadm_|kube_proxy|kube_version)/.test(key)),
  ),
  loose('variables of k3s-ansible', RESULT, (object) =>
    Object.keys(object).some((key) => /^(?:extra_(?:server|agent)_args|server_config_yaml|k3s_|rke2_)/.test(key)),
  ),
  loose(
    'pipelines',
    'check the files that it writes',
    ({ jobs, stages, on }) => isRecord(jobs) || (stages ?? on) !== undefined,
  ),
];

function kind(
  names: string,
  group: RegExp,
  instead: string,
  also: (object: UnknownRecord) => boolean = () => true,
): UnreadKind {
  return { names, matches: (object) => hasGroup(object, group) && also(object), instead };
}

/** A kind without `apiVersion` and `kind`. */
function loose(names: string, instead: string, matches: (object: UnknownRecord) => boolean): UnreadKind {
  return { names, instead, matches: (object) => object.apiVersion === undefined && matches(object) };
}

/** The kind of an object that no input reads, if it is known. */
export function unreadKindOf(object: UnknownRecord): UnreadKind | undefined {
  return UNREAD_KINDS.find(({ matches }) => matches(object));
}

/**
 * Groups of objects that configure no component, even if they name its settings: schemas, rights, policies, reports.
 * `kubelet-guard.dev` is the product's own.
 */
const DESCRIBING_GROUPS =
  /^(?:apiextensions|rbac\.authorization|admissionregistration|apiregistration|networking|policy|events|authentication|authorization|autoscaling|storage|scheduling|coordination|certificates|discovery|node|audit|apiserver\.config|apiserver|metrics)\.k8s\.io\/|^(?:autoscaling|policy)\/|^(?:wgpolicyk8s\.io|openreports\.io|reports\.kyverno\.io|kyverno\.io|templates\.gatekeeper\.sh|constraints\.gatekeeper\.sh|monitoring\.coreos\.com|kubelet-guard\.dev|aquasecurity\.github\.io|compliance\.openshift\.io)\//;
/** Objects of the core group that configure no component. A Node shows what runs, and is no configuration. */
const DESCRIBING_KINDS =
  /^(?:Event|Service|ServiceAccount|Endpoints|Namespace|Node|PersistentVolume|PersistentVolumeClaim|ResourceQuota|LimitRange|ComponentStatus)$/;

/** Whether an object only describes: a schema, a report, a policy, an alert. */
export function onlyDescribes(object: UnknownRecord): boolean {
  const version = stringOrEmpty(object.apiVersion);
  if (DESCRIBING_GROUPS.test(version)) return true;
  if (version === 'v1' && DESCRIBING_KINDS.test(kindOf(object))) return true;
  return version === '' && isDescription(object);
}

/** Schemas, reports of scanners (SARIF, kube-bench, Trivy), alerts and dashboards. */
function isDescription(object: UnknownRecord): boolean {
  const { $schema, openapi, swagger, runs, groups, controls, panels } = object;
  if (/json-schema\.org|sarif/i.test(asString($schema) ?? '')) return true;
  if ([openapi, swagger].some((version) => typeof version === 'string')) return true;
  if (asArray(runs).some((run) => isRecord(asRecord(run).tool))) return true;
  if (asArray(groups).some((group) => Array.isArray(asRecord(group).rules) || Array.isArray(asRecord(group).checks)))
    return true;
  if (isRecord(object.definitions) && isRecord(object.properties)) return true;
  return Array.isArray(panels) || typeof controls === 'string' || 'Controls' in object || 'ArtifactName' in object;
}

function hasGroup({ apiVersion, version }: UnknownRecord, group: RegExp): boolean {
  return group.test(asString(apiVersion ?? version) ?? '');
}

function kindOf(object: UnknownRecord): string {
  return stringOrEmpty(object.kind);
}
