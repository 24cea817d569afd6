// Reads an answer over HTTP within bounds: whole, or line by line.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import type { ApiAnswer } from '../api.ts';
import { HttpFault } from './fault.ts';

/** An answer, whatever its status; never a redirect. */
export interface HttpAnswer extends ApiAnswer {
  /** Why the server's certificate did not verify; undefined if it did. */
  readonly unverified: string | undefined;
}

const WARNINGS_LIMIT = 16_384;

/** The answer with its headers, once its text is read. */
export function answerOf(
  { statusCode = 0, headers }: IncomingMessage,
  text: string,
  unverified: string | undefined,
): HttpAnswer {
  const warnings = warningsOf(headers.warning);
  const retryAfter = secondsOf(headers['retry-after']);
  return {
    status: statusCode,
    contentType: headers['content-type'] ?? '',
    text,
    ...(warnings.length > 0 && { warnings }),
    ...(retryAfter !== undefined && { retryAfter }),
    unverified,
  };
}

/** What is called with the lines of an answer, one by one. */
export interface LineTaker {
  readonly open: () => void;
  readonly line: (line: string) => void;
}

/** Reads an answer to its end: line by line where lines are taken, and until it is over. */
export function readerOf(lines: LineTaker | undefined, isOver: () => boolean): typeof read {
  if (lines === undefined) return read;
  return readLines((line) => {
    if (!isOver()) lines.line(line);
  });
}

/** Reads the whole text. A redirect is a fault. */
function read(
  response: IncomingMessage,
  limit: number,
  fail: (fault: HttpFault) => void,
  done: (text: string) => void,
): void {
  const { statusCode = 0 } = response;
  if (statusCode >= 300 && statusCode <= 399) {
    fail(new HttpFault('redirected', `HTTP ${statusCode}: redirects are not followed`));
    return;
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) fail(new HttpFault('too-large', `the answer is longer than ${limit} bytes`));
    else chunks.push(chunk);
  });
  response.on('end', () => {
    done(Buffer.concat(chunks).toString());
  });
}

/** Reads line by line. Text after the last line end is not complete, and is dropped. */
function readLines(take: (line: string) => void): typeof read {
  return (response, limit, fail, done) => {
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      if (rest.length > limit) fail(new HttpFault('too-large', `a line of the answer is longer than ${limit} bytes`));
    });
    response.on('end', () => {
      done('');
    });
  };
}

/** A Warning is `299 - "text"`, with a backslash before quotes and backslashes; several are joined by commas. */
function warningsOf(header = ''): string[] {
  const found = header.slice(0, WARNINGS_LIMIT).matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g);
  return Array.from(found, ([, text = '']) => text.replace(/\\(.)/g, '$1'));
}

/** Whole seconds, which is what API servers send. A date is ignored, as by client-go. */
function secondsOf(header = ''): number | undefined {
  return /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}

/** Why the certificate of the server did not verify; undefined if it did. */
export function verification(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return 'the connection is not encrypted';
  return socket.authorized ? undefined : String(socket.authorizationError);
}
