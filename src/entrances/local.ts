import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';

/** What the local port tells of, and what can be asked of it. */
export interface LocalState {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly log: Log;
  /** Why the webhook should get no calls now, or undefined where it should. */
  readonly unready: () => string | undefined;
  /** The last complete report. */
  readonly report: () => LocalReport;
  /** Starts a sweep, or says why it does not. */
  readonly sweep: () => LocalSweep;
}

/** A report as pieces of JSON text, each made when the one before is on its way; or why there is none. */
export type LocalReport = { readonly chunks: Iterable<string> } | { readonly reason: string };

/** What became of a demand for a sweep: where it is refused, whether another replica would take it. */
export type LocalSweep =
  | { readonly state: 'started' | 'queued' }
  | { readonly refused: 'not-leading' | 'no-sweeper'; readonly reason: string };

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string | Iterable<string>;
  /** The methods that there are, where another one was asked for. */
  readonly allow?: string;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';
const SWEEP = '/api/v1/sweep';

const CRASHED = 'kubelet-guard failed on this call; its log tells why\n';

/** No call here needs a body; a client that sends more than this is cut off. */
const BODY_LIMIT = 65_536;

/** A host by which no other site can be meant, as a name can: it may be made to point here. */
const OWN_HOST = /^(?:localhost|\[[\da-f:.]+\]|\d+(?:\.\d+){3})(?::\d+)?$/i;

/** Makes the listener of the local port: `/livez`, `/readyz`, `/metrics`, `/api/v1/report`, `/api/v1/sweep`. */
export function createLocal(state: LocalState): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    discardBody(request);
    answer(state, request)
      .then((answer) => reply(response, answer))
      .catch((cause: unknown) => {
        state.log.error({ err: cause }, 'a call to the local port failed because of a bug');
        // half of a report must not look like a whole one
        if (response.headersSent) response.destroy();
        else response.writeHead(500, { 'content-type': TEXT }).end(CRASHED);
      });
  };
}

async function answer(state: LocalState, request: IncomingMessage): Promise<Answer> {
  const { metrics, unready, report } = state;
  const path = request.url?.split('?', 1)[0];
  if (path === SWEEP) return sweep(state, request);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { ...failure(405, 'only GET and HEAD are served here'), allow: 'GET, HEAD' };
  }
  switch (path) {
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
      return failure(404, 'there is nothing at this path');
  }
}

function sweep(state: LocalState, { method, headers }: IncomingMessage): Answer {
  if (method !== 'POST') return { ...failure(405, 'a sweep is asked for by POST'), allow: 'POST' };
  if (isFromElsewhere(headers)) return failure(403, 'a page of another site may not start a sweep');
  const answer = state.sweep();
  if ('refused' in answer) return failure(answer.refused === 'not-leading' ? 409 : 404, answer.reason);
  return { code: 202, type: JSON_TYPE, body: JSON.stringify({ state: answer.state }) };
}

function failure(code: number, reason: string): Answer {
  return { code, type: JSON_TYPE, body: JSON.stringify({ reason }) };
}

/** Whether a web page asks that is not from here; what is no browser sends neither header. */
function isFromElsewhere({ origin, host, 'sec-fetch-site': site }: IncomingMessage['headers']): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  if (origin === undefined && site === undefined) return false;
  if (host === undefined || !OWN_HOST.test(host)) return true;
  return origin !== undefined && origin !== `http://${host}`;
}

function discardBody(request: IncomingMessage): void {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > BODY_LIMIT) request.destroy();
  });
}

async function reply(response: ServerResponse, { code, type, body, allow }: Answer): Promise<void> {
  const isHead = response.req.method === 'HEAD';
  const headers = { 'content-type': type, 'cache-control': 'no-store', ...(allow !== undefined && { allow }) };
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

/** Waits until the client has taken what it was sent, or is gone. */
async function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const go = (): void => {
    resolve(undefined);
  };
  response.once('drain', go).once('close', go);
  if (!response.destroyed) await promise;
  response.off('drain', go).off('close', go);
}
