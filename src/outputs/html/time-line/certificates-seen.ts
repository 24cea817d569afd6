// The distinct certificates of a report, each with the subjects that have it.

import type { SeenCertificate } from '../../../policy/certificates.ts';
import { millisecondsOf } from '../../../policy/timestamp.ts';
import type { ReportedFinding } from '../../guard-report.ts';
import { listedNameOf } from '../../text/names.ts';
import { compareTexts } from '../../text/natural.ts';
import { SOON } from '../ages.ts';

/** A certificate, and the names of the subjects that have it. */
export interface HeldCertificate {
  readonly certificate: SeenCertificate;
  readonly holders: Set<string>;
}

/** What its dates mean now. */
export type ExpiryState = 'never' | 'expired' | 'not-yet' | 'soon' | 'valid' | 'unreadable';

/** Collects certificates. */
export class CertificatesSeen {
  readonly #held = new Map<string, HeldCertificate>();
  readonly #bundles = new Map<string, number>();

  add(finding: ReportedFinding): void {
    const { certificates = [], moreCertificates = 0 } = finding;
    const path = certificates.at(-1)?.path ?? '';
    if (moreCertificates > (this.#bundles.get(path) ?? 0)) this.#bundles.set(path, moreCertificates);
    for (const certificate of certificates) {
      const { use, path, subject, issuer, notBefore, notAfter } = certificate;
      const key = JSON.stringify([subject, issuer, use, path, notBefore, notAfter]);
      const held = this.#held.get(key) ?? { certificate, holders: new Set() };
      this.#held.set(key, held);
      held.holders.add(listedNameOf(finding));
    }
  }

  /** Paths of files with more certificates than a report has, and how many more the longest of these files has. */
  bundles(): readonly (readonly [path: string, more: number])[] {
    return [...this.#bundles].sort(([a], [b]) => compareTexts(a, b));
  }

  /** Those that expire first come first. Those whose end cannot be read come before all. */
  sorted(): readonly HeldCertificate[] {
    return Array.from(this.#held, ([key, held]) => ({ key, held, end: millisecondsOf(held.certificate.notAfter) }))
      .sort((a, b) => (a.end ?? -Infinity) - (b.end ?? -Infinity) || compareTexts(a.key, b.key))
      .map(({ held }) => held);
  }
}

/** Gives what the dates of a certificate mean now. */
export function stateOfCertificate(
  { notBefore, notAfter }: Pick<SeenCertificate, 'notAfter'> & { readonly notBefore?: string },
  now: number | undefined,
): ExpiryState {
  const end = millisecondsOf(notAfter);
  const start = notBefore === undefined ? -Infinity : millisecondsOf(notBefore);
  if (end === undefined || start === undefined || now === undefined) return 'unreadable';
  if (end < start) return 'never';
  if (end < now) return 'expired';
  if (start > now) return 'not-yet';
  return end - now <= SOON ? 'soon' : 'valid';
}
