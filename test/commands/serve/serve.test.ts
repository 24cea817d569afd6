import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import { developmentCertificates } from '../../../src/runtime/certificates/development.ts';
import { StartError } from '../../../src/runtime/start-error.ts';
import type { ServeDeps, ServeOptions } from '../../../src/commands/serve/options.ts';
import { serve } from '../../../src/commands/serve/serve.ts';
import { Lines, review } from '../../support/admission.ts';

let folder: string;
let ca: string;
let files: { tlsCertFile: string; tlsPrivateKeyFile: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-serve-'));
  ca = readFileSync((await developmentCertificates(folder, new Date())).caFile, 'utf8');
  files = { tlsCertFile: join(folder, 'tls.crt'), tlsPrivateKeyFile: join(folder, 'tls.key') };
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A log that emits an event for each line. */
class Log extends Lines {
  override _write(chunk: Buffer, encoding: string, done: () => void): void {
    super._write(chunk, encoding, done);
    this.emit('more');
  }

  async has(msg: string): Promise<Record<string, unknown>> {
    for (;;) {
      const entry = this.entries.find((candidate) => candidate.msg === msg);
      if (entry !== undefined) return entry;
      await once(this, 'more');
    }
  }
}

interface Running {
  readonly webhook: number;
  readonly local: string;
  readonly log: Log;
  readonly signal: (name: string) => void;
  readonly exit: Promise<number>;
}

let running: Running | undefined;

afterEach(async () => {
  running?.signal('SIGTERM');
  running?.signal('SIGTERM');
  await running?.exit;
  running = undefined;
});

function begin(options: ServeOptions, now: () => Date = () => new Date(), linger = 0, env: ServeDeps['env'] = {}) {
  const log = new Log();
  let signal: (name: string) => void = () => undefined;
  const exit = serve(
    { listen: '127.0.0.1:0', localListen: '127.0.0.1:0', ...options },
    {
      stdout: log,
      onSignal: (handler) => {
        signal = handler;
      },
      now,
      version: '1.2.3',
      root: join(import.meta.dirname, '../../..'),
      onSweepSignal: () => undefined,
      linger,
      env,
    },
  );
  return { log, exit, signal };
}

async function start(
  options: ServeOptions = files,
  now?: () => Date,
  linger?: number,
  env?: ServeDeps['env'],
): Promise<Running> {
  const { log, exit, signal } = begin(options, now, linger, env);
  const serving = (await Promise.race([log.has('serving'), exit])) as { webhook: string; local: string };
  running = { webhook: Number(new URL(serving.webhook).port), local: serving.local, log, signal, exit };
  return running;
}

function ask(url: string) {
  return answerTo(get(url, { agent: false }));
}

async function answerTo(outgoing: ClientRequest) {
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
  return { code: response.statusCode, text };
}

function open(port: number, options: RequestOptions = {}) {
  const headers = { 'content-type': 'application/json' };
  return request({ host: 'localhost', port, path: '/validate', method: 'POST', ca, headers, agent: false, ...options });
}

function post(port: number, body: unknown, options?: RequestOptions) {
  return answerTo(open(port, options).end(JSON.stringify(body)));
}

describe('serving', () => {
  test('answers reviews over HTTPS, and serves health and metrics, but no report, on the local port', async () => {
    const { webhook, local } = await start();
    expect(await post(webhook, review())).toMatchObject({ code: 200, text: expect.stringContaining('"uid":"uid-1"') });
    expect(await ask(`${local}/livez`)).toStrictEqual({ code: 200, text: 'ok\n' });
    expect(await ask(`${local}/readyz?verbose`)).toStrictEqual({ code: 200, text: 'ok\n' });
    const report = await ask(`${local}/api/v1/report`);
    expect([report.code, JSON.parse(report.text)]).toStrictEqual([404, { reason: 'this process has no sweeper' }]);
    expect((await ask(`${local}/validate`)).code).toBe(404);
    const { text } = await ask(`${local}/metrics`);
    expect(text).toContain('kubelet_guard_admission_requests_total{resource="configmaps"');
    expect(text).toMatch(/kubelet_guard_certificate_expiry_timestamp_seconds 1[89]\d{8}\n/);
    expect(text).toContain('kubelet_guard_build_info{version="1.2.3"} 1');
  });

  test('is not ready before the mirror pods are listed; without a cluster it is ready, and logs that once', async () => {
    const kubeconfig = join(folder, 'kubeconfig');
    const cluster = { server: 'https://127.0.0.1:1' };
    const context = { cluster: 'x', user: 'x' };
    const config = { clusters: [{ name: 'x', cluster }], users: [{ name: 'x', user: {} }], 'current-context': 'x' };
    writeFileSync(kubeconfig, JSON.stringify({ ...config, contexts: [{ name: 'x', context }] }));
    const { local, signal, exit } = await start({ ...files, kubeconfig });
    expect(await ask(`${local}/readyz`)).toStrictEqual({
      code: 503,
      text: 'waiting for the mirror pods of kube-system, ConfigMaps kubeadm-config of kube-system, ConfigMaps kubelet-config of kube-system\n',
    });
    signal('SIGTERM');
    expect(await exit).toBe(0);
    const named = await start(files, undefined, undefined, { KUBECONFIG: kubeconfig });
    expect((await ask(`${named.local}/readyz`)).text).toMatch(/^waiting for the mirror pods/);
    named.signal('SIGTERM');
    expect(await named.exit).toBe(0);
    const { local: alone, log } = await start(files, undefined, undefined, { HOME: folder });
    expect((await ask(`${alone}/readyz`)).code).toBe(200);
    expect(log.entries.filter(({ msg }) => String(msg).startsWith('no cluster is watched'))).toHaveLength(1);
  });

  test('rejects TLS versions before 1.2', async () => {
    const { webhook } = await start();
    const old = connect({
      port: webhook,
      host: 'localhost',
      ca,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    });
    const [error] = (await once(old, 'error').catch((cause: unknown) => [cause])) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS/);
    const socket = connect({ port: webhook, host: 'localhost', ca, maxVersion: 'TLSv1.2' });
    await once(socket, 'secureConnect');
    expect(socket.getProtocol()).toBe('TLSv1.2');
    socket.destroy();
  });

  test('uses the configuration for its decisions', async () => {
    const config = join(folder, 'guard.yaml');
    writeFileSync(
      config,
      'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\ncontrols:\n  kubelet-client-ca: { action: enforce }\n',
    );
    const { webhook } = await start({ ...files, config });
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kubelet-config', namespace: 'kube-system' },
      data: { kubelet: 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n' },
    };
    expect((await post(webhook, review({ object }))).text).toContain('"allowed":false');
  });

  test('is no longer ready when the certificate has expired', async () => {
    let now = new Date();
    const { local } = await start(files, () => now);
    now = new Date(now.getTime() + 365 * 24 * 60 * 60 * 1000);
    expect(await ask(`${local}/readyz`)).toStrictEqual({ code: 503, text: 'the serving certificate has expired\n' });
    expect((await ask(`${local}/livez`)).code).toBe(200);
  });
});

describe('stopping', () => {
  test('answers the review in flight, accepts no new connections, and exits with 0', async () => {
    const { webhook, local, signal, exit, log } = await start();
    const body = JSON.stringify(review());
    const agent = new Agent({ keepAlive: true, ca });
    const outgoing = open(webhook, { agent });
    outgoing.write(body.slice(0, 10));
    await waitForMetric(local, 'kubelet_guard_admission_requests_in_flight 1');

    signal('SIGTERM');
    await log.has('stopping');
    expect(await ask(`${local}/readyz`)).toStrictEqual({ code: 503, text: 'stopping\n' });
    await waitUntilClosed(webhook);

    outgoing.end(body.slice(10));
    expect((await answerTo(outgoing)).code).toBe(200);
    expect(await exit).toBe(0);
    agent.destroy();
  });

  test('keeps answering for a while after the signal, and closes each connection after its answer', async () => {
    const { webhook, local, signal, exit } = await start(files, undefined, 60_000);
    signal('SIGTERM');
    expect((await ask(`${local}/readyz`)).code).toBe(503);
    const agent = new Agent({ keepAlive: true, ca });
    const outgoing = open(webhook, { agent }).end(JSON.stringify(review()));
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect([response.statusCode, response.headers.connection]).toStrictEqual([200, 'close']);
    agent.destroy();
    signal('SIGTERM');
    expect(await exit).toBe(1);
  });

  test('does not wait for idle connections', async () => {
    const { webhook, signal, exit } = await start();
    const agent = new Agent({ keepAlive: true });
    await post(webhook, review(), { agent });
    signal('SIGINT');
    expect(await exit).toBe(0);
    agent.destroy();
  });

  test('does not wait for the review in flight after a second signal', async () => {
    const { webhook, local, signal, exit } = await start();
    const outgoing = open(webhook);
    const cutOff = once(outgoing, 'error');
    outgoing.write('{');
    await waitForMetric(local, 'kubelet_guard_admission_requests_in_flight 1');
    signal('SIGTERM');
    signal('SIGTERM');
    expect(await exit).toBe(1);
    await cutOff;
  });

  test('works while it is still starting', async () => {
    const { exit, signal } = begin(files);
    signal('SIGTERM');
    expect(await exit).toBe(0);
  });

  test('cuts off a client that never ends its body, before the supervisor kills the process', async () => {
    const { webhook, local, signal, exit } = await start();
    const outgoing = open(webhook);
    outgoing.on('error', () => undefined);
    outgoing.write('{');
    await waitForMetric(local, 'kubelet_guard_admission_requests_in_flight 1');
    const began = performance.now();
    signal('SIGTERM');
    expect(await exit).toBe(0);
    // a supervisor waits for 30 s
    expect(performance.now() - began).toBeLessThan(20_000);
  }, 60_000);
});

async function waitUntilClosed(port: number): Promise<void> {
  for (;;) {
    const socket = connectPlain({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
      socket.destroy();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ECONNREFUSED') return;
    }
  }
}

async function waitForMetric(local: string, line: string): Promise<void> {
  while (!(await ask(`${local}/metrics`)).text.includes(line));
}

describe('a start that fails prints what to do', () => {
  async function faultOf(options: ServeOptions, now?: () => Date, env?: ServeDeps['env']): Promise<StartError> {
    const { exit, log } = begin(options, now, 0, env);
    return exit.then(
      () => Promise.reject(new Error('it started')),
      (cause: unknown) => {
        // the reason is printed alone
        expect(log.entries).toEqual([]);
        if (cause instanceof StartError) return cause;
        throw cause;
      },
    );
  }

  test('without a certificate', async () => {
    expect((await faultOf({})).message).toBe(
      'there is no serving certificate: pass --tls-secret, or --tls-cert-file and --tls-private-key-file, or try --demo',
    );
  });

  test('with a certificate but no key', async () => {
    const { tlsCertFile } = files;
    expect((await faultOf({ tlsCertFile })).message).toContain('need each other: pass both');
  });

  test('with an expired certificate', async () => {
    const later = () => new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);
    expect((await faultOf(files, later)).message).toContain(': renew it');
  });

  test('with an invalid configuration', async () => {
    const config = join(folder, 'wrong.yaml');
    writeFileSync(config, 'kind: x\nfoo: 1\n');
    expect((await faultOf({ ...files, config })).faults).toHaveLength(3);
  });

  test('with a kubeconfig that does not exist', async () => {
    const fault = await faultOf({ ...files, kubeconfig: join(folder, 'missing') });
    expect(fault.message).toMatch(/^cannot use the kubeconfig .*missing \(ENOENT\)/);
  });

  test('with everything that is missing, at once', async () => {
    const missing = (name: string) => join(folder, `missing-${name}`);
    const options = {
      config: missing('config'),
      kubeconfig: missing('kubeconfig'),
      tlsCertFile: missing('cert'),
      tlsPrivateKeyFile: missing('key'),
      clientCaFile: missing('ca'),
      listen: 'nonsense',
    };
    const { faults } = await faultOf(options);
    const named = ['config', 'kubeconfig', 'cert', 'key', 'ca'];
    expect(named.filter((name) => !faults.some((fault) => fault.includes(missing(name))))).toEqual([]);
    expect(faults.some((fault) => fault.includes('--listen'))).toBe(true);
  });

  test('with a $KUBECONFIG that cannot be used, which --kubeconfig overrides', async () => {
    const broken = join(folder, 'broken-kubeconfig');
    writeFileSync(broken, '{');
    const env = { KUBECONFIG: broken };
    expect((await faultOf({ ...files }, undefined, env)).message).toContain(`cannot use the kubeconfig ${broken}`);
    const kubeconfig = join(folder, 'missing');
    expect((await faultOf({ ...files, kubeconfig }, undefined, env)).message).toContain(kubeconfig);
  });

  test('with an unknown log level', async () => {
    expect((await faultOf({ ...files, logLevel: 'loud' })).message).toContain('--log-level must be one of');
  });

  test.each(['listen', 'localListen'] as const)(
    'with a port in use for %s, and closes the other port',
    async (option) => {
      const { webhook, local } = await start();
      const taken = option === 'listen' ? webhook : Number(new URL(local).port);
      const fault = await faultOf({ ...files, [option]: `127.0.0.1:${taken}` });
      expect(fault.message).toContain(`another program already listens on 127.0.0.1:${taken}`);
      expect(fault.message).toContain(option === 'listen' ? '--listen' : '--local-listen');
    },
  );

  test.each([
    ['its own certificate', { demo: true, tlsCertFile: 'x', tlsPrivateKeyFile: 'y' }, 'leave out --tls-cert-file'],
    ['a network address', { demo: true, listen: '192.0.2.1:8443' }, 'use --listen 127.0.0.1:8443'],
  ])('as a demo with %s', async (_name, options, message) => {
    expect((await faultOf(options)).message).toContain(message);
  });
});

describe('the demo', () => {
  const checkout = process.cwd();

  afterEach(() => {
    process.chdir(checkout);
  });

  test('prints the report about the sample cluster and real answers of its webhook, until a signal ends it', async () => {
    const cwd = mkdtempSync(join(folder, 'demo-'));
    // the demo writes its certificates into the working directory
    process.chdir(cwd);
    const { log, signal, exit } = begin({ demo: true, logLevel: 'warn' });
    while (!log.text.includes('Press Ctrl-C to stop.')) await Promise.race([once(log, 'more'), exit]);
    const { text } = log;

    const [first = ''] = text.split('\n', 1);
    expect(first).toMatch(/^Page {6}http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await ask(first.replace(/^Page +/, ''));
    expect(page).toMatchObject({ code: 200, text: expect.stringMatching(/<body data-live="[\da-f-]+-\d+">/) });
    expect(text).toMatch(/^PASS +apiserver-kubelet-client-cert .*cp-1\/kube-apiserver\.yaml/m);
    expect(text).toMatch(/^FAIL +apiserver-kubelet-client-cert .*cp-2\/kube-apiserver\.yaml/m);
    expect(text).toMatch(/^FAIL +kubelet-client-ca .*worker-1\/config\.yaml/m);
    expect(text).toContain('1 of 3 kube-apiserver configurations fails; 1 of 2 kubelet configurations fails');
    expect(text.match(/^ {2}curl -sS --cacert certs\/ca\.crt .*$/gm)).toHaveLength(2);
    expect(text).toContain('"allowed": true');
    expect(text).toMatch(/"allowed": false,[^]*kubelet-client-ca \(CIS Kubernetes Benchmark 4\.2\.3\)/);

    const port = Number(/https:\/\/localhost:(\d+)\/validate/.exec(text)?.[1]);
    const demoCA = readFileSync(join(cwd, 'certs/ca.crt'), 'utf8');
    const bad: unknown = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../samples/reviews/bad.json'), 'utf8'),
    );
    expect((await post(port, bad, { ca: demoCA })).text).toContain('"allowed":false');

    const local = /^Local +(http:\S+)\/api\/v1\/report$/m.exec(text)?.[1] ?? '';
    const report = JSON.parse((await ask(`${local}/api/v1/report`)).text) as object;
    expect(report).toMatchObject({ kind: 'GuardReport', run: { complete: true }, summary: { pass: 3, fail: 2 } });

    signal('SIGTERM');
    expect(await exit).toBe(0);
  }, 60_000);
});
