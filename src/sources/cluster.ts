// The only user of @kubernetes/client-node, which is loaded only where there is a cluster: that takes a while.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type * as ClientNode from '@kubernetes/client-node';

import { ApiFault, fieldsOf, jsonOf, statusFault, type Api, type Fields } from './api.ts';
import { apiFault, clusterRequest } from './cluster-request.ts';
import type { ObjectApi, ObjectEvent, ObjectPage, SeenObject } from './object-watch.ts';
import { retrying } from './retry.ts';

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
  /** The certificates of its CA in PEM, where they are known. */
  readonly ca: string | undefined;
  /** The namespace of the pod that this runs in. */
  readonly namespace: string | undefined;
  readonly request: Api;
  readonly pods: ObjectApi;
  /** In no namespace: listed and watched as `''`. */
  readonly nodes: ObjectApi;
  /** The ConfigMap of a name, and no other: rights can be given for it alone. */
  readonly configMap: (name: string) => ObjectApi;
}

const SERVICE_ACCOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';
const PAGE = 250;
const CLOCK = {
  clock: () => performance.now(),
  pause: (milliseconds: number, signal: AbortSignal) => setTimeout(milliseconds, undefined, { signal }),
  random: Math.random,
};
/** Shorter than the 30 s of silence after which the library gives a connection up; a bookmark comes before the end. */
const WATCH_SECONDS = 25;

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
  const request = retrying(clusterRequest(config, server), CLOCK);
  const watcher = new client.Watch(config);
  const objects = (wanted: Wanted): ObjectApi => objectApi(request, watcher, wanted);
  return {
    server,
    ca: authorityOf(config),
    namespace: kubeconfig === undefined ? config.getContextObject(config.currentContext)?.namespace?.trim() : undefined,
    request,
    pods: objects({ kind: 'Pod', resource: 'pods' }),
    nodes: objects({ kind: 'Node', resource: 'nodes' }),
    configMap: (name) => objects({ kind: 'ConfigMap', resource: 'configmaps', name }),
  };
}

function authorityOf(config: ClientNode.KubeConfig): string | undefined {
  const { caFile, caData } = config.getCurrentCluster() ?? {};
  if (caFile) return readFileSync(caFile, 'utf8');
  return caData ? Buffer.from(caData, 'base64').toString() : undefined;
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

function objectApi(request: Api, watcher: ClientNode.Watch, wanted: Wanted): ObjectApi {
  const { kind, name } = wanted;
  const selector = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  return {
    list: async (namespace, next, signal) => {
      const query = { limit: String(PAGE), ...(next !== undefined && { continue: next }), ...selector };
      const path = `${pathOf(namespace, wanted)}?${new URLSearchParams(query).toString()}`;
      // the typed API of the library would drop what it does not know, and turn texts into dates
      return pageOf(jsonOf(await request({ path }, signal)), kind);
    },
    watch: async (namespace, resourceVersion, on, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      let isOver = false;
      const end = (fault: unknown): void => {
        isOver = true;
        if (fault === undefined || fault === null) resolve(undefined);
        else reject(apiFault(fault));
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
        throw apiFault(cause);
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
