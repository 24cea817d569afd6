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

/** `cluster.yml`, also as Rancher's `rancher_kubernetes_engine_config`. */
export const rke1: Input = {
  name: 'RKE1 `cluster.yml`',
  surfaces: ['declared-cluster'],
  matches: (object) => servicesOf(object) !== undefined,
  read: (found) => {
    const services = servicesOf(found.object);
    if (services === undefined) return [];
    const { version, value, names } = services;
    const minor = minorOf(version);
    const ofVersion = minor === undefined ? {} : { minor };
    const apiServer = argumentsOf(API_SERVER, value['kube-api'], [...names, 'kube-api']);
    const kubelet = argumentsOf(KUBELET, value.kubelet, [...names, 'kubelet']);
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
};

interface Services {
  readonly value: UnknownRecord;
  readonly names: readonly string[];
  readonly version: string;
}

function servicesOf(object: UnknownRecord): Services | undefined {
  if (object.kind !== undefined) return undefined;
  const inner = object.rancher_kubernetes_engine_config;
  const configuration = isRecord(inner) ? inner : object;
  const value = asRecord(configuration.services);
  if (!isRecord(value['kube-api']) && !isRecord(value.kubelet)) return undefined;
  return {
    value,
    names: isRecord(inner) ? ['rancher_kubernetes_engine_config', 'services'] : ['services'],
    version: asText(configuration.kubernetes_version) ?? '',
  };
}

/** RKE's own arguments with those of `extra_args` in their places, and then `extra_args_array`. */
function argumentsOf(own: Readonly<Record<string, string>>, service: unknown, names: readonly string[]) {
  const { extra_args: extra, extra_args_array: arrays } = asRecord(service);
  const merged = launcherArguments(own, extra, [...names, 'extra_args'], { sorted: false });
  const more = launcherArguments({}, arrays, [...names, 'extra_args_array'], { sorted: false });
  return { words: [...merged.words, ...more.words], doubts: merged.doubts };
}

function placeOf({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const name = asText(object.cluster_name) ?? 'cluster.yml';
  return { name, kind: 'RKE1 cluster', source, vantage, surface: 'declared-cluster' };
}
