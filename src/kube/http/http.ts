// One bounded call over HTTP or HTTPS. Redirects are never followed: what is sent is meant for one server.

import {
  request as requestPlain,
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { request as requestTls } from 'node:https';
import { isIPv6, type Socket } from 'node:net';
import { TLSSocket, type ConnectionOptions } from 'node:tls';

import type { IdentityProblem } from '../../policy/link/identity.ts';
import type { ProblemCode } from '../../policy/reading.ts';
import { bounded, type ApiAnswer } from '../api.ts';
import { hostOf, portOf, proxyAuthorization } from './proxy.ts';

/** What is sent, and how far the answer is waited for. */
export interface HttpRequest {
  readonly url: URL;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** The proxy that is asked to make the call, where it is one over plain HTTP. */
  readonly forwardedBy?: URL | undefined;
  /** How the server is verified; it has to verify where nothing else is said. */
  readonly tls?: Pick<ConnectionOptions, 'secureContext' | 'rejectUnauthorized' | 'servername' | 'checkServerIdentity'>;
  /** Keeps connections; each call has one of its own without it. */
  readonly agent?: Agent;
  /** Whether an address that a host name leads to may be asked. */
  readonly accepts?: (address: string) => boolean;
  /** Why a server that shows this certificate, in DER, is sent nothing; undefined where it is. */
  readonly stranger?: (certificate: Uint8Array | undefined) => IdentityProblem | undefined;
  /** Milliseconds for the whole call; of a stream, until it begins. */
  readonly timeout: number;
  /** Of a stream, milliseconds in which nothing comes; as `timeout` where it is not given. */
  readonly silence?: number;
  /** Bytes up to which the answer is read. */
  readonly limit: number;
}

/** An answer, whatever its status; never a redirect. */
export interface HttpAnswer extends ApiAnswer {
  /** Why the server's certificate did not verify; undefined where it did. */
  readonly unverified: string | undefined;
}

/** Why there was no answer. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly code: HttpFaultCode;
  /** The connection was kept from an earlier call: the server may have closed it meanwhile. */
  readonly wasReused: boolean;
  /** The connection was there, and was cut before there was a whole answer. */
  readonly wasCut: boolean;

  constructor(code: HttpFaultCode, message: string, { wasReused = false, wasCut = false } = {}) {
    super(message);
    this.code = code;
    this.wasReused = wasReused;
    this.wasCut = wasCut;
  }
}

const WARNINGS_LIMIT = 16_384;
/** Node has this code for a connection that ends too early in whatever way. */
const CUT = 'ECONNRESET';

/** The reasons of an HttpFault. */
export type HttpFaultCode = Extract<
  ProblemCode,
  'unreachable' | 'timeout' | 'tls' | 'wrong-node' | 'unidentified' | 'too-large' | 'redirected' | 'malformed'
>;

/** The address of a server that speaks TLS. */
export function httpsUrl(host: string, port: number, path = '/'): URL {
  return new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}${path}`);
}

/** Sends a request and reads the whole answer; rejects with an HttpFault. */
export function send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  return exchange(request, undefined, signal);
}

/** What is called with the parts of an answer that comes bit by bit. */
export interface LineTaker {
  readonly open: () => void;
  readonly line: (line: string) => void;
}

/**
 * Sends a request, and hands over the lines of an answer with the status 200 as they come; any other is read whole.
 * `silence` is the longest one. Rejects with an HttpFault.
 */
export function stream(request: HttpRequest, take: LineTaker, signal: AbortSignal): Promise<HttpAnswer> {
  return exchange(request, take, signal);
}

function exchange(request: HttpRequest, take: LineTaker | undefined, signal: AbortSignal): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  let call: ClientRequest | undefined;
  let isOver = false;
  const end = (settle: () => void): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    settle();
  };
  const fail = (fault: HttpFault): void => {
    end(() => {
      reject(fault);
      call?.destroy();
    });
  };
  const stop = (): void => {
    fail(new HttpFault('timeout', 'stopped before there was an answer'));
  };
  const failed = (cause: unknown): void => {
    fail(faultOf(cause, request, call?.reusedSocket === true));
  };
  const startTimer = (milliseconds: number): NodeJS.Timeout =>
    setTimeout(() => {
      fail(new HttpFault('timeout', `no answer within ${milliseconds} ms`));
    }, milliseconds);
  let timer = startTimer(request.timeout);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  else {
    try {
      call = open(request, fail);
      call.on('error', failed);
      // also where the server wants to speak another protocol
      call.on('close', () => {
        failed(Object.assign(new Error('the connection was closed without an answer'), { code: CUT }));
      });
      call.on('response', (response) => {
        response.on('error', failed);
        // now: a kept connection belongs to another call as soon as the answer is read
        const unverified = verification(response.socket);
        const lines = response.statusCode === 200 ? take : undefined;
        lines?.open();
        if (lines !== undefined && !isOver) {
          clearTimeout(timer);
          timer = startTimer(request.silence ?? request.timeout);
          response.on('data', () => timer.refresh());
        }
        const reader =
          lines === undefined
            ? read
            : readLines((line) => {
                if (!isOver) lines.line(line);
              });
        reader(response, request.limit, fail, (text) => {
          end(() => {
            const { statusCode: status = 0, headers } = response;
            const warnings = warningsOf(headers.warning);
            const heard = warnings.length > 0 && { warnings };
            const wait = secondsOf(headers['retry-after']);
            const retry = wait !== undefined && { retryAfter: wait };
            resolve({ status, contentType: headers['content-type'] ?? '', text, ...heard, ...retry, unverified });
          });
        });
      });
      call.end(request.body);
    } catch (cause) {
      failed(cause);
    }
  }
  return promise;
}

function open(request: HttpRequest, fail: (fault: HttpFault) => void): ClientRequest {
  const { url, method = 'GET', headers = {}, body, tls = {}, agent, accepts, stranger } = request;
  // by itself Node sends a body with DELETE that no length announces
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options = { method, headers: { ...headers, ...length } as OutgoingHttpHeaders, agent: agent ?? false };
  const call = url.protocol === 'https:' ? requestTls(url, { ...options, ...tls }) : openPlain(request, options);
  if (accepts !== undefined) {
    call.on('socket', (socket) => {
      // before the handshake, so before anything is sent that is worth having
      socket.once('connect', () => {
        const { remoteAddress = '' } = socket;
        if (!accepts(remoteAddress)) {
          fail(new HttpFault('unreachable', `its name leads to ${remoteAddress}, where nothing is asked`));
        }
      });
    });
  }
  if (stranger !== undefined) {
    call.on('socket', (socket) => {
      // before what waits for the end of the handshake is sent, as where Node itself refuses a certificate
      socket.once('secureConnect', () => {
        const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
        const doubt = stranger(certificate);
        if (doubt !== undefined) fail(new HttpFault(doubt.code, doubt.message));
      });
    });
  }
  return call;
}

function openPlain({ url, forwardedBy }: HttpRequest, options: RequestOptions): ClientRequest {
  if (forwardedBy === undefined) return requestPlain(url, options);
  const headers = { ...(options.headers as OutgoingHttpHeaders), host: url.host, ...proxyAuthorization(forwardedBy) };
  return requestPlain({ ...options, headers, host: hostOf(forwardedBy), port: portOf(forwardedBy), path: url.href });
}

function read(
  response: IncomingMessage,
  limit: number,
  fail: (fault: HttpFault) => void,
  done: (text: string) => void,
): void {
  const { statusCode = 0 } = response;
  if (statusCode >= 300 && statusCode <= 399) {
    fail(new HttpFault('redirected', `HTTP ${statusCode}: redirects are not followed`));
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) fail(new HttpFault('too-large', `the answer is longer than ${limit} bytes`));
    else chunks.push(chunk);
  });
  response.on('end', () => {
    done(Buffer.concat(chunks).toString());
  });
}

/** Hands over each line; what stands after the last one is not complete, and dropped. */
function readLines(take: (line: string) => void): typeof read {
  return (response, limit, fail, done) => {
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      if (rest.length > limit) fail(new HttpFault('too-large', `a line of the answer is longer than ${limit} bytes`));
    });
    response.on('end', () => {
      done('');
    });
  };
}

/** A Warning is `299 - "text"`, with a backslash before quotes and backslashes; several are joined by commas. */
function warningsOf(header = ''): string[] {
  const found = header.slice(0, WARNINGS_LIMIT).matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g);
  return Array.from(found, ([, text = '']) => text.replace(/\\(.)/g, '$1'));
}

/** Whole seconds, which is what API servers send; a date is not understood, as by client-go. */
function secondsOf(header = ''): number | undefined {
  return /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

/** Why the certificate at the other end of a connection did not verify. */
function verification(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return 'the connection is not encrypted';
  return socket.authorized ? undefined : String(socket.authorizationError);
}

function faultOf(cause: unknown, { url }: HttpRequest, wasReused: boolean): HttpFault {
  const { message, code } = cause as { readonly message?: string; readonly code?: string };
  // where several addresses were tried there is only a code
  const words = [message, code].find((text) => text !== undefined && text !== '') ?? 'no reason given';
  // Node ends some with advice for people who run Node
  const [reason = words] = words.split('; if the root CA');
  const wasCut = code === CUT || code === 'EPIPE';
  return new HttpFault(faultCode(code ?? '', url.protocol === 'https:'), bounded(reason), { wasReused, wasCut });
}

/** Errors of the system are single words, those of TLS are several, named by OpenSSL or Node. */
function faultCode(code: string, isTls: boolean): HttpFaultCode {
  if (/^(HPE|ERR_INVALID|ERR_HTTP)_/.test(code)) return 'malformed';
  return isTls && /^EPROTO$|^(?!EAI_|ERR_STREAM_).*_/.test(code) ? 'tls' : 'unreachable';
}
