// The certificate files of a process.

import { isRejectedByKubelet } from '../../policy/certificates.ts';
import type { CheckTime } from '../../policy/certificates.ts';
import type { CertificateFile, Issuance, UnreadableFile } from '../../policy/certificates.ts';
import type { CertificateFiles, ProcessFiles } from '../../policy/document.ts';
import { issuanceFacts, pemFacts } from '../certificates/certificates.ts';

/** Anybody may name a file that takes long to parse; the trust bundles of systems have half of this. */
const MOST_BYTES = 512 * 1024;

/** A kubelet's client CA file. */
export interface AuthoritiesFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * What the certificate files of a process hold. Each is read once, so the running process and its next start are checked with the same content.
 *
 * @param moment when they are checked
 * @param authorities the client CA file of the one kubelet of the node, where there is one that can be read
 */
export function readCertificateFiles(
  files: ProcessFiles,
  moment: CheckTime,
  authorities: () => AuthoritiesFile | undefined,
): CertificateFiles {
  const issuance = (path: string): Issuance | undefined => {
    const client = readBounded(files, path);
    const file = client.state === 'read' ? authorities() : undefined;
    if (client.state !== 'read' || file === undefined) return undefined;
    return { authorities: file.path, facts: issuanceFacts(client.bytes, file.bytes) };
  };
  return { moment, read: once((path) => readCertificates(files, path)), issuance: once(issuance) };
}

function once<T>(read: (path: string) => T): (path: string) => T {
  const known = new Map<string, { readonly value: T }>();
  return (path) => {
    const found = known.get(path) ?? { value: read(path) };
    known.set(path, found);
    return found.value;
  };
}

/** A client CA file, unless a kubelet would not take it. */
export function readAuthorities(files: ProcessFiles, path: string): AuthoritiesFile | undefined {
  const content = readBounded(files, path);
  if (content.state !== 'read') return undefined;
  return isRejectedByKubelet({ state: 'read', pem: pemFacts(content.bytes) })
    ? undefined
    : { path, bytes: content.bytes };
}

function readCertificates(files: ProcessFiles, path: string): CertificateFile {
  const content = readBounded(files, path);
  if (content.state !== 'read') return content;
  const status = files.stat(path);
  return {
    state: 'read',
    pem: pemFacts(content.bytes),
    ...(status.state === 'present' && { access: { mode: status.mode, group: status.group } }),
  };
}

function readBounded(files: ProcessFiles, path: string): ReturnType<ProcessFiles['readBytes']> {
  const status = files.stat(path);
  if (status.state === 'present' && status.size > MOST_BYTES) return tooLarge(path);
  const content = files.readBytes(path);
  return content.state === 'read' && content.bytes.length > MOST_BYTES ? tooLarge(path) : content;
}

function tooLarge(path: string): UnreadableFile {
  const message = `${path} is larger than ${MOST_BYTES / 1024} KiB, so it is not checked: keep only certificates in it`;
  return { state: 'unreadable', problem: { code: 'too-large', message } };
}
