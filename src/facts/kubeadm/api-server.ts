// The kube-apiserver that kubeadm would start from the configuration of a cluster (kubernetes cmd/kubeadm/app/phases/controlplane/
// manifests.go:185).

import { asArray, asRecord, asString, asText, isRecord, stringOrEmpty } from '../../json.ts';
import type { Origin, Reading } from '../../policy/reading.ts';
import type { ApiServerReadings } from '../../policy/settings.ts';
import type { ApiServer, Refusal } from '../../policy/subject.ts';
import { environmentOf, expand } from '../argv/expansion.ts';
import { flagTable, minorOf } from '../argv/flags.ts';
import { parseCommandLine } from '../argv/pflag.ts';
import { wordOf, type Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { apiServerStart } from '../gates/flags.ts';
import { apiServerReadings, readSetting } from '../readings.ts';
import { joinPath } from '../values/paths.ts';
import { pointerOf } from '../values/shape.ts';
import { commandLine, extraArguments, type Argument } from './arguments.ts';
import { decodingFault, type Decoded } from './faults.ts';
import { viewOfMounts } from './mounts.ts';
import { kubeadmVersion } from './versions.ts';

type Settings = ApiServerReadings & Pick<ApiServer, 'view' | 'doubts'> & { readonly refusal?: Refusal };

/** The certificates directory of a cluster's configuration. */
export function certificatesDirectory(configuration: unknown): string {
  return asText(asRecord(configuration).certificatesDir) ?? '/etc/kubernetes/pki';
}

/** The minor version of Kubernetes that a cluster's configuration names. */
export function configuredMinor(configuration: unknown): number | undefined {
  return minorOf(asString(asRecord(configuration).kubernetesVersion) ?? '');
}

/**
 * Reads the settings of the kube-apiserver whose manifest kubeadm writes.
 *
 * @param document a ClusterConfiguration or MasterConfiguration of any version
 * @param given the minor version of Kubernetes, if it is known from elsewhere
 */
export function clusterConfigurationSettings(document: Decoded, budget: Budget, given?: number): Settings {
  const configuration = asRecord(document.value);
  const fault = decodingFault(document);
  if (fault)
    return {
      ...apiServerReadings(() => ({ state: 'unset' })),
      view: () => 'not-shown',
      doubts: [],
      refusal: fault,
    };
  const environment = environmentOf({ env: asRecord(configuration.apiServer).extraEnvs }, budget);
  const words = apiServerWords(configuration).map(({ text, pointer }) =>
    wordOf(expand(text, environment, budget), pointer),
  );
  const minor = configuredMinor(configuration) ?? given;
  const parsed = parseCommandLine(words, flagTable('kube-apiserver', minor), { emptyPositionals: true, budget });
  const version = kubeadmVersion(configuration);
  const [field = ''] = version?.apiServerArguments ?? [];
  const place: Origin = { layer: 'kubeadm', pointer: pointerOf([field]) };
  return {
    ...apiServerReadings((setting) => byKubeadm(readSetting(parsed, setting, place))),
    view: version
      ? viewOfMounts(configuration, certificatesDirectory(configuration), version, minor)
      : () => 'not-shown',
    ...apiServerStart(parsed, minor),
  };
}

/** A flag that kubeadm adds by default has no place in the document. */
function byKubeadm<T>(reading: Reading<T>): Reading<T> {
  return reading.state === 'set' && reading.origin.pointer === undefined
    ? { ...reading, origin: { layer: 'kubeadm' } }
    : reading;
}

/** The arguments of kube-apiserver. */
export function apiServerWords(configuration: Readonly<Record<string, unknown>>): Word[] {
  const version = kubeadmVersion(configuration);
  if (version === undefined) return [];
  const extra = extraArguments(configuration, version.apiServerArguments, version);
  const ofEtcd = extraArguments(configuration, ['etcd', 'local', 'extraArgs'], version);
  return commandLine(defaultArguments(configuration, new Set(extra.map(({ name }) => name)), ofEtcd), extra);
}

/** kubeadm's default arguments. */
function defaultArguments(
  configuration: Readonly<Record<string, unknown>>,
  overrides: ReadonlySet<string>,
  localArguments: readonly Argument[],
): Argument[] {
  const directory = certificatesDirectory(configuration);
  const certificate = (name: string): string => joinPath(directory, name);
  const { external } = asRecord(configuration.etcd);
  const advertised = localArguments.findLast(({ name }) => name === 'advertise-client-urls');
  const localServers = advertised === undefined ? 'https://127.0.0.1:2379' : advertised.value;
  const { serviceSubnet, dnsDomain } = asRecord(configuration.networking);
  // in the order of kubeadm 1.37, because JSON patches count them
  return [
    { name: 'advertise-address', value: '192.0.2.10' },
    { name: 'allow-privileged', value: 'true' },
    ...(overrides.has('authorization-config') ? [] : [{ name: 'authorization-mode', value: 'Node,RBAC' }]),
    { name: 'client-ca-file', value: certificate('ca.crt') },
    { name: 'enable-admission-plugins', value: 'NodeRestriction' },
    { name: 'enable-bootstrap-token-auth', value: 'true' },
    ...etcdArguments(external, localServers, certificate),
    { name: 'kubelet-client-certificate', value: certificate('apiserver-kubelet-client.crt') },
    { name: 'kubelet-client-key', value: certificate('apiserver-kubelet-client.key') },
    { name: 'kubelet-preferred-address-types', value: 'InternalIP,ExternalIP,Hostname' },
    { name: 'proxy-client-cert-file', value: certificate('front-proxy-client.crt') },
    { name: 'proxy-client-key-file', value: certificate('front-proxy-client.key') },
    { name: 'requestheader-allowed-names', value: 'front-proxy-client' },
    { name: 'requestheader-client-ca-file', value: certificate('front-proxy-ca.crt') },
    { name: 'requestheader-extra-headers-prefix', value: 'X-Remote-Extra-' },
    { name: 'requestheader-group-headers', value: 'X-Remote-Group' },
    { name: 'requestheader-username-headers', value: 'X-Remote-User' },
    { name: 'secure-port', value: '6443' },
    { name: 'service-account-issuer', value: `https://kubernetes.default.svc.${asText(dnsDomain) ?? 'cluster.local'}` },
    { name: 'service-account-key-file', value: certificate('sa.pub') },
    { name: 'service-account-signing-key-file', value: certificate('sa.key') },
    { name: 'service-cluster-ip-range', value: asText(serviceSubnet) ?? '10.96.0.0/12' },
    { name: 'tls-cert-file', value: certificate('apiserver.crt') },
    { name: 'tls-private-key-file', value: certificate('apiserver.key') },
  ];
}

function etcdArguments(external: unknown, local: string, certificate: (name: string) => string): Argument[] {
  if (!isRecord(external))
    return [
      { name: 'etcd-cafile', value: certificate('etcd/ca.crt') },
      { name: 'etcd-certfile', value: certificate('apiserver-etcd-client.crt') },
      { name: 'etcd-keyfile', value: certificate('apiserver-etcd-client.key') },
      { name: 'etcd-servers', value: local },
    ];
  const { caFile, certFile, keyFile } = external;
  const both = asText(certFile) !== undefined && asText(keyFile) !== undefined;
  return [
    ...(asText(caFile) === undefined ? [] : [{ name: 'etcd-cafile', value: stringOrEmpty(caFile) }]),
    ...(both ? [{ name: 'etcd-certfile', value: stringOrEmpty(certFile) }] : []),
    ...(both ? [{ name: 'etcd-keyfile', value: stringOrEmpty(keyFile) }] : []),
    { name: 'etcd-servers', value: asArray(external.endpoints).map(stringOrEmpty).join(',') },
  ];
}
