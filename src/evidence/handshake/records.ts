// Puts TLS records together to handshake messages.

import { ByteReader, HELLO_LIMIT, HelloFault, malformed, helloTooLarge } from './fields.ts';

/** Asks for so many bytes, at least one, and is given exactly these. */
export type Steps<T> = Generator<number, T, Buffer>;

/** A message of the handshake, without its header. */
export interface Message {
  readonly type: number;
  readonly body: Buffer;
}

const RECORD_ALERT = 21;
const RECORD_HANDSHAKE = 22;
const RECORD_MAXIMUM = 16 * 1024;

/** The handshake messages inside of records: many in one, or one in many. */
export class MessageStream {
  #record: Buffer = Buffer.alloc(0);

  /** The next message. */
  *next(): Steps<Message> {
    const header = new ByteReader(yield* this.#take(4), 'handshake header');
    const type = header.uint(1);
    const length = header.uint(3);
    if (length > HELLO_LIMIT) throw helloTooLarge();
    return { type, body: yield* this.#take(length) };
  }

  /** Makes sure that nothing is behind the last message in its record; what a later record says is not waited for. */
  end(): void {
    if (this.#record.length > 0) throw malformed('goes on with the TLS handshake after ServerHelloDone');
  }

  *#take(length: number): Steps<Buffer> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#record.length === 0) this.#record = yield* handshakeRecord();
      const part = this.#record.subarray(0, missing);
      this.#record = this.#record.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }
}

/** The content of the next record of the handshake, never empty; warnings before it are passed over. */
function* handshakeRecord(): Steps<Buffer> {
  for (;;) {
    // by itself: what does not speak TLS may say less than a whole header, and then wait
    const type = (yield 1).readUInt8();
    if (type < 20 || type > 24) throw malformed('answers with something that is not TLS, perhaps plain HTTP');
    const header = new ByteReader(yield 4, 'record header');
    if (header.uint(1) !== 3) throw malformed('sends a TLS record of an unknown version');
    header.uint(1);
    const length = header.uint(2);
    if (type !== RECORD_HANDSHAKE && type !== RECORD_ALERT) throw malformed('sends a TLS record out of order');
    if (length === 0 || length > RECORD_MAXIMUM) throw malformed('sends a TLS record of a length that is not allowed');
    const content = yield length;
    if (type === RECORD_HANDSHAKE) return content;
    checkAlert(new ByteReader(content, 'alert'));
  }
}

const WARNING = 1;
const CLOSE_NOTIFY = 0;
const PROTOCOL_VERSION = 70;

/** The alerts that a server can send here, by the names of the registry. */
const ALERTS: ReadonlyMap<number, string> = new Map([
  [CLOSE_NOTIFY, 'close_notify'],
  [10, 'unexpected_message'],
  [20, 'bad_record_mac'],
  [22, 'record_overflow'],
  [40, 'handshake_failure'],
  [47, 'illegal_parameter'],
  [48, 'unknown_ca'],
  [49, 'access_denied'],
  [50, 'decode_error'],
  [51, 'decrypt_error'],
  [PROTOCOL_VERSION, 'protocol_version'],
  [71, 'insufficient_security'],
  [80, 'internal_error'],
  [86, 'inappropriate_fallback'],
  [90, 'user_canceled'],
  [109, 'missing_extension'],
  [110, 'unsupported_extension'],
  [112, 'unrecognized_name'],
  [116, 'certificate_required'],
  [120, 'no_application_protocol'],
]);

const ADVICE: ReadonlyMap<number, string> = new Map([
  [40, 'no cipher suite or curve of TLS 1.2 suits both sides, so use the evidence configz'],
  // crypto/tls answers so where GetCertificate fails, as the kubelet's does while its CSR is not approved
  [80, 'perhaps it has no serving certificate yet, so look for a CertificateSigningRequest that waits for approval'],
]);

/** @throws HelloFault where the alert is the end of the handshake */
function checkAlert(fields: ByteReader): void {
  const level = fields.uint(1);
  const description = fields.uint(1);
  fields.end();
  if (description === PROTOCOL_VERSION) {
    throw new HelloFault(
      'tls-version',
      'refuses TLS 1.2 (alert 70, protocol_version), and TLS 1.3 encrypts the names of CAs: use the evidence configz',
    );
  }
  if (level === WARNING && description !== CLOSE_NOTIFY) return;
  const name = ALERTS.get(description) ?? 'unknown';
  const advice = ADVICE.get(description) ?? "check the kubelet's log";
  throw new HelloFault('tls', `ends the TLS handshake with alert ${description} (${name}): ${advice}`);
}
