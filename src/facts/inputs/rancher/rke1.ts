// RKE1's `cluster.yml`: the arguments of kube-apiserver and of the kubelets in their containers (rke cluster/plan.go,
// BuildKubeAPIProcess and BuildKubeletProcess).

import { asRecord, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import { launcherArguments } from '../../declared/arguments.ts';
import { declaredApiServer, declaredKubelet, notDeclared } from '../../declared/components.ts';
import {
  inDocument,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { objectPlace } from '../object-place.ts';
import { valueAt } from '../../values/shape.ts';

const CERTIFICATES = '/etc/kubernetes/ssl';
/** RKE gives these, unless `extra_args` has a flag of the same name. */
const API_SERVER = {
  'kubelet-client-certificate': `${CERTIFICATES}/kube-apiserver.pem`,
  'kubelet-client-key': `${CERTIFICATES}/kube-apiserver-key.pem`,
};
const KUBELET = {
  'anonymous-auth': 'false',
  'authorization-mode': 'Webhook',
  'client-ca-file': `${CERTIFICATES}/kube-ca.pem`,
  kubeconfig: `${CERTIFICATES}/kubecfg-kube-node.yaml`,
};

/** `cluster.yml`, also as Rancher's `rancher_kubernetes_engine_config`, or in a Cluster of `management.cattle.io`. */
export const rke1: Input = {
  name: 'RKE1 `cluster.yml`',
  platform: 'rancher',
  surfaces: ['declared-cluster'],
  matches: (object) => servicesOf(object) !== undefined,
  read: (found) => {
    const services = servicesOf(found.object);
    if (services === undefined) return [];
    const { version, value, names } = services;
    const minor = minorOf(version);
    const ofVersion = minor === undefined ? {} : { minor };
    const { kubeApi } = services.spelling;
    const apiServer = argumentsOf(API_SERVER, value[kubeApi], [...names, kubeApi], services.spelling);
    const kubelet = argumentsOf(KUBELET, value.kubelet, [...names, 'kubelet'], services.spelling);
    const subjects: Subject[] = [
      ...declaredApiServer(placeOf(found), { ...apiServer, ...ofVersion }, found.budget),
      ...declaredKubelet(placeOf(found), { ...kubelet, ...ofVersion, files: [], missing: notDeclared }, found.budget),
    ];
    return subjects.map((subject) => inDocument(subject, found.pointer));
  },
  unreadable: (found, problem) => [
    unreadableConfiguredApiServer(problem, placeOf(found)),
    unreadableConfiguredKubelet(problem, placeOf(found)),
  ],
  resources: [
    {
      ...{ group: 'management.cattle.io', version: 'v3', kind: 'Cluster', resource: 'clusters', subResource: '' },
      ...{ operations: ['CREATE', 'UPDATE'], reads: [['spec', 'rancherKubernetesEngineConfig']] },
    },
  ],
};

/** How a document spells the names. */
interface Spelling {
  readonly kubeApi: string;
  readonly extraArgs: string;
  readonly extraArgsArray: string;
  readonly version: string;
}

const OF_FILES: Spelling = {
  kubeApi: 'kube-api',
  extraArgs: 'extra_args',
  extraArgsArray: 'extra_args_array',
  version: 'kubernetes_version',
};
/** Rancher pkg/apis/management.cattle.io/v3/rke_types.go. */
const OF_OBJECTS: Spelling = {
  kubeApi: 'kubeApi',
  extraArgs: 'extraArgs',
  extraArgsArray: 'extraArgsArray',
  version: 'kubernetesVersion',
};

interface Services {
  readonly value: UnknownRecord;
  readonly names: readonly string[];
  readonly version: string;
  readonly spelling: Spelling;
}

function servicesOf(object: UnknownRecord): Services | undefined {
  const isObject = object.apiVersion === 'management.cattle.io/v3' && object.kind === 'Cluster';
  if (object.kind !== undefined && !isObject) return undefined;
  const spelling = isObject ? OF_OBJECTS : OF_FILES;
  const way = isObject ? ['spec', 'rancherKubernetesEngineConfig'] : ['rancher_kubernetes_engine_config'];
  const inner = valueAt(object, way);
  if (isObject && !isRecord(inner)) return undefined;
  const configuration = isRecord(inner) ? inner : object;
  const value = asRecord(configuration.services);
  if (!isObject && !isRecord(value['kube-api']) && !isRecord(value.kubelet)) return undefined;
  return {
    value,
    names: isRecord(inner) ? [...way, 'services'] : ['services'],
    version: asText(configuration[spelling.version]) ?? '',
    spelling,
  };
}

/** RKE's own arguments with those of `extra_args` in their places, and then `extra_args_array`. */
function argumentsOf(
  own: Readonly<Record<string, string>>,
  service: unknown,
  names: readonly string[],
  { extraArgs, extraArgsArray }: Spelling,
) {
  const given = asRecord(service);
  const merged = launcherArguments(own, given[extraArgs], [...names, extraArgs], { sorted: false });
  const more = launcherArguments({}, given[extraArgsArray], [...names, extraArgsArray], { sorted: false });
  return { words: [...merged.words, ...more.words], doubts: merged.doubts };
}

function placeOf(found: FoundObject): ConfigurationPlace {
  const { object, source, vantage } = found;
  if (object.kind !== undefined) return objectPlace(found);
  const name = asText(object.cluster_name) ?? 'cluster.yml';
  return { name, kind: 'RKE1 cluster', source, vantage, surface: 'declared-cluster' };
}
