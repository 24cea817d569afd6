import 'reflect-metadata'; // @peculiar/x509 needs it loaded first
import { KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { X509CertificateGenerator } from '@peculiar/x509';

import { issueAuthority } from '../../../src/runtime/certificates/issue.ts';
import { loadCertificates, parseAuthorities, readTexts } from '../../../src/runtime/certificates/certificates.ts';
import { developmentCertificates } from '../../../src/runtime/certificates/development.ts';
import { StartError } from '../../../src/runtime/start-error.ts';

const now = new Date('2026-11-23T12:00:00Z');
const DAY = 24 * 60 * 60 * 1000;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-certificates-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function days(count: number): Date {
  return new Date(now.getTime() + count * DAY);
}

function paths(base = folder) {
  return { certificate: join(base, 'tls.crt'), key: join(base, 'tls.key'), ca: join(base, 'ca.crt') };
}

async function faultsOf(load: () => Promise<unknown>): Promise<readonly string[]> {
  try {
    await load();
  } catch (cause) {
    if (cause instanceof StartError) return cause.faults;
    throw cause;
  }
  return [];
}

describe('development certificates', () => {
  test('are created on the first run: a CA and a certificate for this machine', async () => {
    const { caFile, expires } = await developmentCertificates(join(folder, 'certs'), now);
    const files = paths(join(folder, 'certs'));
    expect(caFile).toBe(files.ca);
    const certificate = new X509Certificate(readFileSync(files.certificate));
    const ca = new X509Certificate(readFileSync(files.ca));
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.checkIssued(ca)).toBe(true);
    expect([ca.ca, certificate.ca]).toStrictEqual([true, false]);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect([certificate.checkIP('127.0.0.1'), certificate.checkIP('::1')]).toStrictEqual(['127.0.0.1', '::1']);
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
    expect(expires).toStrictEqual(days(90));
  });

  test('have a key that only its owner can read', async () => {
    await developmentCertificates(folder, now);
    expect(statSync(paths().key).mode & 0o777).toBe(0o600);
  });

  test('replace a key that everybody can read', async () => {
    writeFileSync(paths().key, 'x', { mode: 0o666 });
    await developmentCertificates(folder, now);
    expect(statSync(paths().key).mode & 0o777).toBe(0o600);
  });

  test('are used again while they are valid', async () => {
    const first = await developmentCertificates(folder, now);
    expect(await developmentCertificates(folder, days(80))).toStrictEqual(first);
  });

  test.each([
    ['expire within a day', () => days(89.5)],
    [
      'have no key',
      () => {
        rmSync(paths().key);
        return now;
      },
    ],
    [
      'are from two CAs',
      () => {
        writeFileSync(paths().ca, readFileSync(paths(join(folder, 'other')).ca));
        return now;
      },
    ],
    [
      'are broken',
      () => {
        writeFileSync(paths().certificate, 'x');
        return now;
      },
    ],
  ])('are re-created if they %s', async (_name, spoil) => {
    const first = await developmentCertificates(folder, now);
    await developmentCertificates(join(folder, 'other'), now);
    const later = spoil();
    const second = await developmentCertificates(folder, later);
    expect(second.certificate).not.toBe(first.certificate);
    expect(await faultsOf(() => loadCertificates(paths(), later))).toStrictEqual([]);
  });

  test('give an error if the folder is not writable', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(developmentCertificates(join(folder, 'file'), now)).rejects.toThrow('make the folder writable');
  });
});

describe('a certificate from files', () => {
  test('is read', async () => {
    await developmentCertificates(folder, now);
    const { certificate, key } = paths();
    expect(await loadCertificates({ certificate, key }, now)).toStrictEqual({
      certificate: readFileSync(certificate, 'utf8'),
      key: readFileSync(key, 'utf8'),
      expires: days(90),
      late: new Date(days(90).getTime() - (90 * DAY + 5 * 60 * 1000) / 4),
    });
  });

  test('is rejected with all faults', async () => {
    const { certificate, key } = paths();
    writeFileSync(key, 'x');
    expect(await faultsOf(() => loadCertificates({ certificate, key }, now))).toStrictEqual([
      `cannot read the certificate ${certificate} (ENOENT): check its path and mode`,
      `${key} holds no private key that can be used: it must be PEM, and a key must not have a passphrase`,
    ]);
  });

  test('is rejected after it has expired and before it is valid', async () => {
    await developmentCertificates(folder, now);
    const { certificate } = paths();
    expect(await faultsOf(() => loadCertificates(paths(), days(91)))).toStrictEqual([
      `the certificate ${certificate} expired at 2027-02-21T12:00:00.000Z: renew it`,
    ]);
    expect(await faultsOf(() => loadCertificates(paths(), days(-1)))).toStrictEqual([
      expect.stringContaining('is not valid before 2026-11-23T11:55:00.000Z: check the clock'),
    ]);
  });

  test('is rejected with the key of another certificate', async () => {
    await developmentCertificates(folder, now);
    await developmentCertificates(join(folder, 'other'), now);
    const { certificate } = paths();
    const { key } = paths(join(folder, 'other'));
    expect(await faultsOf(() => loadCertificates({ certificate, key }, now))).toStrictEqual([
      `the private key ${key} does not belong to the certificate ${certificate}: pass the two of one pair`,
    ]);
  });

  test('expires soon from 30 days before its end, or in the last quarter of a shorter lifetime', async () => {
    const { certificate, key } = paths();
    const lateOf = async (life: number) => {
      const pair = await issueAuthority('x', { notBefore: now, notAfter: days(life) });
      writeFileSync(certificate, pair.certificate);
      writeFileSync(key, pair.key);
      return (await loadCertificates({ certificate, key }, now)).late;
    };
    expect(await lateOf(365)).toStrictEqual(days(335));
    expect(await lateOf(4)).toStrictEqual(days(3));
  });

  test('is rejected if TLS would reject it', async () => {
    const { certificate, key } = paths();
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 1024,
      publicExponent: Buffer.of(1, 0, 1),
    };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const dates = { notBefore: now, notAfter: days(9) };
    const weak = await X509CertificateGenerator.createSelfSigned({ ...dates, keys, signingAlgorithm: algorithm });
    writeFileSync(certificate, weak.toString('pem'));
    writeFileSync(key, KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }));
    expect(await faultsOf(() => loadCertificates({ certificate, key }, now))).toStrictEqual([
      `${certificate} cannot be served with (ERR_SSL_EE_KEY_TOO_SMALL): issue it with a key and signature of today`,
    ]);
  });

  test('is read only from a regular file of at most 1 MiB', async () => {
    const { certificate, key } = paths();
    mkdirSync(certificate);
    writeFileSync(key, 'x'.repeat(1024 * 1024 + 1));
    expect(await faultsOf(() => loadCertificates({ certificate, key }, now))).toStrictEqual([
      `cannot read the certificate ${certificate} (no file): check its path and mode`,
      `cannot read the private key ${key} (larger than 1 MiB): check its path and mode`,
    ]);
  });
});

describe('client CAs', () => {
  test('must be CAs, and at least one', async () => {
    const { ca, certificate } = paths();
    await developmentCertificates(folder, now);
    const texts = await readTexts([ca, certificate, 'missing']);
    expect(parseAuthorities(ca, texts)).toBe(readFileSync(ca, 'utf8'));
    expect(() => parseAuthorities(certificate, texts)).toThrow(`${certificate} holds no CA that can be used`);
    expect(() => parseAuthorities('missing', texts)).toThrow('cannot read the CA missing (ENOENT)');
    expect(() => parseAuthorities('x', new Map([['x', '']]))).toThrow('x holds no CA');
  });
});
