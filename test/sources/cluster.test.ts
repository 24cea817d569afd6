import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { connectCluster } from '../../src/sources/cluster.ts';
import type { ObjectApi, ObjectEvent } from '../../src/sources/object-watch.ts';

let folder: string;
let server: Server | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-cluster-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

function kubeconfig(name: string, cluster: object, current = 'x'): string {
  const path = join(folder, name);
  const config = {
    clusters: [{ name: 'x', cluster }],
    users: [{ name: 'x', user: { token: 'the-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    'current-context': current,
  };
  writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
  return path;
}

/** An API server that answers as the test says, without TLS: that is not what is tested here. */
async function podsOf(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ObjectApi> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const path = kubeconfig('loopback', { server: `${url}/`, 'insecure-skip-tls-verify': true });
  const cluster = await connectCluster({ kubeconfig: path });
  if (cluster === undefined) throw new Error('no cluster');
  return cluster.pods;
}

function json(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const signal = () => new AbortController().signal;
const metadata = { namespace: 'kube-system', name: 'a', uid: '1', resourceVersion: '3' };

describe('the access to a cluster', () => {
  test('is none where there is neither a kubeconfig nor a service account', async () => {
    expect(await connectCluster({})).toBeUndefined();
    expect(await connectCluster({ root: folder })).toBeUndefined();
  });

  test('is none where the files of a service account are there, but nothing names the API server', async () => {
    const files = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount');
    mkdirSync(files, { recursive: true });
    for (const name of ['token', 'ca.crt']) writeFileSync(join(files, name), 'x');
    expect(await connectCluster({ root: folder })).toBeUndefined();
  });

  test.each([
    ['that is not there', () => join(folder, 'missing'), /ENOENT/],
    ['without a current context', () => kubeconfig('none', { server: 'https://x' }, 'y'), /names no cluster/],
    ['with an address that is none', () => kubeconfig('wrong', { server: 'x' }), /names no cluster/],
  ])('fails with a kubeconfig %s', async (_name, path, reason) => {
    await expect(connectCluster({ kubeconfig: path() })).rejects.toThrow(reason);
  });
});

describe('a list', () => {
  test('is asked for by pages, with the token, and gives whole objects', async () => {
    let asked: string | undefined;
    const pods = await podsOf(({ url, headers }, response) => {
      asked = `${url ?? ''} ${headers.authorization ?? ''}`;
      const items = [{ metadata, extra: 1 }, { metadata: {} }, null];
      json(response, 200, { kind: 'PodList', metadata: { resourceVersion: '7', continue: 'more' }, items });
    });
    expect(await pods.list('kube-system', 'token', signal())).toStrictEqual({
      objects: [
        {
          namespace: 'kube-system',
          name: 'a',
          uid: '1',
          object: { apiVersion: 'v1', kind: 'Pod', metadata, extra: 1 },
        },
      ],
      resourceVersion: '7',
      next: 'more',
    });
    expect(asked).toBe('/api/v1/namespaces/kube-system/pods?limit=250&continue=token Bearer the-token');
  });

  test.each([
    [403, { kind: 'Status', message: 'pods is forbidden' }, 'HTTP 403: pods is forbidden', 403],
    [410, { kind: 'Status', message: 'expired' }, 'HTTP 410: expired', 410],
    [502, { message: 'of some proxy' }, 'HTTP 502: no reason given', 502],
    [200, { kind: 'Status' }, 'the answer is not a list', undefined],
  ])('that is answered with %d %j fails with a reason', async (code, body, message, status) => {
    const pods = await podsOf((_request, response) => {
      json(response, code, body);
    });
    await expect(pods.list('x', undefined, signal())).rejects.toMatchObject({ name: 'ApiFault', message, status });
  });

  test('of an API server that is not there fails with the reason', async () => {
    const pods = await podsOf(() => undefined);
    server?.close();
    await expect(pods.list('x', undefined, signal())).rejects.toThrow('ECONNREFUSED');
    const on = { open: () => undefined, event: () => undefined };
    await expect(pods.watch('x', '1', on, signal())).rejects.toThrow('ECONNREFUSED');
  });
});

describe('a watch', () => {
  async function watch(answer: (response: ServerResponse, url: string) => void, abort = new AbortController()) {
    const events: (ObjectEvent | 'open')[] = [];
    const pods = await podsOf(({ url }, response) => {
      answer(response, url ?? '');
    });
    const on = {
      open: () => events.push('open'),
      event: (event: ObjectEvent) => {
        events.push(event);
        if (events.length > 5) abort.abort();
      },
    };
    const ended = await pods.watch('kube-system', '5', on, abort.signal).then(
      () => 'ended',
      (cause: unknown) => cause,
    );
    return { events, ended };
  }

  function line(type: string, object: unknown): string {
    return `${JSON.stringify({ type, object })}\n`;
  }

  test('tells of what comes, and ends when the API server ends it', async () => {
    let asked = '';
    const { events, ended } = await watch((response, url) => {
      asked = url;
      const bookmark = line('BOOKMARK', { metadata: { resourceVersion: '9' } });
      const noise = `${line('NEW', { metadata })}not json\n${line('ADDED', {})}`;
      response.end(
        line('ADDED', { metadata }) + noise + line('MODIFIED', { metadata }) + line('DELETED', { metadata }) + bookmark,
      );
    });
    const seen = { namespace: 'kube-system', name: 'a', uid: '1', object: { metadata } };
    const there = { type: 'there', seen, resourceVersion: '3' };
    const rest = [
      { ...there, type: 'gone' },
      { type: 'bookmark', resourceVersion: '9' },
    ];
    expect(events).toStrictEqual(['open', there, there, ...rest]);
    expect(ended).toBe('ended');
    expect(asked).toContain('watch=true&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=25');
  });

  test('that is told that its version is too old ends with 410', async () => {
    const { ended } = await watch((response) => {
      response.write(line('ERROR', { kind: 'Status', code: 410, message: 'too old' }) + line('ADDED', { metadata }));
    });
    expect(ended).toMatchObject({ message: 'HTTP 410: too old', status: 410 });
  });

  test('that is refused ends with the status, and was never open', async () => {
    const { ended, events } = await watch((response) => {
      json(response, 403, {});
    });
    expect(ended).toMatchObject({ message: 'HTTP 403: Forbidden', status: 403 });
    expect(events).toStrictEqual([]);
  });

  test('that loses its connection ends with a reason', async () => {
    const { ended } = await watch((response) => {
      response.write(line('ADDED', { metadata }));
      setImmediate(() => response.destroy());
    });
    expect(ended).toBeInstanceOf(Error);
  });

  test('ends at once when it is stopped', async () => {
    const { ended } = await watch((response) => {
      for (let index = 0; index < 10; index += 1) response.write(line('ADDED', { metadata }));
    });
    expect(ended).toBe('ended');
  });
});
