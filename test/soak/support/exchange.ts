// A cheap client: one connection, one request at a time, and only as much HTTP as the webhook's answers need.

import { connect, type TLSSocket } from 'node:tls';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A persistent connection to the webhook. */
export interface Connection {
  readonly post: (body: string) => Promise<Answer>;
  readonly close: () => void;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** Connects over TLS; if the server closes the connection after an answer, a new one is opened. */
export function openConnection(port: number, ca: string): Connection {
  let socket: TLSSocket | undefined;
  let settle: { readonly resolve: (answer: Answer) => void; readonly reject: (cause: Error) => void } | undefined;
  let received: Buffer = Buffer.alloc(0);

  const take = (chunk: Buffer): void => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const end = received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const length = Number(/^content-length: (\d+)\r?$/im.exec(head)?.[1] ?? 0);
    if (received.length < end + 4 + length) return;
    const answer = { status: Number(head.slice(9, 12)), body: received.toString('utf8', end + 4, end + 4 + length) };
    received = Buffer.alloc(0);
    if (/^connection: close\r?$/im.test(head)) drop();
    settle?.resolve(answer);
    settle = undefined;
  };
  const drop = (): void => {
    socket?.removeAllListeners('close').destroy();
    socket = undefined;
    received = Buffer.alloc(0);
  };
  const open = (): TLSSocket => {
    const made = connect({ port, host: '127.0.0.1', ca });
    made
      .setNoDelay(true)
      .on('data', take)
      .on('error', () => undefined);
    made.once('close', () => {
      drop();
      settle?.reject(new Error('the connection ended without an answer'));
      settle = undefined;
    });
    return made;
  };
  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject };
        socket ??= open();
        const bytes = Buffer.from(body);
        const head = `POST /validate?timeout=2s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`;
        socket.write(Buffer.concat([Buffer.from(head), bytes]));
      }),
    close: drop,
  };
}
