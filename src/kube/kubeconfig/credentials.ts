// The credentials of a call, in client-go's order of precedence.

import { CredentialFault, runPlugin, type ExecCredential, type ExecOptions } from './exec-plugin.ts';
import { readFileOrText } from './load.ts';
import type { AccessUser, ExecPlugin, Impersonation } from './user.ts';

/** The credentials of one call. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
}

/** Gives the credentials of calls. */
export interface CredentialSource {
  /** The credentials for the next call; rejects with a CredentialFault. */
  readonly current: (signal: AbortSignal) => Promise<Credentials>;
  /**
   * The API server answered 401 to these credentials.
   *
   * @returns whether there may be other credentials, so that the call should be tried again
   */
  readonly refused: (credentials: Credentials) => boolean;
}

/** Makes the source of a user's credentials. Over plain HTTP it gives none, only impersonation. */
export function credentialsOf(
  user: AccessUser,
  isTls: boolean,
  options: ExecOptions,
  now: () => number,
): CredentialSource {
  const headers = impersonation(user.impersonate);
  if (!isTls) return { current: () => Promise.resolve({ headers, certificate: undefined }), refused: () => false };
  const tokens = tokenSource(user);
  const plugin = user.exec === undefined || hasToken(user) ? undefined : pluginSource(user.exec, options, now);
  const own = new WeakMap<Credentials, ExecCredential>();
  return {
    current: async (signal) => {
      const printed = await plugin?.current(signal);
      const bearer = tokens() ?? printed?.token ?? idTokenOf(user, now);
      const authorization = user.basic === undefined ? bearer && `Bearer ${bearer}` : basicOf(user.basic);
      const credentials = {
        headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
        certificate: certificateOf(user) ?? printed?.certificate,
      };
      if (printed !== undefined) own.set(credentials, printed);
      return credentials;
    },
    refused: (credentials) => {
      const printed = own.get(credentials);
      return printed !== undefined && plugin?.refused(printed) === true;
    },
  };
}

function hasToken({ token, tokenFile }: AccessUser): boolean {
  return token !== '' || tokenFile !== '';
}

/** The file comes before the token. Where the file cannot be read, its previous text is used. */
function tokenSource({ token, tokenFile }: AccessUser): () => string | undefined {
  let last = token === '' ? undefined : token;
  if (tokenFile === '') return () => last;
  return () => {
    try {
      const text = readFileOrText({ file: tokenFile }).trim();
      if (text === '') throw new Error(`the file of the token, ${tokenFile}, is empty`);
      last = text;
    } catch (cause) {
      if (last === undefined) throw new CredentialFault((cause as Error).message, { cause });
    }
    return last;
  };
}

function certificateOf({ certificate: pair }: AccessUser): Credentials['certificate'] {
  if (pair === undefined) return undefined;
  try {
    return { cert: readFileOrText(pair.certificate), key: readFileOrText(pair.key) };
  } catch (cause) {
    throw new CredentialFault((cause as Error).message, { cause });
  }
}

function basicOf({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The ID token is not renewed: that would use up the refresh token that kubectl keeps in the kubeconfig. */
function idTokenOf({ idToken }: AccessUser, now: () => number): string | undefined {
  if (idToken === undefined) return undefined;
  const [, payload = ''] = idToken.split('.');
  let expires: unknown;
  try {
    ({ exp: expires } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp?: unknown });
  } catch (cause) {
    throw new CredentialFault('the id-token of the auth-provider "oidc" is no JWT', { cause });
  }
  if (typeof expires === 'number' && expires * 1000 < now()) {
    throw new CredentialFault(
      'the id-token of the auth-provider "oidc" has expired: run any kubectl command with this context, which renews it',
    );
  }
  return idToken;
}

function impersonation(as: Impersonation | undefined): Record<string, string | readonly string[]> {
  if (as === undefined) return {};
  const extra = Object.entries(as.extra).map(([key, values]) => [
    `Impersonate-Extra-${escapeKey(key)}`,
    values.map(bytesOf),
  ]);
  return {
    'Impersonate-User': bytesOf(as.user),
    ...(as.uid !== '' && { 'Impersonate-Uid': bytesOf(as.uid) }),
    ...(as.groups.length > 0 && { 'Impersonate-Group': as.groups.map(bytesOf) }),
    ...(Object.fromEntries(extra) as Record<string, readonly string[]>),
  };
}

/** Node writes headers as Latin-1, and API servers read them as UTF-8. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Escapes what a header name cannot hold, and the percent sign itself. */
function escapeKey(key: string): string {
  return Array.from(Buffer.from(key), (byte) => {
    const sign = String.fromCharCode(byte);
    return /[A-Za-z0-9!#$&'*+\-.^_`|~]/.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** Milliseconds before the plugin runs again for a credential that was refused, or had expired when it came. */
const STANDS = 60_000;
/** Milliseconds before the plugin runs again after a failure. */
const FAILURE_STANDS = 10_000;

interface PluginSource {
  readonly current: (signal: AbortSignal) => Promise<ExecCredential>;
  readonly refused: (credential: ExecCredential) => boolean;
}

/** Runs the plugin when it is needed, once at a time. */
function pluginSource(plugin: ExecPlugin, options: ExecOptions, now: () => number): PluginSource {
  let held: { readonly credential: ExecCredential; readonly at: number } | undefined;
  let failed: { readonly fault: unknown; readonly at: number } | undefined;
  let running: Promise<ExecCredential> | undefined;
  let refusedAt = -Infinity;
  const run = async (signal: AbortSignal): Promise<ExecCredential> => {
    try {
      const credential = await runPlugin(plugin, options, signal);
      held = { credential, at: now() };
      return credential;
    } catch (fault) {
      if (!signal.aborted) failed = { fault, at: now() };
      throw fault;
    } finally {
      running = undefined;
    }
  };
  const usable = (): ExecCredential | undefined => {
    if (held === undefined) return undefined;
    const { credential, at } = held;
    // a credential that had expired when it came is used all the same, or the plugin would run for each call
    const { expires = Infinity } = credential;
    return expires > now() || (expires <= at && now() - at < STANDS) ? credential : undefined;
  };
  return {
    current: async (signal) => {
      const credential = usable();
      if (credential !== undefined) return credential;
      if (failed !== undefined && now() - failed.at < FAILURE_STANDS) throw failed.fault;
      running ??= run(signal);
      return running;
    },
    refused: (credential) => {
      // another call has renewed it
      if (held?.credential !== credential) return true;
      if (now() - refusedAt < STANDS) return false;
      refusedAt = now();
      held = undefined;
      return true;
    },
  };
}
