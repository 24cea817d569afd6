// Notes the certificates in the files that settings name, for people: who, by whom, and when. No result depends on these notes.

import { MOST_CERTIFICATES, type CertificateFile, type SeenCertificate } from '../../policy/certificates.ts';
import type { Notes } from './define-control.ts';

/** Notes the client certificate of kube-apiserver, which is the first in its file, and the CAs after it. */
export function noteClientCertificate(path: string, file: CertificateFile, notes: Notes): void {
  noteCertificates((at) => (at === 0 ? 'client' : 'client-issuer'), path, file, notes);
}

/** Notes the CAs of a client CA file. */
export function noteClientAuthorities(path: string, file: CertificateFile, notes: Notes): void {
  noteCertificates(() => 'client-ca', path, file, notes);
}

/** A file can have hundreds, so only the first ones are noted, and the others counted. */
function noteCertificates(
  useOf: (at: number) => SeenCertificate['use'],
  path: string,
  file: CertificateFile,
  notes: Notes,
): void {
  if (file.state !== 'read') return;
  const { certificates } = file.pem;
  for (const [at, { subject, issuer, notBefore, notAfter }] of certificates.slice(0, MOST_CERTIFICATES).entries()) {
    notes.certificates.push({ use: useOf(at), path, subject, issuer, notBefore, notAfter });
  }
  notes.moreCertificates += Math.max(0, certificates.length - MOST_CERTIFICATES);
}
