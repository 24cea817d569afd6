// Lists and watches of objects, over the calls of a cluster.

import { asRecord, parseJson, type UnknownRecord } from '../../json.ts';
import { refusalOf } from '../api-problem.ts';
import { ApiFault, jsonOf, statusFault } from '../api.ts';
import type { ClusterCalls } from '../cluster-request.ts';
import { HttpFault } from '../http/http.ts';
import type { ObjectApi, ObjectEvent, ObjectPage, SeenObject } from './object-watch.ts';

/** What is listed and watched. */
export interface Wanted {
  readonly kind: string;
  /** Where it is not of the core API. */
  readonly apiVersion?: string;
  readonly resource: string;
  readonly name?: string;
}

const PAGE = 250;
const OK = 200;
/** As client-go: each watch ends by itself at another moment between five minutes and ten. */
const WATCH_SECONDS = { least: 300, most: 600 };
/**
 * Milliseconds of silence after which a watch is taken up anew: at least about every 75 seconds a bookmark comes. A host that
 * is gone is noticed in seconds, by TCP's keep-alive; this is for what dies behind a balancer.
 */
const WATCH_SILENCE = 150_000;

/**
 * The calls about the objects of a kind.
 *
 * @param random from 0 to 1
 */
export function objectApi({ request, lines }: ClusterCalls, wanted: Wanted, random: () => number): ObjectApi {
  const { kind, apiVersion = 'v1', name } = wanted;
  const selector = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
  return {
    list: async (namespace, next, signal) => {
      const query = { limit: String(PAGE), ...(next !== undefined && { continue: next }), ...selector };
      const path = `${pathOf(namespace, wanted)}?${new URLSearchParams(query).toString()}`;
      return pageOf(jsonOf(await request({ path }, signal)), { apiVersion, kind });
    },
    watch: async (namespace, resourceVersion, on, signal) => {
      const stop = new AbortController();
      let fault: ApiFault | undefined;
      const line = (text: string): void => {
        const { type, object } = asRecord(parseJson(text));
        const event = typeof type === 'string' ? eventOf(type, object) : undefined;
        if (event instanceof ApiFault) {
          fault = event;
          stop.abort();
        } else if (event !== undefined && !signal.aborted) on.event(event);
      };
      let isOpen = false;
      const open = (): void => {
        isOpen = true;
        on.open();
      };
      const { least, most } = WATCH_SECONDS;
      const seconds = Math.round(least + (most - least) * random());
      const times = { allowWatchBookmarks: 'true', timeoutSeconds: String(seconds) };
      const query = new URLSearchParams({ watch: 'true', resourceVersion, ...times, ...selector });
      const call = { path: `${pathOf(namespace, wanted)}?${query.toString()}`, silence: WATCH_SILENCE };
      const answer = await lines(call, { open, line }, AbortSignal.any([signal, stop.signal])).catch(
        (cause: unknown) => {
          if (fault !== undefined) throw fault;
          // after a silence it is taken up anew
          if (!signal.aborted && !(isOpen && isTimeout(cause))) throw cause;
          return undefined;
        },
      );
      if (answer !== undefined && answer.status !== OK) throw refusalOf(answer);
    },
  };
}

function isTimeout(cause: unknown): boolean {
  return cause instanceof ApiFault && cause.cause instanceof HttpFault && cause.cause.code === 'timeout';
}

function pathOf(namespace: string, { apiVersion, resource }: Wanted): string {
  const root = apiVersion === undefined ? '/api/v1' : `/apis/${apiVersion}`;
  return `${root}/${namespace === '' ? '' : `namespaces/${encodeURIComponent(namespace)}/`}${resource}`;
}

function pageOf(body: unknown, identity: { readonly apiVersion: string; readonly kind: string }): ObjectPage {
  const { items, metadata } = asRecord(body);
  const { resourceVersion, continue: next } = asRecord(metadata);
  if (!Array.isArray(items) || typeof resourceVersion !== 'string') throw new ApiFault('the answer is not a list');
  // in a list the items do not say what they are
  const objects = items.flatMap((item: unknown) => objectOf({ ...identity, ...asRecord(item) }) ?? []);
  return { objects, resourceVersion, ...(typeof next === 'string' && next !== '' && { next }) };
}

function objectOf(object: UnknownRecord): SeenObject | undefined {
  const { namespace = '', name, uid } = asRecord(object.metadata);
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return undefined;
  return { namespace, name, uid, object };
}

/** @returns the fault where the watch is told to end, undefined where the event is none that is known */
function eventOf(type: string, object: unknown): ObjectEvent | ApiFault | undefined {
  if (type === 'ERROR') return statusFault(object);
  const fields = asRecord(object);
  const { resourceVersion } = asRecord(fields.metadata);
  if (typeof resourceVersion !== 'string') return undefined;
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion };
  const seen = objectOf(fields);
  if (seen === undefined) return undefined;
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'there', seen, resourceVersion };
  return type === 'DELETED' ? { type: 'gone', seen, resourceVersion } : undefined;
}
