import { asRecord, parseJson } from '../json.ts';
import type { Problem } from '../policy/reading.ts';
import { statusFault, type ApiAnswer, type ApiFault } from './api.ts';

/** What an answer says where it refuses. */
export function refusalOf({ status, text, retryAfter }: ApiAnswer): ApiFault {
  return statusFault(parseJson(text), status, retryAfter);
}

/** Why a call about a result failed, which may well succeed the next time. */
export function passingProblem(cause: unknown): Problem {
  const message = cause instanceof Error ? cause.message : 'no reason given';
  const { code } = asRecord(asRecord(cause).cause);
  const known = code === 'timeout' || code === 'too-large' || code === 'tls' ? code : 'unreachable';
  return { code: known, message: `${message}; it is tried again with the next sweep` };
}
