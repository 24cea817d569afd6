/** Bytes of TLS and DER, built by hand for the handshake tests. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a kubelet v1.37.2 sent up to ServerHelloDone, or up to its alert. */
export function recorded(name: string): Buffer {
  const path = join(import.meta.dirname, '../../fixtures/handshake', `kubelet-v1.37.2-${name}.hex`);
  return Buffer.from(readFileSync(path, 'ascii').replaceAll('\n', ''), 'hex');
}

/** The number in so many bytes. */
export function uint(size: number, value: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

/** The bytes behind their length, which takes so many bytes itself. */
export function vector(size: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint(size, body.length), body]);
}

export function record(content: Uint8Array, type = 22): Buffer {
  return Buffer.concat([uint(1, type), uint(2, 0x0303), vector(2, content)]);
}

export function message(type: number, body: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([uint(1, type), vector(3, body)]);
}

export function serverHello({
  version = 0x0303,
  session = 0,
  suite = 0xc02b,
  compression = 0,
  rest = Buffer.alloc(0),
} = {}): Buffer {
  const chosen = Buffer.concat([uint(2, suite), uint(1, compression)]);
  return message(
    2,
    Buffer.concat([uint(2, version), Buffer.alloc(32, 7), vector(1, Buffer.alloc(session)), chosen, rest]),
  );
}

export function certificateRequest(names: readonly Uint8Array[]): Buffer {
  const list = vector(2, ...names.map((name) => vector(2, name)));
  return message(13, Buffer.concat([vector(1, Buffer.from([1, 64])), vector(2, Buffer.from([4, 3])), list]));
}

export const CERTIFICATE = message(11, vector(3, vector(3, Buffer.alloc(500, 3))));
export const KEY_EXCHANGE = message(12, Buffer.alloc(100, 4));
export const DONE = message(14);

/** The messages of a whole hello. */
export function helloMessages(names?: readonly Uint8Array[]): Buffer {
  const request = names === undefined ? [] : [certificateRequest(names)];
  return Buffer.concat([serverHello(), CERTIFICATE, KEY_EXCHANGE, ...request, DONE]);
}

/** A DER element. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const { length } = Buffer.concat(content);
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), ...content]);
}

/** The last bytes of 2.5.4.x, of the attributes that tests use. */
export const ATTRIBUTES = { CN: 3, C: 6, L: 7, ST: 8, STREET: 9, O: 10, OU: 11 } as const;

export const UTF8 = 0x0c;

/** An attribute of a name. */
export function attribute(type: keyof typeof ATTRIBUTES, value: string | Uint8Array, tag = UTF8): Buffer {
  return der(0x30, der(6, Buffer.from([0x55, 4, ATTRIBUTES[type]])), der(tag, Buffer.from(value)));
}

/** A name, each part of which is one attribute or more. */
export function nameDer(...parts: readonly (Buffer | readonly Buffer[])[]): Buffer {
  return der(0x30, ...parts.map((part) => der(0x31, ...(Buffer.isBuffer(part) ? [part] : part))));
}
