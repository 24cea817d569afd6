// Subjects from configuration documents: KubeletConfiguration, ClusterConfiguration, KubeAPIServerConfig.

import type { Component, Origin, Problem, Reading, Source, Surface, Vantage } from '../../policy/reading.ts';
import type { ApiServer, Kubelet, Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import type { ParsedDocument } from '../yaml/documents.ts';
import { clusterConfigurationSettings } from '../api-server/kubeadm.ts';
import { configurationSettings, dropInSettings, type KubeletSettings } from '../kubelet/kubelet.ts';
import { apiServerConfigSettings } from '../api-server/openshift.ts';
import { apiServerReadings, changeApiServer, changeKubelet, kubeletReadings, unreadableAs } from '../readings.ts';
import { joinPath } from '../values/paths.ts';

/** Where a configuration was found, and under which name it is reported. */
export interface ConfigurationPlace {
  readonly name: string;
  readonly namespace?: string;
  readonly kind: string;
  readonly source: Source;
  readonly vantage: Vantage;
  readonly surface: Surface;
  /** The certificates directory of the kubeadm configuration that the document is part of: kubeadm fills in its CA. */
  readonly kubeadmDirectory?: string;
}

/** A kind of configuration: how it is read, and what it is where it cannot be read. */
export interface ConfigurationReader {
  readonly surface: Surface;
  readonly read: (document: ParsedDocument, place: ConfigurationPlace, budget: Budget) => Subject[];
  readonly unreadable: (problem: Problem, place: ConfigurationPlace) => Subject;
}

export const kubeletConfiguration: ConfigurationReader = {
  surface: 'kubelet-config',
  read: (document, place, budget) => {
    const { serves, ...settings } = settingsOf(document, place, budget);
    return serves ? [{ ...base('kubelet', place), component: 'kubelet', ...settings }] : [];
  },
  unreadable: (problem, place): Kubelet => ({
    ...base('kubelet', place),
    component: 'kubelet',
    ...kubeletReadings(() => unreadableAs(problem)),
    doubts: [],
  }),
};

export const clusterConfiguration: ConfigurationReader = {
  surface: 'kubeadm-config',
  read: (document, place, budget) => [
    {
      ...base('kube-apiserver', place),
      component: 'kube-apiserver',
      ...clusterConfigurationSettings(document, budget),
    },
  ],
  unreadable: unreadableApiServer,
};

export const openShiftConfiguration: ConfigurationReader = {
  surface: 'openshift-config',
  read: ({ value }, place) => [
    { ...base('kube-apiserver', place), component: 'kube-apiserver', doubts: [], ...apiServerConfigSettings(value) },
  ],
  unreadable: unreadableApiServer,
};

function settingsOf(
  document: ParsedDocument,
  { source, kubeadmDirectory }: ConfigurationPlace,
  budget: Budget,
): KubeletSettings {
  // The kubelet reads such names in its --config-dir.
  if ('path' in source && source.path.endsWith('.conf')) return dropInSettings(document, source.path, budget);
  const settings = configurationSettings(document);
  const { clientCAFile } = settings;
  const empty = clientCAFile.state === 'unset' || (clientCAFile.state === 'set' && clientCAFile.value === '');
  if (kubeadmDirectory === undefined || !empty) return settings;
  const value = joinPath(kubeadmDirectory, 'ca.crt');
  return { ...settings, clientCAFile: { state: 'set', value, origin: { layer: 'kubeadm' } } };
}

function unreadableApiServer(problem: Problem, place: ConfigurationPlace): ApiServer {
  return {
    ...base('kube-apiserver', place),
    component: 'kube-apiserver',
    ...apiServerReadings(() => unreadableAs(problem)),
    view: () => 'not-shown',
    doubts: [],
  };
}

function base(component: Component, { name, namespace, kind, source, vantage, surface }: ConfigurationPlace) {
  return { name: { component, name, kind, ...(namespace !== undefined && { namespace }) }, source, vantage, surface };
}

/**
 * Moves every origin of a subject into a text that stands at a pointer of another document.
 *
 * @param first whether it comes from the text's first document, in which origins can be shown
 */
export function embedded(subject: Subject, pointer: string, first: boolean): Subject {
  const moved = (origin: Origin): Origin => ({
    ...origin,
    pointer,
    ...(first && origin.pointer !== undefined && { within: origin.pointer }),
  });
  const problem = (entry: Problem): Problem => (entry.origin ? { ...entry, origin: moved(entry.origin) } : entry);
  const reading = <T>(entry: Reading<T>): Reading<T> =>
    entry.state === 'unreadable'
      ? { ...entry, problem: problem(entry.problem) }
      : entry.origin
        ? { ...entry, origin: moved(entry.origin) }
        : entry;
  const { refusal } = subject;
  const common = {
    doubts: subject.doubts.map(problem),
    ...(refusal && { refusal: refusal.origin ? { ...refusal, origin: moved(refusal.origin) } : refusal }),
  };
  return subject.component === 'kubelet'
    ? { ...changeKubelet(subject, reading), ...common }
    : { ...changeApiServer(subject, reading), ...common };
}
