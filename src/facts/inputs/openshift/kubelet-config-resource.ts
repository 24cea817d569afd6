// OpenShift's `KubeletConfig`: the machine config operator merges `spec.kubeletConfig` over its own template (machine-config-operator
// pkg/controller/kubelet-config/helpers.go, generateKubeletIgnFiles; templates/*/01-*-kubelet).

import { asRecord, asString, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import { declaredKubelet, notDeclared } from '../../declared/components.ts';
import { mergePatch } from '../../decoding/merge-patch.ts';
import { inDocument, unreadableConfiguredKubelet, withOrigins, type ConfigurationPlace } from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';

const GROUP = 'machineconfiguration.openshift.io';
const CONFIG = '/etc/kubernetes/kubelet.conf';
const TEMPLATE = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: { x509: { clientCAFile: '/etc/kubernetes/kubelet-ca.crt' }, anonymous: { enabled: false } },
};

/** The settings of the kubelets of a pool. */
export const kubeletConfigResource: Input = {
  name: 'OpenShift `KubeletConfig`',
  platform: 'openshift',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) => kind === 'KubeletConfig' && (asString(apiVersion) ?? '').startsWith(`${GROUP}/`),
  read: (found) => {
    const { kubeletConfig } = asRecord(found.object.spec);
    if (!isRecord(kubeletConfig)) return [];
    const { apiVersion: _version, kind: _kind, ...given } = kubeletConfig;
    const value = mergePatch(TEMPLATE, withoutEmpty(given), found.budget);
    const file = { path: CONFIG, content: { value }, pointer: '/spec/kubeletConfig' };
    return declaredKubelet(
      placeOf(found),
      {
        words: [{ text: `--config=${CONFIG}` }, { text: '--kubeconfig=/var/lib/kubelet/kubeconfig' }],
        files: [file],
        missing: notDeclared,
      },
      found.budget,
    ).map((subject) =>
      inDocument(
        withOrigins(subject, ({ file: _, ...origin }) => origin),
        found.pointer,
      ),
    );
  },
  unreadable: (found, problem) => [unreadableConfiguredKubelet(problem, placeOf(found))],
  resources: [
    {
      ...{ group: GROUP, version: 'v1', kind: 'KubeletConfig', resource: 'kubeletconfigs', subResource: '' },
      operations: ['CREATE', 'UPDATE'],
      reads: [['spec', 'kubeletConfig']],
    },
  ],
};

/** mergo does not override with an empty value: not with "", not with false. */
function withoutEmpty(value: UnknownRecord): UnknownRecord {
  const entries = Object.entries(value).flatMap(([key, entry]): [string, unknown][] => {
    if (isRecord(entry)) return [[key, withoutEmpty(entry)]];
    const isEmpty = entry === '' || entry === false || entry === null || entry === 0;
    return isEmpty ? [] : [[key, entry]];
  });
  return Object.fromEntries(entries);
}

function placeOf({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const name = asText(asRecord(object.metadata).name) ?? 'KubeletConfig';
  return { name, kind: 'KubeletConfig', source, vantage, surface: 'declared-cluster' };
}
