// The webhook's HTTP side: routes, status codes and headers around the reviewer.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import express, { type Request, type Response } from 'express';

import { admissionAnswer, verdictOf, type AdmissionDecision } from '../../outputs/admission/answer.ts';
import type { Log } from '../../runtime/log.ts';
import type { AdmissionMetrics, DecisionLabel } from '../../runtime/metrics/metrics.ts';
import type { RequestAttributes } from '../admission-review.ts';
import type { Review } from '../review.ts';
import type { Reviewer } from '../reviewer.ts';
import { MAX_BODY_BYTES, readBody, type UnreadReason } from './body.ts';
import type { BodyMemory } from './body-memory.ts';
import type { Decisions } from './decisions.ts';

/** What the HTTP side needs. */
export interface AppDeps {
  readonly reviewer: Reviewer;
  /** The memory for large bodies. */
  readonly bodyMemory: BodyMemory;
  readonly metrics: AdmissionMetrics;
  readonly log: Log;
  readonly decisions: Pick<Decisions, 'decided' | 'unchecked'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/** How the path of an API server's call begins: it always sends its timeout. */
const API_SERVER_PATH = '/validate?';

const CRASHED = 'kubelet-guard failed on this call; see its log';

const UNREAD: Readonly<Record<UnreadReason, string>> = {
  'too-long': `the body is longer than ${MAX_BODY_BYTES} bytes`,
  'no-memory': 'too many large reviews are being read at the moment',
};

/**
 * Makes the webhook's HTTP side: `POST /validate`, and an error with a reason for everything else.
 *
 * It uses express's router without its application. The application would replace the prototypes of every request and
 * response: that takes a third of the time of a review, for methods that nothing here calls. The calls of an API server skip
 * the router too.
 */
export function createApp(deps: AppDeps): RequestListener {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.post('/validate', (request, response) => {
    validate(deps, request, response);
  });
  router.all('/validate', (_request, response) => {
    send(response, 405, reasonBody('only POST is served here'), { allow: 'POST' });
  });
  return (request, response) => {
    if (request.method === 'POST' && request.url?.startsWith(API_SERVER_PATH) === true) {
      try {
        validate(deps, request, response);
      } catch (cause) {
        sendError(deps, cause, response);
      }
      return;
    }
    router(request as Request, response as Response, (cause: unknown) => {
      if (cause === undefined || cause === null) send(response, 404, reasonBody('only /validate is served here'));
      else sendError(deps, cause, response);
    });
  };
}

function sendError({ log }: AppDeps, cause: unknown, response: ServerResponse): void {
  // the router itself rejects a path that cannot be decoded, with status 400
  if (typeof cause === 'object' && (cause as { status?: unknown }).status === 400) {
    send(response, 400, reasonBody('the path cannot be decoded'));
    return;
  }
  log.error({ err: cause }, 'a call failed because of a bug');
  if (!response.headersSent) send(response, 500, reasonBody(CRASHED));
}

/** Counts a call in the metrics. */
type Count = (decision: DecisionLabel, attributes?: RequestAttributes) => void;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly count: Count;
}

function validate(deps: AppDeps, request: IncomingMessage, response: ServerResponse): void {
  const exchange = { request, response, count: startCount(deps, response) };
  if (!isJson(request.headers['content-type'])) {
    send(response, 415, reasonBody('the content type must be application/json'));
    exchange.count('malformed');
    return;
  }
  readBody(request, deps.bodyMemory, {
    onBody: (body, release) => {
      const pending = answer(deps, exchange, body);
      if (pending) void pending.finally(release);
      else release();
    },
    onUnread: (why, head) => {
      answerUnread(deps, exchange, why, head);
    },
    onEnd: () => response.end(),
  });
}

function startCount({ metrics, clock }: AppDeps, response: ServerResponse): Count {
  const began = clock();
  metrics.began();
  response.once('close', metrics.ended);
  return (decision, attributes) => {
    const resource = attributes?.subResource === '' ? attributes.resource : '';
    const { operation = '', dryRun = false } = attributes ?? {};
    metrics.answered({ resource, operation, dryRun, decision, seconds: (clock() - began) / 1000 });
  };
}

/** Answers in the same turn where the reviewer decides in the same turn. It never rejects. */
function answer(deps: AppDeps, exchange: Exchange, body: Buffer): Promise<void> | undefined {
  const { request, response } = exchange;
  const gone = (): AbortSignal => {
    const abort = new AbortController();
    response.once('close', () => {
      abort.abort();
    });
    return abort.signal;
  };
  const review = deps.reviewer.review(body, { address: request.socket.remoteAddress ?? '', gone });
  if (!(review instanceof Promise)) {
    sendReview(deps, exchange, review);
    return undefined;
  }
  return review.then((late) => {
    if (late !== undefined) sendReview(deps, exchange, late);
  });
}

function sendReview({ log, decisions }: AppDeps, exchange: Exchange, review: Review): void {
  const { response, count } = exchange;
  switch (review.kind) {
    case 'invalid':
      send(response, 400, reasonBody(review.reason));
      count('malformed');
      return;
    case 'crashed':
      sendCrash(log, exchange, review.cause, review.uid);
      return;
    case 'unchecked':
    case 'decided': {
      const { decision } = review;
      const uid = review.kind === 'decided' ? review.attributes.uid : review.uid;
      try {
        send(response, 200, reviewBody(uid, decision));
      } catch (cause) {
        sendCrash(log, exchange, cause, uid);
        return;
      }
      if (review.kind === 'unchecked') {
        count(verdictOf(decision));
        decisions.unchecked(review);
      } else {
        count(verdictOf(decision), review.attributes);
        decisions.decided(review.attributes, decision);
      }
    }
  }
}

function sendCrash(log: Log, { response, count }: Exchange, cause: unknown, uid: string | undefined): void {
  log.error({ err: cause, uid }, 'a review failed because of a bug');
  if (response.headersSent) return;
  send(response, 500, reasonBody(CRASHED));
  count('error');
}

/** Answers while the client still sends: the response ends when the body has ended. */
function answerUnread(deps: AppDeps, { response, count }: Exchange, why: UnreadReason, head: Buffer): void {
  const review = deps.reviewer.reviewUnread(head, UNREAD[why]);
  const start = (code: number, body: string): void => {
    response.writeHead(code, { ...headersOf(body), connection: 'close' }).write(body);
  };
  if (review.kind === 'invalid') {
    start(why === 'too-long' ? 413 : 503, reasonBody(review.reason));
    count('malformed');
  } else {
    start(200, reviewBody(review.uid, review.decision));
    count(verdictOf(review.decision));
    deps.decisions.unchecked(review);
  }
}

function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

function reviewBody(uid: string, decision: AdmissionDecision | undefined): string {
  return JSON.stringify(admissionAnswer(uid, decision));
}

function reasonBody(reason: string): string {
  return JSON.stringify({ reason });
}

function headersOf(body: string): Record<string, string | number> {
  return { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
}

function send(response: ServerResponse, code: number, body: string, headers?: Record<string, string>): void {
  response.writeHead(code, { ...headersOf(body), ...headers }).end(body);
}
