import { asRecord, parseJson } from '../../json.ts';
import type { Problem } from '../../policy/reading.ts';
import { passingProblem, refusalOf } from '../api-problem.ts';
import { ApiFault, jsonOf, type Api, type ApiAnswer, type ApiRequest } from '../api.ts';
import { pagesOf } from './pages.ts';

/** A kind of objects that are in no namespace. */
export interface ClusterResource {
  /** Group and version. */
  readonly apiVersion: string;
  readonly plural: string;
}

/** How a call about one object went. */
export type Stored =
  | { readonly outcome: 'done'; readonly object: unknown }
  /** Somebody else changed or created it meanwhile. */
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'refused'; readonly problem: Problem };

/** An object to be written. */
export interface Writable {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
}

/** Where reports are stored. */
export interface ReportStore {
  /** @throws ApiFault where that cannot be told */
  readonly isServed: (resource: ClusterResource, signal: AbortSignal) => Promise<boolean>;
  /**
   * All objects that match the label selector, page by page.
   *
   * @throws ApiFault where a page cannot be read
   */
  readonly list: (
    resource: ClusterResource,
    selector: string,
    signal: AbortSignal,
  ) => AsyncIterable<readonly unknown[]>;
  readonly read: (resource: ClusterResource, name: string, signal: AbortSignal) => Promise<Stored>;
  readonly create: (resource: ClusterResource, object: Writable, signal: AbortSignal) => Promise<Stored>;
  /** Replaces the version that `metadata.resourceVersion` names, and no other. */
  readonly replace: (resource: ClusterResource, object: Writable, signal: AbortSignal) => Promise<Stored>;
  /** Deletes this version, and no other. */
  readonly remove: (
    resource: ClusterResource,
    name: string,
    resourceVersion: string,
    signal: AbortSignal,
  ) => Promise<Stored>;
}

const PAGE = 250;
const LIST = { timeout: 30_000, limit: 64 * 1024 * 1024 };
const ONE = { timeout: 10_000, limit: 4 * 1024 * 1024 };

/** Stores reports in a cluster. */
export function reportStore(api: Api): ReportStore {
  const call = async (resource: ClusterResource, verb: string, request: ApiRequest, signal: AbortSignal) => {
    try {
      return storedOf(await api({ ...ONE, ...request }, signal), `${verb} ${resource.plural}`, resource);
    } catch (cause) {
      return { outcome: 'refused', problem: passingProblem(cause) } as const;
    }
  };
  return {
    isServed: async ({ apiVersion, plural }, signal) => {
      const answer = await api({ ...ONE, path: `/apis/${apiVersion}` }, signal);
      if (answer.status === 404) return false;
      const { resources } = asRecord(jsonOf(answer));
      // the kinds are separate CRDs, of which only some may be installed
      return Array.isArray(resources) && resources.some((resource) => asRecord(resource).name === plural);
    },
    list: ({ apiVersion, plural }, selector, signal) => {
      const ask = async (next: string | undefined) => {
        const query = new URLSearchParams({ labelSelector: selector, limit: String(PAGE) });
        if (next !== undefined) query.set('continue', next);
        const answer = await api({ ...LIST, path: `/apis/${apiVersion}/${plural}?${query.toString()}` }, signal);
        const { items, metadata } = asRecord(jsonOf(answer));
        if (!Array.isArray(items)) throw new ApiFault(`the list of ${plural} has no items`);
        const { continue: token } = asRecord(metadata);
        return { items: items as readonly unknown[], next: typeof token === 'string' ? token : undefined };
      };
      return pagesOf(ask, (report) => String(asRecord(asRecord(report).metadata).name));
    },
    read: (resource, name, signal) => call(resource, 'get', { path: pathOf(resource, name) }, signal),
    create: (resource, object, signal) =>
      call(resource, 'create', { method: 'POST', path: pathOf(resource), body: object }, signal),
    replace: (resource, object, signal) =>
      call(resource, 'update', { method: 'PUT', path: pathOf(resource, object.metadata.name), body: object }, signal),
    remove: (resource, name, resourceVersion, signal) => {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion } };
      return call(resource, 'delete', { method: 'DELETE', path: pathOf(resource, name), body }, signal);
    },
  };
}

function pathOf({ apiVersion, plural }: ClusterResource, name?: string): string {
  const collection = `/apis/${apiVersion}/${plural}`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}

function storedOf(answer: ApiAnswer, right: string, { apiVersion, plural }: ClusterResource): Stored {
  const { status } = answer;
  if (status >= 200 && status < 300) return { outcome: 'done', object: parseJson(answer.text) };
  if (status === 409) return { outcome: 'conflict' };
  if (status === 404 && asRecord(asRecord(parseJson(answer.text)).details).name !== undefined)
    return { outcome: 'absent' };
  return { outcome: 'refused', problem: problemOf(answer, right, apiVersion, plural) };
}

function problemOf(answer: ApiAnswer, right: string, apiVersion: string, plural: string): Problem {
  const fault = refusalOf(answer);
  const { message } = fault;
  switch (answer.status) {
    case 401:
    case 403:
      return {
        code: 'forbidden',
        message: `may not ${right}: give the service account this right, or set sweep.reports to none (${message})`,
      };
    case 404:
      return {
        code: 'not-found',
        message: `${plural} of ${apiVersion} are no longer served: install their CustomResourceDefinition again, or wait for the next sweep, which looks for another one`,
      };
    case 413:
      return { code: 'too-large', message: `the report is larger than the API server takes (${message})` };
    case 400:
    case 422:
      return {
        code: 'malformed',
        message: `the CustomResourceDefinition of ${plural} refuses the report; is it that of ${apiVersion}? (${message})`,
      };
    default:
      return passingProblem(fault);
  }
}
