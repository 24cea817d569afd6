// Reads the answer to a ClientHello, up to the CertificateRequest.

import { isOffered } from './client-hello.ts';
import { ByteReader, HELLO_LIMIT, HelloFault, malformed, helloTooLarge } from './fields.ts';
import { MessageStream, type Steps } from './records.ts';

/** The content of a server's hello, or why it cannot be used. */
export type HelloResult = Hello | HelloFault;

/** What a server said up to ServerHelloDone. */
export interface Hello {
  /** The names of CertificateRequest, in DER; undefined if no certificate was requested. */
  readonly authorities: readonly Uint8Array[] | undefined;
  /** The serving certificate in DER, as it was shown: nothing here proves that the server has its key. */
  readonly certificate: Uint8Array | undefined;
}

/** Takes a hello in pieces. */
export interface HelloReader {
  /** Takes what came next; gives the result as soon as there is one, and from then on the same one. */
  readonly push: (chunk: Uint8Array) => HelloResult | undefined;
}

/** Starts to read a server's side of a TLS 1.2 handshake (RFC 5246). Pure; holds less than twice HELLO_LIMIT. */
export function readHello(): HelloReader {
  const steps = hello();
  let result: HelloResult | undefined;
  let wanted = Buffer.alloc(0);
  let filled = 0;
  let total = 0;
  const advance = (): void => {
    try {
      const step = steps.next(wanted);
      if (step.done === true) result = step.value;
      else wanted = Buffer.alloc(step.value);
      filled = 0;
    } catch (cause) {
      if (!(cause instanceof HelloFault)) throw cause;
      result = cause;
    }
  };
  advance();
  return {
    push: (chunk) => {
      let offset = 0;
      while (result === undefined && offset < chunk.length) {
        const piece = chunk.subarray(offset, offset + Math.min(wanted.length - filled, HELLO_LIMIT - total));
        wanted.set(piece, filled);
        filled += piece.length;
        offset += piece.length;
        total += piece.length;
        if (piece.length === 0) result = helloTooLarge();
        else if (filled === wanted.length) advance();
      }
      return result;
    },
  };
}

const SERVER_HELLO = 2;
const CERTIFICATE = 11;
const SERVER_KEY_EXCHANGE = 12;
const CERTIFICATE_REQUEST = 13;
const SERVER_HELLO_DONE = 14;
const CERTIFICATE_STATUS = 22;

/** RFC 5246 section 7.3. With the cipher suites that are offered the first two and the last are always there. */
const ORDER = [
  ...[SERVER_HELLO, CERTIFICATE, CERTIFICATE_STATUS],
  ...[SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE],
];

function* hello(): Steps<Hello> {
  const stream = new MessageStream();
  let authorities: readonly Uint8Array[] | undefined;
  let certificate: Uint8Array | undefined;
  let before = -1;
  for (;;) {
    const { type, body } = yield* stream.next();
    const place = ORDER.indexOf(type);
    if (place <= before || (before < 1 && place !== before + 1)) {
      throw malformed(`sends the TLS handshake message ${type} out of order`);
    }
    before = place;
    if (type === SERVER_HELLO) checkServerHello(new ByteReader(body, 'ServerHello'));
    if (type === CERTIFICATE) certificate = firstCertificate(new ByteReader(body, 'Certificate'));
    if (type === CERTIFICATE_REQUEST) authorities = authoritiesOf(new ByteReader(body, 'CertificateRequest'));
    if (type === SERVER_HELLO_DONE) {
      new ByteReader(body, 'ServerHelloDone').end();
      stream.end();
      return { authorities, certificate };
    }
  }
}

function checkServerHello(fields: ByteReader): void {
  const version = fields.uint(2);
  if (version !== 0x0303) throw versionFault(version);
  // random
  fields.bytes(32);
  if (fields.vector(1).length > 32) throw fields.fault();
  const suite = fields.uint(2);
  const compression = fields.uint(1);
  if (!isOffered(suite) || compression !== 0) throw malformed('chooses in its TLS ServerHello what was not offered');
  // extensions
  if (!fields.isAtEnd) fields.vector(2);
  fields.end();
}

const OLD_VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSL 3.0'],
  [0x0301, 'TLS 1.0'],
  [0x0302, 'TLS 1.1'],
]);

function versionFault(version: number): HelloFault {
  const old = OLD_VERSIONS.get(version);
  if (old === undefined) return malformed('chooses in its TLS ServerHello a version that was not offered');
  return new HelloFault('tls-version', `speaks only ${old}: a kubelet that is supported speaks TLS 1.2, so update it`);
}

/** The server's own comes first; those behind it are of CAs. */
function firstCertificate(fields: ByteReader): Uint8Array | undefined {
  const list = new ByteReader(fields.vector(3), 'Certificate');
  fields.end();
  return list.isAtEnd ? undefined : list.vector(3);
}

function authoritiesOf(fields: ByteReader): Uint8Array[] {
  // certificate_types and supported_signature_algorithms
  fields.vector(1);
  fields.vector(2);
  const names = new ByteReader(fields.vector(2), 'CertificateRequest');
  fields.end();
  const authorities: Uint8Array[] = [];
  while (!names.isAtEnd) {
    const name = names.vector(2);
    if (name.length === 0) throw names.fault();
    authorities.push(name);
  }
  return authorities;
}
