// RKE1's `cluster.yml`: the arguments of kube-apiserver and of the kubelets in their containers (rke cluster/plan.go,
// BuildKubeAPIProcess and BuildKubeletProcess).

import { asArray, asRecord, asText, isRecord, scalarText, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import type { Word } from '../../argv/words.ts';
import { declaredApiServer, declaredKubelet } from '../../declared/components.ts';
import { pointerOf } from '../../values/shape.ts';
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
    const apiServer = wordsOf(API_SERVER, value['kube-api'], [...names, 'kube-api']);
    const kubelet = wordsOf(KUBELET, value.kubelet, [...names, 'kubelet']);
    const subjects: Subject[] = [
      ...declaredApiServer(placeOf(found), { words: apiServer, ...ofVersion }, found.budget),
      ...declaredKubelet(
        placeOf(found),
        { words: kubelet, ...ofVersion, files: [], missing: notDeclared },
        found.budget,
      ),
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
function wordsOf(own: Readonly<Record<string, string>>, service: unknown, names: readonly string[]): Word[] {
  const { extra_args: extra, extra_args_array: arrays } = asRecord(service);
  const given = asRecord(extra);
  const words: Word[] = Object.entries(own)
    .filter(([name]) => !Object.hasOwn(given, name))
    .map(([name, value]) => ({ text: `--${name}=${value}` }));
  for (const name of Object.keys(given)) {
    const pointer = pointerOf([...names, 'extra_args', name]);
    words.push({ text: `--${name}=${scalarText(given[name]) ?? ''}`, pointer });
  }
  for (const [name, values] of Object.entries(asRecord(arrays))) {
    for (const [index, value] of asArray(values).entries()) {
      const pointer = pointerOf([...names, 'extra_args_array', name, String(index)]);
      words.push({ text: `--${name}=${scalarText(value) ?? ''}`, pointer });
    }
  }
  return words;
}

function notDeclared(path: string): Problem {
  const message = `${path} is a file of the nodes that cluster.yml does not hold; check it too, or check the nodes with kubelet-guard node`;
  return { code: 'not-visible', message };
}

function placeOf({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const name = asText(object.cluster_name) ?? 'cluster.yml';
  return { name, kind: 'RKE1 cluster', source, vantage, surface: 'declared-cluster' };
}
