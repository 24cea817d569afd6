// Reads a serving certificate and its key from files, and checks that the webhook can serve with them.

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

import { StartError } from '../start-error.ts';

/** The files of a serving certificate. */
export interface ServingCertificateFiles {
  readonly certificate: string;
  readonly key: string;
  /** The CA that must have signed it; any may have where it is not given. */
  readonly ca?: string;
}

/** A serving certificate and its key, in PEM. */
export interface Certificates {
  readonly certificate: string;
  readonly key: string;
  readonly expires: Date;
  /** The time by which it should have been renewed. */
  readonly late: Date;
}

/** The certificates while the process runs. There is always one to serve with. */
export interface CertificateSource {
  readonly current: () => Certificates;
  /** Keeps them up to date from now on, and calls back with each new one. */
  readonly start: (changed: (certificates: Certificates) => void) => void;
  readonly stop: () => Promise<void>;
}

/** The texts of files by path, or why a file cannot be read. */
export type FileTexts = ReadonlyMap<string, string | Error>;

const DAY = 24 * 60 * 60 * 1000;
/** The part of its life that is left when a certificate is late, if that is shorter than LATE. */
const LATE_PART = 0.25;
const LATE = 30 * DAY;
const LARGEST = 1024 * 1024;

/** Reads files of at most 1 MiB. Never rejects. */
export async function readTexts(paths: readonly string[]): Promise<FileTexts> {
  const read = async (path: string): Promise<[string, string | Error]> => {
    try {
      const stats = await stat(path);
      // only a file: to open a FIFO would wait for its writer
      if (!stats.isFile()) throw Object.assign(new Error('this is no file'), { code: 'no file' });
      if (stats.size > LARGEST) throw Object.assign(new Error('it is too large'), { code: 'larger than 1 MiB' });
      return [path, await readFile(path, 'utf8')];
    } catch (cause) {
      return [path, cause as Error];
    }
  };
  return new Map(await Promise.all(paths.map(read)));
}

/**
 * Reads a certificate and its key from files.
 *
 * @throws StartError with every fault: not readable, not PEM, key and certificate of different pairs, expired, not yet valid
 */
export async function loadCertificates(files: ServingCertificateFiles, now: Date): Promise<Certificates> {
  const { certificate, key, ca } = files;
  return parseCertificates(files, await readTexts([certificate, key, ...(ca === undefined ? [] : [ca])]), now);
}

/**
 * Parses the texts of certificate files.
 *
 * @throws StartError as `loadCertificates` does
 */
export function parseCertificates(files: ServingCertificateFiles, texts: FileTexts, now: Date): Certificates {
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
  const certificate = attempt(() => parse(texts, files.certificate, 'certificate', (pem) => new X509Certificate(pem)));
  const key = attempt(() => parse(texts, files.key, 'private key', (pem) => createPrivateKey(pem)));
  const ca = files.ca;
  const authority =
    ca === undefined ? undefined : attempt(() => parse(texts, ca, 'CA', (pem) => new X509Certificate(pem)));
  if (certificate !== undefined) {
    faults.push(...validityFaults(certificate.parsed, files.certificate, now));
    if (key !== undefined) faults.push(...pairFaults(certificate, key, files));
    if (authority !== undefined && !certificate.parsed.verify(authority.parsed.publicKey)) {
      faults.push(`${files.certificate} is not signed by ${String(ca)}`);
    }
  }
  if (certificate === undefined || key === undefined || faults.length > 0) throw new StartError('certificate', faults);
  return certificatesOf(certificate.pem, key.pem, certificate.parsed);
}

/** A certificate and its key, with its dates. */
export function certificatesOf(certificate: string, key: string, parsed: X509Certificate): Certificates {
  const expires = new Date(parsed.validTo);
  const life = expires.getTime() - Date.parse(parsed.validFrom);
  return { certificate, key, expires, late: new Date(expires.getTime() - Math.min(LATE, life * LATE_PART)) };
}

/**
 * The bundle of CAs in a file.
 *
 * @throws StartError where it holds no CA, or something else
 */
export function parseAuthorities(path: string, texts: FileTexts): string {
  return parse(texts, path, 'CA', (pem) => {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0 || !blocks.every((block) => new X509Certificate(block).ca)) throw new Error('no CA');
    createSecureContext({ ca: pem });
  }).pem;
}

interface Parsed<T> {
  readonly pem: string;
  readonly parsed: T;
}

function parse<T>(texts: FileTexts, path: string, what: string, understand: (pem: string) => T): Parsed<T> {
  const pem = texts.get(path);
  if (typeof pem !== 'string') {
    const reason = (pem as NodeJS.ErrnoException | undefined)?.code ?? 'no reason given';
    throw new StartError('certificate', `cannot read the ${what} ${path} (${reason}): check its path and mode`, {
      cause: pem,
    });
  }
  try {
    return { pem, parsed: understand(pem) };
  } catch (cause) {
    const fault = `${path} holds no ${what} that can be used: it must be PEM, and a key must not have a passphrase`;
    throw new StartError('certificate', fault, { cause });
  }
}

function validityFaults(certificate: X509Certificate, path: string, now: Date): string[] {
  if (now > new Date(certificate.validTo)) {
    return [`the certificate ${path} expired at ${isoOf(certificate.validTo)}: renew it`];
  }
  if (now < new Date(certificate.validFrom)) {
    const hint = 'check the clock of this machine and of the one that issued it';
    return [`the certificate ${path} is not valid before ${isoOf(certificate.validFrom)}: ${hint}`];
  }
  return [];
}

function pairFaults(
  certificate: Parsed<X509Certificate>,
  key: Parsed<KeyObject>,
  files: ServingCertificateFiles,
): string[] {
  if (!certificate.parsed.checkPrivateKey(key.parsed)) {
    return [
      `the private key ${files.key} does not belong to the certificate ${files.certificate}: pass the two of one pair`,
    ];
  }
  try {
    createSecureContext({ cert: certificate.pem, key: key.pem });
    return [];
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'no reason given';
    return [`${files.certificate} cannot be served with (${reason}): issue it with a key and signature of today`];
  }
}

function isoOf(date: string): string {
  return new Date(date).toISOString();
}
