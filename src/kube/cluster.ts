// The access to a cluster. It loads @kubernetes/client-node only in a pod, because that takes a while. Kubeconfigs are read by
// our own code (kubeconfig/): the client reads less of them than kubectl does.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { ApiFault, type Api } from './api.ts';
import { clusterCalls } from './cluster-request.ts';
import { rejectedLine } from './faults/credentials.ts';
import { strangeLine } from './faults/strange-answer.ts';
import { credentialsOf, type Credentials } from './kubeconfig/credentials.ts';
import { CredentialFault } from './kubeconfig/exec-plugin.ts';
import type { Access, AccessCluster } from './kubeconfig/access.ts';
import { ANONYMOUS } from './kubeconfig/user.ts';
import { readFileOrText, loadAccess, type KubeconfigFiles } from './kubeconfig/load.ts';
import { CONFIG_MAPS, NODES, PODS, SECRETS, WEBHOOK_CONFIGURATIONS, type Resource } from './objects/resources.ts';
import { objectApi } from './watch/object-api.ts';
import type { ObjectApi } from './watch/object-watch.ts';
import { proxyFromEnvironment, type ProcessEnvironment } from './http/proxy.ts';
import { retrying } from './retry.ts';

/** Where the access to a cluster comes from. */
export interface ClusterAccess {
  /** Kubeconfigs; they come before the service account. */
  readonly kubeconfig?: KubeconfigFiles | undefined;
  /** The context of the kubeconfig; the current one by default. */
  readonly context?: string | undefined;
  /** The folder below which the files of a service account are; without it no service account is used. */
  readonly root?: string | undefined;
  /** The environment variables for proxies and credential plugins. */
  readonly env?: ProcessEnvironment;
  /** The version of this program, for the user agent of its calls. */
  readonly version?: string;
  /** Whether a credential plugin can prompt on standard input. */
  readonly isInteractive?: boolean;
}

/** A cluster. */
export interface Cluster {
  /** The address of its API server. */
  readonly server: string;
  /** The certificates of its CA in PEM, where they are known. */
  readonly ca: string | undefined;
  /** The user agent of calls to the API server and to kubelets. */
  readonly userAgent: string;
  /** The namespace of the pod that this runs in. */
  readonly namespace: string | undefined;
  /** What is ignored in the kubeconfig, in words. */
  readonly notes: readonly string[];
  /** The context of the kubeconfig; undefined for a service account. */
  readonly context: string | undefined;
  /**
   * Gets credentials and calls the API server once, so that a fault of either is reported once and first. Rejects with an
   * ApiFault: one line with what to do.
   */
  readonly authenticate: (signal: AbortSignal) => Promise<void>;
  /** Gives the client certificate of the kubeconfig; undefined if it has none, or impersonates somebody. */
  readonly clientCertificate?: (signal: AbortSignal) => Promise<Credentials['certificate']>;
  readonly request: Api;
  readonly pods: ObjectApi;
  /** Nodes are in no namespace: list and watch them as `''`. */
  readonly nodes: ObjectApi;
  /** One ConfigMap by name, so that rights for it alone are enough. */
  readonly configMap: (name: string) => ObjectApi;
  readonly secret: (name: string) => ObjectApi;
  /** One ValidatingWebhookConfiguration by name, in no namespace. */
  readonly webhookConfiguration: (name: string) => ObjectApi;
}

const SERVICE_ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';
const UNAUTHORIZED = 401;
/** Milliseconds for the first call. */
const FIRST_PATIENCE = 10_000;
const CLOCK = {
  clock: () => performance.now(),
  pause: (milliseconds: number, signal: AbortSignal) => setTimeout(milliseconds, undefined, { signal }),
  random: Math.random,
};

/**
 * Loads the access to a cluster. It makes no call yet.
 *
 * @returns undefined if there is neither a kubeconfig nor a service account
 * @throws Error where the kubeconfig cannot be used, with the reason
 */
export async function connectCluster(access: ClusterAccess): Promise<Cluster | undefined> {
  const { kubeconfig, context, root, env = {}, isInteractive = false, version } = access;
  const loaded = kubeconfig === undefined ? undefined : loadAccess(kubeconfig, context);
  if (loaded === undefined && context !== undefined)
    throw new Error(`there is no kubeconfig, so there is no context ${context}: pass --kubeconfig`);
  const found = loaded ?? (await serviceAccount(root));
  if (found === undefined) return undefined;
  const { cluster, user } = found;
  const server = new URL(cluster.server);
  const proxyTo = (to: URL) => proxyOf(cluster, to, env);
  const pluginOptions = { env, isInteractive, cluster, ca: authorityOf(cluster), proxyUrl: proxyTo(server)?.href };
  const credentials = credentialsOf(user, server.protocol === 'https:', pluginOptions, Date.now);
  const userAgent = version === undefined ? 'kubelet-guard' : `kubelet-guard/${version}`;
  const { request: once, lines } = clusterCalls({
    server: cluster.server,
    userAgent,
    ca: () => authorityOf(cluster),
    skipVerify: cluster.skipVerify,
    serverName: cluster.serverName,
    proxyTo,
    credentials,
  });
  const request = retrying(once, CLOCK);
  const objects = (resource: Resource, name?: string): ObjectApi =>
    objectApi({ request, lines }, resource, CLOCK.random, name);
  return {
    server: cluster.server,
    context: found.context,
    ca: pluginOptions.ca,
    userAgent,
    namespace: loaded === undefined ? found.namespace : undefined,
    notes: found.notes,
    authenticate: async (signal) => {
      const own = await credentials.current(signal);
      const answer = await request({ path: '/version', timeout: FIRST_PATIENCE }, signal);
      if (answer.status === UNAUTHORIZED) {
        const line = rejectedLine(cluster.server, { user, name: found.userName }, own, new Date());
        throw new CredentialFault(line);
      }
      const line = strangeLine(cluster.server, answer);
      if (line !== undefined) throw new ApiFault(line, answer.status);
    },
    clientCertificate: async (signal) => {
      return user.impersonate === undefined ? (await credentials.current(signal)).certificate : undefined;
    },
    request,
    pods: objects(PODS),
    nodes: objects(NODES),
    configMap: (name) => objects(CONFIG_MAPS, name),
    secret: (name) => objects(SECRETS, name),
    webhookConfiguration: (name) => objects(WEBHOOK_CONFIGURATIONS, name),
  };
}

/** The proxy of the kubeconfig, else that of the environment by Go's rules. */
function proxyOf({ proxyUrl }: AccessCluster, server: URL, env: ProcessEnvironment): URL | undefined {
  return proxyUrl === undefined ? proxyFromEnvironment(server, env) : new URL(proxyUrl);
}

function authorityOf({ ca, server }: AccessCluster): string | undefined {
  if (ca === undefined || !server.startsWith('https:')) return undefined;
  const text = readFileOrText(ca);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new Error('its certificate-authority holds no certificate in PEM');
}

/** The access of a pod; undefined if there is no service account, or no variables that name the API server. */
async function serviceAccount(root: string | undefined): Promise<Access | undefined> {
  if (root === undefined) return undefined;
  if (!['token', 'ca.crt'].every((file) => existsSync(join(root, SERVICE_ACCOUNT, file)))) return undefined;
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromCluster(root === '/' ? '' : root);
  const { server = '', caFile = '' } = config.getCurrentCluster() ?? {};
  if (!URL.canParse(server)) return undefined;
  const tokenFile = join(root, SERVICE_ACCOUNT, 'token');
  const ca = { file: caFile };
  return {
    cluster: {
      server: server.replace(/^http:/, 'https:'),
      ca,
      skipVerify: false,
      serverName: undefined,
      proxyUrl: undefined,
      execConfig: undefined,
    },
    user: { ...ANONYMOUS, tokenFile },
    namespace: config.getContextObject(config.currentContext)?.namespace?.trim(),
    context: undefined,
    userName: 'the service account of this pod',
    notes: [],
  };
}
