// The only user of @kubernetes/client-node, which is loaded only in a pod: that takes a while. What it reads of kubeconfigs is
// less than what kubectl reads, so that is our own (kubeconfig/).

import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { ApiFault, fieldsOf, jsonOf, parsed, statusFault, type Api, type Fields } from './api.ts';
import { refusalOf } from './api-problem.ts';
import { clusterCalls, type ClusterCalls } from './cluster-request.ts';
import { credentialsOf, type Credentials } from './credentials.ts';
import { CredentialFault } from './exec-plugin.ts';
import { ANONYMOUS, type Access, type AccessCluster } from './kubeconfig/access.ts';
import { contentOf, loadAccess, type KubeconfigFiles } from './kubeconfig/load.ts';
import type { ObjectApi, ObjectEvent, ObjectPage, SeenObject } from './object-watch.ts';
import { proxyFromEnvironment, type Environment } from './proxy.ts';
import { retrying } from './retry.ts';

/** Where the access to a cluster comes from. */
export interface ClusterAccess {
  /** Kubeconfigs; they go before the service account. */
  readonly kubeconfig?: KubeconfigFiles | undefined;
  /** The context of the kubeconfig, where it is not the current one. */
  readonly context?: string | undefined;
  /** The folder below which the files of a service account are looked for; none is looked for without it. */
  readonly root?: string | undefined;
  /** The variables that name proxies, and that credential plugins get. */
  readonly env?: Environment;
  /** Whether a credential plugin can ask on standard input. */
  readonly isInteractive?: boolean;
}

/** A cluster that can be asked. */
export interface Cluster {
  /** The address of its API server. */
  readonly server: string;
  /** The certificates of its CA in PEM, where they are known. */
  readonly ca: string | undefined;
  /** The namespace of the pod that this runs in. */
  readonly namespace: string | undefined;
  /** What the kubeconfig says that is passed over. */
  readonly notes: readonly string[];
  /** Gets credentials, so that a fault of them is told once and before anything else; rejects with an ApiFault. */
  readonly authenticate: (signal: AbortSignal) => Promise<void>;
  readonly request: Api;
  readonly pods: ObjectApi;
  /** In no namespace: listed and watched as `''`. */
  readonly nodes: ObjectApi;
  /** The ConfigMap of a name, and no other: rights can be given for it alone. */
  readonly configMap: (name: string) => ObjectApi;
}

const SERVICE_ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';
const PAGE = 250;
const OK = 200;
const UNAUTHORIZED = 401;
/** Milliseconds for the call that tells whether the caller is known. */
const FIRST_PATIENCE = 10_000;
const CLOCK = {
  clock: () => performance.now(),
  pause: (milliseconds: number, signal: AbortSignal) => setTimeout(milliseconds, undefined, { signal }),
  random: Math.random,
};
const WATCH_SECONDS = 25;
/** Milliseconds of silence after which a watch is given up; it ends by itself before, or a bookmark comes. */
const WATCH_SILENCE = 30_000;

/**
 * Loads the access to a cluster; nothing is asked yet.
 *
 * @returns undefined where there is neither a kubeconfig nor a service account
 * @throws Error where the kubeconfig can not be used, with the reason
 */
export async function connectCluster(access: ClusterAccess): Promise<Cluster | undefined> {
  const { kubeconfig, context, root, env = {}, isInteractive = false } = access;
  const loaded = kubeconfig === undefined ? undefined : loadAccess(kubeconfig, context);
  if (loaded === undefined && context !== undefined)
    throw new Error(`there is no kubeconfig with a context ${context}`);
  const found = loaded ?? (await serviceAccount(root));
  if (found === undefined) return undefined;
  const { cluster, user } = found;
  const server = new URL(cluster.server);
  const proxyTo = (to: URL) => proxyOf(cluster, to, env);
  const around = { env, isInteractive, cluster, ca: authorityOf(cluster), proxyUrl: proxyTo(server)?.href };
  const credentials = credentialsOf(user, server.protocol === 'https:', around, Date.now);
  const { request: once, lines } = clusterCalls({
    server: cluster.server,
    ca: () => authorityOf(cluster),
    skipVerify: cluster.skipVerify,
    serverName: cluster.serverName,
    proxyTo,
    credentials,
  });
  const request = retrying(once, CLOCK);
  const objects = (wanted: Wanted): ObjectApi => objectApi({ request, lines }, wanted);
  return {
    server: cluster.server,
    ca: around.ca,
    namespace: loaded === undefined ? found.namespace : undefined,
    notes: found.notes,
    authenticate: async (signal) => {
      const { certificate } = await credentials.current(signal);
      // whatever else goes wrong is told by the calls that follow
      const answer = await once({ path: '/version', timeout: FIRST_PATIENCE }, signal).catch(() => undefined);
      if (answer?.status === UNAUTHORIZED) throw new CredentialFault(unknownCaller(certificate, new Date()));
    },
    request,
    pods: objects({ kind: 'Pod', resource: 'pods' }),
    nodes: objects({ kind: 'Node', resource: 'nodes' }),
    configMap: (name) => objects({ kind: 'ConfigMap', resource: 'configmaps', name }),
  };
}

function unknownCaller(certificate: Credentials['certificate'], now: Date): string {
  const end = certificate === undefined ? undefined : new X509Certificate(certificate.cert).validToDate;
  const reason =
    end !== undefined && end < now ? `its client certificate ended at ${end.toISOString()}; renew it` : 'log in again';
  return `the API server does not know who this is (HTTP 401): the credentials of the kubeconfig have expired, or are of another cluster: ${reason}`;
}

/** The proxy that the kubeconfig names is used always, those of the environment as Go uses them. */
function proxyOf({ proxyUrl }: AccessCluster, server: URL, env: Environment): URL | undefined {
  return proxyUrl === undefined ? proxyFromEnvironment(server, env) : new URL(proxyUrl);
}

function authorityOf({ ca, server }: AccessCluster): string | undefined {
  if (ca === undefined || !server.startsWith('https:')) return undefined;
  const text = contentOf(ca);
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new Error('its certificate-authority holds no certificate in PEM');
}

/** The access of a pod; undefined where there is no service account, or no variables that name the API server. */
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
    notes: [],
  };
}

/** What is listed and watched. */
interface Wanted {
  readonly kind: string;
  readonly resource: string;
  readonly name?: string;
}

function objectApi({ request, lines }: ClusterCalls, wanted: Wanted): ObjectApi {
  const { kind, name } = wanted;
  const selector = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  return {
    list: async (namespace, next, signal) => {
      const query = { limit: String(PAGE), ...(next !== undefined && { continue: next }), ...selector };
      const path = `${pathOf(namespace, wanted)}?${new URLSearchParams(query).toString()}`;
      return pageOf(jsonOf(await request({ path }, signal)), kind);
    },
    watch: async (namespace, resourceVersion, on, signal) => {
      const stop = new AbortController();
      let fault: ApiFault | undefined;
      const line = (text: string): void => {
        const { type, object } = fieldsOf(parsed(text));
        const event = typeof type === 'string' ? eventOf(type, object) : undefined;
        if (event instanceof ApiFault) {
          fault = event;
          stop.abort();
        } else if (event !== undefined && !signal.aborted) on.event(event);
      };
      const times = { allowWatchBookmarks: 'true', timeoutSeconds: String(WATCH_SECONDS) };
      const query = new URLSearchParams({ watch: 'true', resourceVersion, ...times, ...selector });
      const call = { path: `${pathOf(namespace, wanted)}?${query.toString()}`, timeout: WATCH_SILENCE };
      const answer = await lines(call, { open: on.open, line }, AbortSignal.any([signal, stop.signal])).catch(
        (cause: unknown) => {
          if (fault !== undefined) throw fault;
          if (!signal.aborted) throw cause;
          return undefined;
        },
      );
      if (answer !== undefined && answer.status !== OK) throw refusalOf(answer);
    },
  };
}

function pathOf(namespace: string, { resource }: Wanted): string {
  return `/api/v1/${namespace === '' ? '' : `namespaces/${encodeURIComponent(namespace)}/`}${resource}`;
}

function pageOf(body: unknown, kind: string): ObjectPage {
  const { items, metadata } = fieldsOf(body);
  const { resourceVersion, continue: next } = fieldsOf(metadata);
  if (!Array.isArray(items) || typeof resourceVersion !== 'string') throw new ApiFault('the answer is not a list');
  // in a list the items do not say what they are
  const objects = items.flatMap((item: unknown) => objectOf({ apiVersion: 'v1', kind, ...fieldsOf(item) }) ?? []);
  return { objects, resourceVersion, ...(typeof next === 'string' && next !== '' && { next }) };
}

function objectOf(object: Fields): SeenObject | undefined {
  const { namespace = '', name, uid } = fieldsOf(object.metadata);
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return undefined;
  return { namespace, name, uid, object };
}

/** @returns the fault where the watch is told to end, undefined where the event is none that is known */
function eventOf(type: string, object: unknown): ObjectEvent | ApiFault | undefined {
  if (type === 'ERROR') return statusFault(object);
  const fields = fieldsOf(object);
  const { resourceVersion } = fieldsOf(fields.metadata);
  if (typeof resourceVersion !== 'string') return undefined;
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion };
  const seen = objectOf(fields);
  if (seen === undefined) return undefined;
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'there', seen, resourceVersion };
  return type === 'DELETED' ? { type: 'gone', seen, resourceVersion } : undefined;
}
