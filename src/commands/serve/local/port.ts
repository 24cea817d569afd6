// The HTTP side of the local port: the page, health, metrics, the last report, and a call that starts a sweep.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { contentSecurityPolicy } from '../../../outputs/html/page.ts';
import type { Log } from '../../../runtime/log.ts';
import type { Metrics } from '../../../runtime/metrics/metrics.ts';

/** What the local port needs. */
export interface LocalPortDeps {
  /** The names of this machine that a caller may use as host. */
  readonly names: readonly string[];
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly log: Log;
  /** Why the webhook should get no calls now; undefined if it should. */
  readonly unready: () => string | undefined;
  /** The report of the last complete sweep. */
  readonly report: () => ReportAnswer;
  /** The page in parts, each made when the previous one is sent. */
  readonly page: () => Iterable<string>;
  /** Starts a sweep, or returns why it does not. */
  readonly sweep: () => SweepAnswer;
}

/** A report as pieces of JSON text, each made when the previous one is sent; or why there is none. */
export type ReportAnswer = { readonly chunks: Iterable<string> } | { readonly reason: string };

/** The answer to a call for a sweep: it was started or queued, or why not. */
export type SweepAnswer =
  | { readonly state: 'started' | 'queued' }
  | { readonly refused: 'not-leading' | 'no-sweeper'; readonly reason: string }
  | { readonly refused: 'too-soon'; readonly reason: string; readonly retryAfter: number };

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string | Iterable<string>;
  /** `allow` if the method is wrong, `retry-after` if the call comes too soon. */
  readonly headers?: Readonly<Record<string, string>>;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';
const HTML = 'text/html; charset=utf-8';
const SWEEP = '/api/v1/sweep';

const CRASHED = 'kubelet-guard failed on this call; see its log\n';

/** No call here needs a body; the connection of a client that sends more bytes is closed. */
const BODY_LIMIT = 65_536;

/** An IPv4 address as browsers write it. */
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Host names that only this machine or the cluster can resolve to an address. */
const INSIDE = /^(?:localhost|[a-z\d-]+(?:\.[a-z\d-]+)+\.svc(?:\.cluster\.local)?)$/;

/** Browsers must use the content type as sent, and must not show or run an answer in a page of another site. */
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
};

/** No other page can show this one in a frame, or reach its window. */
const PAGE_HEADERS = {
  'content-security-policy': `${contentSecurityPolicy("'self'")}; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

/** Makes the listener of the local port: the page at `/`, `/livez`, `/readyz`, `/metrics`, `/api/v1/report`, `/api/v1/sweep`. */
export function createLocal(state: LocalPortDeps): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    discardBody(request);
    answer(state, request)
      .then((answer) => reply(response, answer))
      .catch((cause: unknown) => {
        state.log.error({ err: cause }, 'a call to the local port failed because of a bug');
        // half of a report must not look like a complete one
        if (response.headersSent) response.destroy();
        else response.writeHead(500, { 'content-type': TEXT }).end(CRASHED);
      });
  };
}

async function answer(state: LocalPortDeps, request: IncomingMessage): Promise<Answer> {
  const { metrics, unready, report, page } = state;
  if (!isThisHost(request, state.names)) {
    return failure(421, 'this host is not served here: call it by an IP address, localhost or NAME.NAMESPACE.svc');
  }
  const path = request.url?.split('?', 1)[0];
  if (path === SWEEP) return sweep(state, request);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return failure(405, 'only GET and HEAD are served here', { allow: 'GET, HEAD' });
  }
  switch (path) {
    case '/':
      return { code: 200, type: HTML, body: page(), headers: PAGE_HEADERS };
    case '/livez':
      return { code: 200, type: TEXT, body: 'ok\n' };
    case '/readyz': {
      const reason = unready();
      return { code: reason === undefined ? 200 : 503, type: TEXT, body: `${reason ?? 'ok'}\n` };
    }
    case '/metrics':
      return { code: 200, type: metrics.contentType, body: await metrics.text() };
    case '/api/v1/report': {
      const last = report();
      return 'reason' in last ? failure(404, last.reason) : { code: 200, type: JSON_TYPE, body: last.chunks };
    }
    default:
      return failure(
        404,
        'this path is not served here; GET /, /livez, /readyz, /metrics or /api/v1/report, or POST /api/v1/sweep',
      );
  }
}

function sweep(state: LocalPortDeps, { method, headers }: IncomingMessage): Answer {
  if (method !== 'POST') return failure(405, 'use POST to start a sweep', { allow: 'POST' });
  if (isFromOtherSite(headers)) return failure(403, 'a page of another site must not start a sweep');
  const answer = state.sweep();
  if ('retryAfter' in answer) return failure(429, answer.reason, { 'retry-after': String(answer.retryAfter) });
  if ('refused' in answer) return failure(answer.refused === 'not-leading' ? 409 : 404, answer.reason);
  return { code: 202, type: JSON_TYPE, body: JSON.stringify({ state: answer.state }) };
}

function failure(code: number, reason: string, headers?: Answer['headers']): Answer {
  return { code, type: JSON_TYPE, body: JSON.stringify({ reason }), ...(headers && { headers }) };
}

/**
 * Whether the caller means this host. A web page of another site can let its own name point here (DNS rebinding), and then
 * read the answers. It cannot do that with an IP address, or with a name that only this machine or the cluster resolves.
 */
function isThisHost({ headers: { host } }: IncomingMessage, names: readonly string[]): boolean {
  // only HTTP/1.0 has no host, and no browser uses that
  if (host === undefined) return true;
  const [, ipv6, plain = ''] = /^(?:\[([\da-f:.]+)\]|([^[\]:]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  if (ipv6 !== undefined) return true;
  const name = plain.toLowerCase().replace(/\.$/, '');
  return IPV4.test(name) || INSIDE.test(name) || names.some((own) => own.toLowerCase() === name);
}

/** Whether a page of another site sends the call. Other programs than browsers send neither header. */
function isFromOtherSite({ origin, host, 'sec-fetch-site': site }: IncomingMessage['headers']): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && (host === undefined || origin !== `http://${host}`);
}

function discardBody(request: IncomingMessage): void {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > BODY_LIMIT) request.destroy();
  });
}

async function reply(response: ServerResponse, { code, type, body, headers: special }: Answer): Promise<void> {
  const isHead = response.req.method === 'HEAD';
  const headers = { ...HEADERS, ...special, 'content-type': type };
  if (typeof body === 'string') {
    response.writeHead(code, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(isHead ? undefined : body);
    return;
  }
  response.writeHead(code, headers);
  if (!isHead) {
    for (const chunk of body) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response);
    }
  }
  response.end();
}

/** Waits until the client can take more, or is gone. */
async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const go = (): void => {
    resolve(undefined);
  };
  response.once('drain', go).once('close', go);
  if (!response.destroyed) await promise;
  response.off('drain', go).off('close', go);
}
