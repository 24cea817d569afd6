// What an API server denies, as its message says it, and the problems of a run that come from it.

import type { ProblemCode, SourceProblem } from '../reading.ts';

/** A right that an account does not have, in the words of the API server. */
export interface DeniedRight {
  readonly user: string;
  /** For example `list pods in kube-system`. */
  readonly right: string;
}

const RIGHT =
  /User "([^"]*)" cannot ([a-z]+) (?:path "([^"]*)"|resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)")?)/;
const NAME = /"([^"]*)" is forbidden/;

/** The right that a message of RBAC names; undefined if another authorizer or an admission plugin denied the call. */
export function deniedRight(message: string): DeniedRight | undefined {
  const [, user, verb, path, resource = '', group = '', namespace] = RIGHT.exec(message) ?? [];
  if (user === undefined || verb === undefined) return undefined;
  if (path !== undefined) return { user, right: `${verb} ${path}` };
  const [, name] = NAME.exec(message) ?? [];
  const what = `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}`;
  return { user, right: `${verb} ${what}${namespace === undefined ? '' : ` in ${namespace}`}` };
}

/** One line for rights that one account does not have. */
function deniedLine(user: string, rights: readonly string[]): string {
  return `User "${user}" cannot ${rights.join(', ')} (kubectl: "Error from server (Forbidden)")`;
}

const REMEDY = 'grant these rights (manifests/base/rbac.yaml has them for the sweeper), or use another account';

/** Lists each cause once: equal problems, and all rights that one account does not have. */
export function mergeProblems(problems: readonly SourceProblem[]): readonly SourceProblem[] {
  const merged = new Map<string, SourceProblem>();
  const denied = new Map<string, Set<string>>();
  for (const one of problems) {
    const { problem, source } = one;
    const right = problem.code === 'forbidden' && 'object' in source ? deniedRight(problem.message) : undefined;
    if (right === undefined) {
      merged.set(JSON.stringify([problem.code, problem.message, source]), one);
      continue;
    }
    const rights = denied.get(right.user) ?? new Set();
    denied.set(right.user, rights.add(right.right));
    const message = `${deniedLine(right.user, [...rights])}; ${REMEDY}`;
    merged.set(`denied ${right.user}`, { problem: { code: 'forbidden', message }, source: API_SERVER });
  }
  return [...merged.values()];
}

/** The source of problems that are about the API server, whatever it was asked for. */
const API_SERVER = { object: 'the API server' };

/** A call to an API server that failed. */
interface FailedCall {
  readonly message: string;
  readonly status?: number | undefined;
  /** Why there was no answer, where it is known. */
  readonly code?: ProblemCode | undefined;
}

/**
 * The problem of a call that a run needed. What hinders all calls alike is worded alike, so that it is listed once.
 *
 * @param what what was read
 */
export function callProblem({ message, status, code: known }: FailedCall, what: string): SourceProblem {
  if (known !== undefined) return { problem: { code: known, message }, source: API_SERVER };
  if (status === 401) {
    return { problem: { code: 'unauthorized', message: loggedOutWords(message) }, source: API_SERVER };
  }
  const code = status === 403 ? 'forbidden' : 'unreachable';
  return { problem: { code, message: `${what} could not be read: ${message}` }, source: { object: what } };
}

const LOGGED_OUT =
  'HTTP 401: the API server does not accept the credentials (kubectl: "error: You must be logged in to the server"); they have expired or were revoked: log in again, or renew them';

/** Why credentials were not accepted. A fault that was found without a call, as of a plugin, has its own words. */
export function loggedOutWords(message: string): string {
  return message.startsWith('HTTP 401') ? LOGGED_OUT : message;
}
