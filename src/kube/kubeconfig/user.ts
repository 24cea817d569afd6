// The user of a kubeconfig: how the caller authenticates. The rules are client-go's (tools/clientcmd).

import { KubeconfigFault, type KubeconfigEntry, type FileOrText } from './document.ts';
import { fileOrText, quoted, type Fault, type Texts } from './entry.ts';

/** A program that prints credentials (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: string;
  readonly installHint: string;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
}

/** The user that the caller impersonates. */
export interface Impersonation {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** How the caller authenticates. */
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

/** The user system:anonymous. */
export const ANONYMOUS: AccessUser = {
  certificate: undefined,
  token: '',
  tokenFile: '',
  basic: undefined,
  idToken: undefined,
  exec: undefined,
  impersonate: undefined,
};

/** The API group of credential plugins. */
export const EXEC_GROUP = 'client.authentication.k8s.io';
const EXEC_VERSIONS = [`${EXEC_GROUP}/v1`, `${EXEC_GROUP}/v1beta1`];

/**
 * Reads the user of an entry.
 *
 * @throws KubeconfigFault where kubectl would not use it, with what to do
 */
export function userOf(entry: KubeconfigEntry, name: string): AccessUser {
  const { token = '', tokenFile = '', username = '', password = '' } = entry as Texts;
  const fault: Fault = (reason) => new KubeconfigFault(`its user ${quoted(name)} ${reason}`);
  const hasBasic = username !== '' || password !== '';
  if (hasBasic && (token !== '' || tokenFile !== '')) {
    throw fault('has both a token and a username or password: remove one of them');
  }
  const exec = entry.exec === undefined ? undefined : execOf(entry.exec as KubeconfigEntry, fault);
  if (exec !== undefined && entry['auth-provider'] !== undefined) {
    throw fault('has both exec and auth-provider: remove one of them');
  }
  return {
    certificate: certificateOf(entry, fault),
    token,
    tokenFile,
    basic: hasBasic ? { username, password } : undefined,
    idToken:
      entry['auth-provider'] === undefined ? undefined : idTokenOf(entry['auth-provider'] as KubeconfigEntry, fault),
    exec,
    impersonate: impersonationOf(entry, fault),
  };
}

function certificateOf(entry: KubeconfigEntry, fault: Fault): AccessUser['certificate'] {
  const certificate = fileOrText(entry, 'client-certificate', fault);
  if (certificate === undefined) return undefined;
  const key = fileOrText(entry, 'client-key', fault);
  if (key === undefined) throw fault('has a client-certificate and no client-key');
  return { certificate, key };
}

function impersonationOf(entry: KubeconfigEntry, fault: Fault): Impersonation | undefined {
  const { as: user = '', 'as-uid': uid = '' } = entry as Texts;
  const groups = (entry['as-groups'] ?? []) as readonly string[];
  const extra = (entry['as-user-extra'] ?? {}) as Impersonation['extra'];
  if (user !== '') return { user, uid, groups, extra };
  if (uid !== '' || groups.length > 0 || Object.keys(extra).length > 0) {
    throw fault('has as-uid, as-groups or as-user-extra without as: add as, which names the user');
  }
  return undefined;
}

function execOf(entry: KubeconfigEntry, fault: Fault): ExecPlugin {
  const { command = '', apiVersion = '', installHint = '' } = entry as Texts;
  if (command === '') throw fault('has an exec without a command');
  if (apiVersion === '') throw fault(`has an exec without an apiVersion: set ${EXEC_VERSIONS.join(' or ')}`);
  if (!EXEC_VERSIONS.includes(apiVersion)) {
    throw fault(
      `has an exec of the apiVersion ${quoted(apiVersion)}, which kubectl no longer runs: let the plugin's vendor write a new kubeconfig, for ${EXEC_VERSIONS.join(' or ')}`,
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

/** kubectl itself has one provider left, oidc, and renews its token in the kubeconfig. */
function idTokenOf({ name, config }: KubeconfigEntry, fault: Fault): string {
  if (name !== 'oidc') {
    throw fault(
      `has the auth-provider ${quoted(String(name))}, which Kubernetes has removed: use the exec plugin of your provider (gke-gcloud-auth-plugin, kubelogin, aws)`,
    );
  }
  const token = ((config ?? {}) as KubeconfigEntry)['id-token'];
  if (typeof token !== 'string' || token === '') {
    throw fault(
      'has the auth-provider "oidc" without an id-token: run any kubectl command with this context, which gets one',
    );
  }
  return token;
}
