import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import express, { type Request, type Response } from 'express';

import { admissionAnswer, exemptionsIn, verdictOf, type Judgement } from '../../outputs/admission/answer.ts';
import type { Log } from '../../runtime/log.ts';
import type { AdmissionDecision, AdmissionMetrics } from '../../runtime/metrics/metrics.ts';
import { LONGEST, readBody, type Unread } from './body.ts';
import type { JudgeUnread } from '../validator.ts';
import type { RequestName } from '../request-findings.ts';
import type { Reviewed, Reviewer } from '../reviewer.ts';
import type { Room } from './body-memory.ts';
import { uidIn } from './scan.ts';

/** What the webhook is given to work with. */
export interface Surroundings {
  readonly reviewer: Reviewer;
  /** Judges a review that was not read. */
  readonly judgeUnread: JudgeUnread;
  /** For long bodies. */
  readonly room: Room;
  readonly metrics: AdmissionMetrics;
  readonly log: Log;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/** How the path of an API server begins: it always tells how long it waits. */
const ASKED = '/validate?';

const LONG_BODY = { connection: 'close' };

/**
 * Makes the webhook's HTTP side: `POST /validate`, and a plain word for everything else.
 *
 * It is express's router without its application around it, which would replace the prototypes of every request and
 * response: a third of the time that there is for a review, for methods that nothing here calls. What an API server asks
 * does not go through the router at all.
 */
export function createApp(surroundings: Surroundings): RequestListener {
  const router = express.Router({ caseSensitive: true, strict: true });
  router.post('/validate', (request, response) => {
    validate(surroundings, request, response);
  });
  router.all('/validate', (_request, response) => {
    send(response, 405, reasonBody('only POST is served here'), { allow: 'POST' });
  });
  return (request, response) => {
    if (request.method === 'POST' && request.url?.startsWith(ASKED) === true) {
      try {
        validate(surroundings, request, response);
      } catch (cause) {
        notRouted(surroundings, cause, response);
      }
      return;
    }
    router(request as Request, response as Response, (cause: unknown) => {
      if (cause === undefined || cause === null) send(response, 404, reasonBody('only /validate is served here'));
      else notRouted(surroundings, cause, response);
    });
  };
}

function notRouted({ log }: Surroundings, cause: unknown, response: ServerResponse): void {
  // the router itself refuses a path that cannot be decoded, with a status of its own
  if (typeof cause === 'object' && (cause as { status?: unknown }).status === 400) {
    send(response, 400, reasonBody('the path cannot be decoded'));
    return;
  }
  log.error({ err: cause }, 'a call failed because of a bug');
  if (!response.headersSent) send(response, 500, reasonBody(OUR_FAULT));
}

const OUR_FAULT = 'kubelet-guard failed on this call; its log tells why';

function validate(surroundings: Surroundings, request: IncomingMessage, response: ServerResponse): void {
  const { metrics, clock, log, judgeUnread } = surroundings;
  const began = clock();
  metrics.began();
  response.once('close', metrics.ended);
  const count: Count = (decision, about) => {
    const resource = about?.subResource === '' ? about.resource : '';
    const { operation = '', dryRun = false } = about ?? {};
    metrics.answered({ resource, operation, dryRun, decision, seconds: (clock() - began) / 1000 });
  };
  if (!isJson(request.headers['content-type'])) {
    send(response, 415, reasonBody('the content type must be application/json'));
    count('malformed');
    return;
  }
  const exchange = { request, response, count };
  readBody(request, surroundings.room, {
    read: (body, release) => {
      const pending = answer(surroundings, exchange, body);
      if (pending) void pending.finally(release);
      else release();
    },
    refused: (why, head) => {
      const uid = uidIn(head);
      const reason = UNREAD[why];
      if (uid === undefined) {
        const body = reasonBody(reason);
        response.writeHead(why === 'too-long' ? 413 : 503, { ...headersOf(body), ...LONG_BODY }).write(body);
        count('malformed');
      } else {
        const judgement = judgeUnread(uid, `too large to judge: ${reason}`);
        const text = JSON.stringify(admissionAnswer(uid, judgement));
        response.writeHead(200, { ...headersOf(text), ...LONG_BODY }).write(text);
        count(verdictOf(judgement));
        noteUnread(log, uid, reason, judgement);
      }
    },
    gaveUp: () => response.end(),
  });
}

const UNREAD: Readonly<Record<Unread, string>> = {
  'too-long': `the body is longer than ${LONGEST} bytes`,
  'no-room': 'too many long reviews are being read at the moment',
};

type Count = (decision: AdmissionDecision, about?: RequestName) => void;

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly count: Count;
}

/** Answers at once where that is decided at once. It never rejects. */
function answer(surroundings: Surroundings, exchange: Exchange, body: Buffer): Promise<void> | undefined {
  const { request, response } = exchange;
  const gone = (): AbortSignal => {
    const abort = new AbortController();
    response.once('close', () => {
      abort.abort();
    });
    return abort.signal;
  };
  const reviewed = surroundings.reviewer(body, { from: request.socket.remoteAddress ?? '', gone });
  if (!(reviewed instanceof Promise)) {
    conclude(surroundings, exchange, reviewed);
    return undefined;
  }
  return reviewed.then((later) => {
    if (later !== undefined) conclude(surroundings, exchange, later);
  });
}

function conclude({ log }: Surroundings, exchange: Exchange, reviewed: Reviewed): void {
  const { response, count } = exchange;
  if ('reason' in reviewed) {
    send(response, 400, reasonBody(reviewed.reason));
    count('malformed');
    return;
  }
  if ('crash' in reviewed) {
    failed(log, exchange, reviewed.crash, reviewed.uid);
    return;
  }
  const { uid, judgement } = reviewed;
  try {
    send(response, 200, JSON.stringify(admissionAnswer(uid, judgement)));
  } catch (cause) {
    failed(log, exchange, cause, uid);
    return;
  }
  if ('unread' in reviewed) {
    count(verdictOf(judgement));
    noteUnread(log, uid, reviewed.unread, reviewed.judgement);
  } else {
    count(verdictOf(judgement), reviewed.about);
    if (judgement !== undefined && !reviewed.about.dryRun) note(log, reviewed.about, judgement);
  }
}

function failed(log: Log, { response, count }: Exchange, cause: unknown, uid: string | undefined): void {
  log.error({ err: cause, uid }, 'a review could not be judged because of a bug');
  if (response.headersSent) return;
  send(response, 500, reasonBody(OUR_FAULT));
  count('error');
}

function noteUnread(log: Log, uid: string, reason: string, judgement: Judgement): void {
  log.warn({ uid, reason, decision: verdictOf(judgement) }, 'a review was not read');
}

/** Kubelets show warnings to nobody, so the log says what was found; a change without findings is only for debugging. */
function note(log: Log, about: RequestName, judgement: Judgement): void {
  const verdict = verdictOf(judgement);
  const { denied, warned, exempted } = judgement.decision;
  if (verdict === 'allow' && exempted.length === 0 && !log.isLevelEnabled('debug')) return;
  const { uid, resource, operation, namespace, name } = about;
  const controls = [...new Set([...denied, ...warned].map(({ control }) => control.slug))];
  const exemptions = exemptionsIn(judgement.decision);
  const inUse = exemptions.length > 0 && { exemptions };
  const fields = { uid, operation, resource, namespace, name, controls, ...inUse };
  if (verdict === 'allow' && inUse) log.info(fields, 'a change was allowed because of exemptions');
  else if (verdict === 'allow') log.debug(fields, 'a change was allowed');
  else if (verdict === 'deny') log.warn(fields, 'a change was refused');
  else log.warn(fields, 'a change was allowed with findings');
}

function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
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
