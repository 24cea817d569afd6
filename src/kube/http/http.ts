// One bounded call over HTTP or HTTPS. Redirects are never followed: what is sent is meant for one server.

import {
  request as requestPlain,
  type Agent,
  type ClientRequest,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from 'node:http';
import { request as requestTls } from 'node:https';
import { isIPv6 } from 'node:net';
import { TLSSocket, type ConnectionOptions } from 'node:tls';

import type { IdentityProblem } from '../../policy/link/identity.ts';
import { answerOf, readerOf, verification, type HttpAnswer, type LineTaker } from './answer.ts';
import { CUT, faultOf, HttpFault } from './fault.ts';
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

/** The address of a server that speaks TLS. */
export function httpsUrl(host: string, port: number, path = '/'): URL {
  return new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}${path}`);
}

/** Sends a request and reads the whole answer; rejects with an HttpFault. */
export function send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  return exchange(request, undefined, signal);
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
    fail(faultOf(cause, request.url, call?.reusedSocket === true));
  };
  const startTimer = (milliseconds: number): NodeJS.Timeout =>
    setTimeout(fail, milliseconds, new HttpFault('timeout', `no answer within ${milliseconds} ms`));
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
        readerOf(lines, () => isOver)(response, request.limit, fail, (text) => {
          end(() => {
            resolve(answerOf(response, text, unverified));
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
