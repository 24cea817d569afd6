// The HTTP side of the local port: the page and its events, health, metrics, the last report, and a call that starts a sweep.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { contentSecurityPolicy } from '../../../outputs/html/page.ts';
import type { Log } from '../../../runtime/log.ts';
import type { Metrics } from '../../../runtime/metrics/metrics.ts';
import type { Events } from './events.ts';
import { isFollowedLink, isFromOtherSite, isThisHost } from './origin.ts';
import { failure, reply, type LocalAnswer } from './reply.ts';

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
  /** The page for a response. */
  readonly page: (response: ServerResponse) => Promise<Buffer>;
  /** Makes a response a stream of events for an open page, or returns why not. */
  readonly openEvents: Events['open'];
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

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';
const HTML = 'text/html; charset=utf-8';
const SWEEP = '/api/v1/sweep';
const EVENTS = '/events';

const CRASHED = 'kubelet-guard failed on this call; see its log\n';

/** No call here needs a body; the connection of a client that sends more bytes is closed. */
const BODY_LIMIT = 65_536;

/** No other page can show this one in a frame, or reach its window. */
const PAGE_HEADERS = {
  'content-security-policy': `${contentSecurityPolicy("'self'")}; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

/**
 * Makes the listener of the local port: the page at `/` with its `/events`, `/livez`, `/readyz`, `/metrics`, `/api/v1/report`,
 * `/api/v1/sweep`.
 */
export function createLocal(state: LocalPortDeps): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    discardBody(request);
    respond(state, request, response).catch((cause: unknown) => {
      state.log.error({ err: cause }, 'a call to the local port failed because of a bug');
      // half of a report must not look like a complete one
      if (response.headersSent) response.destroy();
      else response.writeHead(500, { 'content-type': TEXT }).end(CRASHED);
    });
  };
}

async function respond(state: LocalPortDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = refusalOf(request, state) ?? (await answerTo(state, request, response));
  if (answer !== undefined) await reply(response, answer);
}

/** Why a call is rejected, whatever it wants to do. */
function refusalOf(request: IncomingMessage, { names }: LocalPortDeps): LocalAnswer | undefined {
  if (!isThisHost(request, names)) {
    return failure(421, 'this host is not served here: call it by an IP address, localhost or NAME.NAMESPACE.svc');
  }
  const { method, url } = request;
  const path = pathOf(url);
  if (path === SWEEP) {
    if (method !== 'POST') return failure(405, 'use POST to start a sweep', { allow: 'POST' });
    return isFromOtherSite(request) ? failure(403, 'a page of another site must not start a sweep') : undefined;
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return failure(405, 'only GET and HEAD are served here', { allow: 'GET, HEAD' });
  }
  const isAllowed = !isFromOtherSite(request) || (path !== EVENTS && isFollowedLink(request));
  return isAllowed ? undefined : failure(403, 'a page of another site must not read this');
}

/** The path as it was sent: nothing in it is resolved or decoded. */
function pathOf(url: string | undefined): string | undefined {
  return url?.split('?', 1)[0];
}

/** The answer to a call; undefined if its response is a stream now. */
async function answerTo(
  state: LocalPortDeps,
  { url, method }: IncomingMessage,
  response: ServerResponse,
): Promise<LocalAnswer | undefined> {
  const { metrics, unready, report, page, openEvents } = state;
  switch (pathOf(url)) {
    case '/':
      return { code: 200, type: HTML, body: method === 'HEAD' ? [] : await page(response), headers: PAGE_HEADERS };
    case EVENTS: {
      if (method === 'HEAD') return { code: 200, type: 'text/event-stream', body: '' };
      const reason = openEvents(response);
      return reason === undefined ? undefined : failure(503, reason);
    }
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
    case SWEEP:
      return sweepAnswer(state.sweep());
    default:
      return failure(
        404,
        'this path is not served here; GET /, /livez, /readyz, /metrics or /api/v1/report, or POST /api/v1/sweep',
      );
  }
}

function sweepAnswer(answer: SweepAnswer): LocalAnswer {
  if ('retryAfter' in answer) return failure(429, answer.reason, { 'retry-after': String(answer.retryAfter) });
  if ('refused' in answer) return failure(answer.refused === 'not-leading' ? 409 : 404, answer.reason);
  return { code: 202, type: JSON_TYPE, body: JSON.stringify({ state: answer.state }) };
}

function discardBody(request: IncomingMessage): void {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > BODY_LIMIT) request.destroy();
  });
}
