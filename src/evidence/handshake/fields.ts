// Reads the fields of TLS messages, and the fault if they cannot be read.

import type { ProblemCode } from '../../policy/reading.ts';

/** The bytes up to which a hello is read; one with many CAs and a long chain of certificates comes to a tenth of it. */
export const HELLO_LIMIT = 256 * 1024;

/** Why a hello cannot be used. The message follows the name of the server. */
export class HelloFault extends Error {
  override readonly name = 'HelloFault';
  readonly code: Extract<ProblemCode, 'malformed' | 'tls' | 'tls-version' | 'too-large'>;

  constructor(code: HelloFault['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The fault of a server that breaks the rules of TLS. */
export function malformed(what: string): HelloFault {
  return new HelloFault(
    'malformed',
    `${what}: check that this port is a kubelet's, and that nothing between changes bytes`,
  );
}

/** The fault of a server whose hello goes on and on. */
export function helloTooLarge(): HelloFault {
  const limit = `${HELLO_LIMIT / 1024} KiB`;
  return new HelloFault('too-large', `sends a TLS hello of more than ${limit}: check that this port is a kubelet's`);
}

/** Reads fields one after the other, and never over the end. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #offset = 0;

  /** @param what names the whole in a fault */
  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** Whether everything was read. */
  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The next bytes. */
  bytes(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw this.fault();
    const bytes = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }

  /** The next number, of so many bytes. */
  uint(size: number): number {
    return this.bytes(size).readUIntBE(0, size);
  }

  /** Bytes behind their length, which takes so many bytes itself. */
  vector(size: number): Buffer {
    return this.bytes(this.uint(size));
  }

  /** Makes sure that everything was read. */
  end(): void {
    if (!this.isAtEnd) throw this.fault();
  }

  /** What is thrown where the lengths do not add up. */
  fault(): HelloFault {
    return malformed(`sends a TLS ${this.#what} whose lengths do not add up`);
  }
}
