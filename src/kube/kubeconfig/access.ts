// The cluster and the user of a context in kubeconfigs. The rules are client-go's (tools/clientcmd): what kubectl accepts is
// accepted, what it refuses is refused, and faults of other clusters do not matter.

import {
  KubeconfigFault,
  unknownKeys,
  type KubeconfigEntry,
  type FileOrText,
  type KubeconfigDocument,
} from './document.ts';
import { fileOrText, quoted, type Fault, type Texts } from './entry.ts';
import { ANONYMOUS, EXEC_GROUP, userOf, type AccessUser } from './user.ts';

/** A cluster, and how to reach and verify its API server. */
export interface AccessCluster {
  readonly server: string;
  /** The CAs of its certificate; those of the system by default. */
  readonly ca: FileOrText | undefined;
  readonly skipVerify: boolean;
  /** The name that its certificate must have; the host of the address by default. */
  readonly serverName: string | undefined;
  readonly proxyUrl: string | undefined;
  /** The configuration for credential plugins. */
  readonly execConfig: unknown;
}

/** The access to a cluster. */
export interface Access {
  readonly cluster: AccessCluster;
  readonly user: AccessUser;
  readonly namespace: string | undefined;
  /** The name of the context; undefined for a service account. */
  readonly context: string | undefined;
  /** How messages name the user. */
  readonly userName: string;
  /** What is ignored, in words. */
  readonly notes: readonly string[];
}

/**
 * The cluster and user of a context.
 *
 * @param documents in the order of KUBECONFIG: the first with an entry of a name, or with a current context, decides
 * @param context its name; the current context by default
 * @throws KubeconfigFault where kubectl would not use them, with what to do
 */
export function accessOf(documents: readonly KubeconfigDocument[], context: string | undefined): Access {
  const find = (list: 'clusters' | 'users' | 'contexts', name: string): KubeconfigEntry | undefined =>
    documents.find((document) => document[list].has(name))?.[list].get(name);
  const name = context ?? documents.map(({ currentContext }) => currentContext).find((current) => current !== '') ?? '';
  const known = [...new Set(documents.flatMap(({ contexts }) => [...contexts.keys()]))];
  if (name === '') throw new KubeconfigFault(`it has no current-context: pass --context${oneOf(known)}`);
  const chosen = find('contexts', name);
  if (chosen === undefined)
    throw new KubeconfigFault(`it has no context ${quoted(name)}: pass --context${oneOf(known)}`);
  const { cluster = '', user = '', namespace = '' } = chosen as Readonly<Record<string, string>>;
  const clusterEntry = find('clusters', cluster);
  if (clusterEntry === undefined) {
    throw new KubeconfigFault(
      cluster === ''
        ? `its context ${quoted(name)} names no cluster`
        : `it has no cluster ${quoted(cluster)}, which its context ${quoted(name)} names`,
    );
  }
  const userEntry = find('users', user);
  return {
    cluster: clusterOf(clusterEntry, cluster),
    user: userEntry === undefined ? ANONYMOUS : userOf(userEntry, user),
    namespace: namespace === '' ? undefined : namespace,
    context: name,
    userName: `user ${quoted(user)}`,
    notes: [
      ...(userEntry === undefined
        ? [`its context ${quoted(name)} has no user: calls are made as system:anonymous`]
        : []),
      ...unknownKeys(clusterEntry, 'cluster').map((key) => passedOver(key, `cluster ${quoted(cluster)}`)),
      ...unknownKeys(userEntry ?? {}, 'user').map((key) => passedOver(key, `user ${quoted(user)}`)),
    ],
  };
}

function passedOver(key: string, of: string): string {
  return `its ${of} has the unknown key ${quoted(key)}, which is ignored, as kubectl ignores it`;
}

function clusterOf(entry: KubeconfigEntry, name: string): AccessCluster {
  const { server = '', 'proxy-url': proxyUrl = '', 'tls-server-name': serverName = '' } = entry as Texts;
  const fault: Fault = (reason) => new KubeconfigFault(`its cluster ${quoted(name)} ${reason}`);
  if (server === '') throw fault('has no server');
  const ca = fileOrText(entry, 'certificate-authority', fault);
  const skipVerify = entry['insecure-skip-tls-verify'] === true;
  const url = urlOf(server);
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw fault(`has the server ${quoted(server)}, which is no address of the form https://HOST:PORT`);
  }
  if (url.username !== '' || url.password !== '') {
    throw fault(
      'has a server with a user name or password in its address: make them username and password of the user',
    );
  }
  if (skipVerify && ca !== undefined && url.protocol === 'https:') {
    throw fault('has both insecure-skip-tls-verify and a certificate-authority: remove one of them');
  }
  const proxy = URL.canParse(proxyUrl) ? new URL(proxyUrl) : undefined;
  if (proxyUrl !== '' && !['http:', 'https:', 'socks5:'].includes(proxy?.protocol ?? '')) {
    throw fault(`has a proxy-url that does not start with http://, https:// or socks5://`);
  }
  const extensions = (entry.extensions ?? []) as readonly KubeconfigEntry[];
  return {
    server: serverOf(server, url),
    ca,
    skipVerify,
    serverName: serverName === '' ? undefined : serverName,
    proxyUrl: proxyUrl === '' ? undefined : proxyUrl,
    execConfig: extensions.find((extension) => extension.name === `${EXEC_GROUP}/exec`)?.extension,
  };
}

/** An address without a scheme is an HTTP address, as for kubectl. */
function urlOf(server: string): URL | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `http://${server}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** The address as written, without query and fragment, which kubectl drops. */
function serverOf(server: string, url: URL): string {
  const isWhole = url.href.startsWith(server) && url.search === '' && url.hash === '';
  return isWhole ? server : `${url.origin}${url.pathname}`;
}

function oneOf(names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, 10).map(quoted).join(', ');
  return ` (it has ${shown}${names.length > 10 ? ` and ${names.length - 10} more` : ''})`;
}
