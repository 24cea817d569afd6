// Retries calls as client-go does (rest/with_retry.go and rest/request.go of v0.37.2): 429 or 5xx with Retry-After, whatever the
// verb, because then nothing was done; and reads whose connection was cut. It also retries 429 without Retry-After, and reads
// while etcd has no leader or a call timed out, which client-go leaves to its callers.

import { asRecord, parseJson } from '../json.ts';
import { ApiFault, type Api, type ApiAnswer, type ApiRequest } from './api.ts';
import { HttpFault } from './http/fault.ts';

/** What retries need. */
export interface RetryDeps {
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** As client-go. */
const MOST_RETRIES = 10;
/** Milliseconds to wait where the server does not say how long; as client-go. */
const WAIT = 1000;
/** By how much a wait varies, upwards, so that many callers do not all come back at once. */
const JITTER = 0.2;
/** Milliseconds for all tries of a call without a timeout, and for one of them. */
const PATIENCE = 120_000;
const ONE = 30_000;

/** Makes an Api that retries until the call times out, and then gives the last answer. */
export function retrying(api: Api, { clock, pause, random }: RetryDeps): Api {
  return async (request, signal) => {
    const deadline = clock() + (request.timeout ?? PATIENCE);
    for (let retries = 0; ; retries += 1) {
      const timeout = Math.ceil(Math.min(request.timeout ?? ONE, deadline - clock()));
      const asked = await api({ ...request, timeout }, signal).catch((cause: unknown) => apiFaultOf(cause));
      const wait = waitFor(request, asked) * (1 + JITTER * random());
      const isLast = !Number.isFinite(wait) || retries === MOST_RETRIES || clock() + wait >= deadline;
      if (!isLast) await pause(wait, signal).catch(() => undefined);
      if (!isLast && !signal.aborted) continue;
      if (asked instanceof Error) throw asked;
      return asked;
    }
  };
}

/** Milliseconds until the next try; infinite where there is none. */
function waitFor({ method = 'GET', mayRepeat }: ApiRequest, asked: ApiAnswer | ApiFault): number {
  const isRead = method === 'GET' || mayRepeat === true;
  if (asked instanceof ApiFault) {
    return isRead && asked.cause instanceof HttpFault && asked.cause.wasCut ? WAIT : Infinity;
  }
  const { status, retryAfter, text } = asked;
  if (status !== 429 && (status < 500 || status > 599)) return Infinity;
  if (retryAfter !== undefined) return retryAfter * 1000;
  return status === 429 || (isRead && isPassing(status, text)) ? WAIT : Infinity;
}

/** Whether etcd has no leader or is too slow. Only a Status counts: a kubelet behind a proxy can answer anything. */
function isPassing(status: number, text: string): boolean {
  const { kind, message } = asRecord(parseJson(text));
  return kind === 'Status' && (status === 504 || /\betcdserver: |request timed out/.test(String(message)));
}

function apiFaultOf(cause: unknown): ApiFault {
  if (cause instanceof ApiFault) return cause;
  return new ApiFault(cause instanceof Error ? cause.message : 'no reason given', undefined, { cause });
}
