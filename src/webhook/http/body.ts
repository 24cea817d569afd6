import type { IncomingMessage } from 'node:http';

import type { Room } from './body-memory.ts';
import { HEAD_BYTES } from './scan.ts';

const MIB = 1024 * 1024;

/**
 * The longest review that an API server can send. etcd takes objects of 1.5 MiB, JSON in an API server writes `<` as
 * `\u003c`, and an update has two of them; the rest is for who asks, and how.
 */
export const LONGEST = 2 * 6 * 1.5 * MIB + MIB;

/** What is read at once, whatever else is being read: reviews in life are 8 to 30 KiB. */
export const SHORT = 64 * 1024;

/** All long bodies together, in a container that may have 512 MiB. */
export const ROOM = 64 * MIB;

/** Why a body was not read to its end. */
export type Unread = 'too-long' | 'no-room';

/** How the reading of a body goes on. A caller who goes away before its end brings about nothing more. */
export interface BodyReader {
  /** @param release has to be called when the body is needed no more */
  readonly read: (body: Buffer, release: () => void) => void;
  /**
   * It is not read. What follows is thrown away.
   *
   * @param head how it begins
   */
  readonly refused: (why: Unread, head: Buffer) => void;
  /** After `refused`: no more comes, because the body ended or is twice as long as the longest. */
  readonly gaveUp: () => void;
}

/** Reads a request's body: a short one at once, a long one as soon as there is room for all of it. */
export function readBody(request: IncomingMessage, room: Room, reader: BodyReader): void {
  const { 'content-length': announced, 'transfer-encoding': coding } = request.headers;
  const length = coding === undefined ? Number(announced ?? 0) : undefined;
  if (length !== undefined && length <= SHORT) readShort(request, length, reader);
  else readLong(request, length, room, reader);
}

function readShort(request: IncomingMessage, announced: number, reader: BodyReader): void {
  let body: Buffer | undefined;
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    // nearly always there is one; of many small ones each would cost more than what it holds
    if (chunk.length === announced) body = chunk;
    else chunk.copy((body ??= Buffer.allocUnsafe(announced)), length);
    length += chunk.length;
  });
  request.on('end', () => {
    reader.read(body ?? Buffer.alloc(0), () => undefined);
  });
}

function readLong(request: IncomingMessage, announced: number | undefined, room: Room, reader: BodyReader): void {
  const head: Buffer[] = [];
  let length = 0;
  const begin = (chunk: Buffer): void => {
    head.push(chunk);
    length += chunk.length;
    if (length < HEAD_BYTES) return;
    request.off('data', begin).off('end', end).pause();
    const first = Buffer.concat(head);
    if ((announced ?? 0) > LONGEST) refuse(request, 'too-long', first, reader);
    else fill(request, first, announced ?? LONGEST, room, reader);
  };
  const end = (): void => {
    reader.read(Buffer.concat(head), () => undefined);
  };
  request.on('data', begin).on('end', end);
}

function fill(request: IncomingMessage, first: Buffer, bytes: number, room: Room, reader: BodyReader): void {
  const hold = room.ask({
    from: request.socket.remoteAddress ?? '',
    bytes,
    granted: () => {
      // memory that is not written to is not taken
      const body = Buffer.allocUnsafeSlow(bytes);
      let length = first.copy(body);
      const take = (chunk: Buffer): void => {
        if (length + chunk.length > bytes) {
          request.off('data', take).off('end', end);
          hold.release();
          refuse(request, 'too-long', first, reader);
          return;
        }
        length += chunk.copy(body, length);
      };
      const end = (): void => {
        hold.complete();
        reader.read(body.subarray(0, length), hold.release);
      };
      request.on('data', take).on('end', end).resume();
    },
    refused: () => {
      refuse(request, 'no-room', first, reader);
    },
    shed: () => request.socket.destroy(),
  });
  request.once('close', () => {
    if (!request.complete) hold.release();
  });
}

/** A client that is still sending when the connection is closed never sees the answer, so it is read on for a while. */
function refuse(request: IncomingMessage, why: Unread, head: Buffer, reader: BodyReader): void {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= 2 * LONGEST) return;
    request.pause().removeAllListeners('data');
    reader.gaveUp();
  });
  request.on('end', reader.gaveUp);
  reader.refused(why, head);
  request.resume();
}
