import type { IncomingMessage } from 'node:http';

/** How the reading of a body goes on. A caller who goes away before its end brings about nothing more. */
export interface BodyReader {
  readonly read: (text: string) => void;
  /** The body is longer than the limit; what follows is thrown away. */
  readonly tooLarge: () => void;
  /** After `tooLarge`: no more is read, because the body ended or is twice as long as the limit. */
  readonly gaveUp: () => void;
}

/**
 * Reads a request's body, up to a limit.
 *
 * What comes after the limit is read on for a while, because a client that is still sending when the connection is
 * closed never sees the answer.
 */
export function readBody(request: IncomingMessage, limit: number, reader: BodyReader): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let tooLarge = false;

  const refuse = (): void => {
    tooLarge = true;
    chunks.length = 0;
    reader.tooLarge();
  };

  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (!tooLarge && length > limit) refuse();
    if (!tooLarge) {
      chunks.push(chunk);
    } else if (length > 2 * limit) {
      request.pause().removeAllListeners('data');
      reader.gaveUp();
    }
  });
  request.on('end', () => {
    if (tooLarge) {
      reader.gaveUp();
      return;
    }
    const [only] = chunks;
    reader.read((chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length)).toString());
  });
  if (Number(request.headers['content-length'] ?? 0) > limit) refuse();
}
