// Why a call over HTTP had no answer.

import type { ProblemCode } from '../../policy/reading.ts';
import { truncated } from '../api.ts';

/** Why there was no answer. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly code: HttpFaultCode;
  /** The connection was kept from an earlier call, and the server may have closed it meanwhile. */
  readonly wasReused: boolean;
  /** The connection was cut before the answer was complete. */
  readonly wasCut: boolean;

  constructor(
    code: HttpFaultCode,
    message: string,
    { wasReused = false, wasCut = false, ...options }: { wasReused?: boolean; wasCut?: boolean } & ErrorOptions = {},
  ) {
    super(message, options);
    this.code = code;
    this.wasReused = wasReused;
    this.wasCut = wasCut;
  }
}

/** The reasons of an HttpFault. */
export type HttpFaultCode = Extract<
  ProblemCode,
  'unreachable' | 'timeout' | 'tls' | 'wrong-node' | 'unidentified' | 'too-large' | 'redirected' | 'malformed'
>;

/** Node's code for every connection that ends too early. */
export const CUT = 'ECONNRESET';

/** The fault of an error of Node. */
export function httpFaultOf(cause: unknown, url: URL, wasReused: boolean): HttpFault {
  const { message, code } = cause as { readonly message?: string; readonly code?: string };
  // where several addresses were tried, there is only a code
  const words = [message, code].find((text) => text !== undefined && text !== '') ?? 'no reason given';
  // Node adds advice for people who run Node
  const [reason = words] = words.split('; if the root CA');
  const wasCut = code === CUT || code === 'EPIPE';
  return new HttpFault(faultCode(code ?? '', url.protocol === 'https:'), truncated(reason), {
    wasReused,
    wasCut,
    cause,
  });
}

/** Errors of the system are single words, those of TLS are several, named by OpenSSL or Node. */
function faultCode(code: string, isTls: boolean): HttpFaultCode {
  if (/^(HPE|ERR_INVALID|ERR_HTTP)_/.test(code)) return 'malformed';
  return isTls && /^EPROTO$|^(?!EAI_|ERR_STREAM_).*_/.test(code) ? 'tls' : 'unreachable';
}
