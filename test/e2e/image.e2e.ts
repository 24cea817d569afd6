import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECKOUT } from '../support/dockerfile.ts';
import { Cleanup } from './support/cleanup.ts';
import { callLocal } from './support/local-port.ts';
import { Authority } from './support/pki.ts';
import { freePort, run, startProgram, type Program } from './support/programs.ts';
import { rehearse, type Image } from './support/rehearsal.ts';
import { eventually, Hopeless } from './support/wait.ts';

jest.setTimeout(60_000);

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

/** Prints whether V8 accepts the code that the build left. */
const ACCEPTS = `
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');
const cachedData = readFileSync('dist/program.cache');
console.log(new Script(readFileSync('dist/program.js', 'latin1'), { cachedData }).cachedDataRejected);`;

describe('the steps of the Dockerfile, run by an unprivileged user in clean folders,', () => {
  const cleanup = new Cleanup();
  const authority = new Authority('image-ca');
  let image: Image;

  beforeAll(async () => {
    image = await rehearse(cleanup);
  }, 600_000);
  afterAll(() => cleanup.run(), 60_000);

  const inImage = (...words: readonly string[]) => run(image.command(words));

  test('leave the program, its packages, and nothing else', () => {
    const all = readdirSync(image.workdir).sort();
    expect(all).toEqual(['LICENSE', 'dist', 'node_modules', 'package.json', 'samples']);
    expect(readdirSync(join(image.workdir, 'dist')).sort()).toEqual([
      ...['main.js', 'package.json', 'program.cache', 'program.js', 'worker.js'],
    ]);
  });

  test('leave every package that the program needs, and no development package', () => {
    const { packages } = JSON.parse(readFileSync(join(CHECKOUT, 'package-lock.json'), 'utf8')) as Lock;
    const { packages: left } = JSON.parse(
      readFileSync(join(image.workdir, 'node_modules/.package-lock.json'), 'utf8'),
    ) as Lock;
    const wanted = Object.keys(packages).filter((path) => path !== '' && packages[path]?.dev !== true);
    const needed = wanted.filter((path) => packages[path]?.optional !== true);

    expect(Object.keys(left).filter((path) => !wanted.includes(path))).toEqual([]);
    expect(needed.filter((path) => !(path in left))).toEqual([]);
  });

  test("leave V8 code that the image's Node accepts", async () => {
    expect((await inImage('node', '--eval', ACCEPTS)).stdout).toBe('false\n');
  });

  test("leave nothing that the image's user can write", async () => {
    const found = await run(['find', image.root, '!', '-type', 'l', '-perm', '/222']);
    expect(found.stdout).toBe('');
  });

  test('leave a program that checks a file', async () => {
    const good = await inImage(...image.entrypoint, 'check', 'samples/cluster/cp-1/kube-apiserver.yaml');
    const bad = await inImage(...image.entrypoint, 'check', 'samples/cluster/cp-2/kube-apiserver.yaml');

    expect([good.code, good.stderr]).toEqual([0, '']);
    expect([bad.code, bad.stderr]).toEqual([1, '']);
    expect(bad.stdout).toContain('--kubelet-client-key is not set');
  });

  test('leave a webhook that answers and writes nothing, and a working health check', async () => {
    const { port, local, program } = await startWebhook();
    const healthcheck = image.healthcheck.map((word) => word.replace(':8080/', `:${local}/`));

    const answer = await review(port, readFileSync(join(CHECKOUT, 'samples/reviews/bad.json')));
    const healthy = await inImage(...healthcheck);
    program.kill('SIGTERM');
    const exit = await program.ended;
    const gone = await inImage(...healthcheck);

    expect(answer).toMatchObject({ response: { allowed: false, status: { reason: 'Forbidden' } } });
    expect([healthy.code, exit.code, gone.code]).toEqual([0, 0, 1]);
    expect(program.log()).not.toContain('ERR_ACCESS_DENIED');
  });

  /** Runs `serve` as the image would, with a mounted certificate, until it is ready. */
  async function startWebhook(): Promise<{ port: number; local: number; program: Program }> {
    const dir = mkdtempSync(join(tmpdir(), 'kubelet-guard-image-'));
    cleanup.add(() => {
      rmSync(dir, { recursive: true });
    });
    const mounted = join(dir, 'mounted');
    mkdirSync(mounted);
    const pair = authority.issue({ name: 'kubelet-guard', addresses: ['127.0.0.1'] });
    writeFileSync(join(mounted, 'tls.crt'), pair.certificate);
    writeFileSync(join(mounted, 'tls.key'), pair.key);
    await run(['chmod', '755', dir]);
    const [port, local] = [await freePort(), await freePort()];
    const addresses = [`--listen=127.0.0.1:${port}`, `--local-listen=127.0.0.1:${local}`];
    const files = [`--tls-cert-file=${join(mounted, 'tls.crt')}`, `--tls-private-key-file=${join(mounted, 'tls.key')}`];
    const command = image.command([...image.entrypoint, 'serve', '--only=webhook', ...addresses, ...files]);
    const program = startProgram(cleanup, { name: 'image', dir, command });
    await eventually(
      'the webhook to be ready',
      async () => {
        if (program.exit() !== undefined) throw new Hopeless(`it ended\n${program.tail()}`);
        return (await callLocal(local, '/readyz')).status === 200 ? true : undefined;
      },
      { context: program.tail },
    );
    return { port, local, program };
  }

  function review(port: number, body: Buffer): Promise<unknown> {
    const agent = new Agent({ ca: authority.certificate });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const headers = { 'content-type': 'application/json' };
    const outgoing = request({ host: '127.0.0.1', port, path: '/validate', method: 'POST', agent, headers });
    outgoing.once('error', reject).once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      incoming.once('end', () => {
        resolve(JSON.parse(text));
      });
    });
    outgoing.end(body);
    return promise;
  }
});
