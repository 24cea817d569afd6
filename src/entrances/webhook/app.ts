import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

import express, { type Request, type Response } from 'express';

import { admissionAnswer, exemptionsIn, verdictOf, type Judgement } from '../../report/admission-answer.ts';
import type { Log } from '../../runtime/log.ts';
import type { AdmissionDecision, AdmissionMetrics } from '../../runtime/metrics.ts';
import { readBody } from './body.ts';
import type { Judge } from './judge.ts';
import { decodeReview, type AdmissionRequest } from './review.ts';

/** What the webhook is given to work with. */
export interface Surroundings {
  readonly judge: Judge;
  readonly metrics: AdmissionMetrics;
  readonly log: Log;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
}

/** etcd takes objects of 1.5 MiB; a review holds two of them, and JSON escapes what is in them. */
const BODY_LIMIT = 7 * 1024 * 1024;

const LONG_BODY = { connection: 'close' };

/**
 * Makes the webhook's HTTP side: `POST /validate`, and a plain word for everything else.
 *
 * It is express's router without its application around it, which would replace the prototypes of every request and
 * response: a third of the time that there is for a review, for methods that nothing here calls.
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
    router(request as Request, response as Response, (cause: unknown) => {
      if (cause === undefined || cause === null) send(response, 404, reasonBody('only /validate is served here'));
      else notRouted(surroundings, cause, response);
    });
  };
}

function notRouted({ log }: Surroundings, cause: unknown, response: ServerResponse): void {
  // the router itself refuses a path that can not be decoded, with a status of its own
  if (typeof cause === 'object' && (cause as { status?: unknown }).status === 400) {
    send(response, 400, reasonBody('the path can not be decoded'));
    return;
  }
  log.error({ err: cause }, 'a call failed because of a bug');
  if (!response.headersSent) send(response, 500, reasonBody(OUR_FAULT));
}

const OUR_FAULT = 'kubelet-guard failed on this call; its log tells why';

function validate(surroundings: Surroundings, request: IncomingMessage, response: ServerResponse): void {
  const { metrics, clock } = surroundings;
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
  readBody(request, BODY_LIMIT, {
    read: (text) => {
      answer(surroundings, text, response, count);
    },
    tooLarge: () => {
      const body = reasonBody(`the body is longer than ${BODY_LIMIT} bytes`);
      response.writeHead(413, { ...headersOf(body), ...LONG_BODY }).write(body);
      count('malformed');
    },
    gaveUp: () => response.end(),
  });
}

type Count = (decision: AdmissionDecision, about?: AdmissionRequest) => void;

function answer({ judge, log }: Surroundings, text: string, response: ServerResponse, count: Count): void {
  let about: AdmissionRequest | undefined;
  try {
    const decoded = decodeReview(text);
    if ('reason' in decoded) {
      send(response, 400, reasonBody(decoded.reason));
      count('malformed');
      return;
    }
    about = decoded.request;
    const judgement = judge(about);
    send(response, 200, JSON.stringify(admissionAnswer(about.uid, judgement)));
    count(verdictOf(judgement), about);
    if (judgement !== undefined && !about.dryRun) note(log, about, judgement);
  } catch (cause) {
    log.error({ err: cause, uid: about?.uid }, 'a review could not be judged because of a bug');
    if (response.headersSent) return;
    send(response, 500, reasonBody(OUR_FAULT));
    count('error', about);
  }
}

/** Kubelets show warnings to nobody, so the log says what was found; a change without findings is only for debugging. */
function note(log: Log, about: AdmissionRequest, judgement: Judgement): void {
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
