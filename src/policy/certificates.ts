/** What certificate files hold, as far as the link between kube-apiserver and kubelets depends on it. */

import type { Problem } from './reading.ts';

/**
 * A certificate, as Go's verifier sees it. Names are as RFC 4514 writes them.
 * Times are RFC 3339 in UTC, to the second, so that their order is that of the texts.
 */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** The user name that a kubelet takes a caller by. */
  readonly commonName: string | undefined;
  readonly notBefore: string;
  readonly notAfter: string;
  /** It may sign others: basicConstraints and keyUsage allow it, or it is of version 1, which has neither. */
  readonly isCA: boolean;
  /** How many CAs may stand between it and the last certificate. */
  readonly pathLength?: number;
  /** Object identifiers; none means any usage. */
  readonly extendedKeyUsages: readonly string[];
  /** Signed with SHA-1 or MD5, which Go does not accept. */
  readonly insecureSignature: boolean;
  /** A key of a kind that Go's TLS knows: RSA, ECDSA on a NIST curve, Ed25519. */
  readonly supportedKey: boolean;
  /** Critical extensions that Go does not know, and refuses a certificate for. */
  readonly unknownCritical: readonly string[];
  /** It limits the names or policies of what it signs, which is not followed here. */
  readonly constrained: boolean;
  /** SHA-256 in hex, of the certificate and of its public key. */
  readonly fingerprint: string;
  readonly keyFingerprint: string;
}

/** A private key. Nothing of it is told but the fingerprint of its public half. */
export type KeyFacts =
  | { readonly state: 'usable'; readonly keyFingerprint: string }
  | { readonly state: 'encrypted' }
  | { readonly state: 'unusable' };

/** What a PEM file holds. */
export interface PemFacts {
  /** Those before the first that cannot be read. */
  readonly certificates: readonly CertificateFacts[];
  /** The first private key. */
  readonly key?: KeyFacts;
  /** The number of the first certificate that cannot be read, counted from 1. */
  readonly brokenCertificate?: number;
  /** A certificate with PEM headers, which kube-apiserver takes and the kubelet passes over. */
  readonly certificateWithHeaders?: true;
  /** What the file is instead, where it holds neither certificate nor key. */
  readonly instead?: 'empty' | 'der' | 'other';
}

/** How a client certificate hangs together with a file of CAs, by names and signatures alone. */
export interface IssuanceFacts {
  /** From the client certificate to one of the CA file; only itself where the CA file holds it. */
  readonly chains: readonly (readonly CertificateFacts[])[];
  /** CAs of the file with the issuer's name, whose key did not sign it. */
  readonly namesakes: readonly CertificateFacts[];
  /** There were too many candidates to follow all, for Go as well. */
  readonly cut: boolean;
}

/** When it is judged, and until when what expires is worth a warning: as in CertificateFacts, to the second. */
export interface CheckTime {
  readonly now: string;
  readonly soon: string;
}

/** A file of certificates or a key, as far as it could be read. */
export type CertificateFile =
  | MissingFile
  | UnreadableFile
  | {
      readonly state: 'read';
      readonly pem: PemFacts;
      /** Who may read it: permission bits and owning group. */
      readonly access?: { readonly mode: number; readonly group: number };
    };

/** How a client certificate hangs together with the client CA file of the kubelet of its node. */
export interface Issuance {
  /** The path of that file. */
  readonly authorities: string;
  readonly facts: IssuanceFacts;
}

/** The client certificate of a kube-apiserver and its key, as they are on its host. */
export interface PairFiles {
  readonly certificate: CertificateFile;
  readonly key: CertificateFile;
  readonly issuance?: Issuance;
  readonly moment: CheckTime;
}

/** Nothing is at a path. */
export interface MissingFile {
  readonly state: 'missing';
  /** What is missing, where it is not what was asked for but something that it leads to. */
  readonly path?: string;
}

/** What is at a path cannot be told. */
export interface UnreadableFile {
  readonly state: 'unreadable';
  readonly problem: Problem;
}

/** Tells whether a kubelet rejects a client CA file: at its start it exits, and while it runs it keeps the CAs that it has loaded. */
export function isRejectedByKubelet(file: CertificateFile): boolean {
  if (file.state !== 'read') return file.state === 'missing';
  return file.pem.certificates.length === 0 || file.pem.brokenCertificate !== undefined;
}
