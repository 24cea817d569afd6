// What certificate files contain, as far as the link between kube-apiserver and kubelets depends on it. Data only.

import type { Problem } from './reading.ts';

/**
 * A certificate as Go's verifier reads it. Names are in RFC 4514 form. Times are RFC 3339 in UTC, to the second, so that
 * they can be compared as texts.
 */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** The user name of the caller, to a kubelet. */
  readonly commonName: string | undefined;
  /** The groups of the caller, to a kubelet. */
  readonly organizations: readonly string[];
  /** Organizational units, which mean nothing to a kubelet. */
  readonly units: readonly string[];
  readonly notBefore: string;
  readonly notAfter: string;
  /** It may sign certificates: basicConstraints and keyUsage allow it, or it has version 1, which knows neither. */
  readonly isCA: boolean;
  /** The number of CAs that may be between it and the last certificate. */
  readonly pathLength?: number;
  /** Object identifiers; empty means any usage. */
  readonly extendedKeyUsages: readonly string[];
  /** It is signed with SHA-1 or MD5, which Go rejects. */
  readonly insecureSignature: boolean;
  /** Go's TLS supports its kind of key: RSA, ECDSA on a NIST curve, Ed25519. */
  readonly supportedKey: boolean;
  /** Its critical extensions that Go does not know. Go rejects the certificate for them. */
  readonly unknownCritical: readonly string[];
  /** It limits the names or policies of certificates that it signs. These limits are not checked. */
  readonly constrained: boolean;
  /** SHA-256 in hex, of the certificate and of its public key. */
  readonly fingerprint: string;
  readonly keyFingerprint: string;
}

/** What a certificate is for, as the link needs it. */
export const CERTIFICATE_USES = ['client', 'client-issuer', 'client-ca'] as const;

/** A certificate in a file that a setting names, for people. Names and times as in CertificateFacts. */
export interface SeenCertificate extends Pick<CertificateFacts, 'subject' | 'issuer' | 'notBefore' | 'notAfter'> {
  /**
   * The client certificate that kube-apiserver presents, a CA in the same file, which it presents too, or a CA that the kubelet
   * accepts client certificates from.
   */
  readonly use: (typeof CERTIFICATE_USES)[number];
  readonly path: string;
}

/** The certificates in the files that the settings of a finding name; only where the host was read. No result depends on them. */
export interface CertificateList {
  /** The first ones; absent if there are none. */
  readonly certificates?: readonly SeenCertificate[];
  /** How many more certificates the files have; absent if none. */
  readonly moreCertificates?: number;
}

/** So many certificates of a file are shown: a bundle can have hundreds. */
export const MOST_CERTIFICATES = 20;

/** A private key. Only the fingerprint of its public key is kept. */
export type KeyFacts =
  | { readonly state: 'usable'; readonly keyFingerprint: string }
  | { readonly state: 'encrypted' }
  | { readonly state: 'unusable' };

/** The content of a PEM file. */
export interface PemFacts {
  /** All certificates before the first that cannot be read. */
  readonly certificates: readonly CertificateFacts[];
  /** The first private key. */
  readonly key?: KeyFacts;
  /** The number of the first certificate that cannot be read, counted from 1. */
  readonly brokenCertificate?: number;
  /** A certificate has PEM headers: kube-apiserver reads it, and the kubelet skips it. */
  readonly certificateWithHeaders?: true;
  /** What the file contains if it contains neither a certificate nor a key. */
  readonly instead?: 'empty' | 'der' | 'other';
}

/** Whether CAs in a file issued a client certificate, by names and signatures only. */
export interface IssuanceFacts {
  /** Each chain from the client certificate to a CA in the file. It has one element if the file contains the certificate. */
  readonly chains: readonly (readonly CertificateFacts[])[];
  /** CAs in the file that have the issuer's name, but whose key did not sign the certificate. */
  readonly namesakes: readonly CertificateFacts[];
  /** There were too many candidates to follow them all, as there would be for Go. */
  readonly cut: boolean;
}

/** The time of the check, and the time until which an expiry is worth a warning, in the form of CertificateFacts. */
export interface CheckTime {
  readonly now: string;
  readonly soon: string;
}

/** A file of certificates or a key, if it could be read. */
export type CertificateFile =
  | MissingFile
  | UnreadableFile
  | {
      readonly state: 'read';
      readonly pem: PemFacts;
      /** Its permission bits and group, which decide who can read it. */
      readonly access?: { readonly mode: number; readonly group: number };
    };

/** Whether the client CA file of the kubelet on the same node contains the issuer of a client certificate. */
export interface Issuance {
  /** The path of the client CA file. */
  readonly authorities: string;
  readonly facts: IssuanceFacts;
}

/** The files of a kube-apiserver's client certificate and key on its host. */
export interface PairFiles {
  readonly certificate: CertificateFile;
  readonly key: CertificateFile;
  readonly issuance?: Issuance;
  readonly moment: CheckTime;
}

/** There is no file at a path. */
export interface MissingFile {
  readonly state: 'missing';
  /** The missing path, if it is not the path itself but the target of a link. */
  readonly path?: string;
}

/** The file at a path cannot be read. */
export interface UnreadableFile {
  readonly state: 'unreadable';
  readonly problem: Problem;
}

/** Tells whether a kubelet rejects a client CA file. At start it then exits; while it runs it keeps the CAs that it has loaded. */
export function isRejectedByKubelet(file: CertificateFile): boolean {
  if (file.state !== 'read') return file.state === 'missing';
  return file.pem.certificates.length === 0 || file.pem.brokenCertificate !== undefined;
}
