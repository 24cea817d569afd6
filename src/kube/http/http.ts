// One bounded call over HTTP or HTTPS. It follows no redirect: the request is meant for one server.

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
import { CUT, httpFaultOf, HttpFault } from './fault.ts';
import { hostOf, portOf, proxyAuthorization } from './proxy.ts';

/** A request, and the bounds of its answer. */
export interface HttpRequest {
  readonly url: URL;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** The proxy that forwards the call, where the call is plain HTTP. */
  readonly forwardedBy?: URL | undefined;
  /** How the server is verified; it must verify by default. */
  readonly tls?: Pick<ConnectionOptions, 'secureContext' | 'rejectUnauthorized' | 'servername' | 'checkServerIdentity'>;
  /** Keeps connections; without it each call has its own. */
  readonly agent?: Agent;
  /** Whether an address that a host name resolves to may be called. */
  readonly accepts?: (address: string) => boolean;
  /** Why nothing is sent to a server with this certificate, in DER; undefined if the request is sent. */
  readonly identityProblem?: (certificate: Uint8Array | undefined) => IdentityProblem | undefined;
  /** Milliseconds for the whole call; for a stream, until it begins. */
  readonly timeout: number;
  /** Milliseconds without data after which a stream fails; `timeout` by default. */
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
 * Sends a request, and calls back with each line of an answer with the status 200; any other answer is read whole. Rejects
 * with an HttpFault.
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
    fail(httpFaultOf(cause, request.url, call?.reusedSocket === true));
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
        // now: another call gets a kept connection as soon as the answer is read
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
  const { url, method = 'GET', headers = {}, body, tls = {}, agent, accepts, identityProblem } = request;
  // Node itself sends the body of a DELETE without its length
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options = { method, headers: { ...headers, ...length } as OutgoingHttpHeaders, agent: agent ?? false };
  const call = url.protocol === 'https:' ? requestTls(url, { ...options, ...tls }) : openPlain(request, options);
  if (accepts !== undefined) {
    call.on('socket', (socket) => {
      // before the handshake, so before any secret is sent
      socket.once('connect', () => {
        const { remoteAddress = '' } = socket;
        if (!accepts(remoteAddress)) {
          fail(new HttpFault('unreachable', `its name leads to ${remoteAddress}, where nothing is asked`));
        }
      });
    });
  }
  if (identityProblem !== undefined) {
    call.on('socket', (socket) => {
      // before the request is sent, as where Node itself rejects a certificate
      socket.once('secureConnect', () => {
        const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined;
        const doubt = identityProblem(certificate);
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
