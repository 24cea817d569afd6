import { execFile, spawnSync } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import type { webcrypto } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { promisify } from 'node:util';

import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import 'reflect-metadata'; // @peculiar/x509 needs it loaded first
import * as x509 from '@peculiar/x509';

import type { RawDocument } from '../../../src/policy/document.ts';
import type { NodeTarget } from '../../../src/evidence/evidence.ts';
import { handshakeEvidence } from '../../../src/evidence/handshake/handshake.ts';
import { servingNamesBy } from '../../../src/evidence/serving-names.ts';
import { attribute, CERTIFICATE, nameDer, record, recorded, serverHello } from './bytes.ts';

const servers = new Set<Server>();
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all([...servers].map((server) => promisify(server.close.bind(server))()));
  sockets.clear();
  servers.clear();
});

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  servers.add(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** For tests that must not time out, even on a slow machine. */
const PATIENCE = 20_000;

interface Asked {
  readonly address?: string;
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly accepts?: (address: string) => boolean;
}

function ask(
  port: number,
  { address = '127.0.0.1', timeout = PATIENCE, signal, accepts }: Asked = {},
): Promise<RawDocument> {
  const node = { name: 'node-1', uid: '1', address, port };
  return handshakeEvidence({ timeout, ...(accepts && { accepts }) }).ask(node, signal ?? new AbortController().signal);
}

/** The names, `none requested`, or code and message of the problem. */
function outline(document: RawDocument): string | readonly string[] {
  if (document.form === 'hello') return document.authorities ?? 'none requested';
  return document.form === 'unanswered' ? `${document.problem.code}: ${document.problem.message}` : document.form;
}

/** A server that passes each connection to this function. */
function peer(handle: (socket: Socket) => void, host?: string): Promise<number> {
  return listen(createServer(handle), host);
}

type KeyType = 'RSA' | 'ECDSA' | 'Ed25519';

const ALGORITHMS = {
  RSA: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 },
  ECDSA: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  Ed25519: { name: 'Ed25519' },
} as const;

/** A self-signed certificate, for a name as text or in DER. */
async function selfSigned(type: KeyType, subject: string | Buffer, keys?: webcrypto.CryptoKeyPair) {
  const algorithm = ALGORITHMS[type];
  const pair =
    keys ?? ((await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair);
  const generator = x509.X509CertificateGenerator;
  const name = new x509.Name(subject);
  const cert = await generator.createSelfSigned({ name, keys: pair, signingAlgorithm: algorithm, serialNumber: '01' });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', pair.privateKey), 'PRIVATE KEY');
  return { cert: cert.toString('pem'), key, pair };
}

const identities = new Map<KeyType, Awaited<ReturnType<typeof selfSigned>>>();

beforeAll(async () => {
  for (const type of ['RSA', 'ECDSA', 'Ed25519'] as const) identities.set(type, await selfSigned(type, 'CN=node-1'));
}, 60_000);

async function authorities(names: readonly (string | Buffer)[], type: KeyType = 'ECDSA'): Promise<string[]> {
  const pair = identities.get(type)?.pair;
  const made = await Promise.all(names.map((name) => selfSigned(type, name, pair)));
  return made.map(({ cert }) => cert);
}

/** An OpenSSL TLS server, through Node. */
function tlsServer(type: KeyType, options: TlsOptions, host?: string): Promise<number> {
  const { cert = '', key = '' } = identities.get(type) ?? {};
  return listen(createTlsServer({ cert, key, rejectUnauthorized: false, ...options }), host);
}

const ODD = [
  nameDer(attribute('C', 'DE', 0x13), attribute('O', 'Müller "Söhne", Inc.'), attribute('CN', '#1 a+b;<c>\\ ')),
  nameDer(attribute('O', 'x', 0x16), attribute('CN', Buffer.from('Größe', 'utf16le').swap16(), 0x1e)),
  nameDer(attribute('O', Buffer.from('älter', 'latin1'), 0x14), attribute('CN', 'a\u001b[31m\n')),
];

const ODD_NAMES = [
  String.raw`CN=\#1 a\+b\;\<c\>\\\ ,O=Müller \"Söhne\"\, Inc.,C=DE`,
  'CN=Größe,O=x',
  String.raw`CN=a\1b[31m\0a,O=älter`,
];

describe('a TLS server', () => {
  test.each(['RSA', 'ECDSA', 'Ed25519'] as const)('with a key for %s names the CAs that it accepts', async (type) => {
    const ca = await authorities(['CN=kubernetes'], type);
    const port = await tlsServer(type, { requestCert: true, ca });
    expect(await ask(port)).toStrictEqual({
      form: 'hello',
      source: { node: 'node-1', via: 'handshake' },
      authorities: ['CN=kubernetes'],
    });
  });

  test('names CAs with odd names', async () => {
    const port = await tlsServer('ECDSA', { requestCert: true, ca: await authorities(ODD) });
    expect(new Set(outline(await ask(port)))).toStrictEqual(new Set(ODD_NAMES));
  });

  test('names 200 CAs, and the result has as many as can be shown', async () => {
    const ca = await authorities(Array.from({ length: 200 }, (_, index) => `CN=ca-${index}`));
    const names = outline(await ask(await tlsServer('ECDSA', { requestCert: true, ca })));
    expect(names).toHaveLength(101);
    expect(names.at(-1)).toBe('… and 100 more');
    expect(new Set(names).size).toBe(101);
  });

  test('requests no certificate', async () => {
    expect(await ask(await tlsServer('ECDSA', {}))).toStrictEqual({
      form: 'hello',
      source: { node: 'node-1', via: 'handshake' },
      authorities: undefined,
    });
  });

  test('requests a certificate and names no CA', async () => {
    expect(outline(await ask(await tlsServer('ECDSA', { requestCert: true, ca: [] })))).toStrictEqual([]);
  });

  test('speaks only TLS 1.3', async () => {
    const document = await ask(await tlsServer('ECDSA', { requestCert: true, minVersion: 'TLSv1.3' }));
    expect(document).toMatchObject({
      form: 'unanswered',
      component: 'kubelet',
      source: { node: 'node-1', via: 'handshake' },
      problem: { code: 'tls-version', message: expect.stringMatching(/^127\.0\.0\.1:\d+ refuses TLS 1\.2 .*configz$/) },
    });
  });

  test('speaks only TLS 1.1', async () => {
    const ciphers = 'DEFAULT@SECLEVEL=0';
    const port = await tlsServer('RSA', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers });
    expect(outline(await ask(port))).toMatch(/^tls-version: 127\.0\.0\.1:\d+ speaks only TLS 1\.1: /);
  });

  test.each([
    ['ECDSA', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['ECDSA', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ['ECDSA', 'ECDHE-ECDSA-AES256-SHA'],
    ['RSA', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ['RSA', 'ECDHE-RSA-AES128-SHA256'],
    ['RSA', 'AES128-GCM-SHA256'],
    ['RSA', 'AES256-SHA'],
  ] as const)('with a key for %s speaks only %s', async (type, ciphers) => {
    const ca = await authorities(['CN=kubernetes']);
    const port = await tlsServer(type, { maxVersion: 'TLSv1.2', ciphers, requestCert: true, ca });
    expect(outline(await ask(port))).toStrictEqual(['CN=kubernetes']);
  });

  test.each(['P-256', 'P-384', 'P-521', 'X25519'])('speaks only over %s', async (ecdhCurve) => {
    expect(outline(await ask(await tlsServer('RSA', { ecdhCurve })))).toBe('none requested');
  });

  test('shares no cipher suite', async () => {
    const port = await tlsServer('RSA', {
      maxVersion: 'TLSv1.2',
      ciphers: 'DHE-RSA-AES128-GCM-SHA256',
      dhparam: 'auto',
    });
    expect(outline(await ask(port))).toMatch(
      /^tls: 127\.0\.0\.1:\d+ ends the TLS handshake with alert 40 \(handshake_failure\)/,
    );
  });

  test('is called over IPv6', async () => {
    const port = await tlsServer('ECDSA', {}, '::1');
    expect(outline(await ask(port, { address: '::1' }))).toBe('none requested');
    const refused = await peer((socket) => socket.end('x'), '::1');
    expect(outline(await ask(refused, { address: '::1' }))).toMatch(/^malformed: \[::1\]:\d+ answers/);
  });

  test('receives the host name that is called, but never an address', async () => {
    const asked: string[] = [];
    const port = await tlsServer('ECDSA', {
      SNICallback: (name, done) => {
        asked.push(name);
        done(null);
      },
    });
    expect(outline(await ask(port))).toBe('none requested');
    expect(outline(await ask(port, { address: 'localhost' }))).toBe('none requested');
    expect(asked).toStrictEqual(['localhost']);
  });

  test('receives nothing if its name resolves to an address that is not allowed', async () => {
    const heard: unknown[] = [];
    const port = await peer((socket) => socket.on('data', (chunk) => heard.push(chunk)));
    const asked: string[] = [];
    const accepts = (to: string) => asked.push(to) > 1;
    expect(outline(await ask(port, { address: 'localhost', accepts }))).toMatch(
      /^unreachable: localhost:\d+ leads to 127\.0\.0\.1, where nothing is asked: /,
    );
    expect({ heard, asked }).toStrictEqual({ heard: [], asked: ['127.0.0.1'] });
  });

  test('is a problem if its certificate is that of another node', async () => {
    const port = await tlsServer('ECDSA', { requestCert: true, ca: await authorities(['CN=kubernetes']) });
    const seen: unknown[] = [];
    const node = { name: 'node-2', uid: '2', address: '127.0.0.1', port };
    const { ask } = handshakeEvidence({ timeout: PATIENCE, readNames: servingNamesBy({}) });
    const identityProblem: NodeTarget['identityProblem'] = (names) => {
      seen.push(names?.commonName);
      return { code: 'wrong-node', message: 'it answers as node-1' };
    };
    expect(outline(await ask({ ...node, identityProblem }, new AbortController().signal))).toBe(
      'wrong-node: it answers as node-1',
    );
    const known = await ask({ ...node, identityProblem: () => undefined }, new AbortController().signal);
    expect(outline(known)).toStrictEqual(['CN=kubernetes']);
    expect(seen).toStrictEqual(['node-1']);
  });

  test('is one of many that are called at once, each with its own result', async () => {
    const ports = await Promise.all(
      ['one', 'two', undefined].map(async (name) => {
        const ca = name === undefined ? [] : await authorities([`CN=${name}`]);
        return tlsServer('ECDSA', { requestCert: name !== undefined, ca });
      }),
    );
    const rounds = Array.from({ length: 20 }, () => Promise.all(ports.map(async (port) => outline(await ask(port)))));
    for (const round of await Promise.all(rounds))
      expect(round).toStrictEqual([['CN=one'], ['CN=two'], 'none requested']);
  });
});

const OPENSSL = 'openssl';
const hasOpenssl = spawnSync(OPENSSL, ['version']).status === 0;
if (!hasOpenssl) console.warn('openssl is not in PATH: the hellos are not compared with what it reads');

/** What `openssl s_client` reads; not synchronous, because the server is in this process. */
async function readByOpenssl(port: number): Promise<string | string[]> {
  const names = ['-nameopt', 'RFC2253,-esc_msb,utf8'];
  const running = promisify(execFile)(OPENSSL, ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', ...names]);
  running.child.stdin?.end();
  const { stdout } = await running.catch((cause: unknown) => cause as { stdout: string });
  const list = /^Acceptable client certificate CA names\n((?:.*=.*\n)+)/m.exec(stdout)?.[1];
  if (list !== undefined)
    return list
      .trimEnd()
      .split('\n')
      .filter((line) => /^[A-Z]+=/.test(line));
  return stdout.includes('No client certificate CA names sent') ? 'none' : stdout;
}

(hasOpenssl ? describe : describe.skip)('the CA names that openssl s_client -tls1_2 reads', () => {
  test('are the same', async () => {
    const plain = Array.from({ length: 3 }, (_, index) => `O=example,CN=ca-${index}`);
    const port = await tlsServer('ECDSA', { requestCert: true, ca: await authorities([...ODD, ...plain]) });
    const read = await readByOpenssl(port);
    expect(read).toHaveLength(6);
    // openssl writes hex in capitals
    const expected = [read].flat().map((name) => name.replace(/\\[\dA-F]{2}/g, (byte) => byte.toLowerCase()));
    expect(outline(await ask(port))).toStrictEqual(expected);
  });

  test('are empty if no certificate is requested', async () => {
    const port = await tlsServer('ECDSA', {});
    expect([await readByOpenssl(port), outline(await ask(port))]).toStrictEqual(['none', 'none requested']);
  });
});

describe('a server that is hostile, or not a kubelet', () => {
  test('sends nothing', async () => {
    const port = await peer(() => undefined);
    expect(outline(await ask(port, { timeout: 2000 }))).toMatch(
      /^timeout: 127\.0\.0\.1:\d+ accepted the connection and gave no whole answer within 2000 ms: check /,
    );
  });

  test('sends single bytes forever', async () => {
    const warning = record(Buffer.from([1, 112]), 21);
    let sent = 0;
    const port = await peer((socket) => {
      const drip = setInterval(() => socket.write(warning.subarray(sent % 7, (sent++ % 7) + 1)), 1);
      socket.on('close', () => {
        clearInterval(drip);
      });
    });
    expect(outline(await ask(port, { timeout: 2000 }))).toMatch(/^timeout: /);
    expect(sent).toBeGreaterThan(7);
  });

  test.each([
    ['warnings', record(Buffer.from([1, 112]), 21)],
    ['a certificate', record(Buffer.alloc(16_000))],
  ])('sends %s forever', async (_what, more) => {
    const start = record(Buffer.concat([serverHello(), CERTIFICATE.subarray(0, 1), Buffer.from([3, 0xff, 0xff])]));
    const port = await peer((socket) => {
      const flood = (): void => {
        if (!socket.destroyed) socket.write(Buffer.concat(Array.from({ length: 50 }, () => more)), flood);
      };
      socket.write(start, flood);
    });
    expect(outline(await ask(port))).toMatch(/^too-large: /);
  });

  test.each([
    [
      'an SSH banner',
      Buffer.from('SSH-2.0-x\r\n'),
      /^malformed: 127\.0\.0\.1:\d+ answers with something that is not TLS/,
    ],
    ['one byte of something else', Buffer.from('4'), /^malformed: /],
    ['empty records', Buffer.concat(Array.from({ length: 1000 }, () => record(Buffer.alloc(0)))), /^malformed: /],
    ['an alert', record(Buffer.from([2, 80]), 21), /^tls: .*alert 80 \(internal_error\)/],
  ])('sends %s, and waits', async (_what, bytes, expected) => {
    const port = await peer((socket) => socket.write(bytes));
    expect(outline(await ask(port))).toMatch(expected);
  });

  test('speaks plain HTTP', async () => {
    const port = await listen(createHttpServer());
    expect(outline(await ask(port))).toMatch(/^malformed: .*perhaps plain HTTP/);
  });

  test.each([
    ['at once', Buffer.alloc(0)],
    ['within the hello', recorded('client-ca').subarray(0, -1)],
  ])('closes the connection %s', async (_when, bytes) => {
    const port = await peer((socket) => socket.once('data', () => socket.end(bytes)));
    expect(outline(await ask(port))).toMatch(/^unreachable: .* closed the connection within the TLS handshake: check /);
  });

  test('resets the connection', async () => {
    const port = await peer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(outline(await ask(port))).toMatch(/^unreachable: .* broke the connection off \(ECONNRESET\): check /);
  });

  test('does not exist', async () => {
    const server = createServer();
    const port = await listen(server);
    servers.delete(server);
    await promisify(server.close.bind(server))();
    expect(outline(await ask(port))).toBe(
      `unreachable: 127.0.0.1:${port} cannot be reached (ECONNREFUSED): check that the kubelet runs, and its port in status.daemonEndpoints`,
    );
  });

  test('has a name that cannot be resolved', async () => {
    // a label has at most 63 characters, so no resolver is needed
    expect(outline(await ask(10_250, { address: `${'x'.repeat(64)}.invalid` }))).toMatch(
      /^unreachable: .* cannot be reached \((ENOTFOUND|EAI_AGAIN)\): check the node's address, and that DNS knows it$/,
    );
  });

  test.each([
    ['', 10_250],
    ['10.0.0.1\n', 10_250],
    ['a b', 10_250],
    ['http://10.0.0.1', 10_250],
    ['\u001b[31m', 10_250],
    [`${'x.'.repeat(200)}x`, 10_250],
    ['10.0.0.1', 0],
    ['10.0.0.1', 65_536],
    ['10.0.0.1', 1.5],
    ['10.0.0.1', Number.NaN],
  ])('has an invalid address or port: %j, %d', async (address, port) => {
    expect(outline(await ask(port, { address }))).toBe(
      "unreachable: the node's address and port cannot be used: check its status.addresses",
    );
  });
});

describe('a connection', () => {
  test('is closed with close_notify after the hello, without waiting for the server', async () => {
    const received: Buffer[] = [];
    const { promise: ended, resolve } = Promise.withResolvers<undefined>();
    const port = await peer((socket) => {
      socket.once('data', () => {
        socket.on('data', (chunk: Buffer) => received.push(chunk));
        socket.write(recorded('client-ca'));
      });
      socket.on('end', () => {
        resolve(undefined);
      });
    });
    expect(outline(await ask(port))).toStrictEqual(['CN=testbed-ca']);
    await ended;
    expect(Buffer.concat(received).toString('hex')).toBe('15030300020100');
  });

  test('is closed if the server sends more than expected', async () => {
    const port = await peer((socket) => {
      socket.once('data', () => socket.write(Buffer.concat([recorded('client-ca'), recorded('no-client-ca')])));
    });
    expect(outline(await ask(port))).toStrictEqual(['CN=testbed-ca']);
  });

  test('is closed if there was no answer', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<undefined>();
    const port = await peer((socket) => {
      socket.on('close', () => {
        resolve(undefined);
      });
      socket.resume();
    });
    expect(outline(await ask(port, { timeout: 1000 }))).toMatch(/^timeout: /);
    await closed;
  });

  test('is closed if the run is stopped', async () => {
    const run = new AbortController();
    const { promise: closed, resolve } = Promise.withResolvers<undefined>();
    const port = await peer((socket) => {
      socket.once('data', () => {
        run.abort();
      });
      socket.on('close', () => {
        resolve(undefined);
      });
    });
    expect(outline(await ask(port, { signal: run.signal }))).toMatch(
      /^timeout: .* did not answer before the run was stopped/,
    );
    await closed;
  });

  test('leaves no timer and no listener behind', async () => {
    const run = new AbortController();
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const port = await peer((socket) => socket.once('data', () => socket.write(recorded('client-ca'))));
    const before = timers();
    const asked = ask(port, { signal: run.signal });
    expect([timers() - before, getEventListeners(run.signal, 'abort').length]).toStrictEqual([1, 1]);
    await asked;
    expect([timers() - before, getEventListeners(run.signal, 'abort').length]).toStrictEqual([0, 0]);
  });

  test('is never opened if the run is already stopped', async () => {
    let connections = 0;
    const port = await peer(() => (connections += 1));
    expect(outline(await ask(port, { signal: AbortSignal.abort() }))).toMatch(/^timeout: .* was not asked/);
    // an earlier connection would have been seen before this one
    expect(outline(await ask(port, { timeout: 1000 }))).toMatch(/^timeout: /);
    expect(connections).toBe(1);
  });
});
