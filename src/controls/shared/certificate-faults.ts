// What is wrong with kube-apiserver's client certificate and key. A fault that breaks the link, or because of which a component
// does not start, is a violation. A fault that does neither, or not yet, is a warning.

import type { CertificateFacts, CheckTime } from '../../policy/certificates.ts';
import { nameFault } from './certificate-names.ts';
import type { Notes } from './define-control.ts';
import type { PathSetting } from './paths.ts';
import type { CertificateFile } from '../../policy/certificates.ts';
import type { Violation } from '../../policy/outcome.ts';

/** The notes that receive the faults of files. */
export type Faults = Pick<Notes, 'violations' | 'problems' | 'warnings'>;

/** A setting and the file that it names. */
export interface FileSetting extends PathSetting {
  readonly file: CertificateFile;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
/** kube-apiserver reads both files for each handshake (before 1.18: at its start). */
const API_SERVER =
  'kube-apiserver would refuse to start, and one that runs fails in each new TLS handshake with a kubelet';
const RENEW =
  'renew it (kubeadm: kubeadm certs renew apiserver-kubelet-client), kube-apiserver reloads it without a restart (before 1.18: restart it)';

/** The codes that `notePair` and `noteIssuance` (authority-faults.ts) note, for the metadata of controls. */
export const PAIR_CODES = {
  'not-a-certificate': 'The file holds no certificate that can be read, so every TLS handshake with a kubelet fails.',
  'not-a-key': 'The file holds no private key that can be read, so every TLS handshake with a kubelet fails.',
  'key-mismatch': 'The key does not belong to the certificate, so every TLS handshake with a kubelet fails.',
  expired: 'The certificate has expired, so kubelets answer 401.',
  'not-yet-valid': 'The certificate is not valid yet, so kubelets answer 401.',
  'no-client-auth': 'The certificate lacks the extended key usage clientAuth, so kubelets answer 401.',
  'no-common-name': 'The certificate has no common name, so kubelets find no user name in it.',
  'unknown-authority': "No CA in the kubelet's client CA file has issued the certificate, so the kubelet answers 401.",
  'not-accepted': 'The certificate, or a CA in its chain, has a fault because of which kubelets reject it.',
  'expires-soon': 'The certificate expires soon.',
  'no-rights': 'The certificate is for a user without rights on kubelets, so kubelets answer 403 by default.',
  'key-exposed': 'Users other than root can read the private key and impersonate kube-apiserver to kubelets.',
} as const;

/**
 * Checks kube-apiserver's client certificate and key. It does not start if a file is missing. With a broken file it starts,
 * and each handshake fails (client-go transport/transport.go:137 and 388: the files are only parsed there).
 *
 * @returns whether there is a pair that can be presented
 */
export function notePair(certificate: FileSetting, key: FileSetting, moment: CheckTime, faults: Faults): boolean {
  const leaf = noteCertificate(certificate, moment, faults);
  const keyFingerprint = noteKey(key, faults);
  if (leaf === undefined || keyFingerprint === undefined) return false;
  if (leaf.keyFingerprint === keyFingerprint) return true;
  const message = `${key.setting} is ${key.path}, which is not the key of the certificate ${certificate.path}: set both flags to files of the same pair`;
  faults.violations.push(violationOf(key, 'key-mismatch', message));
  return false;
}

/** The certificate that kube-apiserver presents, if the file holds one. */
function noteCertificate(given: FileSetting, moment: CheckTime, faults: Faults): CertificateFacts | undefined {
  const { setting, path } = given;
  const read = readCertificateFile(given, API_SERVER, faults);
  if (read === undefined) return undefined;
  const { certificates, certificateWithHeaders, brokenCertificate, instead } = read.pem;
  const [leaf] = certificates;
  if (certificateWithHeaders === true) {
    const message = `${path} holds a certificate with PEM headers, which kubelet-guard does not read: remove the lines between BEGIN and the blank line`;
    faults.problems.push({ code: 'malformed', message, origin: given.origin });
    return undefined;
  }
  if (leaf === undefined || brokenCertificate !== undefined || !leaf.supportedKey) {
    const what =
      leaf === undefined && brokenCertificate === undefined
        ? `holds no certificate${otherContent(instead)}`
        : brokenCertificate === undefined
          ? 'has a key of a kind that is not supported'
          : `holds something that is no certificate (number ${String(brokenCertificate)})`;
    const message = `${setting} is ${path}, which ${what}: kube-apiserver starts, but each TLS handshake with a kubelet fails; ${RENEW}`;
    faults.violations.push(violationOf(given, 'not-a-certificate', message));
    return undefined;
  }
  noteLeaf(given, leaf, moment, faults);
  return leaf;
}

function noteLeaf(given: FileSetting, leaf: CertificateFacts, { now, soon }: CheckTime, faults: Faults): void {
  const what = `${given.setting} is ${given.path}, whose certificate ${leaf.subject}`;
  const violation = (code: keyof typeof PAIR_CODES, message: string) => {
    faults.violations.push(violationOf(given, code, `${what} ${message}`));
  };
  if (now > leaf.notAfter) {
    violation('expired', `expired at ${leaf.notAfter}: kubelets answer 401; ${RENEW}`);
  } else if (now < leaf.notBefore) {
    violation(
      'not-yet-valid',
      `is not valid before ${leaf.notBefore}: kubelets answer 401; check the clocks of this host and of the host that issued it`,
    );
  } else if (leaf.notAfter <= soon) {
    const message = `${what} expires at ${leaf.notAfter}: ${RENEW}`;
    faults.warnings.push(violationOf(given, 'expires-soon', message));
  }
  if (!allowsClients(leaf)) {
    violation(
      'no-client-auth',
      `lacks the extended key usage clientAuth: kubelets answer 401; issue it with that usage`,
    );
  }
  if (leaf.commonName === undefined || leaf.commonName === '') {
    violation('no-common-name', 'has no common name: kubelets find no user name in it; issue it with one');
  }
  const nameless = nameFault(leaf);
  if (nameless !== undefined) {
    const message = `${what} ${nameless}: kubelets answer 403, unless the API server gives this user nodes/proxy; issue it for a group with rights, such as O=system:masters, or bind its user to the ClusterRole system:kubelet-api-admin`;
    faults.warnings.push(violationOf(given, 'no-rights', message));
  }
  if (leaf.unknownCritical.length > 0) {
    violation(
      'not-accepted',
      `has the critical extension ${leaf.unknownCritical.join(', ')}, because of which kubelets reject it; issue it without this extension`,
    );
  }
}

/** The fingerprint of the public key, if the private key can be read. */
function noteKey(given: FileSetting, faults: Faults): string | undefined {
  const { setting, path } = given;
  const read = readCertificateFile(given, API_SERVER, faults);
  if (read === undefined) return undefined;
  const { key, instead } = read.pem;
  if (read.access !== undefined && key !== undefined) noteAccess(given, read.access, faults);
  if (key?.state === 'usable') return key.keyFingerprint;
  const what =
    key === undefined
      ? `holds no private key${otherContent(instead)}`
      : key.state === 'encrypted'
        ? 'holds a private key with a passphrase'
        : 'holds a private key that cannot be read, or of a kind that is not supported';
  const message = `${setting} is ${path}, which ${what}: kube-apiserver starts, but each TLS handshake with a kubelet fails; name the key of the certificate, in PEM and without a passphrase`;
  faults.violations.push(violationOf(given, 'not-a-key', message));
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
  faults.warnings.push(violationOf(given, 'key-exposed', message));
}

/** Reads a certificate file. If it is missing, notes the violation with its outcome; if it cannot be read, notes the problem. */
export function readCertificateFile(
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
      faults.violations.push(violationOf(given, 'would-not-start', message));
      return undefined;
    }
  }
}

/** What a file holds instead of a certificate or key, to complete a sentence with `holds no …`. */
export function otherContent(instead: 'empty' | 'der' | 'other' | undefined): string {
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

/** Whether the extended key usages allow client authentication, as Go verifies them. */
export function allowsClients({ extendedKeyUsages }: CertificateFacts): boolean {
  return (
    extendedKeyUsages.length === 0 || extendedKeyUsages.includes(CLIENT_AUTH) || extendedKeyUsages.includes(ANY_USAGE)
  );
}

/** Makes a violation or warning about a setting and its file. */
export function violationOf({ setting, origin }: PathSetting, code: string, message: string): Violation {
  return { code, setting, message, origin };
}
