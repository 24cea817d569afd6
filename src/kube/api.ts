// A call to an API server, its answer, and why a call fails.

import { asRecord, asText, parseJson } from '../json.ts';
import type { Problem, ProblemCode } from '../policy/reading.ts';

/** A call to the API server of the cluster. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, with the query. */
  readonly path: string;
  /** Sent as JSON; a PATCH is a merge patch. */
  readonly body?: object;
  /** The content type of the answer; JSON by default. */
  readonly accept?: string;
  /** Another API server of the same cluster, as `https://host:port`, with the same credentials and CA. */
  readonly server?: string;
  /** Writing this twice does no harm, so the call is tried again also where it may have been done. */
  readonly mayRepeat?: true;
  /** Milliseconds for the call with all its tries; 30 seconds for each try by default. */
  readonly timeout?: number;
  /** Milliseconds without a line after which a stream fails; `timeout` by default. */
  readonly silence?: number;
  /** Bytes up to which the answer is read; 64 MiB by default. */
  readonly limit?: number;
}

/** An answer, whatever its status. */
export interface ApiAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** Seconds of the header Retry-After. */
  readonly retryAfter?: number;
  /** The texts of its Warning headers. */
  readonly warnings?: readonly string[];
}

/** Calls the API server. Rejects with an ApiFault where there is no answer. */
export type Api = (request: ApiRequest, signal: AbortSignal) => Promise<ApiAnswer>;

interface FaultDetails {
  readonly next?: string | undefined;
  readonly object?: string | undefined;
  readonly retryAfter?: number | undefined;
  readonly code?: ProblemCode;
}

/** Why an API server refuses a call, or did not answer. */
export class ApiFault extends Error {
  override readonly name = 'ApiFault';
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The token to go on with where the token of a list expired; the list then goes on at its present state. */
  readonly next: string | undefined;
  /** The name of the object that the answer is about; undefined if the API server does not know the kind. */
  readonly object: string | undefined;
  /** Seconds of the header Retry-After. */
  readonly retryAfter: number | undefined;
  /** Why there was no answer, where it is known. */
  readonly code: ProblemCode | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions & FaultDetails) {
    super(message, options);
    this.status = status;
    this.next = options?.next;
    this.object = options?.object;
    this.retryAfter = options?.retryAfter;
    this.code = options?.code;
  }
}

const REASON_LIMIT = 300;

/**
 * The body of an answer that grants what was asked.
 *
 * @throws ApiFault with the reason where the answer refuses it, or is not JSON
 */
export function jsonOf(answer: ApiAnswer): unknown {
  const { status, text } = answer;
  if (status < 200 || status > 299) throw refusalOf(answer);
  const body = parseJson(text);
  if (body === undefined) throw new ApiFault('the answer is not JSON', status);
  return body;
}

/** Why an answer refuses what was asked. */
export function refusalOf({ status, text, retryAfter }: ApiAnswer): ApiFault {
  return statusFault(parseJson(text), status, retryAfter);
}

/** What a Status says. Nothing else is read: whatever stands before an API server can answer anything. */
export function statusFault(body: unknown, status?: number, retryAfter?: number): ApiFault {
  const { kind, message, code, metadata, details } = asRecord(body);
  const reason = (kind === 'Status' ? asText(message) : undefined) ?? 'no reason given';
  const known = status ?? (typeof code === 'number' ? code : undefined);
  const next = asText(asRecord(metadata).continue);
  const object = asText(asRecord(details).name);
  return new ApiFault(`HTTP ${known ?? 'status unknown'}: ${truncated(reason)}`, known, { next, object, retryAfter });
}

/** The problem of a call that may succeed the next time. */
export function passingProblem(cause: unknown): Problem {
  const message = cause instanceof Error ? cause.message : 'no reason given';
  const { code } = asRecord(asRecord(cause).cause);
  const known = code === 'timeout' || code === 'too-large' || code === 'tls' ? code : 'unreachable';
  return { code: known, message: `${message}; the next sweep tries again` };
}

/** Text from outside, at the length of a message. */
export function truncated(text: string): string {
  return text.slice(0, REASON_LIMIT);
}
