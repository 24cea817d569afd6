// Reads and writes reports: objects of PolicyReport and OpenReports, in no namespace.

import type { Problem } from '../../policy/reading.ts';
import { isServed } from '../discovery.ts';
import { ApiFault, passingProblem, type Api } from '../api.ts';
import { objectClient, type NewObject, type StoredObject } from './client.ts';
import type { Resource } from './resources.ts';

/** The result of a call about one report. */
export type StoredReportAnswer =
  | { readonly outcome: 'done'; readonly object: StoredObject | undefined }
  /** Somebody else changed or created it meanwhile. */
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'refused'; readonly problem: Problem };

/** The calls about reports. Those about one report never reject. */
export type ReportClient = ReturnType<typeof reportClient>;

const LIST = { timeout: 30_000, limit: 64 * 1024 * 1024 };
const ONE = { timeout: 10_000, limit: 4 * 1024 * 1024 };

/** Makes the calls about reports. */
export function reportClient(api: Api) {
  const one = (resource: Resource) => objectClient(api, resource, ONE);
  const answer = (
    call: Promise<StoredObject | undefined>,
    verb: string,
    resource: Resource,
  ): Promise<StoredReportAnswer> =>
    call.then(
      (object) => ({ outcome: 'done', object }),
      (cause: unknown) => failure(cause, verb, resource),
    );
  return {
    /** @throws ApiFault where the API server does not say */
    isServed: (resource: Resource, signal: AbortSignal) => isServed(api, resource, ONE, signal),

    /**
     * All reports with a label, page by page.
     *
     * @throws ApiFault where a page cannot be read
     */
    list: (resource: Resource, labelSelector: string, signal: AbortSignal) =>
      objectClient(api, resource, LIST).list({ labelSelector }, signal),

    get: (resource: Resource, name: string, signal: AbortSignal) =>
      answer(one(resource).get(name, signal), 'get', resource),

    create: (resource: Resource, object: NewObject, signal: AbortSignal) =>
      answer(one(resource).create(object, signal), 'create', resource),

    /** Replaces the version that `metadata.resourceVersion` names. */
    update: (resource: Resource, object: NewObject, signal: AbortSignal) =>
      answer(one(resource).update(object, signal), 'update', resource),

    /** Deletes this version, and no other. */
    delete: (resource: Resource, name: string, resourceVersion: string, signal: AbortSignal) =>
      answer(
        one(resource)
          .delete(name, signal, { resourceVersion })
          .then(() => undefined),
        'delete',
        resource,
      ),
  };
}

function failure(cause: unknown, verb: string, resource: Resource): StoredReportAnswer {
  const { status, object } = cause instanceof ApiFault ? cause : new ApiFault('no reason given');
  if (status === 409) return { outcome: 'conflict' };
  if (status === 404 && object !== undefined) return { outcome: 'absent' };
  return { outcome: 'refused', problem: problemOf(cause, status, `${verb} ${resource.plural}`, resource) };
}

function problemOf(
  cause: unknown,
  status: number | undefined,
  right: string,
  { apiVersion, plural }: Resource,
): Problem {
  const message = cause instanceof Error ? cause.message : 'no reason given';
  switch (status) {
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
        message: `the CustomResourceDefinition of ${plural} denies the report; is it that of ${apiVersion}? (${message})`,
      };
    default:
      return passingProblem(cause);
  }
}
