import { X509Certificate } from 'node:crypto';

import { describe, expect, test } from '@jest/globals';

import { issueAuthority } from '../../../src/runtime/certificates/issue.ts';
import {
  certificatesIn,
  renew,
  type Material,
  type RenewalOptions,
} from '../../../src/runtime/certificates/rotation.ts';

const DAY = 24 * 60 * 60 * 1000;
const START = Date.parse('2026-11-23T12:00:00Z');
const NAMES = ['guard.ns.svc', 'guard.ns.svc.cluster.local'] as const;

function at(day: number, options: Partial<RenewalOptions> = {}): RenewalOptions {
  const lifetimes = { authority: 365 * DAY, serving: 90 * DAY };
  return { now: new Date(START + day * DAY), lifetimes, names: NAMES, isKnown: () => true, ...options };
}

function bundle(material: Material): X509Certificate[] {
  return certificatesIn(material['ca.crt']);
}

function serving(material: Material): X509Certificate {
  return new X509Certificate(material['tls.crt']);
}

/** The index in the bundle of the CA that signed the serving certificate. */
function signedBy(material: Material): number {
  return bundle(material).findIndex(({ publicKey }) => serving(material).verify(publicKey));
}

const first = await renew({}, at(0));

describe('an empty Secret', () => {
  test('gets a CA for a year and a certificate for 90 days, with the names of the Service', () => {
    const [authority] = bundle(first);
    expect([authority?.ca, authority?.validTo]).toEqual([true, 'Nov 23 12:00:00 2027 GMT']);
    expect(authority?.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    const certificate = serving(first);
    expect([certificate.ca, certificate.validTo]).toEqual([false, 'Feb 21 12:00:00 2027 GMT']);
    expect(certificate.subjectAltName).toBe('DNS:guard.ns.svc, DNS:guard.ns.svc.cluster.local');
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(signedBy(first)).toBe(0);
  });

  test.each([
    [
      'texts that are not PEM',
      { 'ca.crt': 'x', 'ca.key': 'y', 'tls.crt': '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----' },
    ],
    ['a CA without its key', { ...first, 'ca.key': '', 'tls.key': '' }],
  ])('and one with %s get a new CA', async (_name, found) => {
    const made = await renew(found, at(0));
    expect(signedBy(made)).toBe(0);
    expect(made['ca.key']).not.toBe(first['ca.key']);
  });
});

describe('the content of the Secret', () => {
  test('stays for two thirds of its lifetime', async () => {
    expect(await renew(first, at(59.9))).toStrictEqual(first);
    const renewed = await renew(first, at(60.1));
    expect([renewed['ca.crt'], renewed['ca.key']]).toEqual([first['ca.crt'], first['ca.key']]);
    expect(renewed['tls.crt']).not.toBe(first['tls.crt']);
    expect(renewed['tls.key']).not.toBe(first['tls.key']);
  });

  test.each([
    ['a certificate', 100],
    ['a certificate and a CA', 400],
  ])('is replaced if a clock that was ahead created %s that is not valid yet', async (_what, days) => {
    const ahead = await renew(first, at(days));
    expect(serving(ahead).raw).not.toStrictEqual(serving(first).raw);
    const back = await renew(ahead, at(1));
    const signer = bundle(back)[signedBy(back)];
    for (const certificate of [serving(back), signer]) {
      expect(Date.parse(certificate?.validFrom ?? '')).toBeLessThan(START + DAY);
    }
    expect(await renew(back, at(2))).toStrictEqual(back);
  });

  test('keeps the CA if only the certificate is broken', async () => {
    const renewed = await renew({ ...first, 'tls.key': first['ca.key'] }, at(1));
    expect([renewed['ca.crt'], signedBy(renewed)]).toEqual([first['ca.crt'], 0]);
    expect(renewed['tls.crt']).not.toBe(first['tls.crt']);
  });

  test('keeps the old CA and its certificate if the key of the CA is lost', async () => {
    const renewed = await renew({ ...first, 'ca.key': 'x' }, at(1));
    expect([bundle(renewed).length, signedBy(renewed), renewed['tls.crt']]).toEqual([2, 1, first['tls.crt']]);
  });

  test('does not keep a certificate from an unknown CA', async () => {
    const other = await renew({}, at(0));
    const mixed = { ...first, 'tls.crt': other['tls.crt'], 'tls.key': other['tls.key'] };
    expect(signedBy(await renew(mixed, at(0)))).toBe(0);
  });

  test('gets missing names and keeps the others, so that replicas do not overwrite each other', async () => {
    const other = at(1, { names: ['other.ns.svc'] });
    const both = await renew(first, other);
    expect(serving(both).subjectAltName).toBe('DNS:other.ns.svc, DNS:guard.ns.svc, DNS:guard.ns.svc.cluster.local');
    expect(await renew(both, at(1))).toStrictEqual(both);
    expect(serving(await renew(both, { ...other, now: at(62).now })).subjectAltName).toBe('DNS:other.ns.svc');
  });
});

describe('a new CA', () => {
  test('is in the bundle before it signs, and the old CA is removed after its certificates have expired', async () => {
    const before = await renew(first, at(240));
    const overlap = await renew(before, at(244, { isKnown: () => false }));
    expect([bundle(overlap).length, signedBy(overlap), overlap['tls.crt']]).toEqual([2, 1, before['tls.crt']]);
    expect(overlap['ca.key']).not.toBe(before['ca.key']);

    // the renewal is due, but API servers do not know the new CA
    expect(await renew(overlap, at(301, { isKnown: () => false }))).toStrictEqual(overlap);
    const renewed = await renew(overlap, at(301));
    expect([bundle(renewed).length, signedBy(renewed)]).toEqual([2, 0]);
    expect(renewed['ca.crt']).toBe(overlap['ca.crt']);

    expect(Date.parse(serving(before).validTo)).toBeLessThan(START + 334 * DAY);
    expect(bundle(await renew(renewed, at(333.9)))).toHaveLength(2);
    expect((await renew(renewed, at(334.1)))['ca.crt']).toBe(String(bundle(renewed)[0]));
  });

  test('finally signs even if API servers may not know it, because the certificate would expire', async () => {
    const before = await renew(first, at(240));
    const overlap = await renew(before, at(244));
    const urgent = await renew(overlap, at(322, { isKnown: () => false }));
    expect([signedBy(overlap), signedBy(urgent)]).toEqual([1, 0]);
  });

  test('is the CA that API servers have to know', async () => {
    const before = await renew(first, at(240));
    const overlap = await renew(before, at(244));
    const asked: X509Certificate[] = [];
    const isKnown = (authority: X509Certificate) => asked.push(authority) < 0;
    await renew(overlap, at(301, { isKnown }));
    expect(asked.map(String)).toEqual([String(bundle(overlap)[0])]);
  });
});

/** Every half day for four years, with a caBundle that is always half a day old. */
test('the bundle of half a day before always verifies the serving certificate', async () => {
  let material = first;
  let known = first;
  const bundles = new Set([first['ca.crt']]);
  for (let day = 0; day < 1500; day += 0.5) {
    const registered = known['ca.crt'];
    material = await renew(material, at(day, { isKnown: (authority) => registered.includes(String(authority)) }));
    const certificate = serving(material);
    expect([day, certificatesIn(registered).some(({ publicKey }) => certificate.verify(publicKey))]).toEqual([
      day,
      true,
    ]);
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(START + (day + 29) * DAY);
    expect(bundle(material).length).toBeLessThan(3);
    known = material;
    bundles.add(material['ca.crt']);
  }
  expect(bundles.size).toBeGreaterThan(8);
}, 60_000);

test('expired CAs are removed', async () => {
  const expired = await issueAuthority('old', {
    notBefore: new Date(START - 9 * DAY),
    notAfter: new Date(START - DAY),
  });
  const found = { ...first, 'ca.crt': first['ca.crt'] + expired.certificate };
  expect((await renew(found, at(1)))['ca.crt']).toBe(first['ca.crt']);
});
