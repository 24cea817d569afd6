import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { StartError } from './start-error.ts';

/** Where the certificate to serve with is. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** The CA that must have signed it, where that matters. */
  readonly ca?: string;
}

/** A certificate to serve with, and its key. */
export interface Certificates {
  readonly certificate: string;
  readonly key: string;
  readonly expires: Date;
}

/**
 * Reads a certificate and its key from files.
 *
 * @throws StartError with every fault: not readable, not PEM, key and certificate of different pairs, expired, not yet valid
 */
export function loadCertificates(files: CertificateFiles, now: Date): Certificates {
  const faults: string[] = [];
  const attempt = <T>(make: () => T): T | undefined => {
    try {
      return make();
    } catch (cause) {
      if (!(cause instanceof StartError)) throw cause;
      faults.push(...cause.faults);
      return undefined;
    }
  };
  const certificate = attempt(() => read(files.certificate, 'certificate', (pem) => new X509Certificate(pem)));
  const key = attempt(() => read(files.key, 'private key', (pem) => createPrivateKey(pem)));
  const ca = files.ca;
  const authority = ca === undefined ? undefined : attempt(() => read(ca, 'CA', (pem) => new X509Certificate(pem)));
  if (certificate !== undefined) {
    faults.push(...validityFaults(certificate.parsed, files.certificate, now));
    if (key !== undefined) faults.push(...pairFaults(certificate.parsed, key.parsed, files));
    if (authority !== undefined && !certificate.parsed.verify(authority.parsed.publicKey)) {
      faults.push(`${files.certificate} is not signed by ${String(ca)}`);
    }
  }
  if (certificate === undefined || key === undefined || faults.length > 0) throw new StartError('certificate', faults);
  return { certificate: certificate.pem, key: key.pem, expires: new Date(certificate.parsed.validTo) };
}

function read<T>(path: string, what: string, parse: (pem: string) => T): { pem: string; parsed: T } {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'no reason given';
    throw new StartError('certificate', `can not read the ${what} ${path} (${reason}): check its path and mode`, {
      cause,
    });
  }
  try {
    return { pem, parsed: parse(pem) };
  } catch (cause) {
    const fault = `${path} holds no ${what} that can be used: it must be PEM, and a key must not have a passphrase`;
    throw new StartError('certificate', fault, { cause });
  }
}

function validityFaults(certificate: X509Certificate, path: string, now: Date): string[] {
  if (now > new Date(certificate.validTo)) {
    return [`the certificate ${path} expired at ${isoOf(certificate.validTo)}: renew it before starting`];
  }
  if (now < new Date(certificate.validFrom)) {
    const hint = 'check the clock of this machine and of the one that issued it';
    return [`the certificate ${path} is not valid before ${isoOf(certificate.validFrom)}: ${hint}`];
  }
  return [];
}

function pairFaults(certificate: X509Certificate, key: KeyObject, files: CertificateFiles): string[] {
  if (certificate.checkPrivateKey(key)) return [];
  return [
    `the private key ${files.key} does not belong to the certificate ${files.certificate}: pass the two of one pair`,
  ];
}

function isoOf(date: string): string {
  return new Date(date).toISOString();
}
