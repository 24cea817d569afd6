// KubeletConfiguration: the file of a kubelet's --config, or a drop-in of its --config-dir.

import { asString, asText } from '../../../json.ts';
import { configurationSettings, dropInSettings, type KubeletSettings } from '../../kubelet/kubelet.ts';
import type { Budget } from '../../budget.ts';
import { kubeadmKubelet } from '../../kubeadm/kubelet.ts';
import type { ParsedDocument } from '../../yaml/documents.ts';
import {
  configurationFile,
  subjectAt,
  unreadableConfiguredKubelet,
  type Configuration,
  type ConfigurationPlace,
} from '../configuration.ts';
import type { Input } from '../input.ts';
import { documentsFor, isForInit, withDoubts } from '../kubeadm/file.ts';

/** The configuration of a kubelet. */
export const kubeletConfiguration: Configuration = {
  surface: 'kubelet-config',
  read: (document, place, budget) => {
    const { serves, ...settings } = settingsOf(document, place, budget);
    return serves ? [{ ...subjectAt('kubelet', place), component: 'kubelet', ...settings }] : [];
  },
  unreadable: unreadableConfiguredKubelet,
};

const file = configurationFile(
  'KubeletConfiguration',
  kubeletConfiguration,
  ({ apiVersion, kind }) =>
    kind === 'KubeletConfiguration' ||
    (kind === undefined && asString(apiVersion)?.startsWith('kubelet.config.k8s.io/') === true),
);

/** A KubeletConfiguration in a file. Drop-ins may leave out the kind. */
export const kubeletConfigurationFile: Input = {
  ...file,
  read: (found) => {
    const { document, kubeadm, object, source, vantage, budget } = found;
    if (kubeadm === undefined) return file.read(found);
    if (!isForInit(kubeadm)) return [];
    const kind = asText(object.kind) ?? 'KubeletConfiguration';
    const place = { name: kind, kind, source, vantage, surface: kubeletConfiguration.surface };
    return kubeadmKubelet(documentsFor(kubeadm, document, kubeadm.init), place, budget).map((subject) =>
      withDoubts(subject, kubeadm),
    );
  },
  problems: ({ kubeadm }) => {
    if (kubeadm === undefined || isForInit(kubeadm)) return [];
    const message =
      'kubeadm ignores a KubeletConfiguration beside a JoinConfiguration or an UpgradeConfiguration: it configures nothing; change the ConfigMap kubelet-config of the cluster, and remove this document';
    return [{ code: 'not-read', message, origin: { layer: 'file', pointer: '/kind' } }];
  },
};

function settingsOf(document: ParsedDocument, { source, file }: ConfigurationPlace, budget: Budget): KubeletSettings {
  const path = file ?? ('path' in source ? source.path : '');
  // the kubelet reads files of such names in its --config-dir; OpenShift's --config is /etc/kubernetes/kubelet.conf
  return path.endsWith('.conf') && !path.endsWith('/etc/kubernetes/kubelet.conf')
    ? dropInSettings(document, path, budget)
    : configurationSettings(document);
}
