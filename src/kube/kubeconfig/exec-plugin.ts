// Credential plugins: the one place that starts another program, and only the one that the user's kubeconfig names. The
// contract is client-go's (plugin/pkg/client/auth/exec), the formats are those of client.authentication.k8s.io.

import { spawn } from 'node:child_process';
import { X509Certificate, createPrivateKey } from 'node:crypto';

import { asRecord, parseJson } from '../../json.ts';
import { ApiFault } from '../api.ts';
import type { AccessCluster } from './access.ts';
import type { ExecPlugin } from './user.ts';
import type { Environment } from '../http/proxy.ts';

/** What a plugin handed over. */
export interface ExecCredential {
  readonly token: string | undefined;
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  /** Milliseconds since 1970. */
  readonly expires: number | undefined;
}

/** What a plugin is told besides. */
export interface ExecOptions {
  readonly env: Environment;
  /** Whether a person can be asked on standard input. */
  readonly isInteractive: boolean;
  /** The cluster, with the text of its CA. */
  readonly cluster: AccessCluster;
  readonly ca: string | undefined;
  readonly proxyUrl: string | undefined;
}

/** Why there are no credentials: as good as a 401 of the API server, which was not asked. */
export class CredentialFault extends ApiFault {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 401, options);
  }
}

const OUTPUT_LIMIT = 1024 * 1024;

/**
 * Runs a plugin to its end. It has the terminal: what it prints on standard error is seen, and it may ask. However long
 * that takes is the person's affair: only the signal ends it.
 *
 * @throws CredentialFault in words that say what to do
 */
export async function runPlugin(plugin: ExecPlugin, around: ExecOptions, signal: AbortSignal): Promise<ExecCredential> {
  const { command, interactiveMode } = plugin;
  if (interactiveMode === 'Always' && !around.isInteractive) {
    throw new CredentialFault(
      `the credential plugin ${command} wants to ask on a terminal (interactiveMode: Always), and standard input is none`,
    );
  }
  return credentialIn(await output(plugin, around, signal), plugin);
}

function output(plugin: ExecPlugin, around: ExecOptions, signal: AbortSignal): Promise<string> {
  const { command, args, interactiveMode } = plugin;
  const isInteractive = around.isInteractive && interactiveMode !== 'Never';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (reason: string, cause?: unknown): void => {
    reject(new CredentialFault(`the credential plugin ${command} ${reason}`, { cause }));
  };
  const own = Object.fromEntries(plugin.env.map(({ name, value }) => [name, value]));
  const env = { ...around.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(request(plugin, around, isInteractive)) };
  const child = spawn(command, args, { env, stdio: [isInteractive ? 'inherit' : 'ignore', 'pipe', 'inherit'] });
  const stop = (): void => {
    child.kill('SIGTERM');
    // whether it ends or not, this process is to
    child.unref();
    child.stdout.destroy();
    fail('was stopped before it handed over credentials');
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= OUTPUT_LIMIT) chunks.push(chunk);
  });
  child.on('error', (cause: NodeJS.ErrnoException) => {
    const hint = plugin.installHint === '' ? '' : `\n${plugin.installHint.trimEnd()}`;
    if (cause.code === 'ENOENT') fail(`is not installed, or is not on the PATH${hint}`, cause);
    else fail(`cannot be started (${cause.code ?? cause.message})${cause.code === 'EACCES' ? hint : ''}`, cause);
  });
  child.on('close', (code, ended) => {
    signal.removeEventListener('abort', stop);
    if (code !== 0)
      fail(
        `${code === null ? `was ended by ${String(ended)}` : `failed with exit code ${code}`}; its own words are on standard error`,
      );
    else if (bytes > OUTPUT_LIMIT) fail(`printed more than ${OUTPUT_LIMIT} bytes`);
    else resolve(Buffer.concat(chunks).toString());
  });
  return promise;
}

/** The ExecCredential that a plugin finds in KUBERNETES_EXEC_INFO. */
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
  const fault = (reason: string, cause?: unknown): CredentialFault =>
    new CredentialFault(`the credential plugin ${command} ${reason}`, { cause });
  const { kind, apiVersion: version, status } = asRecord(parseJson(text));
  if (kind !== 'ExecCredential') throw fault('printed no ExecCredential on standard output');
  if (version !== apiVersion) {
    throw fault(`answered in ${String(version)}, where its kubeconfig says ${apiVersion}: set its apiVersion to that`);
  }
  const fields = asRecord(status);
  const { token, cert, key } = {
    token: textIn(fields.token),
    cert: textIn(fields.clientCertificateData),
    key: textIn(fields.clientKeyData),
  };
  if ((cert === undefined) !== (key === undefined)) throw fault('handed over only one of certificate and key');
  if (token === undefined && cert === undefined) throw fault('handed over neither a token nor a certificate');
  const { expirationTimestamp } = fields;
  const expires = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : undefined;
  if (Number.isNaN(expires))
    throw fault(`says that its credentials expire at ${String(expirationTimestamp)}, which is no time`);
  if (cert !== undefined && key !== undefined) {
    try {
      const matches = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
      if (!matches) throw new Error('the key is not that of the certificate');
    } catch (cause) {
      throw fault(`handed over a certificate that cannot be used: ${(cause as Error).message}`, cause);
    }
  }
  return { token, certificate: cert === undefined || key === undefined ? undefined : { cert, key }, expires };
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
