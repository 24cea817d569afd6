// What is wrong with the CAs in a kubelet's client CA file, and with the chain from a client certificate to them.

import {
  violationOf,
  allowsClients,
  otherContent,
  readCertificateFile,
  type Faults,
  type FileSetting,
} from './certificate-faults.ts';
import {
  isRejectedByKubelet,
  type CertificateFacts,
  type IssuanceFacts,
  type CheckTime,
} from '../../policy/certificates.ts';
import type { PathSetting } from './paths.ts';

/** The codes that `noteClientCA` notes besides `would-not-start`, for the metadata of a control. */
export const CA_CODES = {
  'not-a-ca': 'The client CA file holds a certificate that is no CA and must not sign others.',
  'ca-expired': 'The client CA file holds a CA that has expired.',
  'ca-not-yet-valid': 'The client CA file holds a CA that is not valid yet.',
  'ca-not-accepted': 'The client CA file holds a CA whose client certificates the kubelet rejects.',
  'ca-expires-soon': 'The CAs of the client CA file expire soon.',
  'public-bundle': 'The client CA file holds public CAs, so anyone with a certificate of one of them gets an identity.',
} as const;

/**
 * Checks the kubelet's client CA file. The kubelet exits at start if the file is missing, holds no certificate, or holds one
 * that cannot be parsed (apiserver dynamic_cafile_content.go:104, cmd/kubelet/app/auth.go:75).
 */
export function noteClientCA(given: FileSetting, moment: CheckTime, faults: Faults): void {
  const { setting, path } = given;
  const read = readCertificateFile(given, 'the kubelet would refuse to start', faults);
  if (read === undefined) return;
  const { certificates, brokenCertificate, instead } = read.pem;
  if (isRejectedByKubelet(read)) {
    const what =
      brokenCertificate === undefined
        ? `holds no certificate${otherContent(instead)}`
        : `holds something that is no certificate (number ${String(brokenCertificate)})`;
    const message = `the kubelet would refuse to start: ${setting} is ${path}, which ${what}; copy the cluster's CA there, in PEM`;
    faults.violations.push(violationOf(given, 'would-not-start', message));
    return;
  }
  noteAuthorities(given, certificates, moment, faults);
  notePublic(given, certificates, faults);
}

/** A useless CA beside useful ones is a warning, as during a rotation. Without a useful one the link is broken. */
function noteAuthorities(
  given: FileSetting,
  certificates: readonly CertificateFacts[],
  { now, soon }: CheckTime,
  faults: Faults,
): void {
  const useless: { code: keyof typeof CA_CODES; message: string }[] = [];
  const useful: CertificateFacts[] = [];
  for (const certificate of certificates) {
    const fault = authorityFault(certificate, now);
    if (fault === undefined) useful.push(certificate);
    else useless.push(fault);
  }
  const noted = useful.length === 0 ? faults.violations : faults.warnings;
  const codes = new Set(useless.map(({ code }) => code));
  for (const code of codes) {
    const all = useless.filter((each) => each.code === code);
    const more = all.length > 1 ? ` (and ${String(all.length - 1)} more)` : '';
    const message = `${given.setting} is ${given.path}: ${all[0]?.message ?? ''}${more}; put the CA there that signs the client certificate of kube-apiserver`;
    noted.push(violationOf(given, code, message));
  }
  const last = useful
    .map(({ notAfter }) => notAfter)
    .sort()
    .at(-1);
  if (last !== undefined && last <= soon) {
    const message = `${given.setting} is ${given.path}, whose last CA expires at ${last}: renew the CA, then all that it signed`;
    faults.warnings.push(violationOf(given, 'ca-expires-soon', message));
  }
}

/** Why a kubelet rejects every client certificate of a CA, as Go verifies (crypto/x509/x509.go:928 and verify.go, isValid). */
function authorityFault(
  authority: CertificateFacts,
  now: string,
): { code: keyof typeof CA_CODES; message: string } | undefined {
  const { subject, notAfter, notBefore, unknownCritical } = authority;
  if (!authority.isCA) return { code: 'not-a-ca', message: `${subject} is no CA and must not sign others` };
  if (now > notAfter) return { code: 'ca-expired', message: `${subject} expired at ${notAfter}` };
  if (now < notBefore) return { code: 'ca-not-yet-valid', message: `${subject} is not valid before ${notBefore}` };
  if (!allowsClients(authority))
    return { code: 'ca-not-accepted', message: `${subject} has extended key usages without clientAuth` };
  if (!authority.supportedKey)
    return { code: 'ca-not-accepted', message: `${subject} has a key of a kind that is not supported` };
  return unknownCritical.length === 0
    ? undefined
    : { code: 'ca-not-accepted', message: `${subject} has the critical extension ${unknownCritical.join(', ')}` };
}

/** A file with at least this many CAs is a system's trust bundle: no cluster has so many of its own. */
const MANY = 30;
/** Root CAs that most systems' trust bundles hold. */
const PUBLIC_ROOT =
  /(?:^|,)CN=(?:ISRG Root X[12]|DigiCert Global Root (?:CA|G2|G3)|GlobalSign(?: Root CA)?|GTS Root R[1-4]|Amazon Root CA [1-4]|USERTrust (?:RSA|ECC) Certification Authority|Microsoft RSA Root Certificate Authority 2017|Baltimore CyberTrust Root|Go Daddy Root Certificate Authority - G2|Entrust Root Certification Authority(?: - G[24])?|QuoVadis Root CA [123](?: G3)?|Certum Trusted Network CA(?: 2)?|AAA Certificate Services)(?:,|$)/;

/** Names and the number of CAs alone prove nothing, so this is a warning. */
function notePublic(given: FileSetting, certificates: readonly CertificateFacts[], faults: Faults): void {
  const known = certificates.find(({ subject, issuer }) => subject === issuer && PUBLIC_ROOT.test(subject));
  if (known === undefined && certificates.length < MANY) return;
  const why = known === undefined ? `holds ${String(certificates.length)} CAs` : `holds the public CA ${known.subject}`;
  const message = `${given.setting} is ${given.path}, which ${why}, as a system's trust bundle does: anyone with a certificate of one of them gets an identity; name a file with the cluster's CA alone`;
  faults.warnings.push(violationOf(given, 'public-bundle', message));
}

/**
 * Checks whether a kubelet with this CA file accepts the client certificate. `notePair` checks its validity and usage.
 *
 * @param certificate the client certificate of kube-apiserver
 * @param authorities the path of the kubelet's client CA file
 */
export function noteIssuance(
  certificate: PathSetting,
  authorities: string,
  issuance: IssuanceFacts,
  { now }: CheckTime,
  faults: Faults,
): void {
  const verdicts = issuance.chains.map((chain) => chainFault(chain, now));
  if (verdicts.includes(undefined)) return;
  const what = `${certificate.setting} is ${certificate.path}`;
  const unsure = verdicts.find((verdict) => verdict?.certain === false);
  if (unsure !== undefined || issuance.cut) {
    const why = unsure?.reason ?? 'too many CAs have the same name';
    const message = `whether the CAs of ${authorities} accept the certificate ${certificate.path} cannot be decided: ${why}; try a call to a kubelet, such as kubectl logs`;
    faults.problems.push({ code: 'unresolved', message, origin: certificate.origin });
    return;
  }
  const [first] = verdicts;
  if (first !== undefined) {
    const message = `${what}, which ${authorities} does not make valid: ${first.reason}; the kubelet answers 401; issue a new CA and certificate`;
    faults.violations.push(violationOf(certificate, 'not-accepted', message));
    return;
  }
  const [namesake] = issuance.namesakes;
  const why =
    namesake === undefined
      ? `which no CA of ${authorities} has issued`
      : `which the CA ${namesake.subject} of ${authorities} has not signed, although it has the name of the issuer: the CA was re-created since`;
  const message = `${what}, ${why}: the kubelet answers 401; put the CA there that issued it, or issue it by that CA`;
  faults.violations.push(violationOf(certificate, 'unknown-authority', message));
}

/** Why Go rejects a chain (crypto/x509/verify.go, isValid and checkChainForKeyUsage), apart from faults of its first. */
function chainFault(
  chain: readonly CertificateFacts[],
  now: string,
): { readonly reason: string; readonly certain: boolean } | undefined {
  const weak = chain.slice(0, -1).find(({ insecureSignature }) => insecureSignature);
  if (weak !== undefined) return { reason: `${weak.subject} is signed with SHA-1 or MD5`, certain: true };
  for (const [index, authority] of chain.entries()) {
    if (index === 0) continue;
    const fault = authorityFault(authority, now);
    if (fault !== undefined) return { reason: fault.message, certain: true };
    if (authority.pathLength !== undefined && index - 1 > authority.pathLength) {
      return { reason: `${authority.subject} allows fewer CAs below it`, certain: true };
    }
  }
  const limiting = chain.slice(1).find(({ constrained }) => constrained);
  return limiting && { reason: `${limiting.subject} limits the names or policies of what it signs`, certain: false };
}
