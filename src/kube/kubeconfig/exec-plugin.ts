// Runs credential plugins. Nothing else starts another program, and this starts only the one that the user's kubeconfig names.
// The contract is client-go's (plugin/pkg/client/auth/exec), the formats are those of client.authentication.k8s.io.

import { spawn } from 'node:child_process';
import { X509Certificate, createPrivateKey } from 'node:crypto';

import { asRecord, parseJson } from '../../json.ts';
import { ApiFault } from '../api.ts';
import { faultLine } from '../faults/connection.ts';
import type { AccessCluster } from './access.ts';
import type { ExecPlugin } from './user.ts';
import type { ProcessEnvironment } from '../http/proxy.ts';

/** The credentials that a plugin printed. */
export interface ExecCredential {
  readonly token: string | undefined;
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  /** Milliseconds since 1970. */
  readonly expires: number | undefined;
}

/** What a plugin needs beside its own configuration. */
export interface ExecOptions {
  readonly env: ProcessEnvironment;
  /** Whether the plugin can prompt on standard input. */
  readonly isInteractive: boolean;
  /** The cluster, with the text of its CA. */
  readonly cluster: AccessCluster;
  readonly ca: string | undefined;
  readonly proxyUrl: string | undefined;
  /** Milliseconds for a plugin that nobody can answer; a minute by default. */
  readonly patience?: number;
}

/** Why there are no credentials. It has the status 401, though the API server was not called. */
export class CredentialFault extends ApiFault {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 401, options);
  }
}

const OUTPUT_LIMIT = 1024 * 1024;
const PATIENCE = 60_000;
const RUN_IT = 'run it alone to see why';
const REPAIR = 'run it alone to see what it prints, and update it';

/**
 * Runs a plugin to its end. It uses the terminal: it may print on standard error and prompt. Where a person can
 * answer, only the signal ends it.
 *
 * @throws CredentialFault that says what to do
 */
export async function runPlugin(
  plugin: ExecPlugin,
  options: ExecOptions,
  signal: AbortSignal,
): Promise<ExecCredential> {
  const { command, interactiveMode } = plugin;
  if (interactiveMode === 'Always' && !options.isInteractive) {
    throw new CredentialFault(
      `the credential plugin ${command} needs a terminal (interactiveMode: Always), and standard input is not one; run this command on a terminal, or use a service account`,
    );
  }
  return credentialIn(await output(plugin, options, signal), plugin);
}

function output(
  plugin: ExecPlugin,
  { patience = PATIENCE, ...options }: ExecOptions,
  signal: AbortSignal,
): Promise<string> {
  const { command, args, interactiveMode } = plugin;
  const isInteractive = options.isInteractive && interactiveMode !== 'Never';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (what: string, remedy: string, { kubectl, cause }: { kubectl?: string; cause?: unknown } = {}): void => {
    reject(
      new CredentialFault(faultLine({ what: `the credential plugin ${command} ${what}`, kubectl, remedy }), { cause }),
    );
  };
  const own = Object.fromEntries(plugin.env.map(({ name, value }) => [name, value]));
  const env = { ...options.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(request(plugin, options, isInteractive)) };
  const child = spawn(command, args, { env, stdio: [isInteractive ? 'inherit' : 'ignore', 'pipe', 'inherit'] });
  const kill = (): void => {
    child.kill('SIGTERM');
    // this process ends whether the plugin ends or not
    child.unref();
    child.stdout.destroy();
  };
  const stop = (): void => {
    kill();
    fail('was stopped before it printed credentials', 'run this command again');
  };
  const expire = (): void => {
    kill();
    fail(`did not end within ${patience} ms, and nobody can answer it here`, RUN_IT);
  };
  // a person may take any time to answer
  const timer = isInteractive ? undefined : setTimeout(expire, patience);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= OUTPUT_LIMIT) chunks.push(chunk);
  });
  child.on('error', (cause: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    reject(notStarted(plugin, cause));
  });
  child.on('close', (code, ended) => {
    signal.removeEventListener('abort', stop);
    clearTimeout(timer);
    if (code === null) fail(`was ended by ${String(ended)}`, RUN_IT);
    else if (code !== 0) {
      const kubectl = `exec: executable ${command} failed with exit code ${code}`;
      fail(`failed with exit code ${code}`, 'see its own message above, and log in with it', { kubectl });
    } else if (bytes > OUTPUT_LIMIT) fail(`printed more than ${OUTPUT_LIMIT} bytes`, RUN_IT);
    else resolve(Buffer.concat(chunks).toString());
  });
  return promise;
}

function notStarted({ command, installHint }: ExecPlugin, cause: NodeJS.ErrnoException): CredentialFault {
  const hint = installHint.trim().replace(/\s+/g, ' ');
  const more = hint === '' ? '' : `; the kubeconfig says: ${hint}`;
  const name = `the credential plugin ${command}`;
  const words =
    cause.code === 'ENOENT'
      ? {
          what: `${name} is not installed, or is not on the PATH`,
          kubectl: `exec: executable ${command} not found`,
          remedy: `install it${more}`,
        }
      : {
          what: `${name} cannot be started (${cause.code ?? cause.message})`,
          remedy: `make it executable for this user${more}`,
        };
  return new CredentialFault(faultLine(words), { cause });
}

/** The ExecCredential in KUBERNETES_EXEC_INFO. */
function request(plugin: ExecPlugin, { cluster, ca, proxyUrl }: ExecOptions, interactive: boolean): object {
  const info = {
    server: cluster.server,
    ...(cluster.serverName !== undefined && { 'tls-server-name': cluster.serverName }),
    ...(cluster.skipVerify && { 'insecure-skip-tls-verify': true }),
    ...(ca !== undefined && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(proxyUrl !== undefined && { 'proxy-url': proxyUrl }),
    config: cluster.execConfig ?? null,
  };
  const spec = { ...(plugin.provideClusterInfo && { cluster: info }), interactive };
  return { kind: 'ExecCredential', apiVersion: plugin.apiVersion, spec };
}

function credentialIn(text: string, { command, apiVersion }: ExecPlugin): ExecCredential {
  const fault = (what: string, cause?: unknown, remedy = REPAIR, kubectl?: string): CredentialFault =>
    new CredentialFault(faultLine({ what: `the credential plugin ${command} ${what}`, kubectl, remedy }), { cause });
  const { kind, apiVersion: version, status } = asRecord(parseJson(text));
  if (kind !== 'ExecCredential') throw fault('printed no ExecCredential on standard output');
  if (version !== apiVersion) {
    const kubectl = `exec plugin is configured to use API version ${apiVersion}, plugin returned version ${String(version)}`;
    const remedy = `set apiVersion in the kubeconfig to that, or let the plugin's vendor write a new kubeconfig`;
    throw fault(`printed ${String(version)}, but its kubeconfig says ${apiVersion}`, undefined, remedy, kubectl);
  }
  const fields = asRecord(status);
  const { token, cert, key } = {
    token: textIn(fields.token),
    cert: textIn(fields.clientCertificateData),
    key: textIn(fields.clientKeyData),
  };
  if ((cert === undefined) !== (key === undefined)) throw fault('printed only one of certificate and key');
  if (token === undefined && cert === undefined) throw fault('printed neither a token nor a certificate');
  const { expirationTimestamp } = fields;
  const expires = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : undefined;
  if (Number.isNaN(expires))
    throw fault(`says that its credentials expire at ${String(expirationTimestamp)}, which is no time`);
  if (cert !== undefined && key !== undefined) {
    try {
      const matches = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
      if (!matches) throw new Error('the key is not that of the certificate');
    } catch (cause) {
      throw fault(`printed a certificate that cannot be used: ${(cause as Error).message}`, cause);
    }
  }
  return { token, certificate: cert === undefined || key === undefined ? undefined : { cert, key }, expires };
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
