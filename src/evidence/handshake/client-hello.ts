// Writes the ClientHello of TLS 1.2.

import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';

/**
 * What a server may choose. Nothing is ever encrypted with it, so weak suites do no harm: all that a kubelet can be configured
 * with by `--tls-cipher-suites` is here.
 */
const CIPHER_SUITES = [
  // ECDHE with GCM and ChaCha20; a kubelet does not serve without one of the AES_128_GCM
  ...[0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8],
  // ECDHE with CBC
  ...[0xc009, 0xc013, 0xc00a, 0xc014, 0xc023, 0xc027, 0xc024, 0xc028],
  // plain RSA
  ...[0x009c, 0x009d, 0x002f, 0x0035, 0x003c, 0x003d],
  // 3DES and RC4
  ...[0xc008, 0xc012, 0x000a, 0xc007, 0xc011, 0x0005],
] as const;

const OFFERED: ReadonlySet<number> = new Set(CIPHER_SUITES);

const X25519 = 0x001d;
const P256 = 0x0017;
const P384 = 0x0018;
const P521 = 0x0019;

const SIGNATURE_ALGORITHMS = [
  // ecdsa with SHA-256, SHA-384, SHA-512; ed25519
  ...[0x0403, 0x0503, 0x0603, 0x0807],
  // rsa_pss of rsaEncryption keys, rsa_pss of RSASSA-PSS keys, rsa_pkcs1
  ...[0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601],
  // SHA-1, last
  ...[0x0203, 0x0201],
];

/**
 * The bytes of a TLS 1.2 ClientHello in its record. Without the extension `supported_versions` a server does not choose
 * TLS 1.3, where CertificateRequest is encrypted.
 *
 * @param host the kubelet's address; a name goes into `server_name`, an IP address never (RFC 6066)
 */
export function clientHello(host: string): Buffer {
  const extensions = [
    ...(isIP(host) === 0 ? [extension(0x0000, vector(2, uint(1, 0), vector(2, hostName(host))))] : []),
    extension(0x000a, vector(2, ...[X25519, P256, P384, P521].map((group) => uint(2, group)))),
    // uncompressed
    extension(0x000b, vector(1, uint(1, 0))),
    extension(0x000d, vector(2, ...SIGNATURE_ALGORITHMS.map((algorithm) => uint(2, algorithm)))),
    // no renegotiation (RFC 5746)
    extension(0xff01, vector(1)),
  ];
  const hello = [
    uint(2, 0x0303),
    randomBytes(32),
    // no session to take up
    vector(1),
    vector(2, ...CIPHER_SUITES.map((suite) => uint(2, suite))),
    // no compression
    vector(1, uint(1, 0)),
    vector(2, ...extensions),
  ];
  // the record says TLS 1.0, as all clients do: some servers take no other before a version is chosen
  return Buffer.concat([uint(1, 22), uint(2, 0x0301), vector(2, uint(1, 1), vector(3, ...hello))]);
}

/** Tells whether a server may choose the cipher suite. */
export function isOffered(cipherSuite: number): boolean {
  return OFFERED.has(cipherSuite);
}

/** In `server_name` a name has no dot at its end. */
function hostName(host: string): Buffer {
  return Buffer.from(host.replace(/\.$/, ''), 'ascii');
}

function extension(type: number, data: Buffer): Buffer {
  return Buffer.concat([uint(2, type), vector(2, data)]);
}

/** Bytes behind their length, which takes so many bytes itself. */
function vector(size: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint(size, body.length), body]);
}

function uint(size: number, value: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}
