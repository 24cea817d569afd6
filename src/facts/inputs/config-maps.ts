// The ConfigMaps that kubeadm and OpenShift keep configurations of our components in.

import { asRecord, asString, asText } from '../../json.ts';
import type { Origin, Problem, Source, Vantage } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import {
  clusterConfiguration,
  embedded,
  kubeletConfiguration,
  openShiftConfiguration,
  type ConfigurationReader,
} from './configurations.ts';
import { isClusterConfiguration } from '../api-server/kubeadm.ts';
import { readComponentConfiguration, type EmbeddedDocument } from '../api-server/kubeadm-documents.ts';
import { isApiServerConfig } from '../api-server/openshift.ts';
import { parseFirst } from '../yaml/documents.ts';

interface Kind {
  readonly namespace: string;
  readonly name: RegExp;
  readonly key: string;
  /** What is read of the key's text. */
  readonly read: (text: string, budget: Budget) => EmbeddedDocument;
  readonly reader: ConfigurationReader;
  readonly holds: (value: unknown) => boolean;
}

const readFirst: Kind['read'] = (text, budget) => ({ document: parseFirst(text, budget) });

const KINDS: readonly Kind[] = [
  {
    namespace: 'kube-system',
    name: /^kubelet-config(?:-1\.\d+)?$/,
    key: 'kubelet',
    read: readComponentConfiguration,
    reader: kubeletConfiguration,
    // Whatever stands there, kubeadm reads it as a KubeletConfiguration or fails.
    holds: () => true,
  },
  {
    namespace: 'kube-system',
    name: /^kubeadm-config$/,
    key: 'ClusterConfiguration',
    read: readFirst,
    reader: clusterConfiguration,
    holds: isClusterConfiguration,
  },
  {
    namespace: 'openshift-kube-apiserver',
    name: /^config(?:-\d+)?$/,
    key: 'config.yaml',
    read: readFirst,
    reader: openShiftConfiguration,
    holds: isApiServerConfig,
  },
];

/** Where a ConfigMap was found, and what may be spent on it. */
interface Found {
  readonly source: Source;
  readonly vantage: Vantage;
  readonly budget: Budget;
}

/**
 * The subject that a ConfigMap configures, if it is one of those that kubeadm or OpenShift read.
 *
 * @param at JSON Pointer of the ConfigMap in its document
 * @param object the ConfigMap; where it names no namespace, as in a file for `kubectl -n`, kube-system is meant
 */
export function configMapSubjects(object: Readonly<Record<string, unknown>>, at: string, found: Found): Subject[] {
  const known = knownIn(object, at, found);
  if (!known) return [];
  const { kind, place, pointer } = known;
  const { key, reader, holds } = kind;
  const unreadable = (reason: string): Subject[] => {
    const problem: Problem = {
      code: 'malformed',
      message: `the key ${key} of ${place.name} ${reason}`,
      origin: { layer: 'file', pointer },
    };
    return [reader.unreadable(problem, place)];
  };
  const text = asString(asRecord(object.data)[key]);
  if (text === undefined) return unreadable('is missing, so what reads it would fail; restore it');
  const { document, fault } = kind.read(text, found.budget);
  if (document === undefined) return unreadable('holds no document; restore it');
  if ('problem' in document) return unreadable(`is ${document.problem.message}`);
  if (!holds(document.value)) return unreadable('holds another kind of document than expected');
  const origin: Origin = { layer: 'file', pointer };
  const message = `kubeadm refuses the key ${key} of ${place.name}: ${fault ?? ''}; leave one document in it`;
  const doubts: Problem[] = fault === undefined ? [] : [{ code: 'malformed', message, origin }];
  return reader
    .read(document, place, found.budget)
    .map((subject) => embedded(subject, pointer, document.index === 0))
    .map((subject) => ({ ...subject, doubts: [...subject.doubts, ...doubts] }));
}

/** The same subject where the ConfigMap cannot be judged. */
export function unreadableConfigMap(
  object: Readonly<Record<string, unknown>>,
  at: string,
  found: Found,
  problem: Problem,
): Subject[] {
  const known = knownIn(object, at, found);
  if (!known) return [];
  const { kind, place, pointer } = known;
  return [kind.reader.unreadable({ ...problem, origin: { layer: 'file', pointer } }, place)];
}

function knownIn(object: Readonly<Record<string, unknown>>, at: string, { source, vantage }: Found) {
  const metadata = asRecord(object.metadata);
  const name = asString(metadata.name) ?? '';
  const namespace = asText(metadata.namespace) ?? 'kube-system';
  const kind = KINDS.find((known) => known.namespace === namespace && known.name.test(name));
  if (!kind) return undefined;
  const place = { name, namespace, kind: 'ConfigMap', source, vantage, surface: kind.reader.surface };
  return { kind, place, pointer: `${at}/data/${kind.key}` };
}
