// What is wrong with the CAs that a kubelet accepts client certificates of, and with those that a certificate hangs on.

import { about, allowsClients, insteadOf, readOr, type Faults, type FileSetting } from './certificate-faults.ts';
import {
  isRejectedByKubelet,
  type CertificateFacts,
  type IssuanceFacts,
  type CheckTime,
} from '../../policy/certificates.ts';
import type { PathSetting } from './settings.ts';

/** The codes that `noteClientCA` notes, for the metadata of a control; `would-not-start` besides. */
export const CA_CODES = {
  'not-a-ca': 'The client CA file holds a certificate that may not sign others.',
  'ca-expired': 'The client CA file holds a CA that has expired.',
  'ca-not-yet-valid': 'The client CA file holds a CA that is not valid yet.',
  'ca-not-accepted': 'The client CA file holds a CA that the kubelet accepts no client certificate of.',
  'ca-expires-soon': 'The CAs of the client CA file expire soon.',
  'public-bundle': 'The client CA file holds public CAs, so anyone with a certificate of one of them gets an identity.',
} as const;

/**
 * Judges the client CA file of the kubelet, which exits at start where the file is missing, holds no certificate, or one that
 * cannot be parsed (apiserver dynamic_cafile_content.go:104, cmd/kubelet/app/auth.go:75).
 */
export function noteClientCA(given: FileSetting, moment: CheckTime, faults: Faults): void {
  const { setting, path } = given;
  const read = readOr(given, 'the kubelet would refuse to start', faults);
  if (read === undefined) return;
  const { certificates, brokenCertificate, instead } = read.pem;
  if (isRejectedByKubelet(read)) {
    const what =
      brokenCertificate === undefined
        ? `holds no certificate${insteadOf(instead)}`
        : `holds something that is no certificate (number ${String(brokenCertificate)})`;
    const message = `the kubelet would refuse to start: ${setting} is ${path}, which ${what}; copy the cluster's CA there, in PEM`;
    faults.violations.push(about(given, 'would-not-start', message));
    return;
  }
  noteAuthorities(given, certificates, moment, faults);
  notePublic(given, certificates, faults);
}

/** One that is of no use among others that are is a warning, as during a rotation; if none is of use, the link is broken. */
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
    noted.push(about(given, code, message));
  }
  const last = useful
    .map(({ notAfter }) => notAfter)
    .sort()
    .at(-1);
  if (last !== undefined && last <= soon) {
    const message = `${given.setting} is ${given.path}, whose last CA expires at ${last}: renew the CA, then all that it signed`;
    faults.warnings.push(about(given, 'ca-expires-soon', message));
  }
}

/** Why a kubelet accepts no client certificate of a CA, as Go verifies (crypto/x509/x509.go:928 and verify.go, isValid). */
function authorityFault(
  authority: CertificateFacts,
  now: string,
): { code: keyof typeof CA_CODES; message: string } | undefined {
  const { subject, notAfter, notBefore, unknownCritical } = authority;
  if (!authority.isCA) return { code: 'not-a-ca', message: `${subject} is no CA, and may not sign others` };
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

/** No cluster has so many CAs of its own. */
const MANY = 30;
/** Roots that most trust bundles of systems hold. */
const PUBLIC_ROOT =
  /(?:^|,)CN=(?:ISRG Root X[12]|DigiCert Global Root (?:CA|G2|G3)|GlobalSign(?: Root CA)?|GTS Root R[1-4]|Amazon Root CA [1-4]|USERTrust (?:RSA|ECC) Certification Authority|Microsoft RSA Root Certificate Authority 2017|Baltimore CyberTrust Root|Go Daddy Root Certificate Authority - G2|Entrust Root Certification Authority(?: - G[24])?|QuoVadis Root CA [123](?: G3)?|Certum Trusted Network CA(?: 2)?|AAA Certificate Services)(?:,|$)/;

/** By name and number alone, which proves nothing: a warning. */
function notePublic(given: FileSetting, certificates: readonly CertificateFacts[], faults: Faults): void {
  const known = certificates.find(({ subject, issuer }) => subject === issuer && PUBLIC_ROOT.test(subject));
  if (known === undefined && certificates.length < MANY) return;
  const why = known === undefined ? `holds ${String(certificates.length)} CAs` : `holds the public CA ${known.subject}`;
  const message = `${given.setting} is ${given.path}, which ${why}, as a system's trust bundle does: anyone with a certificate of one of them gets an identity; name a file with the cluster's CA alone`;
  faults.warnings.push(about(given, 'public-bundle', message));
}

/**
 * Judges whether a kubelet with this CA file accepts the client certificate. Its own time and usage are those of `notePair`.
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
    const message = `whether the CAs of ${authorities} accept the certificate ${certificate.path} cannot be told: ${why}; ask a kubelet through kube-apiserver`;
    faults.problems.push({ code: 'unresolved', message, origin: certificate.origin });
    return;
  }
  const [first] = verdicts;
  if (first !== undefined) {
    const message = `${what}, which ${authorities} does not make valid: ${first.reason}; the kubelet answers 401; issue CA and certificate anew`;
    faults.violations.push(about(certificate, 'not-accepted', message));
    return;
  }
  const [namesake] = issuance.namesakes;
  const why =
    namesake === undefined
      ? `which no CA of ${authorities} has issued`
      : `which the CA ${namesake.subject} of ${authorities} has not signed, although it has the name of the issuer: it was made anew since`;
  const message = `${what}, ${why}: the kubelet answers 401; put the CA there that issued it, or issue it by that CA`;
  faults.violations.push(about(certificate, 'unknown-authority', message));
}

/** Why Go refuses a chain (crypto/x509/verify.go, isValid and checkChainForKeyUsage), beyond what is told of its first. */
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
