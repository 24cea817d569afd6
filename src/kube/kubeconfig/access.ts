// Kubeconfigs → the one cluster and user that are meant. The rules are client-go's (tools/clientcmd): what kubectl takes is
// taken, what it refuses is refused, and leftovers of other clusters do not matter.

import { KubeconfigFault, unknownKeys, type Entry, type FileOrText, type KubeconfigDocument } from './document.ts';

/** A cluster, and how its API server is reached and verified. */
export interface AccessCluster {
  readonly server: string;
  /** The CAs that its certificate has to be of; those of the system where none are named. */
  readonly ca: FileOrText | undefined;
  readonly skipVerify: boolean;
  /** The name that its certificate has to have, where that is not the host of the address. */
  readonly serverName: string | undefined;
  readonly proxyUrl: string | undefined;
  /** What it tells credential plugins about itself. */
  readonly execConfig: unknown;
}

/** A program that hands over credentials (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: string;
  readonly installHint: string;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
}

/** Whom the API server is to take the caller for. */
export interface Impersonation {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** How the caller shows who they are. */
export interface AccessUser {
  readonly certificate: { readonly certificate: FileOrText; readonly key: FileOrText } | undefined;
  readonly token: string;
  readonly tokenFile: string;
  readonly basic: { readonly username: string; readonly password: string } | undefined;
  /** The ID token that kubectl keeps for the provider oidc. */
  readonly idToken: string | undefined;
  readonly exec: ExecPlugin | undefined;
  readonly impersonate: Impersonation | undefined;
}

/** What a kubeconfig comes to. */
export interface Access {
  readonly cluster: AccessCluster;
  readonly user: AccessUser;
  readonly namespace: string | undefined;
  /** What is passed over, in words. */
  readonly notes: readonly string[];
}

/** Nobody in particular: system:anonymous. */
export const ANONYMOUS: AccessUser = {
  certificate: undefined,
  token: '',
  tokenFile: '',
  basic: undefined,
  idToken: undefined,
  exec: undefined,
  impersonate: undefined,
};

const EXEC_GROUP = 'client.authentication.k8s.io';
const EXEC_VERSIONS = [`${EXEC_GROUP}/v1`, `${EXEC_GROUP}/v1beta1`];

/**
 * The cluster and user of a context.
 *
 * @param documents in the order of KUBECONFIG: the first that has an entry of a name, or a current context, decides
 * @param context its name, where it is not the current one
 * @throws KubeconfigFault where kubectl would not use them, with what to do
 */
export function accessOf(documents: readonly KubeconfigDocument[], context: string | undefined): Access {
  const find = (list: 'clusters' | 'users' | 'contexts', name: string): Entry | undefined =>
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

function clusterOf(entry: Entry, name: string): AccessCluster {
  const { server = '', 'proxy-url': proxyUrl = '', 'tls-server-name': serverName = '' } = entry as Texts;
  const fault = (reason: string): KubeconfigFault => new KubeconfigFault(`its cluster ${quoted(name)} ${reason}`);
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
  const extensions = (entry.extensions ?? []) as readonly Entry[];
  return {
    server: serverOf(server, url),
    ca,
    skipVerify,
    serverName: serverName === '' ? undefined : serverName,
    proxyUrl: proxyUrl === '' ? undefined : proxyUrl,
    execConfig: extensions.find((extension) => extension.name === `${EXEC_GROUP}/exec`)?.extension,
  };
}

/** An address without a scheme is one of HTTP, as for kubectl. */
function urlOf(server: string): URL | undefined {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `http://${server}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** As it is written, but for a query and a fragment, which kubectl drops. */
function serverOf(server: string, url: URL): string {
  const isWhole = url.href.startsWith(server) && url.search === '' && url.hash === '';
  return isWhole ? server : `${url.origin}${url.pathname}`;
}

type Texts = Readonly<Record<string, string>>;
type Fault = (reason: string) => KubeconfigFault;

function userOf(entry: Entry, name: string): AccessUser {
  const { token = '', tokenFile = '', username = '', password = '' } = entry as Texts;
  const fault: Fault = (reason) => new KubeconfigFault(`its user ${quoted(name)} ${reason}`);
  const hasBasic = username !== '' || password !== '';
  if (hasBasic && (token !== '' || tokenFile !== '')) {
    throw fault('has both a token and a username or password: remove one of them');
  }
  const exec = entry.exec === undefined ? undefined : execOf(entry.exec as Entry, fault);
  if (exec !== undefined && entry['auth-provider'] !== undefined) {
    throw fault('has both exec and auth-provider: remove one of them');
  }
  return {
    certificate: certificateOf(entry, fault),
    token,
    tokenFile,
    basic: hasBasic ? { username, password } : undefined,
    idToken: entry['auth-provider'] === undefined ? undefined : idTokenOf(entry['auth-provider'] as Entry, fault),
    exec,
    impersonate: impersonationOf(entry, fault),
  };
}

function certificateOf(entry: Entry, fault: Fault): AccessUser['certificate'] {
  const certificate = fileOrText(entry, 'client-certificate', fault);
  if (certificate === undefined) return undefined;
  const key = fileOrText(entry, 'client-key', fault);
  if (key === undefined) throw fault('has a client-certificate and no client-key');
  return { certificate, key };
}

function fileOrText(entry: Entry, key: string, fault: Fault): FileOrText | undefined {
  const { [key]: file = '', [`${key}-data`]: text = '' } = entry as Texts;
  if (file !== '' && text !== '') throw fault(`has both ${key} and ${key}-data: remove one of them`);
  if (file !== '') return { file };
  return text === '' ? undefined : { text };
}

function impersonationOf(entry: Entry, fault: Fault): Impersonation | undefined {
  const { as: user = '', 'as-uid': uid = '' } = entry as Texts;
  const groups = (entry['as-groups'] ?? []) as readonly string[];
  const extra = (entry['as-user-extra'] ?? {}) as Impersonation['extra'];
  if (user !== '') return { user, uid, groups, extra };
  if (uid !== '' || groups.length > 0 || Object.keys(extra).length > 0) {
    throw fault('has as-uid, as-groups or as-user-extra without as: add as, which names the user');
  }
  return undefined;
}

function execOf(entry: Entry, fault: Fault): ExecPlugin {
  const { command = '', apiVersion = '', installHint = '' } = entry as Texts;
  if (command === '') throw fault('has an exec without a command');
  if (apiVersion === '') throw fault(`has an exec without an apiVersion: set ${EXEC_VERSIONS.join(' or ')}`);
  if (!EXEC_VERSIONS.includes(apiVersion)) {
    throw fault(
      `has an exec of the apiVersion ${quoted(apiVersion)}, which kubectl no longer runs: let the plugin's vendor write the kubeconfig anew, for ${EXEC_VERSIONS.join(' or ')}`,
    );
  }
  const env = ((entry.env ?? []) as readonly Texts[]).map(({ name = '', value = '' }) => ({ name, value }));
  if (env.some(({ name }) => name === '')) throw fault('has an exec with an env entry without a name');
  const { interactiveMode = apiVersion === EXEC_VERSIONS[0] ? '' : 'IfAvailable' } = entry as Texts;
  if (interactiveMode !== 'Never' && interactiveMode !== 'IfAvailable' && interactiveMode !== 'Always') {
    throw fault(`has an exec whose interactiveMode is ${quoted(interactiveMode)}: set Never, IfAvailable or Always`);
  }
  return {
    command,
    args: (entry.args ?? []) as readonly string[],
    env,
    apiVersion,
    installHint,
    provideClusterInfo: entry.provideClusterInfo === true,
    interactiveMode,
  };
}

/** kubectl itself has but one provider left, and renews its token in the kubeconfig. */
function idTokenOf({ name, config }: Entry, fault: Fault): string {
  if (name !== 'oidc') {
    throw fault(
      `has the auth-provider ${quoted(String(name))}, which Kubernetes has removed: use the exec plugin of your provider (gke-gcloud-auth-plugin, kubelogin, aws)`,
    );
  }
  const token = ((config ?? {}) as Entry)['id-token'];
  if (typeof token !== 'string' || token === '') {
    throw fault(
      'has the auth-provider "oidc" without an id-token: run any kubectl command with this context, which gets one',
    );
  }
  return token;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function oneOf(names: readonly string[]): string {
  if (names.length === 0) return '';
  const shown = names.slice(0, 10).map(quoted).join(', ');
  return ` (it has ${shown}${names.length > 10 ? ` and ${names.length - 10} more` : ''})`;
}
