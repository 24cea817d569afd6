// Reads and writes the objects of one kind, whatever the kind.

import { asRecord, asText, isRecord, type UnknownRecord } from '../../json.ts';
import { ApiFault, jsonOf, type Api, type ApiRequest } from '../api.ts';
import { pagesOf } from './pages.ts';
import { pathOf, type Resource } from './resources.ts';

/** Where the objects are, and the bounds of each call. */
export interface ClientOptions {
  /** Undefined for what is in no namespace. */
  readonly namespace?: string | undefined;
  /** Milliseconds for a call, however often it is tried. */
  readonly timeout?: number;
  /** Bytes up to which an answer is read. */
  readonly limit?: number;
}

/** A stored object. With its resourceVersion an update replaces what was read, and nothing else. */
export interface StoredObject extends UnknownRecord {
  readonly metadata: UnknownRecord & { readonly resourceVersion: string };
}

/** An object to be written; apiVersion and kind are added. */
export interface NewObject {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
}

/** Which objects are listed. */
export interface ListQuery {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Objects on a page. */
  readonly limit?: number;
}

/** One page of a list. */
export interface ListPage {
  /** With apiVersion and kind, which the items of a list do not have. */
  readonly items: readonly UnknownRecord[];
  readonly resourceVersion: string | undefined;
  /** The token of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/** What a deletion depends on, and what it waits for. */
export interface DeletionOptions {
  /** Only this version is deleted. */
  readonly resourceVersion?: string;
  /** `Foreground` keeps the object until all that belongs to it is gone. */
  readonly propagationPolicy?: 'Foreground';
}

/** Objects on a page of a list. */
export const PAGE_SIZE = 250;

/** Makes the calls about the objects of a kind. They reject with an ApiFault, with the HTTP status if there is an answer. */
export function objectClient(api: Api, resource: Resource, { namespace, ...limits }: ClientOptions = {}) {
  const { apiVersion, kind } = resource;
  const collection = pathOf(resource, { namespace });
  const ask = async (request: ApiRequest, signal: AbortSignal): Promise<unknown> =>
    jsonOf(await api({ ...request, ...limits }, signal));
  const stored = async (request: ApiRequest, signal: AbortSignal): Promise<StoredObject> => {
    const object = await ask(request, signal);
    // without a version an update would overwrite whatever is there
    if (!isStored(object)) throw new ApiFault(`the answer is no ${kind}`, 200);
    return object;
  };

  const page = async (options: ListQuery & { readonly continue?: string | undefined }, signal: AbortSignal) => {
    const body = await ask({ path: `${collection}?${queryOf(options)}` }, signal);
    const { items, metadata } = asRecord(body);
    if (!Array.isArray(items)) throw new ApiFault('the answer is not a list');
    const { resourceVersion, continue: next } = asRecord(metadata);
    return {
      items: items.map((item) => ({ apiVersion, kind, ...asRecord(item) })),
      resourceVersion: asText(resourceVersion),
      next: asText(next),
    } satisfies ListPage;
  };

  return {
    get: (name: string, signal: AbortSignal) => stored({ path: pathOf(resource, { namespace, name }) }, signal),

    /** One page of the list. */
    page,

    /** The whole list page by page, also where its token expires on the way (410). */
    list: (options: ListQuery, signal: AbortSignal): AsyncIterable<readonly UnknownRecord[]> =>
      pagesOf((next) => page({ limit: PAGE_SIZE, ...options, continue: next }, signal), idOf),

    /** Rejects with 409 where there is an object of the name. */
    create: (object: NewObject, signal: AbortSignal) =>
      stored({ method: 'POST', path: collection, body: { apiVersion, kind, ...object } }, signal),

    /** Replaces the version that `metadata.resourceVersion` names, or whatever is there without one. 409: it changed. */
    update: (object: NewObject | StoredObject, signal: AbortSignal) => {
      const path = pathOf(resource, { namespace, name: String(object.metadata.name) });
      return stored({ method: 'PUT', path, body: { apiVersion, kind, ...object } }, signal);
    },

    delete: async (name: string, signal: AbortSignal, options: DeletionOptions = {}): Promise<void> => {
      const { resourceVersion, propagationPolicy } = options;
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(resourceVersion !== undefined && { preconditions: { resourceVersion } }),
        ...(propagationPolicy !== undefined && { propagationPolicy }),
      };
      await ask({ method: 'DELETE', path: pathOf(resource, { namespace, name }), body }, signal);
    },
  };
}

/**
 * What a call gives, or undefined if it is answered with one of these statuses.
 *
 * @throws ApiFault where the call fails otherwise
 */
export async function unlessStatus<T>(statuses: readonly number[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (cause) {
    if (cause instanceof ApiFault && cause.status !== undefined && statuses.includes(cause.status)) return undefined;
    throw cause;
  }
}

function isStored(object: unknown): object is StoredObject {
  return isRecord(object) && asText(asRecord(object.metadata).resourceVersion) !== undefined;
}

function queryOf(options: ListQuery & { readonly continue?: string | undefined }): string {
  const { limit, continue: next, labelSelector, fieldSelector } = options;
  const query = {
    limit: limit === undefined ? undefined : String(limit),
    continue: next,
    labelSelector,
    fieldSelector,
  };
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams(given).toString();
}

/** By which an object is known again where a list starts again. */
function idOf({ metadata }: UnknownRecord): string {
  const { uid, name } = asRecord(metadata);
  return asText(uid) ?? String(name);
}
