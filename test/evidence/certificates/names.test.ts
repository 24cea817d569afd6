import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { distinguishedName, distinguishedNames } from '../../../src/evidence/certificates/names.ts';
import { attribute, der, nameDer } from '../handshake/bytes.ts';

const cn = (value: string | Uint8Array, tag?: number) => distinguishedName(nameDer(attribute('CN', value, tag)));

describe('a distinguished name', () => {
  test('is written from its last part to its first, with multi-valued parts joined by +', () => {
    const parts = [
      attribute('C', 'DE', 0x13),
      attribute('ST', 'Bayern'),
      attribute('L', 'München'),
      attribute('STREET', 'Am Tor 1'),
      attribute('O', 'Example'),
      [attribute('OU', 'IT'), attribute('CN', 'kubernetes')],
    ];
    expect(distinguishedName(nameDer(...parts))).toBe(
      'OU=IT+CN=kubernetes,O=Example,STREET=Am Tor 1,L=München,ST=Bayern,C=DE',
    );
  });

  test.each([
    ['kubernetes', 'CN=kubernetes'],
    ['', 'CN='],
    [' ', String.raw`CN=\ `],
    ['  a b  ', String.raw`CN=\  a b \ `],
    ['#1 #2', String.raw`CN=\#1 #2`],
    ['a,b+c"d\\e<f>g;h=i', String.raw`CN=a\,b\+c\"d\\e\<f\>g\;h=i`],
    ['a\u0000b\nc\u001b[31m', String.raw`CN=a\00b\0ac\1b[31m`],
    ['\u202egpj', String.raw`CN=\e2\80\aegpj`],
    ['\u2028', String.raw`CN=\e2\80\a8`],
    ['\ufeffx', String.raw`CN=\ef\bb\bfx`],
    ['🔒', 'CN=🔒'],
  ])('escapes %j', (value, expected) => {
    expect(cn(value)).toBe(expected);
  });

  test('is read from every string type that certificates use', () => {
    expect(cn('abc', 0x13)).toBe('CN=abc');
    expect(cn('abc', 0x16)).toBe('CN=abc');
    expect(cn('123', 0x12)).toBe('CN=123');
    expect(cn('abc', 0x1a)).toBe('CN=abc');
    expect(cn(Buffer.from('Söhne', 'latin1'), 0x14)).toBe('CN=Söhne');
    expect(cn(Buffer.from('Söhne', 'utf16le').swap16(), 0x1e)).toBe('CN=Söhne');
  });

  test('has a value in hex if it is not valid text of its type', () => {
    expect(cn(Buffer.from([0xff]))).toBe('CN=#0c01ff');
    expect(cn(Buffer.from([0xe9]), 0x13)).toBe('CN=#1301e9');
    expect(cn(Buffer.from([0xd8, 0, 0, 0x41]), 0x1e)).toBe('CN=#1e04d8000041');
    expect(cn(Buffer.from([0x41]), 0x1e)).toBe('CN=#1e0141');
    expect(cn(Buffer.from([1]), 0x02)).toBe('CN=#020101');
  });

  test('has types as numbers if RFC 4514 has no name for them', () => {
    const email = der(0x30, der(6, Buffer.from('2a864886f70d010901', 'hex')), der(0x16, Buffer.from('a@b')));
    expect(distinguishedName(nameDer(email))).toBe('1.2.840.113549.1.9.1=#1603614062');
    const component = der(0x30, der(6, Buffer.from('0992268993f22c640119', 'hex')), der(0x16, Buffer.from('org')));
    expect(distinguishedName(nameDer(component))).toBe('DC=org');
    const high = der(0x30, der(6, Buffer.from('883703', 'hex')), der(0x0c));
    expect(distinguishedName(nameDer(high))).toBe('2.999.3=#0c00');
  });

  test('is empty if it has no parts', () => {
    expect(distinguishedName(nameDer())).toBe('');
  });

  test.each([
    ['no bytes', ''],
    ['not a sequence', '0c0161'],
    ['trailing bytes', '30000c00'],
    ['a length beyond the end', '3005'],
    ['an indefinite length', '30800000'],
    ['a long tag', '3f0100'],
    ['a length that is cut off', '3082'],
    ['a length of many bytes', '308400000000'],
    ['an empty set', '30023100'],
    ['not a set', '30043002 3000'],
    ['an attribute without a value', '300931073005060355 0403'],
    ['an attribute with two values', '300d310b300906035504030c000c00'],
    ['a type that is cut off', '300a3108300606025583 0c00'],
    ['an empty type', '300831063004 0600 0c00'],
  ])('is shown in hex if it is malformed: %s', (_what, hex) => {
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    expect(distinguishedName(bytes)).toBe(`#${bytes.toString('hex')}`);
  });

  test('is cut if it is too long to show, whatever its bytes are', () => {
    expect(cn('x'.repeat(60_000))).toBe(`CN=${'x'.repeat(508)}…`);
    expect(distinguishedName(Buffer.alloc(60_000, 0xff))).toBe(`#${'f'.repeat(510)}…`);
    expect(cn('x'.repeat(509))).toBe(`CN=${'x'.repeat(509)}`);
    expect(cn(`${'x'.repeat(507)}🔒🔒`).isWellFormed()).toBe(true);
  });

  test('never throws, and never contains characters that could do harm when printed', () => {
    const text = fc.record({ tag: fc.integer({ min: 0, max: 30 }), value: fc.uint8Array({ maxLength: 40 }) });
    const valid = text.map(({ tag, value }) => nameDer(attribute('CN', value, tag)));
    const unicode = fc.string({ unit: 'binary' }).map((value) => nameDer(attribute('O', value)));
    const broken = fc
      .tuple(fc.oneof(valid, unicode), fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([bytes, place, value]) => bytes.fill(value, place % bytes.length, (place % bytes.length) + 1));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), valid, unicode, broken), (bytes) => {
        const name = distinguishedName(bytes);
        expect(name.isWellFormed()).toBe(true);
        expect(name.length).toBeLessThanOrEqual(512);
        expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the CA names of a handshake', () => {
  test('are shown in order, and omitted names are counted', () => {
    const names = Array.from({ length: 103 }, (_, index) => nameDer(attribute('CN', String(index))));
    expect(distinguishedNames(names.slice(0, 100))).toHaveLength(100);
    expect(distinguishedNames(names).slice(98)).toStrictEqual(['CN=98', 'CN=99', '… and 3 more']);
    expect(distinguishedNames([])).toStrictEqual([]);
  });
});
