// Reads the body of a call: a small one at once, a large one within the memory for large bodies.

import type { IncomingMessage } from 'node:http';

import type { BodyMemory } from './body-memory.ts';
import { HEAD_BYTES } from './body-scan.ts';

const MIB = 1024 * 1024;

/**
 * The longest review that an API server can send: etcd takes objects of 1.5 MiB, the JSON of an API server writes `<` with
 * six bytes (`\u003c`), and an update has two objects. One MiB more is for the rest of the request.
 */
export const MAX_BODY_BYTES = 2 * 6 * 1.5 * MIB + MIB;

/** A body of this size is read at once. Reviews in practice have 8 to 30 KiB. */
export const SMALL_BODY_BYTES = 64 * 1024;

/** The memory for all large bodies together, in a container with a limit of 512 MiB. */
export const BODY_MEMORY_BYTES = 64 * MIB;

/** Why a body was not read to its end. */
export type UnreadReason = 'too-long' | 'no-memory';

/** What happens to a body. If the caller goes away before the end of its body, none of them is called any more. */
export interface BodyHandlers {
  /**
   * The body is complete.
   *
   * @param release has to be called when the body is no longer needed
   */
  readonly onBody: (body: Buffer, release: () => void) => void;
  /**
   * The body is not read: the rest of it is discarded.
   *
   * @param head its first bytes
   */
  readonly onUnread: (why: UnreadReason, head: Buffer) => void;
  /** After `onUnread`: the body has ended, or is twice as long as the longest review. */
  readonly onEnd: () => void;
}

/** Reads a request's body: a small one at once, a large one when there is memory for all of it. */
export function readBody(request: IncomingMessage, memory: BodyMemory, handlers: BodyHandlers): void {
  const { 'content-length': announced, 'transfer-encoding': coding } = request.headers;
  const length = coding === undefined ? Number(announced ?? 0) : undefined;
  if (length !== undefined && length <= SMALL_BODY_BYTES) readSmall(request, length, handlers);
  else readLarge(request, length, memory, handlers);
}

function readSmall(request: IncomingMessage, announced: number, handlers: BodyHandlers): void {
  let body: Buffer | undefined;
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    // nearly always there is one chunk; many small chunks are copied, because each costs more than what it holds
    if (chunk.length === announced) body = chunk;
    else chunk.copy((body ??= Buffer.allocUnsafe(announced)), length);
    length += chunk.length;
  });
  request.on('end', () => {
    handlers.onBody(body ?? Buffer.alloc(0), () => undefined);
  });
}

function readLarge(
  request: IncomingMessage,
  announced: number | undefined,
  memory: BodyMemory,
  handlers: BodyHandlers,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const begin = (chunk: Buffer): void => {
    chunks.push(chunk);
    length += chunk.length;
    if (length < HEAD_BYTES) return;
    request.off('data', begin).off('end', end).pause();
    const head = Buffer.concat(chunks);
    if ((announced ?? 0) > MAX_BODY_BYTES) discard(request, 'too-long', head, handlers);
    else readRest(request, head, announced ?? MAX_BODY_BYTES, memory, handlers);
  };
  const end = (): void => {
    handlers.onBody(Buffer.concat(chunks), () => undefined);
  };
  request.on('data', begin).on('end', end);
}

function readRest(
  request: IncomingMessage,
  head: Buffer,
  bytes: number,
  memory: BodyMemory,
  handlers: BodyHandlers,
): void {
  const reservation = memory.reserve({
    address: request.socket.remoteAddress ?? '',
    bytes,
    onGranted: () => {
      // the system gives pages only when they are written to
      const body = Buffer.allocUnsafeSlow(bytes);
      let length = head.copy(body);
      const append = (chunk: Buffer): void => {
        if (length + chunk.length > bytes) {
          request.off('data', append).off('end', end);
          reservation.release();
          discard(request, 'too-long', head, handlers);
          return;
        }
        length += chunk.copy(body, length);
      };
      const end = (): void => {
        reservation.complete();
        handlers.onBody(body.subarray(0, length), reservation.release);
      };
      request.on('data', append).on('end', end).resume();
    },
    onTimeout: () => {
      discard(request, 'no-memory', head, handlers);
    },
    onTooSlow: () => request.socket.destroy(),
  });
  request.once('close', () => {
    if (!request.complete) reservation.release();
  });
}

/** Reads on for a while, because a client never sees the answer if its connection is closed while it sends. */
function discard(request: IncomingMessage, why: UnreadReason, head: Buffer, handlers: BodyHandlers): void {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= 2 * MAX_BODY_BYTES) return;
    request.pause().removeAllListeners('data');
    handlers.onEnd();
  });
  request.on('end', handlers.onEnd);
  handlers.onUnread(why, head);
  request.resume();
}
