// Notes the certificates in the files that settings name, for people: who, by whom, and when. No result depends on these notes.

import { MOST_CERTIFICATES, type CertificateFile, type SeenCertificate } from '../../policy/certificates.ts';
import type { Notes } from './define-control.ts';

/** Notes the client certificate of kube-apiserver: the first in its file. The others are those of its issuers. */
export function noteClientCertificate(path: string, file: CertificateFile, notes: Notes): void {
  noteCertificates('client', path, file, 1, notes);
}

/** Notes the CAs of a client CA file. A bundle can have hundreds, so only the first ones are noted, and the others counted. */
export function noteClientAuthorities(path: string, file: CertificateFile, notes: Notes): void {
  noteCertificates('client-ca', path, file, MOST_CERTIFICATES, notes);
  if (file.state === 'read') notes.moreCertificates += Math.max(0, file.pem.certificates.length - MOST_CERTIFICATES);
}

function noteCertificates(
  use: SeenCertificate['use'],
  path: string,
  file: CertificateFile,
  most: number,
  { certificates }: Notes,
): void {
  if (file.state !== 'read') return;
  for (const { subject, issuer, notBefore, notAfter } of file.pem.certificates.slice(0, most)) {
    certificates.push({ use, path, subject, issuer, notBefore, notAfter });
  }
}
