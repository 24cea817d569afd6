// What is wrong with the files behind the settings of the link. A fault that breaks the link, or keeps a component from
// starting, is a violation; one that does not, or not yet, is a warning.

import type { CertificateFacts, CheckTime } from '../../policy/certificates.ts';
import type { Notes } from './define-control.ts';
import type { PathSetting } from './settings.ts';
import type { CertificateFile } from '../../policy/certificates.ts';
import type { Violation } from '../../policy/outcome.ts';

/** Where faults are noted. */
export type Faults = Pick<Notes, 'violations' | 'problems' | 'warnings'>;

/** A setting and the file that it names. */
export interface FileSetting extends PathSetting {
  readonly file: CertificateFile;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
/** It reads both anew for each handshake. */
const API_SERVER =
  'kube-apiserver would refuse to start, and one that runs fails in each new TLS handshake with a kubelet';
const RENEW =
  'renew it (kubeadm: kubeadm certs renew apiserver-kubelet-client), kube-apiserver reads it anew by itself';

/** The codes that `notePair` notes, and `noteIssuance` of authority-faults.ts, for the metadata of controls. */
export const PAIR_CODES = {
  'not-a-certificate': 'The file holds no certificate that can be read, so every TLS handshake with a kubelet fails.',
  'not-a-key': 'The file holds no private key that can be read, so every TLS handshake with a kubelet fails.',
  'key-mismatch': 'The key is not that of the certificate, so every TLS handshake with a kubelet fails.',
  expired: 'The certificate has expired, so kubelets answer 401.',
  'not-yet-valid': 'The certificate is not valid yet, so kubelets answer 401.',
  'no-client-auth': 'The certificate is not meant for clients (extended key usage clientAuth), so kubelets answer 401.',
  'no-common-name': 'The certificate has no common name, so kubelets know no user by it.',
  'unknown-authority': 'No CA of the client CA file of the kubelet has issued the certificate, so it answers 401.',
  'not-accepted': 'The certificate, or a CA that it hangs on, has a fault for which kubelets refuse it.',
  'expires-soon': 'The certificate expires soon.',
  'key-exposed': 'Others than root can read the private key, and so act as kube-apiserver towards kubelets.',
} as const;
/**
 * Judges the client certificate and key of kube-apiserver. A file that is missing keeps it from starting; with one that is
 * broken it starts, and fails in each handshake (client-go transport/transport.go:137 and 388: files are only parsed there).
 *
 * @returns whether there is a pair that can be presented
 */
export function notePair(certificate: FileSetting, key: FileSetting, moment: CheckTime, faults: Faults): boolean {
  const leaf = noteCertificate(certificate, moment, faults);
  const keyFingerprint = noteKey(key, faults);
  if (leaf === undefined || keyFingerprint === undefined) return false;
  if (leaf.keyFingerprint === keyFingerprint) return true;
  const message = `${key.setting} is ${key.path}, which is not the key of the certificate ${certificate.path}: name the two files of one pair`;
  faults.violations.push(about(key, 'key-mismatch', message));
  return false;
}

/** The certificate that is presented, where one can be read. */
function noteCertificate(given: FileSetting, moment: CheckTime, faults: Faults): CertificateFacts | undefined {
  const { setting, path } = given;
  const read = readOr(given, API_SERVER, faults);
  if (read === undefined) return undefined;
  const { certificates, certificateWithHeaders, brokenCertificate, instead } = read.pem;
  const [leaf] = certificates;
  if (certificateWithHeaders === true) {
    const message = `${path} holds a certificate with PEM headers, which is not judged: remove the lines between BEGIN and the blank line`;
    faults.problems.push({ code: 'malformed', message, origin: given.origin });
    return undefined;
  }
  if (leaf === undefined || brokenCertificate !== undefined || !leaf.supportedKey) {
    const what =
      leaf === undefined && brokenCertificate === undefined
        ? `holds no certificate${insteadOf(instead)}`
        : brokenCertificate === undefined
          ? 'has a key of a kind that is not supported'
          : `holds something that is no certificate (number ${String(brokenCertificate)})`;
    const message = `${setting} is ${path}, which ${what}: kube-apiserver starts, but each TLS handshake with a kubelet fails; ${RENEW}`;
    faults.violations.push(about(given, 'not-a-certificate', message));
    return undefined;
  }
  noteLeaf(given, leaf, moment, faults);
  return leaf;
}

function noteLeaf(given: FileSetting, leaf: CertificateFacts, { now, soon }: CheckTime, faults: Faults): void {
  const what = `${given.setting} is ${given.path}, whose certificate ${leaf.subject}`;
  const violation = (code: keyof typeof PAIR_CODES, message: string) => {
    faults.violations.push(about(given, code, `${what} ${message}`));
  };
  if (now > leaf.notAfter) {
    violation('expired', `expired at ${leaf.notAfter}: kubelets answer 401; ${RENEW}`);
  } else if (now < leaf.notBefore) {
    violation(
      'not-yet-valid',
      `is not valid before ${leaf.notBefore}: kubelets answer 401; check the clocks of this host and of the one that issued it`,
    );
  } else if (leaf.notAfter <= soon) {
    const message = `${what} expires at ${leaf.notAfter}: ${RENEW}`;
    faults.warnings.push(about(given, 'expires-soon', message));
  }
  if (!allowsClients(leaf)) {
    violation(
      'no-client-auth',
      `lacks the extended key usage clientAuth: kubelets answer 401; issue it with that usage`,
    );
  }
  if (leaf.commonName === undefined || leaf.commonName === '') {
    violation('no-common-name', 'has no common name: kubelets know no user by it; issue it with one');
  }
  if (leaf.unknownCritical.length > 0) {
    violation(
      'not-accepted',
      `has the critical extension ${leaf.unknownCritical.join(', ')}, for which kubelets refuse it; issue it without`,
    );
  }
}

/** The fingerprint of the public half, where the key can be read. */
function noteKey(given: FileSetting, faults: Faults): string | undefined {
  const { setting, path } = given;
  const read = readOr(given, API_SERVER, faults);
  if (read === undefined) return undefined;
  const { key, instead } = read.pem;
  if (read.access !== undefined && key !== undefined) noteAccess(given, read.access, faults);
  if (key?.state === 'usable') return key.keyFingerprint;
  const what =
    key === undefined
      ? `holds no private key${insteadOf(instead)}`
      : key.state === 'encrypted'
        ? 'holds a private key with a passphrase'
        : 'holds a private key that cannot be read, or of a kind that is not supported';
  const message = `${setting} is ${path}, which ${what}: kube-apiserver starts, but each TLS handshake with a kubelet fails; name the key of the certificate, in PEM and without a passphrase`;
  faults.violations.push(about(given, 'not-a-key', message));
  return undefined;
}

function noteAccess(
  given: FileSetting,
  { mode, group }: { readonly mode: number; readonly group: number },
  faults: Faults,
): void {
  const byAll = (mode & 0o007) !== 0;
  if (!byAll && ((mode & 0o070) === 0 || group === 0)) return;
  const who = byAll ? 'everybody on the host' : `group ${String(group)}`;
  const shown = (mode & 0o777).toString(8).padStart(3, '0');
  const message = `${given.setting} is ${given.path}, whose private key is open to ${who} (mode ${shown}): chmod 600 and chown root:root`;
  faults.warnings.push(about(given, 'key-exposed', message));
}

/** The content of a file; notes where there is none, and what comes of that. */
export function readOr(
  given: FileSetting,
  outcome: string,
  faults: Faults,
): Extract<CertificateFile, { state: 'read' }> | undefined {
  const { file, setting, path, origin } = given;
  switch (file.state) {
    case 'read':
      return file;
    case 'unreadable':
      faults.problems.push({ ...file.problem, origin });
      return undefined;
    case 'missing': {
      const message = `${outcome}: ${setting} is ${path}, which does not exist; create the file, or correct the path`;
      faults.violations.push(about(given, 'would-not-start', message));
      return undefined;
    }
  }
}

/** What a file holds instead, to go on after `holds no …`. */
export function insteadOf(instead: 'empty' | 'der' | 'other' | undefined): string {
  switch (instead) {
    case 'empty':
      return ' but is empty';
    case 'der':
      return ' in PEM, but looks like DER (openssl x509 -inform der, or openssl pkey, converts it)';
    case 'other':
      return ', nor any other PEM';
    case undefined:
      return '';
  }
}

/** Whether the extended key usages allow a client, as Go reads them. */
export function allowsClients({ extendedKeyUsages }: CertificateFacts): boolean {
  return (
    extendedKeyUsages.length === 0 || extendedKeyUsages.includes(CLIENT_AUTH) || extendedKeyUsages.includes(ANY_USAGE)
  );
}

/** A violation or warning about a setting and its file. */
export function about({ setting, origin }: PathSetting, code: string, message: string): Violation {
  return { code, setting, message, origin };
}
