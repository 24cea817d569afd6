// What certificate files hold, as plain data. Read as Go reads them: kube-apiserver by tls.X509KeyPair (crypto/tls/tls.go:266),
// the kubelet's client CA file by ParseCertsPEM (client-go util/cert/pem.go:35).

import { createHash, createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';

import type { CertificateFacts, IssuanceFacts, KeyFacts, PemFacts } from '../../policy/certificates.ts';
import { basicConstraints, certificateFields, maySignCertificates, type CertificateFields } from './fields.ts';
import { distinguishedName } from './names.ts';
import { pemBlocks } from './pem.ts';

/** More than any trust bundle has; those beyond count as broken. */
const MOST_CERTIFICATES = 1000;

const BASIC_CONSTRAINTS = '2.5.29.19';
const SUBJECT_ALT_NAME = '2.5.29.17';
const KEY_USAGE = '2.5.29.15';
/** nameConstraints and policyConstraints. */
const CONSTRAINTS: ReadonlySet<string> = new Set(['2.5.29.30', '2.5.29.36']);
/** The extensions that Go knows (crypto/x509/parser.go, processExtensions). */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set(
  [14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 54].map((number) => `2.5.29.${String(number)}`),
);
/** MD2, MD5 and SHA-1, with RSA, ECDSA and DSA (crypto/x509/x509.go:990). */
const INSECURE_SIGNATURES: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.2',
  '1.2.840.113549.1.1.4',
  '1.2.840.113549.1.1.5',
  '1.3.14.3.2.29',
  '1.2.840.10045.4.1',
  '1.2.840.10040.4.3',
]);
const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp224r1', 'secp384r1', 'secp521r1']);

/** What a file of certificates or a key holds. Never throws. */
export function pemFacts(bytes: Uint8Array): PemFacts {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const certificates: CertificateFacts[] = [];
  let key: KeyFacts | undefined;
  let brokenCertificate: number | undefined;
  let withHeaders = false;
  for (const { type, headers, bytes: der } of pemBlocks(text)) {
    if (type === 'CERTIFICATE') {
      if (headers) withHeaders = true;
      else if (brokenCertificate === undefined) {
        const parsed = certificates.length < MOST_CERTIFICATES ? parse(der) : undefined;
        if (parsed === undefined) brokenCertificate = certificates.length + 1;
        else certificates.push(parsed.facts);
      }
    } else if (key === undefined && (type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'))) {
      key = keyFacts(type, headers, der);
    }
  }
  const nothing = certificates.length === 0 && brokenCertificate === undefined && key === undefined && !withHeaders;
  return {
    certificates,
    ...(key && { key }),
    ...(brokenCertificate !== undefined && { brokenCertificate }),
    ...(withHeaders && { certificateWithHeaders: true }),
    ...(nothing && { instead: bytes.length === 0 ? 'empty' : isDer(bytes) ? 'der' : 'other' }),
  };
}

/** The limit of Go, for both together (crypto/x509/verify.go:721). */
const MOST_CHECKS = 100;

/**
 * How the client certificate of one file hangs together with the CAs of another.
 *
 * @param client the client certificate, and after it the CAs between
 * @param authorities the CA file of the kubelet
 */
export function issuanceFacts(client: Uint8Array, authorities: Uint8Array): IssuanceFacts {
  const [leaf, ...between] = parseAll(client);
  const roots = parseAll(authorities);
  if (leaf === undefined) return { chains: [], namesakes: [], cut: false };
  if (roots.some(({ facts }) => facts.fingerprint === leaf.facts.fingerprint)) {
    return { chains: [[leaf.facts]], namesakes: [], cut: false };
  }
  const chains: CertificateFacts[][] = [];
  const namesakes = new Set<CertificateFacts>();
  let checks = 0;
  const follow = (child: Parsed, chain: readonly Parsed[]): void => {
    for (const [isRoot, parents] of [
      [true, roots],
      [false, between],
    ] as const) {
      for (const parent of parents) {
        if (Buffer.compare(parent.fields.subject, child.fields.issuer) !== 0) continue;
        if (++checks > MOST_CHECKS) return;
        if (chain.some((each) => isSame(each, parent))) continue;
        if (!signed(child, parent)) {
          if (isRoot) namesakes.add(parent.facts);
        } else if (isRoot) chains.push([...chain, parent].map(({ facts }) => facts));
        else follow(parent, [...chain, parent]);
      }
    }
  };
  follow(leaf, [leaf]);
  return { chains, namesakes: [...namesakes], cut: checks > MOST_CHECKS };
}

/** The same subject, key and alternative names, whatever else differs (crypto/x509/verify.go:675, alreadyInChain). */
function isSame(one: Parsed, other: Parsed): boolean {
  return (
    Buffer.compare(one.fields.subject, other.fields.subject) === 0 &&
    one.facts.keyFingerprint === other.facts.keyFingerprint &&
    alternativeNames(one) === alternativeNames(other)
  );
}

function alternativeNames({ fields }: Parsed): string | undefined {
  const value = fields.extensions.find(({ id }) => id === SUBJECT_ALT_NAME)?.value;
  return value && Buffer.from(value).toString('hex');
}

interface Parsed {
  readonly certificate: X509Certificate;
  readonly fields: CertificateFields;
  readonly facts: CertificateFacts;
}

function parseAll(bytes: Uint8Array): Parsed[] {
  const parsed: Parsed[] = [];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  for (const { type, headers, bytes: der } of pemBlocks(text)) {
    if (type !== 'CERTIFICATE' || headers) continue;
    const next = parsed.length < MOST_CERTIFICATES ? parse(der) : undefined;
    if (next === undefined) break;
    parsed.push(next);
  }
  return parsed;
}

/** @returns undefined if it is no certificate, or has something behind it */
function parse(der: Buffer): Parsed | undefined {
  const fields = certificateFields(der);
  if (fields === undefined) return undefined;
  try {
    const certificate = new X509Certificate(der);
    if (certificate.raw.length !== der.length) return undefined;
    return { certificate, fields, facts: factsOf(certificate, fields) };
  } catch {
    return undefined;
  }
}

function factsOf(certificate: X509Certificate, fields: CertificateFields): CertificateFacts {
  const { extensions } = fields;
  const valueOf = (wanted: string) => extensions.find(({ id }) => id === wanted)?.value;
  const constraints = valueOf(BASIC_CONSTRAINTS);
  const basic = constraints === undefined ? undefined : basicConstraints(constraints);
  const usage = valueOf(KEY_USAGE);
  const { publicKey } = certificate;
  return {
    subject: distinguishedName(fields.subject),
    issuer: distinguishedName(fields.issuer),
    serial: certificate.serialNumber.toLowerCase(),
    // the last of several, as Go takes it (crypto/x509/pkix/pkix.go, FillFromRDNSequence)
    commonName: namesOf(certificate, 'CN').at(-1),
    organizations: namesOf(certificate, 'O'),
    units: namesOf(certificate, 'OU'),
    notBefore: timeOf(certificate.validFrom),
    notAfter: timeOf(certificate.validTo),
    // crypto/x509/x509.go:928, CheckSignatureFrom
    isCA: (basic?.isCA ?? fields.version !== 3) && (usage === undefined || maySignCertificates(usage)),
    ...(basic?.pathLength !== undefined && { pathLength: basic.pathLength }),
    // so node:crypto calls the extended one; undefined if there is none, whatever its types say
    extendedKeyUsages: (certificate as { readonly keyUsage?: readonly string[] }).keyUsage ?? [],
    insecureSignature: INSECURE_SIGNATURES.has(fields.signatureAlgorithm),
    supportedKey: isSupported(publicKey),
    unknownCritical: extensions.filter(({ id, critical }) => critical && !KNOWN_EXTENSIONS.has(id)).map(({ id }) => id),
    constrained: extensions.some(({ id }) => CONSTRAINTS.has(id)),
    fingerprint: sha256(certificate.raw),
    keyFingerprint: keyFingerprintOf(publicKey),
  };
}

/** Throws where it is no time. */
function timeOf(text: string): string {
  return new Date(text).toISOString().replace('.000Z', 'Z');
}

function namesOf(certificate: X509Certificate, kind: 'CN' | 'O' | 'OU'): readonly string[] {
  const given = (certificate.toLegacyObject().subject as Record<typeof kind, string | readonly string[] | undefined>)[
    kind
  ];
  return typeof given === 'string' ? [given] : (given ?? []);
}

function signed(child: Parsed, parent: Parsed): boolean {
  try {
    return child.certificate.verify(parent.certificate.publicKey);
  } catch {
    // a key of another kind than the signature
    return false;
  }
}

/** What Go's TLS can make of a private key (crypto/tls/tls.go:366, parsePrivateKey). */
function keyFacts(type: string, headers: boolean, der: Buffer): KeyFacts {
  if (type === 'ENCRYPTED PRIVATE KEY' || headers) return { state: 'encrypted' };
  for (const form of ['pkcs1', 'pkcs8', 'sec1'] as const) {
    try {
      const key = createPrivateKey({ key: der, format: 'der', type: form });
      if (!isSupported(key)) return { state: 'unusable' };
      return { state: 'usable', keyFingerprint: keyFingerprintOf(createPublicKey(key)) };
    } catch {
      // of another form
    }
  }
  return { state: 'unusable' };
}

function isSupported(key: KeyObject): boolean {
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'ed25519':
      return true;
    case 'ec':
      return CURVES.has(key.asymmetricKeyDetails?.namedCurve);
    default:
      return false;
  }
}

function keyFingerprintOf(key: KeyObject): string {
  return sha256(key.export({ type: 'spki', format: 'der' }));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function isDer(bytes: Uint8Array): boolean {
  return bytes[0] === 0x30 && bytes[1] === 0x82;
}
