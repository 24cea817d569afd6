import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';

import { credentialsOf, type CredentialSource } from '../../../src/kube/kubeconfig/credentials.ts';
import { ANONYMOUS, type AccessUser, type ExecPlugin } from '../../../src/kube/kubeconfig/user.ts';
import { issue } from '../../support/https-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-credentials-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const signal = () => new AbortController().signal;
const START = Date.parse('2026-11-23T12:00:00Z');
let now = START;
beforeEach(() => {
  now = START;
  writeFileSync(join(folder, 'runs'), '');
});

function sourceOf(user: Partial<AccessUser>, isTls = true, patience = 30_000): CredentialSource {
  const cluster = {
    server: 'https://x',
    ca: undefined,
    skipVerify: false,
    serverName: undefined,
    proxyUrl: undefined,
    execConfig: undefined,
  };
  const env = { PATH: process.env.PATH };
  const around = { env, isInteractive: false, cluster, ca: undefined, proxyUrl: undefined, patience };
  return credentialsOf({ ...ANONYMOUS, ...user }, isTls, around, () => now);
}

const V1 = 'client.authentication.k8s.io/v1';

/** A plugin that is a shell script. */
function plugin(script: string, more: Partial<ExecPlugin> = {}): ExecPlugin {
  return {
    command: 'sh',
    args: ['-c', `echo run >> ${folder}/runs; ${script}`],
    env: [],
    apiVersion: V1,
    installHint: '',
    provideClusterInfo: false,
    interactiveMode: 'IfAvailable',
    ...more,
  };
}

function printing(status: object, apiVersion = V1): string {
  return `cat <<'END'\n${JSON.stringify({ kind: 'ExecCredential', apiVersion, status })}\nEND\n`;
}

const runs = (): number => readFileSync(join(folder, 'runs'), 'utf8').split('\n').length - 1;
const headersOf = async (source: CredentialSource) => (await source.current(signal())).headers;

describe('the credentials of a request', () => {
  const file = join(folder, 'token');

  test.each<[string, Partial<AccessUser>, object]>([
    ['nothing', {}, {}],
    ['a token', { token: 't' }, { Authorization: 'Bearer t' }],
    ['a user name', { basic: { username: 'u', password: 'p:' } }, { Authorization: 'Basic dTpwOg==' }],
    [
      'impersonation',
      {
        impersonate: {
          user: 'zoë',
          uid: '1',
          groups: ['a', 'b'],
          extra: { 'Example.org/x%': ['v'], 'ä b': ['w', 'x'] },
        },
      },
      {
        'Impersonate-User': Buffer.from('zoë').toString('latin1'),
        'Impersonate-Uid': '1',
        'Impersonate-Group': ['a', 'b'],
        'Impersonate-Extra-Example.org%2Fx%25': ['v'],
        'Impersonate-Extra-%C3%A4%20b': ['w', 'x'],
      },
    ],
  ])('with %s', async (_name, user, headers) => {
    expect(await headersOf(sourceOf(user))).toStrictEqual(headers);
  });

  test('over plain HTTP are nothing that another could use', async () => {
    const impersonate = { user: 'a', uid: '', groups: [], extra: {} };
    const user = { token: 't', exec: plugin('exit 1'), impersonate };
    expect(await headersOf(sourceOf(user, false))).toStrictEqual({ 'Impersonate-User': 'a' });
  });

  test('from a file are its current content, else its previous content, else the token', async () => {
    rmSync(file, { force: true });
    const source = sourceOf({ token: 'fixed', tokenFile: file });
    expect(await headersOf(source)).toStrictEqual({ Authorization: 'Bearer fixed' });
    writeFileSync(file, ' one\n');
    expect(await headersOf(source)).toStrictEqual({ Authorization: 'Bearer one' });
    writeFileSync(file, '');
    expect(await headersOf(source)).toStrictEqual({ Authorization: 'Bearer one' });
    await expect(sourceOf({ tokenFile: file }).current(signal())).rejects.toThrow(
      `the file of the token, ${file}, is empty`,
    );
    await expect(sourceOf({ tokenFile: `${file}-not` }).current(signal())).rejects.toThrow('cannot read');
  });

  test('from an ID token are that token, until it expires', async () => {
    const token = (payload: object) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.s`;
    const lasting = token({ exp: START / 1000 + 1 });
    expect(await headersOf(sourceOf({ idToken: lasting }))).toStrictEqual({ Authorization: `Bearer ${lasting}` });
    const over = sourceOf({ idToken: token({ exp: START / 1000 - 1 }) });
    await expect(over.current(signal())).rejects.toThrow('run any kubectl command with this context, which renews it');
    await expect(sourceOf({ idToken: 'x' }).current(signal())).rejects.toThrow('is no JWT');
  });
});

describe('a plugin', () => {
  test('runs once, even if several calls wait for it, until its credentials expire', async () => {
    const expirationTimestamp = new Date(START + 1000).toISOString();
    const source = sourceOf({ exec: plugin(printing({ token: 't', expirationTimestamp })) });
    const all = await Promise.all([headersOf(source), headersOf(source), headersOf(source)]);
    expect(all).toStrictEqual(Array(3).fill({ Authorization: 'Bearer t' }));
    now += 999;
    await headersOf(source);
    expect(runs()).toBe(1);
    now += 2;
    await headersOf(source);
    expect(runs()).toBe(2);
  });

  test('whose credentials have already expired does not run for each call', async () => {
    const source = sourceOf({ exec: plugin(printing({ token: 't', expirationTimestamp: '2020-01-01T00:00:00Z' })) });
    for (let call = 0; call < 5; call += 1) await headersOf(source);
    expect(runs()).toBe(1);
    now += 60_000;
    await headersOf(source);
    expect(runs()).toBe(2);
  });

  test('runs again if its token is rejected, but not for each rejection', async () => {
    const source = sourceOf({ exec: plugin(printing({ token: 't' })) });
    const first = await source.current(signal());
    expect(source.refused(first)).toBe(true);
    const second = await source.current(signal());
    expect(source.refused(first)).toBe(true);
    expect(source.refused(second)).toBe(false);
    await source.current(signal());
    expect(runs()).toBe(2);
    now += 60_000;
    expect(source.refused(await source.current(signal()))).toBe(true);
  });

  test('that failed is not run again at once', async () => {
    const source = sourceOf({ exec: plugin('exit 3') });
    for (let call = 0; call < 3; call += 1) {
      await expect(source.current(signal())).rejects.toThrow('the credential plugin sh failed with exit code 3');
    }
    expect(runs()).toBe(1);
    now += 10_000;
    await expect(source.current(signal())).rejects.toThrow();
    expect(runs()).toBe(2);
  });

  test('does not run if there is a token', async () => {
    expect(await headersOf(sourceOf({ token: 't', exec: plugin('exit 1') }))).toStrictEqual({
      Authorization: 'Bearer t',
    });
  });

  test('gives a certificate, unless the kubeconfig has one', async () => {
    const { certificate: cert, key } = issue({ name: 'somebody' });
    const exec = plugin(printing({ clientCertificateData: cert, clientKeyData: key }));
    expect((await sourceOf({ exec }).current(signal())).certificate).toStrictEqual({ cert, key });
    const own = { certificate: { text: 'c' }, key: { text: 'k' } };
    const both = await sourceOf({ exec, certificate: own }).current(signal());
    expect(both.certificate).toStrictEqual({ cert: 'c', key: 'k' });
  });

  test('gets the variables of the kubeconfig, and what is requested', async () => {
    const script = `printf '{"kind":"ExecCredential","apiVersion":"${V1}","status":{"token":"%s %s"}}' "$OWN" "$(printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0)"`;
    const source = sourceOf({
      exec: plugin(script, {
        provideClusterInfo: true,
        env: [
          { name: 'OWN', value: 'x' },
          { name: 'KUBERNETES_EXEC_INFO', value: 'y' },
        ],
      }),
    });
    const [, own, info = ''] = String((await headersOf(source)).Authorization).split(' ');
    expect(own).toBe('x');
    expect(JSON.parse(Buffer.from(info, 'base64').toString())).toStrictEqual({
      kind: 'ExecCredential',
      apiVersion: V1,
      spec: { cluster: { server: 'https://x', config: null }, interactive: false },
    });
  });

  test('ends with the signal, and this failure is not remembered', async () => {
    const abort = new AbortController();
    const source = sourceOf({ exec: plugin('exec sleep 60') });
    const call = source.current(abort.signal);
    abort.abort();
    await expect(call).rejects.toThrow('was stopped before it printed credentials');
    await expect(source.current(AbortSignal.abort())).rejects.toThrow('was stopped');
  });

  test('that hangs where nobody can answer it is ended', async () => {
    const source = sourceOf({ exec: plugin('exec sleep 60') }, true, 50);
    await expect(source.current(signal())).rejects.toThrow('did not end within 50 ms, and nobody can answer it here');
  });

  const other = issue({ name: 'other' });
  test.each<[string, string, Partial<ExecPlugin>, string]>([
    [
      'is not installed',
      '',
      { command: 'no-such-plugin', installHint: 'install x\n' },
      'is not on the PATH (kubectl: "exec: executable no-such-plugin not found"); install it; the kubeconfig says: install x',
    ],
    ['is not executable', '', { command: join(folder, 'runs') }, '/runs cannot be started (EACCES)'],
    ['is killed', 'kill -9 $$', {}, 'sh was ended by SIGKILL'],
    ['needs a terminal', '', { interactiveMode: 'Always' }, 'sh needs a terminal'],
    ['prints no JSON', 'echo hello', {}, 'printed no ExecCredential on standard output'],
    ['prints too much', 'head -c 2000000 /dev/zero', {}, 'printed more than 1048576 bytes'],
    [
      'answers in another version',
      printing({ token: 't' }, 'client.authentication.k8s.io/v1beta1'),
      {},
      'printed client.authentication.k8s.io/v1beta1',
    ],
    ['prints no credentials', printing({}), {}, 'printed neither a token nor a certificate'],
    [
      'prints a key without a certificate',
      printing({ clientKeyData: 'x' }),
      {},
      'printed only one of certificate and key',
    ],
    [
      'prints an invalid certificate',
      printing({ clientKeyData: 'x', clientCertificateData: 'y' }),
      {},
      'a certificate that cannot be used',
    ],
    [
      'prints a key that does not match the certificate',
      printing({ clientKeyData: issue({}).key, clientCertificateData: other.certificate }),
      {},
      'the key is not that of the certificate',
    ],
    [
      'prints an invalid time',
      printing({ token: 't', expirationTimestamp: 'soon' }),
      {},
      'expire at soon, which is no time',
    ],
  ])('that %s fails with a message', async (_name, script, more, reason) => {
    await expect(sourceOf({ exec: plugin(script, more) }).current(signal())).rejects.toMatchObject({
      name: 'ApiFault',
      message: expect.stringContaining(reason),
    });
  });
});
