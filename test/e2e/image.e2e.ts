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

/** The size that the product may add to Node. */
const MAX_BYTES = 10_000_000;

/** Prints whether V8 accepts the code that the build left. */
const ACCEPTS = `
const { readFileSync } = require('node:fs');
const { Script } = require('node:vm');
for (const name of ['program', 'server']) {
  const cachedData = readFileSync(\`dist/\${name}.cache\`);
  console.log(new Script(readFileSync(\`dist/\${name}.js\`, 'latin1'), { cachedData }).cachedDataRejected);
}`;

const { version: VERSION } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };

describe('the steps of the Dockerfile, run by an unprivileged user in clean folders,', () => {
  const cleanup = new Cleanup();
  const authority = new Authority('image-ca');
  let image: Image;

  beforeAll(async () => {
    image = await rehearse(cleanup);
  }, 600_000);
  afterAll(() => cleanup.run(), 60_000);

  const inImage = (...words: readonly string[]) => run(image.command(words));

  test('leave the program, and nothing else', () => {
    expect(readdirSync(image.workdir).sort()).toEqual(['LICENSE', 'dist', 'package.json', 'samples']);
    expect(readdirSync(join(image.workdir, 'dist')).sort()).toEqual([
      ...[
        'LICENSES.txt',
        'main.js',
        'package.json',
        'program.cache',
        'program.js',
        'server.cache',
        'server.js',
        'worker.js',
      ],
    ]);
  });

  test('leave a program that adds little to Node', async () => {
    const { stdout } = await run(['du', '--bytes', '--summarize', image.workdir]);
    expect(parseInt(stdout)).toBeLessThan(MAX_BYTES);
  });

  test('leave the only programs: Node and kubelet-guard', async () => {
    const { stdout } = await run(['find', image.root, '-type', 'f', '-perm', '/111', '-printf', '/%P\n']);
    expect(
      stdout
        .split('\n')
        .filter((path) => path !== '' && !/\/lib(64)?\//.test(path))
        .sort(),
    ).toEqual([...['/app/dist/main.js', '/usr/local/bin/kubelet-guard', '/usr/local/bin/node']]);
  });

  test('leave a `kubelet-guard` that needs no shell', async () => {
    expect(await inImage('kubelet-guard', '--version')).toMatchObject({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });

  test('leave what scanners read: the distribution, and the Debian package of each library', async () => {
    expect(readFileSync(join(image.root, 'etc/os-release'), 'utf8')).toMatch(/^ID=\w+$/m);
    const { stdout } = await run(['find', image.root, '-name', 'lib*.so*', '-printf', '%f\n']);
    const folder = join(image.root, 'var/lib/dpkg/status.d');
    const entries = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(stdout).toContain('libstdc++.so.6\n');
    expect(entries.map((entry) => /^Package: (\S+)$/m.exec(entry)?.[1]).sort()).toEqual(
      expect.arrayContaining(['libc6', 'libgcc-s1', 'libstdc++6']),
    );
    for (const entry of entries) expect(entry).toMatch(/^Version: \S+$/m);
  });

  test("leave V8 code that the image's Node accepts", async () => {
    expect((await inImage('node', '--eval', ACCEPTS)).stdout).toBe('false\nfalse\n');
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
    const mounted = join(image.root, 'mounted');
    mkdirSync(mounted);
    const pair = authority.issue({ name: 'kubelet-guard', addresses: ['127.0.0.1'] });
    writeFileSync(join(mounted, 'tls.crt'), pair.certificate);
    writeFileSync(join(mounted, 'tls.key'), pair.key);
    const [port, local] = [await freePort(), await freePort()];
    const addresses = [`--listen=127.0.0.1:${port}`, `--local-listen=127.0.0.1:${local}`];
    const files = ['--tls-cert-file=/mounted/tls.crt', '--tls-private-key-file=/mounted/tls.key'];
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
