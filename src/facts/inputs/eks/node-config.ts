// EKS `NodeConfig`: nodeadm writes `spec.kubelet.config` as the kubelet's last drop-in, and gives it `spec.kubelet.flags` after its own
// (awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go, writeKubeletConfigToDir; environment.go). Cluster API's AWS provider
// makes one of its `NodeadmConfig`, and `bootstrap.sh --kubelet-extra-args` of its `EKSConfig`
// (kubernetes-sigs/cluster-api-provider-aws bootstrap/eks/internal/userdata).

import { asArray, asRecord, asString, asText, isRecord, scalarText, type UnknownRecord } from '../../../json.ts';
import type { Subject } from '../../../policy/subject.ts';
import { wordOf, type Word } from '../../argv/words.ts';
import { declaredHost, type DeclaredHost } from '../../declared/document.ts';
import { hiddenFile } from '../../declared/host-paths.ts';
import { splitWords } from '../../systemd/syntax.ts';
import { pointerOf, valueAt } from '../../values/shape.ts';
import { commandDoubts, machineFiles } from '../cluster-api/machine.ts';
import { inDocument, unreadableConfiguredKubelet, type ConfigurationPlace } from '../configuration.ts';
import type { AdmissionResource, FoundObject, Input } from '../input.ts';
import { eksKubelet, KUBELET_TYPE } from './kubelet.ts';

/** A NodeConfig, in a file or in user data. */
export const nodeConfig: Input = {
  name: 'EKS `NodeConfig`',
  platform: 'eks',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) => kind === 'NodeConfig' && (asString(apiVersion) ?? '').startsWith('node.eks.aws/'),
  read: (found) => kubeletIn(found, ['spec', 'kubelet']).map((subject) => inDocument(subject, found.pointer)),
  unreadable: (found, problem) => [unreadableConfiguredKubelet(problem, placeOf(found))],
};

const BOOTSTRAP = 'bootstrap.cluster.x-k8s.io';

/** The ways to the specification of a node, by kind. */
const SPECS: Readonly<Record<string, readonly string[]>> = {
  EKSConfig: ['spec'],
  EKSConfigTemplate: ['spec', 'template', 'spec'],
  NodeadmConfig: ['spec'],
  NodeadmConfigTemplate: ['spec', 'template', 'spec'],
};

const RESOURCES: readonly AdmissionResource[] = Object.keys(SPECS).map((kind) => ({
  ...{ group: BOOTSTRAP, version: 'v1beta2', kind, resource: `${kind.toLowerCase()}s`, subResource: '' },
  ...(kind.startsWith('EKS') && { otherVersions: ['v1beta1'] }),
  ...(!kind.endsWith('Template') && { isMadeByControllers: true }),
  operations: ['CREATE', 'UPDATE'],
  reads: [['spec']],
}));

/** The objects of Cluster API that a node of EKS is made from. */
export const eksConfig: Input = {
  name: 'Cluster API `EKSConfig`, `NodeadmConfig` and their templates',
  platform: 'eks',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) =>
    Object.hasOwn(SPECS, asString(kind) ?? '') && (asString(apiVersion) ?? '').startsWith(`${BOOTSTRAP}/`),
  read: (found) => {
    const { spec, names } = specOf(found);
    const doubts = commandDoubts(spec, names);
    return [...ownKubelet(found), ...hostOf(found).subjects].map((subject) =>
      inDocument({ ...subject, doubts: [...subject.doubts, ...doubts] }, found.pointer),
    );
  },
  problems: (found) => hostOf(found).problems,
  contents: (found) => hostOf(found).rest,
  unreadable: (found, problem) => [unreadableConfiguredKubelet(problem, placeOf(found))],
  resources: RESOURCES,
};

function kubeletIn(found: FoundObject, names: readonly string[]): Subject[] {
  const { config, flags } = asRecord(valueAt(found.object, names));
  const words = asArray(flags).flatMap((flag, at) =>
    // the flags become the value of a variable, which systemd splits
    splitWords(scalarText(flag) ?? '', 'value').words.map((text) =>
      wordOf(text, pointerOf([...names, 'flags', String(at)])),
    ),
  );
  const isGiven = isRecord(config) && Object.keys(config).length > 0;
  const pointer = pointerOf([...names, 'config']);
  const configurations = isGiven ? [{ value: { ...KUBELET_TYPE, ...config }, pointer }] : [];
  return eksKubelet(placeOf(found), { words, configurations }, found.budget);
}

function specOf({ object }: FoundObject): { readonly spec: UnknownRecord; readonly names: readonly string[] } {
  const names = SPECS[asString(object.kind) ?? ''] ?? [];
  return { spec: asRecord(valueAt(object, names)), names };
}

function ownKubelet(found: FoundObject): Subject[] {
  const { spec, names } = specOf(found);
  if (isRecord(spec.kubelet)) return kubeletIn(found, [...names, 'kubelet']);
  const words = argumentsOf(asRecord(spec.kubeletExtraArgs), [...names, 'kubeletExtraArgs']);
  return eksKubelet(placeOf(found), { words, configurations: [] }, found.budget);
}

function hostOf(found: FoundObject): DeclaredHost {
  const { spec, names } = specOf(found);
  const { texts, hidden } = machineFiles(spec.files, [...names, 'files']);
  const host = declaredHost(texts, placeOf(found), found.budget);
  const unread = hidden.flatMap(({ path, why, pointer }) => hiddenFile(path, why, pointer));
  return { ...host, problems: [...host.problems, ...unread] };
}

function argumentsOf(given: UnknownRecord, names: readonly string[]): Word[] {
  return Object.keys(given).map((name) =>
    wordOf(`--${name}=${scalarText(given[name]) ?? ''}`, pointerOf([...names, name])),
  );
}

function placeOf({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const kind = asText(object.kind) ?? 'NodeConfig';
  const name = asText(asRecord(object.metadata).name) ?? kind;
  return { name, kind, source, vantage, surface: 'declared-cluster' };
}
