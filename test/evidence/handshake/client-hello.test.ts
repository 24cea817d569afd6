import { describe, expect, test } from '@jest/globals';

import { clientHello, isOffered } from '../../../src/evidence/handshake/client-hello.ts';
import { ByteReader } from '../../../src/evidence/handshake/fields.ts';

/** Parses a ClientHello; all its lengths have to add up. */
function parse(bytes: Buffer) {
  const record = new ByteReader(bytes, 'record');
  const recordHeader = [record.uint(1), record.uint(2)];
  const message = new ByteReader(record.vector(2), 'message');
  record.end();
  const type = message.uint(1);
  const hello = new ByteReader(message.vector(3), 'ClientHello');
  message.end();
  const version = hello.uint(2);
  const random = hello.bytes(32);
  const session = hello.vector(1);
  const list = new ByteReader(hello.vector(2), 'cipher suites');
  const suites: number[] = [];
  while (!list.isAtEnd) suites.push(list.uint(2));
  const compression = hello.vector(1);
  const extended = new ByteReader(hello.vector(2), 'extensions');
  hello.end();
  const extensions = new Map<number, string>();
  while (!extended.isAtEnd) extensions.set(extended.uint(2), extended.vector(2).toString('hex'));
  return { recordHeader, type, version, random, session, suites, compression, extensions };
}

describe('a ClientHello', () => {
  test('offers TLS 1.2, and never TLS 1.3', () => {
    const { recordHeader, type, version, session, compression, extensions } = parse(clientHello('10.0.0.1'));
    expect({ recordHeader, type, version }).toStrictEqual({ recordHeader: [22, 0x0301], type: 1, version: 0x0303 });
    expect([session.length, compression.toString('hex')]).toStrictEqual([0, '00']);
    expect([...extensions.keys()]).toStrictEqual([10, 11, 13, 0xff01]);
  });

  test('offers no cipher suite twice, and each can be recognized', () => {
    const { suites } = parse(clientHello('10.0.0.1'));
    expect(new Set(suites).size).toBe(suites.length);
    expect(suites.every(isOffered)).toBe(true);
    // a server cannot choose signalling values or TLS 1.3
    for (const suite of [0x0000, 0x00ff, 0x5600, 0x1301, 0x1302, 0x1303]) expect(isOffered(suite)).toBe(false);
  });

  test.each(['10.0.0.1', '::1', 'fe80::1%eth0'])('does not name %s, which is not a host name', (address) => {
    expect(parse(clientHello(address)).extensions.has(0)).toBe(false);
  });

  test.each(['node-1.example', 'node-1.example.'])('names %s', (host) => {
    const name = Buffer.from('node-1.example').toString('hex');
    expect(parse(clientHello(host)).extensions.get(0)).toBe(`001100000e${name}`);
  });

  test('is never the same twice', () => {
    expect(parse(clientHello('::1')).random).not.toStrictEqual(parse(clientHello('::1')).random);
  });
});
