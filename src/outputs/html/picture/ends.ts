// What the two ends of the link do, from their findings: what a kube-apiserver presents, and which CAs a kubelet accepts.

import type { SeenCertificate } from '../../../policy/certificates.ts';
import { API_SERVER_SETTINGS, KUBELET_SETTINGS } from '../../../policy/settings.ts';
import type { ReportedFinding } from '../../guard-report.ts';
import { compareTexts } from '../../text/natural.ts';

/** What a kube-apiserver presents to kubelets. */
export type Presented =
  /** A certificate. `issuers` begins with the CA that issued it; the others issued the CAs in its file. */
  | { readonly kind: 'certificate'; readonly subject: string; readonly issuers: readonly string[] }
  /** The file of a certificate, whose issuer is not shown. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown' };

/** The CAs that a kubelet accepts client certificates from. */
export type Accepted =
  /** `more` is how many names are left out, because there are too many. */
  | { readonly kind: 'names'; readonly names: readonly string[]; readonly more: number }
  /** The file of the CAs, whose names are not shown. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown' };

/** A kubelet names a few. The limit is for a hostile kubelet, which can name any number. */
const MOST_NAMES = 50;

/** Reads what a kube-apiserver presents from its finding of apiserver-kubelet-client-cert. */
export function presentedBy(finding: ReportedFinding): Presented {
  if (hasNothing(finding)) return { kind: 'nothing' };
  const chain = (finding.certificates ?? []).filter(({ use }) => use !== 'client-ca');
  const certificate = chain.find(({ use }) => use === 'client');
  if (certificate !== undefined)
    return { kind: 'certificate', subject: certificate.subject, issuers: issuersOf(certificate, chain) };
  const path = valueOf(finding, [`--${API_SERVER_SETTINGS.kubeletClientCertificate.flag}`]);
  return path === undefined ? { kind: 'unknown' } : { kind: 'file', path };
}

/** Reads which CAs a kubelet accepts from its finding of kubelet-client-ca. What its next start brings is left out. */
export function acceptedBy(finding: ReportedFinding): Accepted {
  const handshake = piecesOf(finding).find(({ source }) => 'via' in source && source.via === 'handshake');
  const asked = handshake?.evidence.map(({ value }) => value) ?? [];
  if (asked.length > 0) return namesOf(asked);
  if (hasNothing(finding)) return { kind: 'nothing' };
  const read = (finding.certificates ?? []).filter(({ use }) => use === 'client-ca').map(({ subject }) => subject);
  if (read.length > 0) return namesOf(read, finding.moreCertificates);
  const { field, flag } = KUBELET_SETTINGS.clientCAFile;
  const path = valueOf(finding, [field, `--${flag}`]);
  return path === undefined ? { kind: 'unknown' } : { kind: 'file', path };
}

/** @param unread how many more names there can be, which the report does not have */
function namesOf(values: readonly string[], unread = 0): Accepted {
  const names = [...new Set(values)].sort(compareTexts);
  return { kind: 'names', names: names.slice(0, MOST_NAMES), more: Math.max(0, names.length - MOST_NAMES) + unread };
}

/** The file of a certificate can also contain the CAs between it and the CA that a kubelet accepts. */
function issuersOf(first: SeenCertificate, chain: readonly SeenCertificate[]): readonly string[] {
  const issuers = new Set<string>();
  for (let at: SeenCertificate | undefined = first; at !== undefined && !issuers.has(at.issuer);) {
    const issuer: string = at.issuer;
    issuers.add(issuer);
    at = chain.find(({ subject }) => subject === issuer);
  }
  return [...issuers];
}

/** A setting of the end is not set, or set to nothing. */
function hasNothing({ result, violations }: ReportedFinding): boolean {
  return result === 'fail' && violations.some(({ code }) => code === 'missing' || code === 'empty');
}

function valueOf(finding: ReportedFinding, settings: readonly string[]): string | undefined {
  return piecesOf(finding)
    .flatMap(({ evidence }) => evidence)
    .find(({ setting, value }) => value !== '' && settings.includes(setting))?.value;
}

/** The evidence that holds now: a document only declares what a process may use, and what contradicts the result did not count. */
function piecesOf({
  source,
  vantage,
  evidence,
  otherEvidence = [],
}: ReportedFinding): Pick<ReportedFinding, 'source' | 'evidence'>[] {
  const others = otherEvidence.filter(
    (other) => other.agrees && !other.pending && (other.vantage !== 'declared' || vantage === 'declared'),
  );
  return [{ source, evidence }, ...others];
}
