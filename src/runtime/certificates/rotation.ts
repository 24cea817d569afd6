// Decides when the CA and the serving certificate are renewed. A CA is in the bundle before it signs, and stays there until the
// last certificate that it signed has expired. The key of an old CA is gone, so that is at most one lifetime later.

import { createPrivateKey, X509Certificate } from 'node:crypto';

import { issueAuthority, issueServing, type KeyPair, type Validity } from './issue.ts';

/** The values of a Secret, as PEM: certificates and key of the CA, with the one that signs first, and of the webhook. */
export interface Material extends Readonly<Record<string, string>> {
  readonly 'ca.crt': string;
  readonly 'ca.key': string;
  readonly 'tls.crt': string;
  readonly 'tls.key': string;
}

/** Lifetimes of certificates, in milliseconds. */
export interface Lifetimes {
  readonly authority: number;
  readonly serving: number;
}

/** What a renewal depends on. */
export interface RenewalOptions {
  readonly now: Date;
  readonly lifetimes: Lifetimes;
  /** The DNS names that API servers call the webhook by. */
  readonly names: readonly [string, ...string[]];
  /** Whether API servers have known a CA for long enough that it can sign. */
  readonly isKnown: (authority: X509Certificate) => boolean;
}

/** Clocks differ between machines; as much as client-go allows (util/cert/cert.go of v0.37.2, line 156). */
const BACKDATED = 60 * 60 * 1000;
/** The part of its life after which a certificate is renewed. */
const RENEWED = 2 / 3;
/** The part of its life after which a certificate is renewed even if API servers may not know the new CA yet. */
const URGENT = 0.9;

/**
 * Renews what is due.
 *
 * @param found the values of the Secret, which can be anything
 * @returns the values that the Secret shall hold; the same texts where nothing is due
 */
export async function renew(found: Readonly<Record<string, string>>, options: RenewalOptions): Promise<Material> {
  const { now, lifetimes } = options;
  const known = certificatesIn(found['ca.crt']).filter(({ ca, validTo }) => ca && now < new Date(validTo));
  const signer = signerAmong(known, found['ca.key'], now) ?? (await newSigner(options));
  const authority = new X509Certificate(signer.certificate);
  // by then all certificates that other CAs signed have expired
  const isOver = now.getTime() >= madeAt(authority) + lifetimes.serving;
  const others = isOver ? [] : known.filter(({ raw }) => !raw.equals(authority.raw));
  const authorities = [authority, ...others];
  const serving = servingIn(found, authorities, now);
  const pair = isEnough(serving, authority, options) ? serving.pair : await newServing(serving, signer, options);
  return {
    'ca.crt': authorities.map(String).join(''),
    'ca.key': signer.key,
    'tls.crt': pair.certificate,
    'tls.key': pair.key,
  };
}

/** The certificates in a text; blocks that cannot be parsed are left out. */
export function certificatesIn(text = ''): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

/** The CA that has the key, unless it is due. */
function signerAmong(authorities: readonly X509Certificate[], key = '', now: Date): KeyPair | undefined {
  const signer = authorities.find((authority) => fits(authority, key));
  return signer && !isFuture(signer, now) && !isPast(signer, RENEWED, now)
    ? { certificate: String(signer), key }
    : undefined;
}

function newSigner({ now, lifetimes }: RenewalOptions): Promise<KeyPair> {
  return issueAuthority(`kubelet-guard CA of ${now.toISOString()}`, validity(now, now.getTime() + lifetimes.authority));
}

interface Serving {
  readonly pair: KeyPair;
  readonly parsed: X509Certificate;
}

/** The serving certificate, if it is valid and one of the CAs signed it. */
function servingIn(
  { 'tls.crt': certificate = '', 'tls.key': key = '' }: Readonly<Record<string, string>>,
  authorities: readonly X509Certificate[],
  now: Date,
): Serving | undefined {
  const [parsed] = certificatesIn(certificate);
  if (parsed === undefined || !fits(parsed, key) || now >= new Date(parsed.validTo)) return undefined;
  if (isFuture(parsed, now)) return undefined;
  if (!authorities.some((authority) => signed(authority, parsed))) return undefined;
  return { pair: { certificate, key }, parsed };
}

/** Whether the serving certificate can stay. */
function isEnough(
  serving: Serving | undefined,
  authority: X509Certificate,
  { names, now, isKnown }: RenewalOptions,
): serving is Serving {
  if (serving === undefined) return false;
  const { parsed } = serving;
  const present = namesOf(serving);
  if (!names.every((name) => present.includes(name))) return false;
  if (!isPast(parsed, RENEWED, now)) return true;
  return !signed(authority, parsed) && !isKnown(authority) && !isPast(parsed, URGENT, now);
}

function newServing(before: Serving | undefined, signer: KeyPair, options: RenewalOptions): Promise<KeyPair> {
  const { names, now, lifetimes } = options;
  const end = Math.min(now.getTime() + lifetimes.serving, Date.parse(new X509Certificate(signer.certificate).validTo));
  // replicas with different names, as in a rollout, must not replace each other's certificate for ever
  const present = before === undefined || isPast(before.parsed, RENEWED, now) ? [] : namesOf(before);
  const alternativeNames = [...new Set([...names, ...present])].map((value) => ({ type: 'dns' as const, value }));
  // a common name has at most 64 characters
  const name = names[0].slice(0, 64);
  return issueServing(signer, { validity: validity(now, end), name, alternativeNames });
}

function namesOf({ parsed }: Serving): string[] {
  return [...(parsed.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map(([, name = '']) => name);
}

function validity(now: Date, end: number): Validity {
  return { notBefore: new Date(now.getTime() - BACKDATED), notAfter: new Date(end) };
}

function madeAt(certificate: X509Certificate): number {
  return Date.parse(certificate.validFrom) + BACKDATED;
}

/** Issued by a clock that was ahead: nobody accepts it yet. */
function isFuture(certificate: X509Certificate, now: Date): boolean {
  return now < new Date(certificate.validFrom);
}

function isPast(certificate: X509Certificate, part: number, now: Date): boolean {
  const made = madeAt(certificate);
  return now.getTime() >= made + (Date.parse(certificate.validTo) - made) * part;
}

function signed(authority: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function fits(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
