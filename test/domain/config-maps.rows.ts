// Edge cases of ConfigMaps, rows 109-125.

import {
  admit,
  CA_FIELD,
  configMap,
  configuration,
  kubeadmConfig,
  KEY,
  NO_FINDING,
  PASS,
  text,
  withCA,
  type Row,
  type Verdict,
} from './show.ts';

const MALFORMED = ['unknown malformed'];
const KEY_EMPTY = [`fail empty ${KEY}`];
const GOOD = withCA('/etc/kubernetes/pki/ca.crt');

const kubeletConfig = (content: string, name = 'kubelet-config'): Verdict => text(configMap(name, 'kubelet', content));

/** One override of kubeadm's defaults, as v1beta4 writes it. */
const override = (name: string, value: string, more = ''): string => `- {name: ${name}, value: ${value}${more}}`;

const BAD = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kubelet-config', namespace: 'kube-system' },
  data: { kubelet: configuration() },
};

/** Rows 109-125. */
export const rows: readonly Row[] = [
  {
    row: 109,
    title: 'kubelet-config without a CA',
    show: () => kubeletConfig(configuration()),
    expected: [`fail missing ${CA_FIELD}`],
  },
  {
    row: 109,
    title: 'kubelet-config with an empty CA',
    show: () => kubeletConfig(withCA('""')),
    expected: [`fail empty ${CA_FIELD}`],
  },
  {
    row: 109,
    title: 'a file for `kubeadm init`, where kubeadm itself sets the CA',
    show: () => text(`apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n---\n${configuration()}`),
    expected: ['pass', 'pass'],
    effective: '/etc/kubernetes/pki/ca.crt',
  },
  {
    row: 110,
    title: 'an unusual path',
    show: () => kubeletConfig(withCA('/opt/ca.pem')),
    expected: PASS,
    effective: '/opt/ca.pem',
  },
  {
    row: 111,
    title: 'kubelet-config-1.23',
    show: () => kubeletConfig(configuration(), 'kubelet-config-1.23'),
    expected: [`fail missing ${CA_FIELD}`],
  },
  {
    row: 111,
    title: 'kubelet-config-mine',
    show: () => kubeletConfig(configuration(), 'kubelet-config-mine'),
    expected: NO_FINDING,
  },
  {
    row: 112,
    title: 'no key `kubelet`',
    show: () => text(configMap('kubelet-config', 'Kubelet', GOOD)),
    expected: MALFORMED,
  },
  { row: 112, title: 'a key that is not YAML', show: () => kubeletConfig('a: [\n'), expected: MALFORMED },
  { row: 112, title: 'an empty key', show: () => kubeletConfig('# nothing\n'), expected: MALFORMED },
  { row: 112, title: 'the same kind twice', show: () => kubeletConfig(`${GOOD}---\n${GOOD}`), expected: MALFORMED },
  {
    row: 112,
    title: 'two kinds',
    show: () =>
      kubeletConfig(`${GOOD}---\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n`),
    expected: PASS,
  },
  {
    row: 113,
    title: 'v1beta4 empties the key',
    show: () => kubeadmConfig([override('kubelet-client-key', '""')]),
    expected: KEY_EMPTY,
  },
  {
    row: 114,
    title: 'v1beta3 empties the key',
    show: () => kubeadmConfig(['kubelet-client-key: ""'], 'v1beta3'),
    expected: KEY_EMPTY,
  },
  {
    row: 115,
    title: 'arguments without the two flags',
    show: () => kubeadmConfig([override('profiling', '"false"')]),
    expected: PASS,
    effective: '/etc/kubernetes/pki/apiserver-kubelet-client.key',
  },
  { row: 115, title: 'no arguments', show: () => kubeadmConfig([]), expected: PASS },
  {
    row: 116,
    title: 'only the certificate overridden, with a path',
    show: () => kubeadmConfig([override('kubelet-client-certificate', '/etc/kubernetes/pki/other.crt')]),
    expected: PASS,
    effective: '/etc/kubernetes/pki/apiserver-kubelet-client.key',
  },
  {
    row: 117,
    title: 'the spelling with underscores leaves the default in place and wins',
    show: () => kubeadmConfig([override('kubelet_client_key', '""')]),
    expected: KEY_EMPTY,
  },
  {
    row: 118,
    title: 'a name with dashes in front',
    show: () => kubeadmConfig([override('--kubelet-client-key', '/k')]),
    expected: ['fail would-not-start kube-apiserver'],
  },
  {
    row: 119,
    title: 'twice in the list, the last one empty',
    show: () => kubeadmConfig([override('kubelet-client-key', '/k'), override('kubelet-client-key', '""')]),
    expected: KEY_EMPTY,
  },
  {
    row: 119,
    title: 'twice in the list, the last one with a path',
    show: () =>
      kubeadmConfig([override('kubelet-client-key', '""'), override('kubelet-client-key', '/etc/kubernetes/pki/k')]),
    expected: PASS,
    effective: '/etc/kubernetes/pki/k',
  },
  {
    row: 120,
    title: 'v1 appends to the default',
    show: () => kubeadmConfig([override('kubelet-client-key', '.new', ', mergeMethod: append')], 'v1'),
    expected: PASS,
    effective: '/etc/kubernetes/pki/apiserver-kubelet-client.key.new',
  },
  {
    row: 120,
    title: 'v1 appends nothing',
    show: () => kubeadmConfig([override('kubelet-client-key', '""', ', mergeMethod: append')], 'v1'),
    expected: PASS,
    effective: '/etc/kubernetes/pki/apiserver-kubelet-client.key',
  },
  {
    row: 120,
    title: 'v1 drops what it would append to nothing',
    show: () => kubeadmConfig([override('kubelet_client_key', '""', ', mergeMethod: append')], 'v1'),
    expected: PASS,
  },
  {
    row: 121,
    title: 'a v1beta3 document is checked, because older kubeadms read it',
    show: () => kubeadmConfig(['profiling: "false"'], 'v1beta3'),
    expected: PASS,
  },
  {
    row: 122,
    title: 'the ClusterConfiguration under another key',
    show: () =>
      text(
        configMap(
          'kubeadm-config',
          'clusterConfiguration',
          'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration',
        ),
      ),
    expected: MALFORMED,
  },
  {
    row: 122,
    title: 'an InitConfiguration instead of the ClusterConfiguration',
    show: () =>
      text(
        configMap(
          'kubeadm-config',
          'ClusterConfiguration',
          'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration',
        ),
      ),
    expected: MALFORMED,
  },
  {
    row: 123,
    title: "k0s's worker configuration, which kubeadm does not read",
    show: () => text(configMap('worker-config-default-1.37', 'kubeletConfiguration', configuration())),
    expected: NO_FINDING,
  },
  {
    row: 123,
    title: 'a kubelet-config of another namespace',
    show: () => text(configMap('kubelet-config', 'kubelet', configuration(), 'docs')),
    expected: NO_FINDING,
  },
  ...['CREATE', 'UPDATE'].map((operation) => ({
    row: 124,
    title: `${operation}, which kubeadm sends even if the ConfigMap exists`,
    show: () => admit({ operation, resource: 'configmaps', object: BAD }),
    expected: ['denied', `fail missing ${CA_FIELD}`],
  })),
  {
    row: 125,
    title: 'DELETE',
    show: () => admit({ operation: 'DELETE', resource: 'configmaps', oldObject: BAD }),
    expected: ['not checked'],
  },
];
