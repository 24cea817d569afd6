// Runs credential plugins. Nothing else starts another program, and this starts only the one that the user's kubeconfig names.
// The contract is client-go's (plugin/pkg/client/auth/exec), the formats are those of client.authentication.k8s.io.

import { spawn } from 'node:child_process';
import { X509Certificate, createPrivateKey } from 'node:crypto';

import { asRecord, parseJson } from '../../json.ts';
import { ApiFault } from '../api.ts';
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
}

/** Why there are no credentials. It has the status 401, though the API server was not called. */
export class CredentialFault extends ApiFault {
  constructor(message: string, options?: ErrorOptions) {
    super(message, 401, options);
  }
}

const OUTPUT_LIMIT = 1024 * 1024;

/**
 * Runs a plugin to its end. It uses the terminal: it may print on standard error and prompt. It has no timeout, because a
 * person may have to answer: only the signal ends it.
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
      `the credential plugin ${command} needs a terminal (interactiveMode: Always), and standard input is not one`,
    );
  }
  return credentialIn(await output(plugin, options, signal), plugin);
}

function output(plugin: ExecPlugin, options: ExecOptions, signal: AbortSignal): Promise<string> {
  const { command, args, interactiveMode } = plugin;
  const isInteractive = options.isInteractive && interactiveMode !== 'Never';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (reason: string, cause?: unknown): void => {
    reject(new CredentialFault(`the credential plugin ${command} ${reason}`, { cause }));
  };
  const own = Object.fromEntries(plugin.env.map(({ name, value }) => [name, value]));
  const env = { ...options.env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(request(plugin, options, isInteractive)) };
  const child = spawn(command, args, { env, stdio: [isInteractive ? 'inherit' : 'ignore', 'pipe', 'inherit'] });
  const stop = (): void => {
    child.kill('SIGTERM');
    // this process ends whether the plugin ends or not
    child.unref();
    child.stdout.destroy();
    fail('was stopped before it printed credentials');
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
        `${code === null ? `was ended by ${String(ended)}` : `failed with exit code ${code}`}; its own message is on standard error`,
      );
    else if (bytes > OUTPUT_LIMIT) fail(`printed more than ${OUTPUT_LIMIT} bytes`);
    else resolve(Buffer.concat(chunks).toString());
  });
  return promise;
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
  const fault = (reason: string, cause?: unknown): CredentialFault =>
    new CredentialFault(`the credential plugin ${command} ${reason}`, { cause });
  const { kind, apiVersion: version, status } = asRecord(parseJson(text));
  if (kind !== 'ExecCredential') throw fault('printed no ExecCredential on standard output');
  if (version !== apiVersion) {
    throw fault(
      `printed ${String(version)}, but its kubeconfig says ${apiVersion}: set apiVersion in the kubeconfig to that`,
    );
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
