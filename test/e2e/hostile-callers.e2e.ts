// The webhook as its own process, and hostile callers.

import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

import { MAX_CONNECTIONS } from '../../src/runtime/connections.ts';
import { review } from '../support/admission.ts';
import { WebhookProcess } from './support/webhook-process.ts';

jest.setTimeout(240_000);

const MIB = 1024 * 1024;
/** Other processes, and stalls of the machine, can make an answer slower, never faster. */
const TRIES = 4;
/** The memory limit in the manifests. */
const LIMIT = 512 * MIB;

const webhook = new WebhookProcess();
const opened = new Set<TLSSocket>();
const post: WebhookProcess['post'] = (body, agent) => webhook.post(body, agent);

beforeAll(() => webhook.ready(), 60_000);

afterAll(async () => {
  closeAll();
  await webhook.end();
});

function closeAll(): void {
  for (const socket of opened) socket.destroy();
  opened.clear();
}

async function open(): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: webhook.port, ca: webhook.authority.certificate });
  opened.add(socket);
  socket.on('error', () => undefined).once('close', () => opened.delete(socket));
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]);
  return socket;
}

function headOf(length: number): string {
  return `POST /validate?timeout=2s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
}

const KUBELET = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

function configMap(kubelet: string, more: object = {}): object {
  const metadata = { name: 'kubelet-config', namespace: 'kube-system' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { kubelet, ...more } };
}

function pod(container: object): object {
  const spec = { containers: [{ name: 'kube-apiserver', image: 'kube-apiserver', ...container }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace: 'kube-system' }, spec };
}

function reviewOf(object: object): string {
  const isPod = (object as { kind: string }).kind === 'Pod';
  const [kind, resource] = isPod ? ['Pod', 'pods'] : ['ConfigMap', 'configmaps'];
  return JSON.stringify(
    review({ kind: { group: '', version: 'v1', kind }, resource: { group: '', version: 'v1', resource }, object }),
  );
}

const healthy = reviewOf(
  pod({ command: ['kube-apiserver', '--kubelet-client-certificate=/a.crt', '--kubelet-client-key=/a.key'] }),
);

/** Objects that violate the control and take long to check, of about this many bytes. */
function pathological(size: number): Record<string, string> {
  return {
    'white space': reviewOf(configMap(`${KUBELET}# ${' '.repeat(size)}x`)),
    'plain lines': reviewOf(configMap(KUBELET + 'k: v\n'.repeat(size / 6))),
    'a list in one line': reviewOf(configMap(`${KUBELET}a: [${'a,'.repeat(size / 2)}]`)),
    nesting: reviewOf(configMap(`${KUBELET}a: ${'['.repeat(size)}`)),
    merges: reviewOf(configMap(`${KUBELET}b: &b {a: 1}\nc:\n${'  <<: *b\n'.repeat(size / 10)}`)),
    floats: reviewOf(configMap(`{"a":${'['.repeat(400)}${'1.0,'.repeat(size / 4)}`)),
    'a script that grows': reviewOf(
      pod({
        command: ['sh', '-c', `set -- a b; ${'set -- "$@" "$@"; '.repeat(30)}kube-apiserver ${'x '.repeat(size / 2)}`],
      }),
    ),
    'a script of many commands': reviewOf(pod({ command: ['sh', '-c', 'a&&'.repeat(size / 3)] })),
    'an image': reviewOf(pod({ image: `a${'@'.repeat(size)}\nx`, command: ['kube-apiserver'] })),
    words: reviewOf(pod({ command: ['kube-apiserver', ...Array.from({ length: size / 5 }, () => '-a')] })),
  };
}

test.each([
  [100, 7],
  [60, 18],
])(
  '%i connections that send %i MiB each keep the webhook below its memory limit, and answering',
  async (count, mib) => {
    const length = mib * MIB;
    const body = Buffer.alloc(length - 1, ' ');
    Buffer.from(healthy.slice(0, 600)).copy(body);
    for (let index = 0; index < count; index += 1) {
      const socket = await open();
      socket.write(headOf(length));
      socket.write(body);
    }
    for (let index = 0; index < 50; index += 1) expect((await post(healthy)).text).toContain('"allowed":true');
    expect(webhook.mostMemory()).toBeLessThan(LIMIT);
    closeAll();
  },
);

test('idle connections are limited, and an API server keeps its own connection', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const opening: Promise<unknown>[] = [];
  for (let index = 0; index < 700; index += 1) {
    opening.push(open());
    if (index % 50 !== 0) continue;
    await Promise.all(opening.splice(0));
    expect((await post(healthy, agent)).text).toContain('"allowed":true');
  }
  await Promise.all(opening);
  while (opened.size > MAX_CONNECTIONS) await new Promise((resolve) => setImmediate(resolve));
  expect(webhook.mostMemory()).toBeLessThan(LIMIT);
  agent.destroy();
  closeAll();
});

describe('a review that is built to take long', () => {
  test.each([64 * 1024, 2 * MIB])('and has about %i bytes is denied before the API server gives up', async (size) => {
    for (const [name, body] of Object.entries(pathological(size))) {
      const took: number[] = [];
      // the webhook's own limit, and time for other processes of this machine
      const isInTime = (): boolean => took.some((milliseconds) => milliseconds < 4000);
      while (took.length < TRIES && !isInTime()) {
        const { status, text, milliseconds } = await post(body);
        expect([name, status, text]).toStrictEqual([name, 200, expect.stringContaining('"allowed":false')]);
        took.push(milliseconds);
      }
      expect([name, ...(isInTime() ? [] : took)]).toStrictEqual([name]);
    }
    expect(webhook.mostMemory()).toBeLessThan(LIMIT);
  });

  test('does not delay a healthy caller', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const measure = async (): Promise<number> => {
      const took: number[] = [];
      for (let index = 0; index < 300; index += 1) took.push((await post(healthy, agent)).milliseconds);
      return took.toSorted((a, b) => a - b)[296] ?? NaN;
    };
    await measure();
    const alone = await measure();
    const hostile = Object.values(pathological(64 * 1024)).concat(Object.values(pathological(2 * MIB)));
    let isOver = false;
    const attack = async (): Promise<void> => {
      for (let index = 0; !isOver; index += 1) await post(hostile[index % hostile.length] ?? '').catch(() => undefined);
    };
    const attacks = [attack(), attack()];
    const rounds: number[] = [];
    // the attackers run on the same two cores
    const isFine = (beside: number): boolean => beside < 2 * alone + 100;
    while (rounds.length < TRIES && !rounds.some(isFine)) rounds.push(await measure());
    isOver = true;
    await Promise.all(attacks);
    agent.destroy();
    expect({ alone, rounds: rounds.some(isFine) ? [] : rounds }).toStrictEqual({ alone, rounds: [] });
  });
});
