// The platform that a document shows: by the paths and labels that an installer gives to components, and by its own annotations.

import { asArray, asRecord, asString, type UnknownRecord } from '../json.ts';
import type { Platform } from '../policy/benchmarks/platform.ts';
import type { ProcessDocument } from '../policy/document.ts';

/** What only one installer writes into command lines and units. The first that is found decides. */
const MARKS: readonly (readonly [mark: string, Platform])[] = [
  ['/var/lib/rancher/rke2', 'rke2'],
  ['/var/lib/rancher/k3s', 'k3s'],
  ['/var/lib/k0s', 'k0s'],
  ['/var/snap/microk8s/', 'microk8s'],
  ['kubernetes.azure.com/', 'aks'],
  ['eks.amazonaws.com/', 'eks'],
  ['/etc/eks/', 'eks'],
  ['cloud.google.com/gke-', 'gke'],
  ['--openshift-config', 'openshift'],
  ['node.openshift.io/', 'openshift'],
  ['/etc/openshift/', 'openshift'],
  ['/system/secrets/kubernetes/', 'talos'],
  ['/etc/kubernetes/bootstrap-kubeconfig', 'talos'],
  ['kops.k8s.io/', 'kops'],
  ['/srv/kubernetes/kube-apiserver/', 'kops'],
  ['/etc/kubernetes/bootstrap-kubelet.conf', 'kubeadm'],
];

/** On a host, the folder of kubeadm's certificates shows it too. Pods of other projects have the same paths. */
const HOST_MARKS: typeof MARKS = [...MARKS, ['/etc/kubernetes/pki/apiserver.crt', 'kubeadm']];

/** The beginnings of the names of systemd units. */
const UNITS: typeof MARKS = [
  ['rke2-', 'rke2'],
  ['k3s', 'k3s'],
  ['k0s', 'k0s'],
  ['snap.microk8s.', 'microk8s'],
];

/** Text is looked at as far as this, in characters. */
const MOST_TEXT = 65_536;

/** The platform whose marks a text has, such as a systemd unit; undefined if it has none. */
export function platformOfText(text: string): Platform | undefined {
  return markedIn(text, HOST_MARKS);
}

/** The platform of a process, by its command line and its unit. */
export function platformOfProcess({ command, unit = '' }: ProcessDocument): Platform | undefined {
  const byUnit = UNITS.find(([start]) => unit.startsWith(start))?.[1];
  if (byUnit !== undefined || command.by === 'unit' || command.by === 'unknown') return byUnit;
  if (command.by === 'words') return platformOfText(command.args.join('\n'));
  return platformOfText(command.by === 'k3s' ? command.dataDirectory : command.path);
}

/** The platform of a pod that runs a component, by its namespace, its annotations and the command lines of its containers. */
export function platformOfPod(object: UnknownRecord): Platform | undefined {
  const { namespace, annotations } = asRecord(object.metadata);
  if (asString(namespace)?.startsWith('openshift-') === true) return 'openshift';
  const own = Object.keys(asRecord(annotations));
  if (own.some((name) => name.startsWith('kubeadm.kubernetes.io/'))) return 'kubeadm';
  if (own.some((name) => name.startsWith('talos.dev/'))) return 'talos';
  const words: string[] = [];
  for (const container of asArray(asRecord(object.spec).containers)) {
    const { command, args } = asRecord(container);
    for (const word of [...asArray(command), ...asArray(args)]) if (typeof word === 'string') words.push(word);
  }
  return markedIn(words.join('\n'), MARKS);
}

function markedIn(text: string, marks: typeof MARKS): Platform | undefined {
  const start = text.slice(0, MOST_TEXT);
  return marks.find(([mark]) => start.includes(mark))?.[1];
}
