// What a serving certificate and a caBundle hold, and whether they fit together.

// Whether clients with a bundle of CAs accept a serving certificate.

import { X509Certificate } from 'node:crypto';

import type { PemFacts } from '../../policy/certificates.ts';
import { issuanceFacts, pemFacts } from './certificates.ts';
import { pemBlocks } from './pem.ts';

/** The certificate of a server, as the clients see it that know it by a bundle of CAs. */
export interface ServingFacts {
  readonly pem: PemFacts;
  /** A CA of the bundle signed it, directly or through others. */
  readonly isIssued: boolean;
  readonly isForHost: boolean;
}

/** What a PEM text holds. */
export function bundleFacts(text: string): PemFacts {
  return pemFacts(Buffer.from(text));
}

/**
 * Whether clients can verify a serving certificate. Dates are not checked.
 *
 * @param certificate in PEM, and after it the CAs between
 * @param bundle the CAs that clients know it by, in PEM
 */
export function servingFacts(certificate: string, bundle: string, host: string): ServingFacts {
  const bytes = Buffer.from(certificate);
  return {
    pem: pemFacts(bytes),
    isIssued: issuanceFacts(bytes, Buffer.from(bundle)).chains.length > 0,
    isForHost: isFor(certificate, host),
  };
}

function isFor(certificate: string, host: string): boolean {
  for (const { type, bytes } of pemBlocks(certificate)) {
    if (type !== 'CERTIFICATE') continue;
    try {
      // API servers ignore the common name
      return new X509Certificate(bytes).checkHost(host, { subject: 'never' }) !== undefined;
    } catch {
      return false;
    }
  }
  return false;
}
