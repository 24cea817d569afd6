// Reviews that were made to take long, one after another: what each costs the webhook, and that none is let through.

import { Agent } from 'node:https';
import { setInterval } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { review } from '../support/admission.ts';
import { PATHOLOGICAL_REVIEWS } from '../support/pathological-reviews.ts';
import { WebhookProcess } from './support/webhook-process.ts';

jest.setTimeout(400_000);

const KI = 1024;
/** The limit of the manifests. */
const MOST_MEMORY = 512 * KI * KI;
/** Milliseconds of processor time, which does not depend on what else runs: 250 where the clock is up. */
const MOST_WORK = 400;
/** Milliseconds: an API server waits two seconds, and others run here. */
const MOST_TIME = 2500;

interface Body {
  readonly name: string;
  readonly make: () => string;
}

/** Every kind in two forms. In the third, which is the longest to send, each reading costs the same: a part of the kinds. */
const FORMS: Readonly<Record<string, readonly Body[]>> = {
  'created, of 64 KiB': PATHOLOGICAL_REVIEWS.map(({ name, created }) => ({ name, make: () => created(64 * KI) })),
  'updated, as large as can be': PATHOLOGICAL_REVIEWS.map(({ name, updated }) => ({ name, make: updated })),
  'updated, full of escapes': every(4, PATHOLOGICAL_REVIEWS).map(({ name, escaped }) => ({ name, make: escaped })),
};

function every<T>(step: number, all: readonly T[]): readonly T[] {
  return all.filter((_, index) => index % step === 0);
}

const webhook = new WebhookProcess();
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(() => webhook.ready(), 60_000);
afterAll(async () => {
  agent.destroy();
  await webhook.end();
});

test('there are at least 100, of many kinds', () => {
  expect(new Set(PATHOLOGICAL_REVIEWS.map(({ name }) => name)).size).toBeGreaterThan(150);
});

describe.each(Object.entries(FORMS))('%s', (form, bodies) => {
  test('each is refused in time, and costs little', async () => {
    const rows: { name: string; bytes: number; work: number; time: number }[] = [];
    for (const { name, make } of bodies) {
      const body = Buffer.from(make());
      const before = webhook.processorTime();
      const { status, text, milliseconds } = await webhook.post(body, agent);
      const work = webhook.processorTime() - before;
      rows.push({ name, bytes: body.length, work, time: Math.round(milliseconds) });
      expect([name, status, text]).toStrictEqual([name, 200, expect.stringContaining('"uid":"uid-1","allowed":false')]);
    }
    if (process.env.SHOW !== undefined) show(form, rows);
    expect(rows.filter(({ work, time }) => work > MOST_WORK || time > MOST_TIME)).toStrictEqual([]);
    expect(webhook.mostMemory()).toBeLessThan(MOST_MEMORY);
  });
});

function show(form: string, rows: readonly { name: string; bytes: number; work: number; time: number }[]): void {
  const works = rows.map(({ work }) => work).toSorted((a, b) => a - b);
  const worst = rows.toSorted((a, b) => b.work - a.work).slice(0, 10);
  const lines = worst.map(({ name, bytes, work, time }) => `  ${work} ms of CPU, ${time} ms, ${bytes} bytes: ${name}`);
  const median = String(works[works.length >> 1]);
  const memory = (webhook.mostMemory() / KI / KI).toFixed(0);
  process.stderr.write(`${form}: ${rows.length} reviews, median ${median} ms, ${memory} MiB\n${lines.join('\n')}\n`);
}

const HEALTHY = JSON.stringify(
  review({
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    object: {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'kube-system' } },
      spec: {
        containers: [
          { command: ['kube-apiserver', '--kubelet-client-certificate=/a.crt', '--kubelet-client-key=/a.key'] },
        ],
      },
    },
  }),
);

test('a healthy caller of 50 reviews a second waits no longer meanwhile', async () => {
  const own = new Agent({ keepAlive: true, maxSockets: 1 });
  const measure = async (): Promise<number> => {
    const answers: ReturnType<WebhookProcess['post']>[] = [];
    for await (const _ of setInterval(20)) if (answers.push(webhook.post(HEALTHY, own)) === 300) break;
    const took = (await Promise.all(answers)).map(({ text, milliseconds }) => {
      expect(text).toContain('"allowed":true');
      return milliseconds;
    });
    return took.toSorted((a, b) => a - b)[296] ?? NaN;
  };
  const hostile = Object.values(FORMS).flatMap((bodies) => every(16, bodies).map(({ make }) => Buffer.from(make())));
  await measure();
  const alone = await measure();
  let isOver = false;
  const attack = async (): Promise<void> => {
    for (let index = 0; !isOver; index += 1) await webhook.post(hostile[index % hostile.length] ?? '', agent);
  };
  const attacking = attack();
  const beside = await measure();
  isOver = true;
  await attacking;
  own.destroy();
  if (process.env.SHOW !== undefined) process.stderr.write(`p99 alone ${alone} ms, beside ${beside} ms\n`);
  // what sends the bodies runs in the process that measures
  expect(beside).toBeLessThan(2 * alone + 100);
});
