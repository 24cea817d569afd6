import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { HELLO_LIMIT, HelloFault } from '../../../src/evidence/handshake/fields.ts';
import { distinguishedNames } from '../../../src/evidence/certificates/names.ts';
import { readHello, type HelloResult } from '../../../src/evidence/handshake/server-hello.ts';
import {
  CERTIFICATE,
  certificateRequest,
  DONE,
  helloMessages,
  KEY_EXCHANGE,
  message,
  record,
  recorded,
  serverHello,
  uint,
  vector,
} from './bytes.ts';

function read(...chunks: readonly Uint8Array[]): HelloResult | undefined {
  const reader = readHello();
  let result: HelloResult | undefined;
  for (const chunk of chunks) result = reader.push(chunk);
  return result;
}

/** The names in hex, `none requested`, `more wanted`, or the fault. */
function outline(result: HelloResult | undefined): string | string[] {
  if (result === undefined) return 'more wanted';
  if (result instanceof HelloFault) return `${result.code}: ${result.message}`;
  return result.authorities?.map((name) => Buffer.from(name).toString('hex')) ?? 'none requested';
}

/** Cuts bytes at these places, modulo their length. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length));
}

const places = fc.array(fc.nat(), { maxLength: 30 });
const names = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
const alert = (level: number, description: number) => record(Buffer.from([level, description]), 21);
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('the server hello of a kubelet v1.37.2', () => {
  const shown = (name: string) => {
    const result = read(recorded(name));
    if (result === undefined || result instanceof HelloFault) return result;
    return result.authorities === undefined ? 'none requested' : distinguishedNames(result.authorities);
  };

  test('names its client CA', () => {
    expect(shown('client-ca')).toStrictEqual(['CN=testbed-ca']);
  });

  test('names all CAs of a bundle', () => {
    expect(shown('client-ca-bundle')).toStrictEqual([
      String.raw`CN=front \+ back \<CA\>,O=Example\, Inc.`,
      String.raw`CN=\#1 CA\ ,OU=IT/Ops,O=Müller \"Söhne\",L=München,ST=Bayern,C=DE`,
      'OU=x+CN=old,DC=example,DC=org',
      'CN=testbed-ca',
    ]);
  });

  test('requests no certificate without a client CA', () => {
    expect(shown('no-client-ca')).toBe('none requested');
  });

  test('rejects TLS 1.2 if the kubelet speaks only TLS 1.3', () => {
    expect(outline(read(recorded('tls-1.3-only')))).toBe(
      'tls-version: refuses TLS 1.2 (alert 70, protocol_version), and TLS 1.3 encrypts the names of CAs: use the evidence configz',
    );
  });

  test('is complete only at its last byte', () => {
    const bytes = recorded('client-ca');
    const reader = readHello();
    for (const byte of bytes.subarray(0, -1)) expect(reader.push(Uint8Array.of(byte))).toBeUndefined();
    expect(reader.push(bytes.subarray(-1))).toHaveProperty('authorities');
  });
});

describe('any server hello', () => {
  test('has the same result in any records and chunks, with warnings in between', () => {
    fc.assert(
      fc.property(
        fc.option(names, { nil: undefined }),
        places,
        places,
        fc.boolean(),
        (list, fragments, chunks, warns) => {
          const records = cut(helloMessages(list), fragments).filter(({ length }) => length > 0);
          const warning = warns ? [alert(1, 112)] : [];
          const bytes = Buffer.concat(records.flatMap((content) => [...warning, record(content)]));
          expect(outline(read(...cut(bytes, chunks)))).toStrictEqual(list?.map(hexOf) ?? 'none requested');
        },
      ),
    );
  });

  test('that was changed is rejected or has names that are in it, and never throws', () => {
    const change = fc.record({ place: fc.nat(), removed: fc.nat({ max: 3 }), added: fc.uint8Array({ maxLength: 3 }) });
    const fixture = fc.constantFrom('client-ca', 'client-ca-bundle', 'no-client-ca', 'tls-1.3-only').map(recorded);
    fc.assert(
      fc.property(fixture, fc.array(change, { minLength: 1, maxLength: 4 }), places, (original, changes, chunks) => {
        let bytes = original;
        for (const { place, removed, added } of changes) {
          const at = place % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed), Buffer.alloc(1)]);
        }
        const result = read(...cut(bytes, chunks));
        expect(outline(result)).toStrictEqual(outline(read(bytes)));
        if (result === undefined || result instanceof HelloFault) return;
        for (const name of result.authorities ?? []) expect(bytes.includes(name)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('that is cut off is never complete', () => {
    const bytes = recorded('client-ca-bundle');
    for (let length = 0; length < bytes.length; length += 1) expect(read(bytes.subarray(0, length))).toBeUndefined();
  });

  test('of random bytes is rejected', () => {
    const noise = fc.uint8Array({ minLength: 6, maxLength: 300 });
    const framed = noise.map((bytes) => record(bytes));
    fc.assert(
      fc.property(fc.oneof(noise, framed), (bytes) => {
        const result = read(bytes);
        expect(result === undefined || result instanceof HelloFault).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('is accepted only if its messages are in the right order', () => {
    const known = new Map([
      [2, serverHello()],
      [11, CERTIFICATE],
      [12, KEY_EXCHANGE],
      [13, certificateRequest([Buffer.from('x')])],
      [14, DONE],
    ]);
    const regular = fc.subarray([2, 11, 22, 12, 13, 14], { minLength: 3 });
    const any = fc.array(fc.constantFrom(0, 1, 2, 4, 11, 12, 13, 14, 16, 20, 22), { maxLength: 7 });
    fc.assert(
      fc.property(fc.oneof(regular, any), (types) => {
        const result = read(...types.map((type) => record(known.get(type) ?? message(type))));
        // records after ServerHelloDone are not read
        const isRight = /^2 11 (22 )?(12 )?(13 )?14( |$)/.test(types.join(' '));
        const isAsked = types.slice(0, types.indexOf(14)).includes(13);
        if (isRight) expect(outline(result)).toStrictEqual(isAsked ? ['78'] : 'none requested');
        else expect(result === undefined || (result instanceof HelloFault && result.code === 'malformed')).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a server that breaks the rules', () => {
  const lengths = (what: string) => `malformed: sends a TLS ${what} whose lengths do not add up`;
  const whole = (first: Buffer) => Buffer.concat([first, CERTIFICATE, DONE]);
  const cases: [string, Buffer, string][] = [
    ['speaks HTTP', Buffer.from('HTTP/1.1 400 Bad Request'), 'malformed: answers with something that is not TLS'],
    ['sends one byte that is not TLS', Buffer.from('S'), 'malformed: answers with something that is not TLS'],
    [
      'sends an unknown version of records',
      Buffer.from('160200000100', 'hex'),
      'malformed: sends a TLS record of an unknown',
    ],
    ['sends application data', record(Buffer.from('x'), 23), 'malformed: sends a TLS record out of order'],
    ['changes the cipher', record(Buffer.from([1]), 20), 'malformed: sends a TLS record out of order'],
    ['sends an empty record', record(Buffer.alloc(0)), 'malformed: sends a TLS record of a length'],
    ['sends an empty alert', record(Buffer.alloc(0), 21), 'malformed: sends a TLS record of a length'],
    ['sends too long a record', Buffer.from('1603034001', 'hex'), 'malformed: sends a TLS record of a length'],
    ['sends half an alert', record(Buffer.from([2]), 21), lengths('alert')],
    ['sends two alerts in one', record(Buffer.from([1, 112, 1, 112]), 21), lengths('alert')],
    [
      'goes on after ServerHelloDone',
      record(Buffer.concat([helloMessages(), certificateRequest([])])),
      'malformed: goes on',
    ],
    [
      'sends a ServerHelloDone that is not empty',
      record(Buffer.concat([serverHello(), CERTIFICATE, message(14, uint(1, 0))])),
      lengths('ServerHelloDone'),
    ],
    [
      'sends no certificate',
      record(Buffer.concat([serverHello(), DONE])),
      'malformed: sends the TLS handshake message 14 out of order',
    ],
    [
      'sends two certificates',
      record(Buffer.concat([serverHello(), CERTIFICATE, CERTIFICATE])),
      'malformed: sends the TLS handshake message 11 out of order',
    ],
    [
      'requests a certificate twice',
      record(
        Buffer.concat([
          serverHello(),
          CERTIFICATE,
          certificateRequest([]),
          certificateRequest([Buffer.from('x')]),
          DONE,
        ]),
      ),
      'malformed: sends the TLS handshake message 13 out of order',
    ],
    ['sends too long a session', record(whole(serverHello({ session: 33 }))), lengths('ServerHello')],
    ['speaks SSL 3.0', record(whole(serverHello({ version: 0x0300 }))), 'tls-version: speaks only SSL 3.0'],
    ['speaks TLS 1.0', record(whole(serverHello({ version: 0x0301 }))), 'tls-version: speaks only TLS 1.0'],
    ['speaks TLS 1.1', record(whole(serverHello({ version: 0x0302 }))), 'tls-version: speaks only TLS 1.1'],
    [
      'chooses a version that is not offered',
      record(whole(serverHello({ version: 0x0304 }))),
      'malformed: chooses in its TLS ServerHello a version',
    ],
    [
      'chooses a cipher suite of TLS 1.3',
      record(whole(serverHello({ suite: 0x1301 }))),
      'malformed: chooses in its TLS ServerHello what',
    ],
    [
      'chooses no encryption',
      record(whole(serverHello({ suite: 0 }))),
      'malformed: chooses in its TLS ServerHello what',
    ],
    ['compresses', record(whole(serverHello({ compression: 1 }))), 'malformed: chooses in its TLS ServerHello what'],
    [
      'sends a ServerHello that is too long',
      record(whole(serverHello({ rest: Buffer.from([0, 0, 0]) }))),
      lengths('ServerHello'),
    ],
    ['sends a ServerHello that is too short', record(message(2, Buffer.from([3, 3, 0]))), lengths('ServerHello')],
  ];
  test.each(cases)('%s', (_what, bytes, expected) => {
    const result = outline(read(bytes));
    expect(result.slice(0, expected.length)).toBe(expected);
  });

  test.each([
    ['no content', ''],
    ['an empty name', '00 0000 0002 0000'],
    ['a name beyond the end', '00 0000 0003 000261'],
    ['bytes after its names', '00 0000 0000 00'],
    ['half a length', '00 0000 0001 00'],
  ])('requests a certificate with %s', (_what, hex) => {
    const request = message(13, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    const result = outline(read(record(Buffer.concat([serverHello(), CERTIFICATE, request, DONE]))));
    expect(result).toMatch(/^malformed: sends a TLS CertificateRequest whose lengths do not add up: /);
  });

  test.each([
    [2, 40, /^tls: ends the TLS handshake with alert 40 \(handshake_failure\): .*configz$/],
    [2, 80, /^tls: ends the TLS handshake with alert 80 \(internal_error\): .*CertificateSigningRequest/],
    [1, 0, /^tls: ends the TLS handshake with alert 0 \(close_notify\): /],
    [2, 199, /^tls: ends the TLS handshake with alert 199 \(unknown\): /],
    [1, 70, /^tls-version: /],
    [1, 112, /^more wanted$/],
  ])('sends an alert of level %d, %d', (level, description, expected) => {
    expect(outline(read(alert(level, description)))).toMatch(expected);
  });

  test('cannot make the hello longer than the limit', () => {
    const huge = Buffer.concat([uint(1, 11), uint(3, HELLO_LIMIT + 1)]);
    expect(outline(read(record(Buffer.concat([serverHello(), huge]))))).toMatch(/^too-large: sends .* 256 KiB/);
    const reader = readHello();
    const warnings = Buffer.concat(Array.from({ length: 1000 }, () => alert(1, 112)));
    const needed = Math.ceil(HELLO_LIMIT / warnings.length);
    for (let sent = 1; sent < needed; sent += 1) expect(reader.push(warnings)).toBeUndefined();
    expect(outline(reader.push(warnings))).toMatch(/^too-large: /);
  });

  test('can send a hello that is exactly as long as the limit', () => {
    const certificate = (length: number) => message(11, vector(3, Buffer.alloc(length)));
    const records = (bytes: Buffer) => {
      const count = Math.ceil(bytes.length / 16_384);
      return Buffer.concat(
        Array.from({ length: count }, (_, i) => record(bytes.subarray(i * 16_384, (i + 1) * 16_384))),
      );
    };
    const hello = (length: number) => records(Buffer.concat([serverHello(), certificate(length), DONE]));
    const room = HELLO_LIMIT - hello(250_000).length + 250_000;
    expect(hello(room)).toHaveLength(HELLO_LIMIT);
    expect(outline(read(hello(room)))).toBe('none requested');
    expect(outline(read(hello(room + 1)))).toMatch(/^too-large: /);
  });

  test('gets the same result whatever it sends later', () => {
    const reader = readHello();
    const result = reader.push(recorded('client-ca'));
    expect(reader.push(recorded('no-client-ca'))).toBe(result);
  });
});
