// The paths that kube-apiserver sees in the static pod that kubeadm writes (kubernetes
// cmd/kubeadm/app/phases/controlplane/volumes.go).

import { asRecord, asRecords, isRecord, stringOrEmpty } from '../../json.ts';
import type { PathView } from '../../policy/subject.ts';
import { cleanPath, isAbsolute, isWithin } from '../values/paths.ts';
import { valueAt } from '../values/shape.ts';
import type { KubeadmVersion } from './versions.ts';

const CA_CERTIFICATES = '/etc/ssl/certs';
/** kubeadm mounts those that its host has. Before Kubernetes 1.31 it mounted all of /etc/pki. */
const ON_SOME_HOSTS = [
  '/etc/pki',
  '/etc/ca-certificates',
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
];
const ON_SOME_HOSTS_NOW = ['/etc/pki/ca-trust', '/etc/pki/tls/certs', ...ON_SOME_HOSTS.slice(1)];
const FIRST_WITHOUT_PKI = 31;

/** Mount paths by the names of their volumes: of two volumes with one name the last counts. */
type Mounts = ReadonlyMap<string, string>;

/**
 * What the mounts of kube-apiserver show about a path.
 *
 * @param directory the certificates directory
 * @param minor the minor version of Kubernetes, if it is known
 */
export function viewOfMounts(
  configuration: unknown,
  directory: string,
  version: KubeadmVersion,
  minor: number | undefined,
): (path: string) => PathView {
  const mounts = mountsOf(configuration, directory, version);
  const perhaps = (minor !== undefined && minor >= FIRST_WITHOUT_PKI ? ON_SOME_HOSTS_NOW : ON_SOME_HOSTS).filter(
    (path) => !mounts.has(path.slice(1).replaceAll('/', '-')),
  );
  return (path) => {
    if (!isAbsolute(path)) return 'relative';
    const clean = cleanPath(path);
    if ([...mounts.values()].some((mount) => isWithin(mount, clean))) return 'visible';
    return perhaps.some((mount) => isWithin(mount, clean)) ? 'not-shown' : 'not-mounted';
  };
}

/** The mounts that every host has. */
export function mountsOf(configuration: unknown, directory: string, version: KubeadmVersion): Mounts {
  const mounts = new Map([
    ['k8s-certs', directory],
    ['ca-certs', CA_CERTIFICATES],
    ...etcdDirectories(configuration, directory).map((path, index) => [`etcd-certs-${String(index)}`, path] as const),
  ]);
  for (const volume of asRecords(valueAt(configuration, version.apiServerVolumes)))
    mounts.set(stringOrEmpty(volume.name), stringOrEmpty(volume.mountPath));
  return new Map([...mounts].filter(([, path]) => path !== '').map(([name, path]) => [name, cleanPath(path)]));
}

/** The folders of the certificates of an external etcd that are not mounted otherwise (getEtcdCertVolumes). */
function etcdDirectories(configuration: unknown, directory: string): string[] {
  const { external } = asRecord(asRecord(configuration).etcd);
  if (!isRecord(external)) return [];
  const elsewhere = [CA_CERTIFICATES, ...ON_SOME_HOSTS_NOW, directory];
  const folders = ['caFile', 'certFile', 'keyFile']
    .map((name) => stringOrEmpty(external[name]))
    .filter((path) => path.includes('/'))
    .map((path) => cleanPath(path.slice(0, Math.max(1, path.lastIndexOf('/')))))
    // kubeadm compares beginnings of texts here, not of paths
    .filter((folder) => !elsewhere.some((mounted) => folder.startsWith(mounted)));
  const parents = folders.filter((folder) => !folders.some((other) => other !== folder && folder.startsWith(other)));
  return [...new Set(parents)].sort();
}
