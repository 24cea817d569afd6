// Lists and watches objects, over the calls of a cluster.

import { asRecord, parseJson, type UnknownRecord } from '../../json.ts';
import { ApiFault, refusalOf, statusFault } from '../api.ts';
import type { ClusterCalls } from '../cluster-request.ts';
import { HttpFault } from '../http/fault.ts';
import { objectClient, PAGE_SIZE } from '../objects/client.ts';
import { pathOf, type Resource } from '../objects/resources.ts';
import type { ObjectApi, ObjectEvent, SeenObject } from './object-watch.ts';

const OK = 200;
/** As client-go: each watch ends at a random time between five and ten minutes. */
const WATCH_SECONDS = { least: 300, most: 600 };
/**
 * Milliseconds of silence after which a watch starts again: a bookmark comes about every 75 seconds. TCP's keep-alive notices
 * within seconds that a host is gone; this notices it behind a load balancer.
 */
const WATCH_SILENCE = 150_000;

/**
 * The list and the watch of the objects of a kind.
 *
 * @param name the one object that is listed and watched: rights can be given for it alone
 * @param random from 0 to 1
 */
export function objectApi(
  { request, lines }: ClusterCalls,
  resource: Resource,
  random: () => number,
  name?: string,
): ObjectApi {
  const fieldSelector = name === undefined ? undefined : `metadata.name=${name}`;
  return {
    list: async (namespace, next, signal) => {
      const options = { limit: PAGE_SIZE, continue: next, fieldSelector };
      const page = await objectClient(request, resource, { namespace }).page(options, signal);
      // a watch starts from it
      if (page.resourceVersion === undefined) throw new ApiFault('the answer is not a list');
      return {
        objects: page.items.flatMap((item) => seenObject(item) ?? []),
        resourceVersion: page.resourceVersion,
        ...(page.next !== undefined && { next: page.next }),
      };
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
      const query = new URLSearchParams({
        watch: 'true',
        resourceVersion,
        ...times,
        ...(fieldSelector !== undefined && { fieldSelector }),
      });
      const call = { path: `${pathOf(resource, { namespace })}?${query.toString()}`, silence: WATCH_SILENCE };
      const answer = await lines(call, { open, line }, AbortSignal.any([signal, stop.signal])).catch(
        (cause: unknown) => {
          if (fault !== undefined) throw fault;
          // after a silence the watch starts again
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

function seenObject(object: UnknownRecord): SeenObject | undefined {
  const { namespace = '', name, uid } = asRecord(object.metadata);
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return undefined;
  return { namespace, name, uid, object };
}

/** @returns a fault where the API server ends the watch, undefined if the event is not known */
function eventOf(type: string, object: unknown): ObjectEvent | ApiFault | undefined {
  if (type === 'ERROR') return statusFault(object);
  const fields = asRecord(object);
  const { resourceVersion } = asRecord(fields.metadata);
  if (typeof resourceVersion !== 'string') return undefined;
  if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion };
  const seen = seenObject(fields);
  if (seen === undefined) return undefined;
  if (type === 'ADDED' || type === 'MODIFIED') return { type: 'there', seen, resourceVersion };
  return type === 'DELETED' ? { type: 'gone', seen, resourceVersion } : undefined;
}
