import 'reflect-metadata'; // @peculiar/x509 needs it loaded first
import { webcrypto } from 'node:crypto';

import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from '@peculiar/x509';

/** A certificate with its key. */
export interface Issued {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  /** PEM, with a line end. */
  readonly pem: string;
  readonly keyPem: string;
}

/** The fields of a new certificate. */
export interface Wanted {
  readonly name?: string;
  /** By default the certificate signs itself. */
  readonly by?: Issued;
  readonly from?: Date;
  readonly to?: Date;
  /** basicConstraints; undefined for none. */
  readonly ca?: { readonly isCA: boolean; readonly pathLength?: number };
  readonly keyUsage?: KeyUsageFlags;
  readonly usages?: readonly string[];
  readonly critical?: string;
  readonly nameConstraints?: boolean;
  readonly sha1?: boolean;
  readonly keys?: webcrypto.CryptoKeyPair;
}

export { KeyUsageFlags };

/** The current time in all tests. */
export const NOW = new Date('2026-11-23T12:00:00Z');
export const DAY = 24 * 60 * 60 * 1000;
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

const EC = { name: 'ECDSA', namedCurve: 'P-256' };
const RSA_SHA1 = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-1',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
let serial = 0;

/** Makes a real certificate. */
export async function issue(wanted: Wanted): Promise<Issued> {
  const { by, from = new Date(NOW.getTime() - DAY), to = new Date(NOW.getTime() + 365 * DAY) } = wanted;
  const keys =
    wanted.keys ?? (await webcrypto.subtle.generateKey(wanted.sha1 === true ? RSA_SHA1 : EC, true, ['sign', 'verify']));
  const extensions: Extension[] = [];
  if (wanted.ca !== undefined)
    extensions.push(new BasicConstraintsExtension(wanted.ca.isCA, wanted.ca.pathLength, true));
  if (wanted.keyUsage !== undefined) extensions.push(new KeyUsagesExtension(wanted.keyUsage, true));
  if (wanted.usages !== undefined) extensions.push(new ExtendedKeyUsageExtension([...wanted.usages]));
  if (wanted.critical !== undefined) extensions.push(new Extension(wanted.critical, true, new Uint8Array([5, 0])));
  // permitted: DNS names below example
  if (wanted.nameConstraints === true) {
    const value = Buffer.from('300da00b3009820765' + Buffer.from('xample').toString('hex'), 'hex');
    extensions.push(new Extension('2.5.29.30', true, value));
  }
  const subject = wanted.name ?? `CN=test ${String(++serial)}`;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: (++serial).toString(16).padStart(4, '0'),
    subject,
    issuer: by?.certificate.subject ?? subject,
    notBefore: from,
    notAfter: to,
    publicKey: keys.publicKey,
    signingKey: by?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: wanted.sha1 === true ? { ...RSA_SHA1 } : { name: 'ECDSA', hash: 'SHA-256' },
    extensions,
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${(key.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
  return { certificate, keys, pem: `${certificate.toString('pem')}\n`, keyPem };
}

/** A CA as kubeadm makes it. */
export function authority(wanted: Wanted = {}): Promise<Issued> {
  return issue({ name: 'CN=kubernetes', ca: { isCA: true }, keyUsage: KeyUsageFlags.keyCertSign, ...wanted });
}

/** A client certificate of kube-apiserver as kubeadm makes it. */
export function client(by: Issued, wanted: Wanted = {}): Promise<Issued> {
  return issue({
    name: 'O=kubeadm:cluster-admins, CN=kube-apiserver-kubelet-client',
    by,
    usages: [CLIENT_AUTH],
    ...wanted,
  });
}
