import { asRecord, parseJson, type UnknownRecord } from '../json.ts';
import { SUBJECT_ACCESS_REVIEWS, pathOf } from './objects/resources.ts';
import { statusFault, type Api, type ApiAnswer, type ApiRequest } from './api.ts';

/** What an API server told, or why it did not. */
export type Answer<T> = { readonly known: T } | { readonly unknown: string };

/** What an account may do, as a SubjectAccessReview asks it. Without a namespace it is meant in all of them. */
export interface ResourceRight {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** The same of a path that is no resource. */
export interface NonResourceRight {
  readonly verb: string;
  readonly path: string;
}

/** A service account. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** An API server's answer to a write that was only tried. */
export interface DryRunAnswer {
  readonly status: number;
  readonly message: string;
  readonly warnings: readonly string[];
}

/** Questions to an API server. None rejects, and none leaves a trace. */
export interface ReadOnlyApi {
  /** An object or any other answer of the API at a path; undefined where there is none. */
  readonly read: (path: string, signal: AbortSignal) => Promise<Answer<UnknownRecord | undefined>>;
  /** What would come of creating an object. */
  readonly dryRun: (path: string, object: object, signal: AbortSignal) => Promise<Answer<DryRunAnswer>>;
  readonly isAllowed: (
    account: ServiceAccount,
    wish: ResourceRight | NonResourceRight,
    signal: AbortSignal,
  ) => Promise<Answer<boolean>>;
}

const LIMITS = { timeout: 10_000, limit: 16 * 1024 * 1024 };
const { apiVersion, kind } = SUBJECT_ACCESS_REVIEWS;

/** Asks an API server. */
export function readOnlyApi(api: Api): ReadOnlyApi {
  const ask = async (request: ApiRequest, signal: AbortSignal): Promise<Answer<ApiAnswer>> => {
    try {
      return { known: await api({ ...LIMITS, ...request }, signal) };
    } catch (cause) {
      return { unknown: `the API server did not answer: ${(cause as Error).message}` };
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
    isAllowed: async ({ namespace, name }, wish, signal) => {
      const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
      const attributes = 'path' in wish ? { nonResourceAttributes: wish } : { resourceAttributes: wish };
      const spec = { user: `system:serviceaccount:${namespace}:${name}`, groups, ...attributes };
      const body = { apiVersion, kind, spec };
      const asked = await ask({ method: 'POST', path: pathOf(SUBJECT_ACCESS_REVIEWS), body }, signal);
      if ('unknown' in asked) return asked;
      const answer = bodyOf(asked.known, 'create subjectaccessreviews.authorization.k8s.io');
      if ('unknown' in answer) return answer;
      const { allowed } = asRecord(answer.known.status);
      return typeof allowed === 'boolean' ? { known: allowed } : { unknown: 'the answer is no SubjectAccessReview' };
    },
  };
}

function bodyOf(answer: ApiAnswer, right: string): Answer<UnknownRecord> {
  const { status, text } = answer;
  const body = parseJson(text);
  if (status === 401 || status === 403) {
    return { unknown: `you may not ${right}: ask for this right (${statusFault(body, status).message})` };
  }
  if (status > 299) return { unknown: statusFault(body, status).message };
  return typeof body === 'object' && body !== null ? { known: asRecord(body) } : { unknown: 'the answer is not JSON' };
}
