// The kube-apiserver that kubeadm would start from a ClusterConfiguration (kubernetes cmd/kubeadm/app/phases/controlplane/
// manifests.go:185, util/arguments.go:30).

import { asArray, asRecord, asRecords, asString, asText, isRecord } from '../../json.ts';
import type { Origin, Reading } from '../../policy/reading.ts';
import type { ApiServerReadings } from '../../policy/settings.ts';
import type { ApiServer, Refusal } from '../../policy/subject.ts';
import { findMismatchIn, rootType } from '../decoding/decode.ts';
import type { ParsedDocument } from '../yaml/documents.ts';
import { environmentOf, expand } from '../argv/expansion.ts';
import type { Budget } from '../budget.ts';
import { flagTable, minorOf } from '../argv/flags.ts';
import { neverServes } from '../argv/serving.ts';
import { isAbsolute, joinPath } from '../values/paths.ts';
import { parseCommandLine } from '../argv/pflag.ts';
import { apiServerReadings, readSetting } from '../readings.ts';
import { select } from '../select.ts';
import { wordOf, type Word } from '../argv/words.ts';

type Known = Pick<ParsedDocument, 'value' | 'syntax' | 'attempts'>;

interface Argument {
  readonly name: string;
  readonly value: string;
  readonly mergeMethod: string;
  readonly pointer?: string;
}

type Settings = ApiServerReadings & Pick<ApiServer, 'view' | 'doubts'> & { readonly refusal?: Refusal };

const VERSIONS_WITH_MAPS = /^kubeadm\.k8s\.io\/v1(?:alpha\d|beta[123])$/;

/** Whether a document is a ClusterConfiguration of any version. */
export function isClusterConfiguration(value: unknown): boolean {
  const { apiVersion, kind } = asRecord(value);
  return kind === 'ClusterConfiguration' && typeof apiVersion === 'string' && apiVersion.startsWith('kubeadm.k8s.io/');
}

/**
 * The certificates directory of a kubeadm configuration; undefined if the documents of the stream are none. kubeadm sets an
 * empty clientCAFile to the CA in it (cmd/kubeadm/app/componentconfigs/kubelet.go:144).
 */
export function kubeadmDirectory(documents: readonly unknown[]): string | undefined {
  const ours = documents
    .map(asRecord)
    .filter(({ apiVersion }) => asString(apiVersion)?.startsWith('kubeadm.k8s.io/') === true);
  return ours.length === 0 ? undefined : certificatesDirectory(asRecord(ours.find(isClusterConfiguration)));
}

function certificatesDirectory(configuration: Readonly<Record<string, unknown>>): string {
  return asText(configuration.certificatesDir) ?? '/etc/kubernetes/pki';
}

/**
 * Reads the settings of the kube-apiserver whose manifest kubeadm writes.
 *
 * @param document a ClusterConfiguration of v1beta4, v1, or an older version with a map of arguments
 */
export function clusterConfigurationSettings(document: Known, budget: Budget): Settings {
  const configuration = asRecord(document.value);
  const fault = decodingFault(document);
  if (fault)
    return {
      ...apiServerReadings(() => ({ state: 'unset' })),
      view: () => 'not-shown',
      doubts: [],
      refusal: fault,
    };
  const environment = environmentOf({ env: select('extraEnvs', configuration).value }, budget);
  const words = apiServerArguments(configuration).map(({ text, pointer }) =>
    wordOf(expand(text, environment, budget), pointer),
  );
  const minor = minorOf(asString(configuration.kubernetesVersion) ?? '');
  const commandLine = parseCommandLine(words, flagTable('kube-apiserver', minor), { emptyPositionals: true, budget });
  const refusal = commandLine.refusal ?? neverServes('kube-apiserver', commandLine);
  const place: Origin = { layer: 'kubeadm', pointer: '/apiServer' };
  return {
    ...apiServerReadings((setting) => byKubeadm(readSetting(commandLine, setting, place))),
    view: (path) => (isAbsolute(path) ? 'not-shown' : 'relative'),
    doubts: commandLine.doubts,
    ...(refusal && { refusal }),
  };
}

/** A flag that kubeadm adds by default has no place in the document. */
function byKubeadm<T>(reading: Reading<T>): Reading<T> {
  return reading.state === 'set' && reading.origin.pointer === undefined
    ? { ...reading, origin: { layer: 'kubeadm' } }
    : reading;
}

function decodingFault(document: Known): Refusal | undefined {
  const configuration = asRecord(document.value);
  const apiVersion = asString(configuration.apiVersion) ?? '';
  const type = rootType(apiVersion, 'ClusterConfiguration');
  const origin: Origin = { layer: 'file', pointer: '/apiVersion' };
  if (document.syntax === 'broken-json') return { reason: 'it begins with a brace and is no JSON', origin };
  if (type !== undefined) {
    const found = findMismatchIn(type, document);
    return (
      found && {
        reason: `kubeadm cannot decode it: ${found.reason} (${found.pointer})`,
        origin: { layer: 'file', pointer: found.pointer },
      }
    );
  }
  if (!VERSIONS_WITH_MAPS.test(apiVersion))
    return { reason: `kubeadm knows no ClusterConfiguration of ${apiVersion}`, origin };
  const { value, pointer } = select('extraArgs', configuration);
  const readable =
    value === undefined ||
    value === null ||
    (isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string'));
  return readable
    ? undefined
    : {
        reason: `kubeadm cannot decode it: extraArgs of ${apiVersion} is a map of strings`,
        origin: { layer: 'file', pointer },
      };
}

function apiServerArguments(configuration: Readonly<Record<string, unknown>>): Word[] {
  const overrides = overridesOf(configuration);
  const last = new Map(overrides.map((argument) => [argument.name, argument]));
  const words: Word[] = [];
  for (const { name, value } of defaultArguments(configuration, last)) {
    const override = last.get(name);
    if (override === undefined) words.push({ text: `--${name}=${value}` });
    else if (override.mergeMethod === '') continue;
    else
      words.push({
        text: `--${name}=${merge(value, override)}`,
        ...(override.pointer !== undefined && { pointer: override.pointer }),
      });
  }
  for (const { name, value, mergeMethod, pointer } of overrides) {
    if (mergeMethod === '') words.push({ text: `--${name}=${value}`, ...(pointer !== undefined && { pointer }) });
  }
  return words;
}

function merge(base: string, { value, mergeMethod }: Argument): string {
  if (mergeMethod === 'append') return base + value;
  return mergeMethod === 'prepend' ? value + base : value;
}

function overridesOf(configuration: Readonly<Record<string, unknown>>): Argument[] {
  const { value, pointer } = select('extraArgs', configuration);
  // before v1beta4 the arguments were a map, which kubeadm sorted
  if (isRecord(value)) {
    return Object.keys(value)
      .sort()
      .map((name) => ({
        name,
        value: asString(value[name]) ?? '',
        mergeMethod: '',
        pointer: `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      }));
  }
  const merges = configuration.apiVersion === 'kubeadm.k8s.io/v1';
  return asArray(value).map((entry, index) => {
    const argument = asRecord(entry);
    return {
      name: asString(argument.name) ?? '',
      value: asString(argument.value) ?? '',
      mergeMethod: merges ? (asString(argument.mergeMethod) ?? '') : '',
      pointer: `${pointer}/${String(index)}/value`,
    };
  });
}

/** kubeadm's default arguments, without those that kube-apiserver always accepts and no control needs. */
function defaultArguments(
  configuration: Readonly<Record<string, unknown>>,
  overrides: ReadonlyMap<string, Argument>,
): { name: string; value: string }[] {
  const directory = certificatesDirectory(configuration);
  const certificate = (name: string): string => joinPath(directory, name);
  const { external, local } = asRecord(configuration.etcd);
  const endpoints = asArray(asRecord(external).endpoints)
    .map((endpoint) => asString(endpoint) ?? '')
    .join(',');
  const advertised = asRecords(asRecord(local).extraArgs).findLast(({ name }) => name === 'advertise-client-urls');
  const localServers = advertised === undefined ? 'https://127.0.0.1:2379' : (asString(advertised.value) ?? '');
  const servers = isRecord(external) ? endpoints : localServers;
  return [
    { name: 'advertise-address', value: '192.0.2.10' },
    { name: 'allow-privileged', value: 'true' },
    ...(overrides.has('authorization-config') ? [] : [{ name: 'authorization-mode', value: 'Node,RBAC' }]),
    { name: 'client-ca-file', value: certificate('ca.crt') },
    { name: 'enable-admission-plugins', value: 'NodeRestriction' },
    { name: 'enable-bootstrap-token-auth', value: 'true' },
    { name: 'etcd-servers', value: servers },
    { name: 'kubelet-client-certificate', value: certificate('apiserver-kubelet-client.crt') },
    { name: 'kubelet-client-key', value: certificate('apiserver-kubelet-client.key') },
    { name: 'kubelet-preferred-address-types', value: 'InternalIP,ExternalIP,Hostname' },
    { name: 'requestheader-allowed-names', value: 'front-proxy-client' },
    { name: 'requestheader-username-headers', value: 'X-Remote-User' },
    { name: 'requestheader-group-headers', value: 'X-Remote-Group' },
    { name: 'requestheader-extra-headers-prefix', value: 'X-Remote-Extra-' },
    { name: 'secure-port', value: '6443' },
    { name: 'service-account-issuer', value: 'https://kubernetes.default.svc' },
    { name: 'service-account-key-file', value: certificate('sa.pub') },
    {
      name: 'service-cluster-ip-range',
      value: asText(asRecord(configuration.networking).serviceSubnet) ?? '10.96.0.0/12',
    },
    { name: 'tls-cert-file', value: certificate('apiserver.crt') },
    { name: 'tls-private-key-file', value: certificate('apiserver.key') },
  ];
}
