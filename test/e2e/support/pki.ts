// Certificates for one test run, written as DER by hand, without openssl or a library.

import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

export interface Wanted {
  readonly name: string;
  readonly organization?: string;
  readonly addresses?: readonly string[];
  readonly hosts?: readonly string[];
  /** When the certificate expires; the default is in 30 days. */
  readonly notAfter?: Date;
}

const DAY = 86_400_000;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const SERVER_AND_CLIENT = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];

/** A new certificate authority. */
export class Authority {
  readonly certificate: string;
  readonly #key: KeyObject;
  readonly #name: Buffer;

  constructor(name: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    this.#name = distinguishedName({ name });
    const extensions = [
      extension('2.5.29.19', sequence(boolean(true)), true), // basicConstraints: CA
      extension('2.5.29.15', der(0x03, Buffer.from([0x01, 0x06])), true), // keyUsage: keyCertSign, cRLSign
    ];
    this.certificate = this.#certify(this.#name, publicKey, extensions);
  }

  /** Issues a certificate for both servers and clients. */
  issue(wanted: Wanted): KeyPair {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { addresses = [], hosts = [] } = wanted;
    const names = [
      ...hosts.map((host) => der(0x82, Buffer.from(host))),
      ...addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number)))),
    ];
    const extensions = [
      extension('2.5.29.15', der(0x03, Buffer.from([0x07, 0x80])), true), // keyUsage: digitalSignature
      extension('2.5.29.37', sequence(...SERVER_AND_CLIENT.map(objectId))), // extKeyUsage
      ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names))]), // subjectAltName
    ];
    return {
      certificate: this.#certify(distinguishedName(wanted), publicKey, extensions, wanted.notAfter),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    };
  }

  #certify(subject: Buffer, publicKey: KeyObject, extensions: readonly Buffer[], notAfter?: Date): string {
    const now = Date.now();
    const algorithm = sequence(objectId(ECDSA_WITH_SHA256));
    const body = sequence(
      der(0xa0, integer(Buffer.from([2]))), // version 3
      integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
      algorithm,
      this.#name,
      sequence(time(now - DAY), time(notAfter?.getTime() ?? now + 30 * DAY)),
      subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = der(0x03, Buffer.from([0]), sign('sha256', body, this.#key));
    return pem('CERTIFICATE', sequence(body, algorithm, signature));
  }
}

/** A key pair that signs service account tokens, in PEM. */
export function signingKey(): { readonly key: string; readonly publicKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
  };
}

function distinguishedName({ name, organization }: Wanted): Buffer {
  const attribute = (id: string, value: string) => der(0x31, sequence(objectId(id), der(0x0c, Buffer.from(value))));
  return sequence(
    ...(organization === undefined ? [] : [attribute('2.5.4.10', organization)]),
    attribute('2.5.4.3', name),
  );
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), der(0x04, value));
}

function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const value = Buffer.concat(content);
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

function sequence(...content: readonly Buffer[]): Buffer {
  return der(0x30, ...content);
}

function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.from([value ? 0xff : 0x00]));
}

function integer(value: Buffer): Buffer {
  return der(0x02, value);
}

function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(0x17, Buffer.from(digits.slice(2)));
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const groups = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
  return groups;
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
