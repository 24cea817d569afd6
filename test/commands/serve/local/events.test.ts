import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { createEvents, EVENT_GAP, MAX_STREAMS } from '../../../../src/commands/serve/local/events.ts';
import { listen } from '../../../../src/runtime/listener.ts';
import { VirtualTime } from '../../../sweeper/virtual-time.ts';

const cleanup: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanup.splice(0)) clean();
});

/** Streams on a real port, with a clock of the test. */
async function serving() {
  const time = new VirtualTime();
  const events = createEvents({ instance: 'a', clock: time.clock, pause: time.pause });
  const refused: (string | undefined)[] = [];
  const server: Server = createServer((_request, response) => {
    const reason = events.open(response);
    refused.push(reason);
    if (reason !== undefined) response.writeHead(503).end(reason);
  });
  const listener = await listen(server, { host: '127.0.0.1', port: 0 }, '--local-listen');
  cleanup.push(() => {
    listener.cut();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { time, events, refused, server, listener, open: () => open(port) };
}

interface Stream {
  readonly response: IncomingMessage;
  /** What was received so far. */
  readonly text: () => string;
  /** Resolves when so many events have come. */
  readonly has: (count: number) => Promise<string[]>;
  readonly ended: Promise<unknown>;
}

async function open(port: number): Promise<Stream> {
  const outgoing = get({ host: '127.0.0.1', port, path: '/events', agent: false });
  outgoing.on('error', () => undefined);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  response.on('error', () => undefined);
  const versions = (): string[] =>
    [...text.matchAll(/^event: changed\ndata: (.*)\n\n/gm)].map(([, data]) => data ?? '');
  return {
    response,
    text: () => text,
    has: async (count) => {
      while (versions().length < count) await once(response, 'data');
      return versions();
    },
    ended: new Promise((resolve) => response.once('close', resolve)),
  };
}

describe('an open page', () => {
  test('is sent the version when it connects, and another one when something changes', async () => {
    const { events, open } = await serving();
    const stream = await open();
    expect(await stream.has(1)).toEqual(['a-0']);
    events.changed();
    expect(await stream.has(2)).toEqual(['a-0', 'a-1']);
    expect(events.version()).toBe('a-1');
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'x-accel-buffering': 'no',
    });
  });

  test('is sent at most one event a second, and the last change is never lost', async () => {
    const steps = fc.array(fc.oneof(fc.constant('change' as const), fc.integer({ min: 1, max: 3000 })), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const time = new VirtualTime();
        const events = createEvents({ instance: 'a', clock: time.clock, pause: time.pause });
        const sent: { readonly at: number; readonly version: string }[] = [];
        const response = {
          writableLength: 0,
          writeHead: () => response,
          once: () => response,
          end: () => response,
          write: (text: string) => {
            const [, version] = /data: (.*)\n/.exec(text) ?? [];
            if (version !== undefined) sent.push({ at: time.clock(), version });
            return true;
          },
        };
        events.open(response as never);
        sent.pop();
        for (const step of taken) {
          if (step === 'change') events.changed();
          else await time.pass(step);
        }
        await time.pass(EVENT_GAP);
        for (const [index, { at }] of sent.entries()) {
          const next = sent[index + 1]?.at ?? Infinity;
          expect(next - at).toBeGreaterThanOrEqual(EVENT_GAP);
        }
        if (taken.includes('change')) expect(sent.at(-1)?.version).toBe(events.version());
        else expect(sent).toEqual([]);
        events.stop();
      }),
      { numRuns: 100 },
    );
  });

  test('gets a sign of life every 10 seconds', async () => {
    const { time, open } = await serving();
    const stream = await open();
    await stream.has(1);
    for (const count of [1, 2, 3]) {
      await time.pass(10_000);
      while (stream.text().split('event: alive\ndata\n\n').length - 1 < count) await once(stream.response, 'data');
    }
    await stream.has(1);
  });
});

describe('streams', () => {
  test(`are no more than ${MAX_STREAMS}, and a page that closes makes room`, async () => {
    const { refused, open } = await serving();
    const streams = await Promise.all(Array.from({ length: MAX_STREAMS }, open));
    const more = await open();
    expect(more.response.statusCode).toBe(503);
    expect(refused.at(-1)).toBe('32 pages are live already; this one can be loaded again');
    streams[0]?.response.destroy();
    for (;;) {
      const again = await open();
      if (again.response.statusCode === 200) break;
    }
  });

  test('whose client does not read are closed, and nothing is kept for them', async () => {
    const time = new VirtualTime();
    const events = createEvents({ instance: 'a', clock: time.clock, pause: time.pause });
    let destroyed = 0;
    let written = 0;
    const response = {
      writableLength: 0,
      writeHead: () => response,
      once: () => response,
      destroy: () => (destroyed += 1),
      write: (text: string) => {
        written += text.length;
        response.writableLength += text.length;
        return true;
      },
    };
    events.open(response as never);
    for (let count = 0; count < 1000; count += 1) {
      events.changed();
      await time.pass(EVENT_GAP);
    }
    expect([destroyed, written < 2000]).toEqual([1, true]);
  });

  test('end when the process stops, and the port is free at once', async () => {
    const { events, listener, refused, open } = await serving();
    const streams = await Promise.all(Array.from({ length: 5 }, open));
    await Promise.all(streams.map((stream) => stream.has(1)));
    const began = performance.now();
    events.stop();
    await open();
    expect(refused.at(-1)).toBe('this process stops');
    await listener.drain({ linger: 0, patience: 60_000 });
    await Promise.all(streams.map(({ ended }) => ended));
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
