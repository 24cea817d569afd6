// The only user of @kubernetes/client-node, which is loaded only where there is a cluster: that takes a while.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type * as ClientNode from '@kubernetes/client-node';

import { ApiFault, type ObjectApi, type ObjectEvent, type ObjectPage, type SeenObject } from './object-watch.ts';

/** Where the access to a cluster comes from. */
export interface ClusterAccess {
  /** The path of a kubeconfig; it goes before the service account. */
  readonly kubeconfig?: string | undefined;
  /** The folder below which the files of a service account are looked for; none is looked for without it. */
  readonly root?: string | undefined;
}

/** A cluster that can be asked. */
export interface Cluster {
  /** The address of its API server. */
  readonly server: string;
  readonly pods: ObjectApi;
  /** The ConfigMap of a name, and no other: rights can be given for it alone. */
  readonly configMap: (name: string) => ObjectApi;
}

type Client = typeof ClientNode;

const SERVICE_ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';
const PAGE = 250;
const LIST_PATIENCE = 30_000;
/** Shorter than the 30 s of silence after which the library gives a connection up; a bookmark comes before the end. */
const WATCH_SECONDS = 25;
const REASON_LIMIT = 300;

/**
 * Loads the access to a cluster; nothing is asked yet.
 *
 * @returns undefined where there is neither a kubeconfig nor a service account
 * @throws Error where the kubeconfig can not be used, with the reason
 */
export async function connectCluster({ kubeconfig, root }: ClusterAccess): Promise<Cluster | undefined> {
  if (kubeconfig === undefined && (root === undefined || !hasServiceAccount(root))) return undefined;
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (kubeconfig === undefined) config.loadFromCluster(root === '/' ? '' : root);
  else config.loadFromFile(kubeconfig);
  const server = config.getCurrentCluster()?.server ?? '';
  if (!URL.canParse(server)) {
    // the files are there, and the variables that name the API server are not: no pod
    if (kubeconfig === undefined) return undefined;
    throw new Error('its current context names no cluster with a server');
  }
  return {
    server,
    pods: apiOf(client, config, server, { kind: 'Pod', resource: 'pods' }),
    configMap: (name) => apiOf(client, config, server, { kind: 'ConfigMap', resource: 'configmaps', name }),
  };
}

function hasServiceAccount(root: string): boolean {
  return ['token', 'ca.crt'].every((file) => existsSync(join(root, SERVICE_ACCOUNT, file)));
}

/** What is listed and watched. */
interface Wanted {
  readonly kind: string;
  readonly resource: string;
  readonly name?: string;
}

function apiOf(client: Client, config: ClientNode.KubeConfig, server: string, wanted: Wanted): ObjectApi {
  const { kind, name } = wanted;
  const selector = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  const http = new client.IsomorphicFetchHttpLibrary();
  const watcher = new client.Watch(config);
  return {
    list: async (namespace, next, signal) => {
      const url = new URL(`${server.replace(/\/$/, '')}${pathOf(namespace, wanted)}`);
      const query = { limit: String(PAGE), ...(next !== undefined && { continue: next }), ...selector };
      for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
      const request = new client.RequestContext(url.href, client.HttpMethod.GET);
      request.setSignal(AbortSignal.any([signal, AbortSignal.timeout(LIST_PATIENCE)]));
      try {
        await config.applySecurityAuthentication(request);
        // the typed API would drop what it does not know, and turn texts into dates
        const answer = await http.send(request).toPromise();
        const body = JSON.parse(await answer.body.text()) as unknown;
        if (answer.httpStatusCode !== 200) throw faultOf(body, answer.httpStatusCode);
        return pageOf(body, kind);
      } catch (cause) {
        throw asFault(cause);
      }
    },
    watch: async (namespace, resourceVersion, on, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      let isOver = false;
      const end = (fault: unknown): void => {
        isOver = true;
        if (fault === undefined || fault === null) resolve(undefined);
        else reject(asFault(fault));
      };
      const take = (type: string, object: unknown): void => {
        if (isOver) return;
        const event = eventOf(type, object);
        if (event instanceof ApiFault) end(event);
        else if (event !== undefined) on.event(event);
      };
      const query = { resourceVersion, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS, ...selector };
      let connection: AbortController;
      try {
        connection = await watcher.watch(pathOf(namespace, wanted), query, take, end);
      } catch (cause) {
        throw asFault(cause);
      }
      const stop = (): void => {
        end(undefined);
        connection.abort();
      };
      // set by calls back, which the compiler does not see
      if (!(isOver as boolean)) on.open();
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      try {
        await promise;
      } finally {
        signal.removeEventListener('abort', stop);
        connection.abort();
      }
    },
  };
}

function pathOf(namespace: string, { resource }: Wanted): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}

type Fields = Readonly<Record<string, unknown>>;

function pageOf(body: unknown, kind: string): ObjectPage {
  const { items, metadata } = fieldsOf(body);
  const { resourceVersion, continue: next } = fieldsOf(metadata);
  if (!Array.isArray(items) || typeof resourceVersion !== 'string') throw new ApiFault('the answer is not a list');
  // in a list the items do not say what they are
  const objects = items.flatMap((item: unknown) => objectOf({ apiVersion: 'v1', kind, ...fieldsOf(item) }) ?? []);
  return { objects, resourceVersion, ...(typeof next === 'string' && next !== '' && { next }) };
}

function objectOf(object: Fields): SeenObject | undefined {
  const { namespace, name, uid } = fieldsOf(object.metadata);
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return undefined;
  return { namespace, name, uid, object };
}

/** @returns the fault where the watch is told to end, undefined where the event is none that is known */
function eventOf(type: string, object: unknown): ObjectEvent | ApiFault | undefined {
  if (type === 'ERROR') return faultOf(object);
  const fields = fieldsOf(object);
  const { resourceVersion } = fieldsOf(fields.metadata);
  if (typeof resourceVersion !== 'string') return undefined;
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion };
  const seen = objectOf(fields);
  if (seen === undefined) return undefined;
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'there', seen, resourceVersion };
  return type === 'DELETED' ? { type: 'gone', seen, resourceVersion } : undefined;
}

/** What a Status says; only that, because whatever stands before an API server can answer anything. */
function faultOf(body: unknown, status?: number): ApiFault {
  const { kind, message, code } = fieldsOf(body);
  const reason = kind === 'Status' && typeof message === 'string' && message !== '' ? message : 'no reason given';
  const known = status ?? (typeof code === 'number' ? code : undefined);
  return new ApiFault(`HTTP ${known ?? 'status unknown'}: ${reason.slice(0, REASON_LIMIT)}`, known);
}

function asFault(cause: unknown): ApiFault {
  if (cause instanceof ApiFault) return cause;
  const { message, statusCode, cause: inner } = fieldsOf(cause);
  // fetch says only "fetch failed", and has the reason inside; where several addresses were tried, only a code
  const { message: reason, code } = fieldsOf(inner);
  const [words = 'no reason given'] = [reason, code, message].filter((text) => typeof text === 'string' && text !== '');
  const status = typeof statusCode === 'number' ? statusCode : undefined;
  const text = `${status === undefined ? '' : `HTTP ${status}: `}${String(words)}`;
  return new ApiFault(text.slice(0, REASON_LIMIT), status, { cause });
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
