// Sends the answers of the local port, no faster than the client reads.

import type { ServerResponse } from 'node:http';

/** An answer of the local port. */
export interface LocalAnswer {
  readonly code: number;
  readonly type: string;
  /** A text, or its parts, each made when the previous one is sent. */
  readonly body: string | Buffer | Iterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Browsers must use the content type as sent, and must not show or run an answer in a page of another site. */
export const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
};

/** The answer to a call that is rejected. */
export function failure(code: number, reason: string, headers?: LocalAnswer['headers']): LocalAnswer {
  return { code, type: 'application/json', body: JSON.stringify({ reason }), ...(headers && { headers }) };
}

/** Sends an answer. Without a body if the method is HEAD. */
export async function reply(
  response: ServerResponse,
  { code, type, body, headers: special }: LocalAnswer,
): Promise<void> {
  const isHead = response.req.method === 'HEAD';
  const headers = { ...HEADERS, ...special, 'content-type': type };
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    response.writeHead(code, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(isHead ? undefined : body);
    return;
  }
  response.writeHead(code, headers);
  if (!isHead) {
    for (const part of body) {
      if (response.destroyed) return;
      if (!response.write(part)) await drained(response);
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
