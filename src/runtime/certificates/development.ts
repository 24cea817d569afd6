// Certificates of a development machine, made in a folder.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { issueAuthority, issueServing } from './issue.ts';
import { loadCertificates, type ServingCertificateFiles, type Certificates } from './certificates.ts';
import { StartError } from '../start-error.ts';

/** A serving certificate for a development machine, signed by a CA of its own. */
export interface DevelopmentCertificates extends Certificates {
  /** The file of the CA, which clients trust. */
  readonly caFile: string;
}

const DAY = 24 * 60 * 60 * 1000;
const LIFETIME_DAYS = 90;

/** Certificates with less than a day left are made again, so that no demo ends in the middle. */
const RENEW_BEFORE = DAY;

/**
 * Reads the development certificates in a folder, or makes them there.
 *
 * @param folder is created if it does not exist; holds `ca.crt`, `tls.crt`, and `tls.key`, which only its owner can read
 * @returns the certificates in the folder if they match and are valid for another day, else new ones
 */
export async function developmentCertificates(folder: string, now: Date): Promise<DevelopmentCertificates> {
  const caFile = join(folder, 'ca.crt');
  const files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: caFile };
  const found = await find(files, now);
  if (found !== undefined) return { ...found, caFile };
  const made = await make(now);
  try {
    mkdirSync(folder, { recursive: true });
    write(files.ca, made.ca, 0o644);
    write(files.certificate, made.certificate, 0o644);
    write(files.key, made.key, 0o600);
  } catch (cause) {
    const fault = `cannot write development certificates into ${folder}: make the folder writable, or pass --tls-cert-file and --tls-private-key-file`;
    throw new StartError('certificate', fault, { cause });
  }
  return { ...(await loadCertificates(files, now)), caFile };
}

async function find(files: ServingCertificateFiles, now: Date): Promise<Certificates | undefined> {
  try {
    return await loadCertificates(files, new Date(now.getTime() + RENEW_BEFORE));
  } catch {
    return undefined;
  }
}

/** Replaces the file, because the mode of an existing one would stay. */
function write(path: string, text: string, mode: number): void {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode });
}

async function make(now: Date): Promise<{ ca: string; certificate: string; key: string }> {
  // clocks differ a little between machines
  const validity = {
    notBefore: new Date(now.getTime() - 5 * 60 * 1000),
    notAfter: new Date(now.getTime() + LIFETIME_DAYS * DAY),
  };
  const authority = await issueAuthority('kubelet-guard development CA', validity);
  const serving = await issueServing(authority, {
    validity,
    name: 'kubelet-guard development',
    alternativeNames: [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
      { type: 'ip', value: '::1' },
    ],
  });
  return { ca: authority.certificate, ...serving };
}
