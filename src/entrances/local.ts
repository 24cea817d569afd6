import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Log } from '../runtime/log.ts';
import type { Metrics } from '../runtime/metrics.ts';

/** What the local port tells of. */
export interface LocalState {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly log: Log;
  /** Why the webhook should get no calls now, or undefined where it should. */
  readonly unready: () => string | undefined;
  /** The last complete report as JSON text, if there is one. */
  readonly report: string | undefined;
}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';

/** Makes the listener of the local port: `/livez`, `/readyz`, `/metrics`, `/api/v1/report`. */
export function createLocal(state: LocalState): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const reply = ({ code, type, body }: Answer): void => {
      const length = Buffer.byteLength(body);
      response.writeHead(code, { 'content-type': type, 'content-length': length, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      reply({ code: 405, type: JSON_TYPE, body: JSON.stringify({ reason: 'only GET and HEAD are served here' }) });
      return;
    }
    answer(state, request.url?.split('?', 1)[0]).then(reply, (cause: unknown) => {
      state.log.error({ err: cause }, 'a call to the local port failed because of a bug');
      reply({ code: 500, type: TEXT, body: 'kubelet-guard failed on this call; its log tells why\n' });
    });
  };
}

async function answer({ metrics, unready, report }: LocalState, path: string | undefined): Promise<Answer> {
  switch (path) {
    case '/livez':
      return { code: 200, type: TEXT, body: 'ok\n' };
    case '/readyz': {
      const reason = unready();
      return { code: reason === undefined ? 200 : 503, type: TEXT, body: `${reason ?? 'ok'}\n` };
    }
    case '/metrics':
      return { code: 200, type: metrics.contentType, body: await metrics.text() };
    case '/api/v1/report':
      if (report !== undefined) return { code: 200, type: JSON_TYPE, body: report };
      return { code: 404, type: JSON_TYPE, body: JSON.stringify({ reason: 'no sweep has completed' }) };
    default:
      return { code: 404, type: JSON_TYPE, body: JSON.stringify({ reason: 'there is nothing at this path' }) };
  }
}
