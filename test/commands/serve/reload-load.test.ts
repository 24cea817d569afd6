import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { developmentCertificates } from '../../../src/runtime/certificates/development.ts';
import { serve } from '../../../src/commands/serve/serve.ts';
import { Lines, review } from '../../support/admission.ts';

const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
const APISERVER = '  apiserver-kubelet-client-cert';
const KUBELET = '  kubelet-client-ca';

/** Two valid files; a mixture of them gives a third answer. The comments make them long and slow to read. */
const [FIRST, SECOND] = [
  `${HEAD}${'# one\n'.repeat(2000)}controls:\n${APISERVER}: { action: enforce }\n${KUBELET}: { action: audit }\n`,
  `${HEAD}${'# two\n'.repeat(2000)}controls:\n${APISERVER}: { action: audit }\n${KUBELET}: { action: enforce }\n`,
] as const;

/** Half a file, an empty file, a wrong word. */
const BAD = [FIRST.slice(0, -15), '', SECOND.replace('enforce', 'enforced')];

const CHANGES = 50;
const PER_SECOND = 200;
const BETWEEN_CHANGES = 15;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-load-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('while the file changes 50 times, no request fails, and each decision follows one of the two valid files', async () => {
  const config = join(folder, 'guard.yaml');
  writeFileSync(config, FIRST);
  const { ca, url, local, log, stop } = await start(config);
  const agent = new Agent({ keepAlive: true, ca });
  const body = JSON.stringify(review(bothWithoutFlags()));
  const ask = () => post(url, agent, body);

  const first = await ask();
  const answers = new Map([[first, 0]]);
  const failures: unknown[] = [];
  const sent: Promise<void>[] = [];
  const more = new Lines();
  const timer = setInterval(() => {
    const answered = ask().then(
      (answer) => {
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      },
      (cause: unknown) => failures.push(cause),
    );
    sent.push(answered.then(() => void more.emit('answer')));
  }, 1000 / PER_SECOND);

  const read = [
    'the configuration is reloaded',
    'the configuration file has faults; the previous configuration stays in use',
  ];
  for (let change = 1; change <= CHANGES; change += 1) {
    const good = change % 4 === 0 ? FIRST : SECOND;
    replace(config, change % 2 === 0 ? good : (BAD[change % BAD.length] ?? ''), change);
    while (log.entries.filter(({ msg }) => read.includes(String(msg))).length < change) await once(log, 'more');
    for (let answer = 0; answer < BETWEEN_CHANGES; answer += 1) await once(more, 'answer');
  }
  clearInterval(timer);
  await Promise.all(sent);
  const metrics = await textOf(await responseTo(get(`${local}/metrics`, { agent: false })));
  agent.destroy();
  expect(await stop()).toBe(0);

  expect(failures).toStrictEqual([]);
  const parsed = [...answers.keys()].map((answer) => JSON.parse(answer) as unknown);
  const denialFor = (slug: string) => {
    const message = expect.stringMatching(new RegExp(`^${slug} `));
    return expect.objectContaining({
      response: expect.objectContaining({ status: expect.objectContaining({ message }) }),
    });
  };
  expect(parsed).toStrictEqual([denialFor('apiserver-kubelet-client-cert'), denialFor('kubelet-client-ca')]);
  expect(Math.min(...answers.values())).toBeGreaterThan(100);
  expect(sent.length).toBeGreaterThan(CHANGES * BETWEEN_CHANGES);
  expect(metrics).toContain('kubelet_guard_config_reloads_total{result="success"} 25\n');
  expect(metrics).toContain('kubelet_guard_config_reloads_total{result="failure"} 25\n');
}, 90_000);

/** Replaces the file in three ways in turn: as an editor, as a program that renames, as the kubelet with a ConfigMap. */
function replace(path: string, text: string, change: number): void {
  const beside = join(folder, `version-${change}`);
  if (change % 3 === 0) {
    rmSync(path);
    writeFileSync(path, text);
  } else if (change % 3 === 1) {
    writeFileSync(beside, text);
    renameSync(beside, path);
  } else {
    writeFileSync(beside, text);
    symlinkSync(beside, `${beside}-link`);
    renameSync(`${beside}-link`, path);
  }
}

/** A pod that runs a kube-apiserver without its certificate and a kubelet without its CA. */
function bothWithoutFlags(): Record<string, unknown> {
  const containers = ['kube-apiserver', 'kubelet'].map((name) => ({ name, image: name, command: [name] }));
  const metadata = { name: 'both', namespace: 'kube-system' };
  return {
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    name: 'both',
    object: { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } },
  };
}

class Log extends Lines {
  override _write(chunk: Buffer, encoding: string, done: () => void): void {
    super._write(chunk, encoding, done);
    this.emit('more');
  }
}

async function start(config: string) {
  const now = new Date();
  const ca = readFileSync((await developmentCertificates(folder, now)).caFile, 'utf8');
  const log = new Log();
  let signal: (name: string) => void = () => undefined;
  const exit = serve(
    {
      listen: '127.0.0.1:0',
      localListen: '127.0.0.1:0',
      tlsCertFile: join(folder, 'tls.crt'),
      tlsPrivateKeyFile: join(folder, 'tls.key'),
      config,
      // each denied request is one log line
      logLevel: 'info',
    },
    {
      stdout: log,
      onSignal: (handler) => {
        signal = handler;
      },
      now: () => new Date(),
      version: '1.2.3',
      root: join(import.meta.dirname, '../../..'),
      onSweepSignal: () => undefined,
      linger: 0,
      reloadEvery: 5,
    },
  );
  while (!log.text.includes('"serving"')) await Promise.race([once(log, 'more'), exit]);
  const serving = log.entries.find(({ msg }) => msg === 'serving') as { webhook: string; local: string };
  const stop = (): Promise<number> => {
    signal('SIGTERM');
    return exit;
  };
  return { ca, url: `https://localhost:${new URL(serving.webhook).port}/validate`, local: serving.local, log, stop };
}

async function post(url: string, agent: Agent, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const response = await responseTo(request(url, { method: 'POST', agent, headers }).end(body));
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode ?? 0}`);
  return textOf(response);
}

async function responseTo(outgoing: ReturnType<typeof request>): Promise<IncomingMessage> {
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}
