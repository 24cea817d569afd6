// KubeletConfiguration: the file of a kubelet's --config, or a drop-in of its --config-dir.

import { asString } from '../../../json.ts';
import { configurationSettings, dropInSettings, type KubeletSettings } from '../../kubelet/kubelet.ts';
import type { Budget } from '../../budget.ts';
import { joinPath } from '../../values/paths.ts';
import type { ParsedDocument } from '../../yaml/documents.ts';
import {
  configurationFile,
  subjectAt,
  unreadableConfiguredKubelet,
  type Configuration,
  type ConfigurationPlace,
} from '../configuration.ts';

/** The configuration of a kubelet. */
export const kubeletConfiguration: Configuration = {
  surface: 'kubelet-config',
  read: (document, place, budget) => {
    const { serves, ...settings } = settingsOf(document, place, budget);
    return serves ? [{ ...subjectAt('kubelet', place), component: 'kubelet', ...settings }] : [];
  },
  unreadable: unreadableConfiguredKubelet,
};

/** A KubeletConfiguration in a file. Drop-ins may leave out the kind. */
export const kubeletConfigurationFile = configurationFile(
  'KubeletConfiguration',
  kubeletConfiguration,
  ({ apiVersion, kind }) =>
    kind === 'KubeletConfiguration' ||
    (kind === undefined && asString(apiVersion)?.startsWith('kubelet.config.k8s.io/') === true),
);

function settingsOf(
  document: ParsedDocument,
  { source, kubeadmDirectory }: ConfigurationPlace,
  budget: Budget,
): KubeletSettings {
  // the kubelet reads files of such names in its --config-dir
  if ('path' in source && source.path.endsWith('.conf')) return dropInSettings(document, source.path, budget);
  const settings = configurationSettings(document);
  const { clientCAFile } = settings;
  const empty = clientCAFile.state === 'unset' || (clientCAFile.state === 'set' && clientCAFile.value === '');
  if (kubeadmDirectory === undefined || !empty) return settings;
  const value = joinPath(kubeadmDirectory, 'ca.crt');
  return { ...settings, clientCAFile: { state: 'set', value, origin: { layer: 'kubeadm' } } };
}
