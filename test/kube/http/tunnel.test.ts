import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, describe, expect, test } from '@jest/globals';

import { connectCluster } from '../../../src/kube/cluster.ts';
import { authority, issue, json, serve, stopServers } from '../../support/https-server.ts';
import { startProxy, type TestProxy } from '../../support/proxy-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-tunnel-'));
const proxies: TestProxy[] = [];
afterEach(async () => {
  await stopServers();
  await Promise.all(proxies.splice(0).map(({ stop }) => stop()));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const signal = () => new AbortController().signal;
const CA = Buffer.from(authority.certificate).toString('base64');

async function proxyWith(options: Parameters<typeof startProxy>[0] = {}): Promise<TestProxy> {
  const proxy = await startProxy(options);
  proxies.push(proxy);
  return proxy;
}

/** A cluster that only a proxy knows the address of. */
async function clusterBehind(cluster: object, env: Record<string, string> = {}, host = 'api.example') {
  const server = await serve(issue({ hosts: ['api.example'] }), (_request, response) => {
    json(response, 200, { metadata: { resourceVersion: '1' }, items: [] });
  });
  const path = join(folder, 'config');
  const data = { server: `https://${host}:${server.port}`, 'certificate-authority-data': CA, ...cluster };
  writeFileSync(
    path,
    JSON.stringify({
      clusters: [{ name: 'x', cluster: data }],
      users: [{ name: 'x', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      'current-context': 'x',
    }),
  );
  const found = await connectCluster({ kubeconfig: path, env });
  if (found === undefined) throw new Error('no cluster');
  return { cluster: found, server };
}

describe('a proxy', () => {
  test.each(['http', 'socks5'])('of the kind %s gets one request for many calls', async (kind) => {
    const proxy = await proxyWith();
    const { cluster, server } = await clusterBehind({ 'proxy-url': `${kind}://127.0.0.1:${proxy.port}` });
    for (let call = 0; call < 5; call += 1) {
      expect(await cluster.request({ path: '/x' }, signal())).toMatchObject({ status: 200 });
    }
    expect(proxy.asked).toStrictEqual([`api.example:${server.port}`]);
    expect(server.asked).toStrictEqual(Array(5).fill('GET /x Bearer t'));
  });

  test('from the environment is also used for watches', async () => {
    const proxy = await proxyWith();
    const { cluster, server } = await clusterBehind({}, { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    await cluster.pods.list('a', undefined, signal());
    await cluster.pods.watch('a', '1', { open: () => undefined, event: () => undefined }, signal());
    expect(server.asked).toHaveLength(2);
    expect(proxy.asked).toHaveLength(1);
  });

  test.each(['http', 'socks5'])('of the kind %s that requires a password gets the one in its address', async (kind) => {
    const proxy = await proxyWith({ user: 'me:se@cret' });
    const url = (user: string) => ({ 'proxy-url': `${kind}://${user}127.0.0.1:${proxy.port}` });
    const { cluster } = await clusterBehind(url('me:se%40cret@'));
    expect(await cluster.request({ path: '/x' }, signal())).toMatchObject({ status: 200 });
    for (const user of ['', 'me:wrong@']) {
      const { cluster: other } = await clusterBehind(url(user));
      await expect(other.request({ path: '/x', timeout: 5000 }, signal())).rejects.toThrow(
        new RegExp(`: the proxy 127\\.0\\.0\\.1:${proxy.port}: it `),
      );
    }
  });

  test.each([
    ['nothing', '', 'it closed the connection'],
    ['something that is not HTTP', 'hello\r\n\r\n', 'its answer is not HTTP'],
    ['403', 'HTTP/1.1 403 Not here\r\n\r\n', 'it refuses the connection: HTTP 403 Not here'],
    ['without an end', 'x'.repeat(20_000), 'its answer is too long'],
  ])('that answers %s is named in the error', async (_name, answer, reason) => {
    const proxy = await proxyWith({ answer });
    const { cluster } = await clusterBehind({ 'proxy-url': `http://127.0.0.1:${proxy.port}` });
    await expect(cluster.request({ path: '/x', timeout: 5000 }, signal())).rejects.toThrow(
      `the proxy 127.0.0.1:${proxy.port}: ${reason}`,
    );
  });

  test('that does not exist is named in the error', async () => {
    const { cluster } = await clusterBehind({ 'proxy-url': 'http://127.0.0.1:1' });
    await expect(cluster.request({ path: '/x' }, signal())).rejects.toThrow(
      'the proxy 127.0.0.1:1: connection refused',
    );
  });

  test('does not change the name that a server has to prove', async () => {
    const proxy = await proxyWith();
    const url = { 'proxy-url': `http://127.0.0.1:${proxy.port}` };
    const { cluster, server } = await clusterBehind(url, {}, 'other.example');
    await expect(cluster.request({ path: '/x' }, signal())).rejects.toThrow('its certificate is not for');
    expect(server.asked).toStrictEqual([]);
    const named = await clusterBehind({ ...url, 'tls-server-name': 'api.example' }, {}, 'other.example');
    expect(await named.cluster.request({ path: '/x' }, signal())).toMatchObject({ status: 200 });
  });

  test.each([
    ['http', '[fd00::1]', '[fd00::1]'],
    ['socks5', '[fd00::1]', 'fd000000000000000000000000000001'],
    ['socks5', '10.1.2.3', '0a010203'],
  ])('of the kind %s is given the address %s', async (kind, host, asked) => {
    const proxy = await proxyWith();
    const { cluster, server } = await clusterBehind({ 'proxy-url': `${kind}://127.0.0.1:${proxy.port}` }, {}, host);
    await expect(cluster.request({ path: '/x' }, signal())).rejects.toThrow('its certificate is not for');
    expect(proxy.asked).toStrictEqual([`${asked}:${server.port}`]);
  });

  test('from a variable with an invalid address is an error at the start', async () => {
    await expect(clusterBehind({}, { HTTPS_PROXY: 'ftp://x' })).rejects.toThrow('HTTPS_PROXY is no address of a proxy');
  });

  test('gets the whole call if the server uses plain HTTP', async () => {
    const asked: unknown[] = [];
    const proxy = createPlainServer(({ url, headers }, response) => {
      asked.push([url, headers.host, headers['proxy-authorization'], headers.authorization]);
      response.end('x');
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const { cluster } = await clusterBehind({
      server: 'http://api.example:8001/k8s',
      'proxy-url': `http://u:p@127.0.0.1:${port}`,
    });
    await cluster.request({ path: '/x' }, signal());
    proxy.closeAllConnections();
    proxy.close();
    expect(asked).toStrictEqual([['http://api.example:8001/k8s/x', 'api.example:8001', 'Basic dTpw', undefined]]);
  });
});
