// Reads, dry runs and SubjectAccessReviews: requests to an API server that change nothing.

import { asRecord, parseJson, type UnknownRecord } from '../json.ts';
import { deniedRight } from '../policy/rights/denied.ts';
import { SUBJECT_ACCESS_REVIEWS, pathOf } from './objects/resources.ts';
import { statusFault, type Api, type ApiAnswer, type ApiRequest } from './api.ts';

/** What an API server answered, or why the answer is unknown. */
export type Answer<T> = { readonly known: T } | { readonly unknown: string };

/** A right to a resource, as in a SubjectAccessReview. Without a namespace, a right in all of them. */
export interface ResourceRight {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A right to a path that is not a resource. */
export interface NonResourceRight {
  readonly verb: string;
  readonly path: string;
}

/** A service account. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** The answer to a dry run. */
export interface DryRunAnswer {
  readonly status: number;
  readonly message: string;
  readonly warnings: readonly string[];
}

/** Requests that change nothing in the cluster. None of them rejects. */
export interface ReadOnlyApi {
  /** The object at a path; undefined if there is none. */
  readonly read: (path: string, signal: AbortSignal) => Promise<Answer<UnknownRecord | undefined>>;
  /** Creates an object as a dry run. */
  readonly dryRun: (path: string, object: object, signal: AbortSignal) => Promise<Answer<DryRunAnswer>>;
  /** Whether an account has a right. */
  readonly isAllowed: (
    account: ServiceAccount,
    right: ResourceRight | NonResourceRight,
    signal: AbortSignal,
  ) => Promise<Answer<boolean>>;
}

const LIMITS = { timeout: 10_000, limit: 16 * 1024 * 1024 };
const { apiVersion, kind } = SUBJECT_ACCESS_REVIEWS;

/** Makes such requests to one API server. */
export function readOnlyApi(api: Api): ReadOnlyApi {
  const ask = async (request: ApiRequest, signal: AbortSignal): Promise<Answer<ApiAnswer>> => {
    try {
      return { known: await api({ ...LIMITS, ...request }, signal) };
    } catch (cause) {
      return { unknown: (cause as Error).message };
    }
  };
  return {
    read: async (path, signal) => {
      const asked = await ask({ path }, signal);
      if ('unknown' in asked) return asked;
      return asked.known.status === 404
        ? { known: undefined }
        : bodyOf(asked.known, `read ${path.replace(/\?.*/, '')}`);
    },
    dryRun: async (path, object, signal) => {
      const asked = await ask({ method: 'POST', path: `${path}?dryRun=All`, body: object }, signal);
      if ('unknown' in asked) return asked;
      const { status, text, warnings = [] } = asked.known;
      const { message } = asRecord(parseJson(text));
      return { known: { status, message: status > 299 && typeof message === 'string' ? message : '', warnings } };
    },
    isAllowed: async ({ namespace, name }, right, signal) => {
      const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
      const attributes = 'path' in right ? { nonResourceAttributes: right } : { resourceAttributes: right };
      const spec = { user: `system:serviceaccount:${namespace}:${name}`, groups, ...attributes };
      const body = { apiVersion, kind, spec };
      const asked = await ask({ method: 'POST', path: pathOf(SUBJECT_ACCESS_REVIEWS), body }, signal);
      if ('unknown' in asked) return asked;
      const answer = bodyOf(asked.known, 'create subjectaccessreviews.authorization.k8s.io');
      if ('unknown' in answer) return answer;
      const { allowed } = asRecord(answer.known.status);
      return typeof allowed === 'boolean' ? { known: allowed } : { unknown: 'the answer is not a SubjectAccessReview' };
    },
  };
}

function bodyOf(answer: ApiAnswer, right: string): Answer<UnknownRecord> {
  const { status, text } = answer;
  const body = parseJson(text);
  if (status === 403) {
    const { message } = statusFault(body, status);
    const denied = deniedRight(message);
    return {
      unknown:
        denied === undefined ? `you cannot ${right}: ${message}` : `User "${denied.user}" cannot ${denied.right}`,
    };
  }
  if (status > 299) return { unknown: statusFault(body, status).message };
  return typeof body === 'object' && body !== null ? { known: asRecord(body) } : { unknown: 'the answer is not JSON' };
}
