import { generateKeyPairSync, type KeyObject } from 'node:crypto';

import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { issuanceFacts, pemFacts } from '../../../src/evidence/certificates/certificates.ts';
import {
  authority,
  client,
  CLIENT_AUTH,
  DAY,
  issue,
  KeyUsageFlags,
  NOW,
  type Issued,
} from '../../support/link-certificates.ts';

let ca: Issued;
let leaf: Issued;

beforeAll(async () => {
  ca = await authority();
  leaf = await client(ca);
});

function facts(text: string) {
  return pemFacts(Buffer.from(text, 'latin1'));
}

function issuance(clientText: string, caText: string) {
  const { chains, namesakes, cut } = issuanceFacts(Buffer.from(clientText), Buffer.from(caText));
  return { chains: chains.map((chain) => chain.map(({ subject }) => subject)), namesakes: namesakes.length, cut };
}

describe('a certificate', () => {
  test('is read with every property that controls check', () => {
    const [first] = facts(leaf.pem).certificates;
    expect(first).toEqual({
      subject: 'CN=kube-apiserver-kubelet-client,O=kubeadm:cluster-admins',
      issuer: 'CN=kubernetes',
      serial: leaf.certificate.serialNumber,
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['kubeadm:cluster-admins'],
      units: [],
      notBefore: '2026-11-22T12:00:00Z',
      notAfter: '2027-11-23T12:00:00Z',
      isCA: false,
      extendedKeyUsages: [CLIENT_AUTH],
      insecureSignature: false,
      supportedKey: true,
      unknownCritical: [],
      constrained: false,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      keyFingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(facts(leaf.keyPem).key).toEqual({ state: 'usable', keyFingerprint: first?.keyFingerprint });
  });

  test.each([
    [{ ca: { isCA: true } }, { isCA: true }],
    [{ ca: { isCA: true, pathLength: 0 } }, { isCA: true, pathLength: 0 }],
    [{ ca: { isCA: true }, keyUsage: KeyUsageFlags.keyCertSign }, { isCA: true }],
    [{ ca: { isCA: true }, keyUsage: KeyUsageFlags.digitalSignature }, { isCA: false }],
    [{ ca: { isCA: false } }, { isCA: false }],
    [{}, { isCA: false, extendedKeyUsages: [] }],
    [{ name: 'O=nobody' }, { commonName: undefined }],
    [{ name: 'CN=first, CN=last' }, { commonName: 'last' }],
    [{ name: 'O=one, O=two\\,, CN=a' }, { commonName: 'a', organizations: ['one', 'two,'] }],
    [{ name: 'OU=unit, CN=a' }, { commonName: 'a', organizations: [], units: ['unit'] }],
    [{ critical: '1.2.3.4' }, { unknownCritical: ['1.2.3.4'] }],
    [
      { nameConstraints: true, ca: { isCA: true } },
      { constrained: true, unknownCritical: [] },
    ],
    [{ sha1: true }, { insecureSignature: true }],
  ])('issued with %j is read as %j', async (wanted, expected) => {
    expect(facts((await issue(wanted)).pem).certificates).toMatchObject([expected]);
  });

  test('of version 1 has no extensions and can sign', () => {
    // openssl req -new -newkey ec … | openssl x509 -req -signkey … writes such ones
    expect(facts(VERSION_1).certificates).toMatchObject([{ subject: 'CN=old', isCA: true }]);
  });
});

describe('a PEM text', () => {
  test('may have other text around and between certificates', () => {
    const text = `subject=CN=x\n${ca.pem}\n# comment\n-----BEGIN X-----\nAAAA\n-----END X-----\n${leaf.pem.replaceAll('\n', '\r\n')}`;
    expect(facts(text).certificates.map(({ subject }) => subject)).toEqual([
      'CN=kubernetes',
      'CN=kube-apiserver-kubelet-client,O=kubeadm:cluster-admins',
    ]);
  });

  const edited = (edit: (pem: string) => string) => () => edit(leaf.pem);

  test.each<[string, () => string, object]>([
    ['empty', () => '', { certificates: [], instead: 'empty' }],
    ['not PEM', () => 'x', { certificates: [], instead: 'other' }],
    ['DER', () => Buffer.from(leaf.certificate.rawData).toString('latin1'), { certificates: [], instead: 'der' }],
    ['indented', edited((pem) => pem.replace(/^/gm, ' ')), { certificates: [], instead: 'other' }],
    ['behind a byte order mark', edited((pem) => `\xef\xbb\xbf${pem}`), { certificates: [], instead: 'other' }],
    ['cut off', edited((pem) => pem.slice(0, -10)), { certificates: [], instead: 'other' }],
    ['of a type that Go rejects', edited((pem) => pem.replaceAll('CERT', 'TRUSTED CERT')), { certificates: [] }],
    ['missing a line', edited((pem) => pem.replace(/\n.{64}/, '')), { certificates: [], brokenCertificate: 1 }],
    [
      'followed by a broken certificate',
      () => `${ca.pem}${leaf.pem.replace(/\n.{64}/, '')}${ca.pem}`,
      { brokenCertificate: 2 },
    ],
    [
      'with headers',
      edited((pem) => pem.replace('-\n', '-\na: b\n\n')),
      { certificates: [], certificateWithHeaders: true },
    ],
    ['only a key', () => leaf.keyPem, { certificates: [], key: { state: 'usable' } }],
  ])('is recognized: %s', (_name, text, expected) => {
    expect(facts(text())).toMatchObject(expected);
  });

  test('is read up to 1,000 certificates', () => {
    const { certificates, brokenCertificate } = facts(ca.pem.repeat(1001));
    expect([certificates.length, brokenCertificate]).toEqual([1000, 1001]);
  });

  test('never makes the parser throw, whatever is changed', () => {
    const text = ca.pem + leaf.pem + leaf.keyPem;
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(80), fc.string({ maxLength: 8 }), (at, length, by) => {
        const changed = text.slice(0, at) + by + text.slice(at + length);
        const { certificates } = facts(changed);
        expect(certificates.length).toBeLessThanOrEqual(2);
        issuanceFacts(Buffer.from(changed), Buffer.from(text));
      }),
      { numRuns: 300 },
    );
  });

  test('of many megabytes is parsed in linear time', () => {
    const started = performance.now();
    for (const text of [
      '-----BEGIN \n',
      '-----END \n',
      ' '.repeat(20),
      '-----BEGIN A-----\nAA\n',
      'a:b\n',
      '='.repeat(20),
    ]) {
      facts(`-----BEGIN CERTIFICATE-----\n${text.repeat(4_000_000 / text.length)}`);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('a key', () => {
  const pem = (key: KeyObject, options: object) => String(key.export({ format: 'pem', ...options } as never));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const other = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
  const edwards = generateKeyPairSync('ed25519').privateKey;
  const sec1 = pem(ec, { type: 'sec1' });
  const secret = { cipher: 'aes-256-cbc', passphrase: 'x' };

  // rows have names, so that no test prints a key
  test.each([
    { name: 'PKCS #1', text: pem(rsa, { type: 'pkcs1' }), state: 'usable' },
    { name: 'PKCS #8', text: pem(rsa, { type: 'pkcs8' }), state: 'usable' },
    { name: 'SEC 1', text: sec1, state: 'usable' },
    {
      name: 'SEC 1 behind parameters',
      text: `-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n${sec1}`,
      state: 'usable',
    },
    { name: 'Ed25519', text: pem(edwards, { type: 'pkcs8' }), state: 'usable' },
    { name: 'of a curve that Go does not know', text: pem(other, { type: 'pkcs8' }), state: 'unusable' },
    { name: 'RSA-PSS', text: pem(pss, { type: 'pkcs8' }), state: 'unusable' },
    { name: 'with a passphrase', text: pem(ec, { type: 'pkcs8', ...secret }), state: 'encrypted' },
    { name: 'with a passphrase, in the old format', text: pem(rsa, { type: 'pkcs1', ...secret }), state: 'encrypted' },
    { name: 'garbage', text: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', state: 'unusable' },
  ])('($name) is $state, and the result does not contain it', ({ text, state }) => {
    const result = facts(text);
    expect(result.key?.state).toBe(state);
    const lines = text.split('\n').filter((line) => line.length === 64);
    expect(lines.filter((line) => JSON.stringify(result).includes(line))).toEqual([]);
  });

  test('has the same fingerprint in every form', () => {
    const forms = (['pkcs1', 'pkcs8'] as const).map((type) => facts(pem(rsa, { type })).key);
    expect(forms[0]).toEqual(forms[1]);
  });
});

describe('issuance', () => {
  const LEAF = 'CN=kube-apiserver-kubelet-client,O=kubeadm:cluster-admins';

  test('is found if the CA is in the file', async () => {
    const other = await authority({ name: 'CN=other' });
    expect(issuance(leaf.pem, other.pem + ca.pem)).toEqual({
      chains: [[LEAF, 'CN=kubernetes']],
      namesakes: 0,
      cut: false,
    });
    expect(issuance(leaf.pem, other.pem)).toEqual({ chains: [], namesakes: 0, cut: false });
  });

  test('is not found if only the name of the CA matches', async () => {
    const sameName = await authority();
    expect(issuance(leaf.pem, sameName.pem)).toEqual({ chains: [], namesakes: 1, cut: false });
    expect(issuance(leaf.pem, sameName.pem + ca.pem)).toMatchObject({ chains: [[LEAF, 'CN=kubernetes']] });
  });

  test('is found through an intermediate CA that the client also presents', async () => {
    const intermediate = await issue({ name: 'CN=between', by: ca, ca: { isCA: true } });
    const issued = await client(intermediate, { name: 'CN=below' });
    expect(issuance(issued.pem + intermediate.pem, ca.pem).chains).toEqual([
      ['CN=below', 'CN=between', 'CN=kubernetes'],
    ]);
    expect(issuance(issued.pem, ca.pem).chains).toEqual([]);
    expect(issuance(issued.pem, ca.pem + intermediate.pem).chains).toEqual([['CN=below', 'CN=between']]);
  });

  test('is found if the CA file holds the certificate itself', () => {
    expect(issuance(leaf.pem, leaf.pem).chains).toEqual([[LEAF]]);
  });

  test('never uses two certificates with the same subject and key', async () => {
    const renewed = await authority({ keys: ca.keys, to: new Date(NOW.getTime() + 900 * DAY) });
    expect(issuance(ca.pem, renewed.pem)).toEqual({ chains: [], namesakes: 0, cut: false });
  });

  test('is given up if too many CAs have the same name, as in Go', async () => {
    const { pem } = await authority();
    expect(issuance(leaf.pem, pem.repeat(200))).toMatchObject({ chains: [], cut: true });
  });

  test('is found through a renewed CA with the same key', async () => {
    const renewed = await authority({ keys: ca.keys, to: new Date(NOW.getTime() + 900 * DAY) });
    expect(issuance(leaf.pem, renewed.pem).chains).toEqual([[LEAF, 'CN=kubernetes']]);
  });
});

/** Made by openssl: version 1, valid for a hundred years. */
const VERSION_1 = `-----BEGIN CERTIFICATE-----
MIIBGDCBvwIUWm4Xo1SWWWhMr2BDB78RoO0PF8cwCgYIKoZIzj0EAwIwDjEMMAoG
A1UEAwwDb2xkMCAXDTI2MTEyMzA5NDQxOVoYDzIxMjYxMDMwMDk0NDE5WjAOMQww
CgYDVQQDDANvbGQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATuvsDWsisoeg34
U0HW5akGak0NCno39Xmv3zroPvZM25p4Poh+ACMagJDVv4hqNzEsVf7h4Q69fwFK
O6AisJcHMAoGCCqGSM49BAMCA0gAMEUCIQCoFKka7hxI07dk4yt6pWTmivjSzpiB
7HUu4v9IbMiOvAIgQsZum+oZYhG9rjPFsBluqBO0XK5lX6uKrB7H8TknM+M=
-----END CERTIFICATE-----
`;
