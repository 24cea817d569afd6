import { beforeAll, describe, expect, test } from '@jest/globals';

import { CA_CODES, noteClientCA, noteIssuance } from '../../../src/controls/shared/authority-faults.ts';
import {
  notePair,
  PAIR_CODES,
  type Faults,
  type FileSetting,
} from '../../../src/controls/shared/certificate-faults.ts';
import type { CertificateFile } from '../../../src/policy/certificates.ts';
import { issuanceFacts, pemFacts } from '../../../src/evidence/certificates/certificates.ts';
import {
  authority,
  client,
  DAY,
  issue,
  KeyUsageFlags,
  NOW,
  SERVER_AUTH,
  type Issued,
} from '../../support/link-certificates.ts';

const CERTIFICATE = '/etc/kubernetes/pki/apiserver-kubelet-client.crt';
const KEY = '/etc/kubernetes/pki/apiserver-kubelet-client.key';
const CA = '/etc/kubernetes/pki/ca.crt';
const at = (time: number) => new Date(time).toISOString().replace('.000Z', 'Z');
const MOMENT = { now: at(NOW.getTime()), soon: at(NOW.getTime() + 30 * DAY) };
const days = (count: number) => new Date(NOW.getTime() + count * DAY);

const seen = new Set<string>();
let ca: Issued;
let leaf: Issued;

beforeAll(async () => {
  ca = await authority();
  leaf = await client(ca);
});

function read(text: string, mode = 0o600, group = 0): CertificateFile {
  return { state: 'read', pem: pemFacts(Buffer.from(text)), access: { mode, group } };
}

function setting(name: string, path: string, file: CertificateFile): FileSetting {
  return { setting: name, path, origin: { layer: 'flag' }, file };
}

/** The codes, with `?` before a problem and `~` before a warning. */
function codesOf({ violations, problems, warnings }: Faults): string[] {
  for (const { code } of [...violations, ...warnings]) seen.add(code);
  return [
    ...violations.map(({ code }) => code),
    ...problems.map(({ code }) => `?${code}`),
    ...warnings.map(({ code }) => `~${code}`),
  ];
}

function noted(note: (faults: Faults) => void): Faults {
  const faults: Faults = { violations: [], problems: [], warnings: [] };
  note(faults);
  return faults;
}

function pair(certificate: CertificateFile, key: CertificateFile): Faults {
  return noted((faults) => {
    notePair(
      setting('--kubelet-client-certificate', CERTIFICATE, certificate),
      setting('--kubelet-client-key', KEY, key),
      MOMENT,
      faults,
    );
  });
}

function clientCA(file: CertificateFile): Faults {
  return noted((faults) => {
    noteClientCA(setting('--client-ca-file', CA, file), MOMENT, faults);
  });
}

function issuance(clientText: string, caText: string): Faults {
  return noted((faults) => {
    const certificate = setting('--kubelet-client-certificate', CERTIFICATE, read(clientText));
    noteIssuance(certificate, CA, issuanceFacts(Buffer.from(clientText), Buffer.from(caText)), MOMENT, faults);
  });
}

test('good files have no faults', () => {
  expect(codesOf(pair(read(leaf.pem), read(leaf.keyPem)))).toEqual([]);
  expect(codesOf(clientCA(read(ca.pem)))).toEqual([]);
  expect(codesOf(issuance(leaf.pem, ca.pem))).toEqual([]);
});

describe('the client certificate', () => {
  const problem = { code: 'forbidden', message: 'not for you' } as const;

  test.each<[string, CertificateFile | string, string[]]>([
    ['missing', { state: 'missing' }, ['would-not-start']],
    ['not readable', { state: 'unreadable', problem }, ['?forbidden']],
    ['empty', '', ['not-a-certificate']],
    ['without PEM', 'x', ['not-a-certificate']],
    ['broken', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', ['not-a-certificate']],
    ['with headers', '-----BEGIN CERTIFICATE-----\na: b\n\nAAAA\n-----END CERTIFICATE-----\n', ['?malformed']],
  ])('%s', (_name, given, codes) => {
    expect(codesOf(pair(typeof given === 'string' ? read(given) : given, read(leaf.keyPem)))).toEqual(codes);
  });

  test.each([
    [{ to: days(-1), from: days(-9) }, ['expired']],
    [{ from: days(1) }, ['not-yet-valid']],
    [{ to: days(30) }, ['~expires-soon']],
    [{ to: days(31) }, []],
    [{ to: days(0) }, ['~expires-soon']],
    [{ usages: [SERVER_AUTH] }, ['no-client-auth']],
    [{ usages: ['2.5.29.37.0'] }, []],
    [{ name: 'O=system:masters' }, ['no-common-name']],
    [{ name: 'O=system:nodes, CN=system:node:n' }, ['~no-rights']],
    [{ critical: '1.2.3.4' }, ['not-accepted']],
    [{ to: days(-1), from: days(-9), usages: [SERVER_AUTH] }, ['expired', 'no-client-auth']],
  ])('of %j', async (wanted, codes) => {
    const { pem, keyPem } = await client(ca, wanted);
    expect(codesOf(pair(read(pem), read(keyPem)))).toEqual(codes);
  });

  test('that has expired: the message says since when, and what to do', async () => {
    const { pem, keyPem } = await client(ca, { to: days(-1), from: days(-9) });
    expect(pair(read(pem), read(keyPem)).violations).toEqual([
      {
        code: 'expired',
        setting: '--kubelet-client-certificate',
        message: `--kubelet-client-certificate is ${CERTIFICATE}, whose certificate CN=kube-apiserver-kubelet-client,O=kubeadm:cluster-admins expired at 2026-11-22T12:00:00Z: kubelets answer 401; renew it (kubeadm: kubeadm certs renew apiserver-kubelet-client), kube-apiserver reloads it without a restart (before 1.18: restart it)`,
        origin: { layer: 'flag' },
      },
    ]);
  });
});

describe('the key', () => {
  test('of another certificate', async () => {
    const other = await client(ca);
    expect(codesOf(pair(read(leaf.pem), read(other.keyPem)))).toEqual(['key-mismatch']);
  });

  test.each<[string, CertificateFile, string[]]>([
    ['missing', { state: 'missing' }, ['would-not-start']],
    ['empty', read(''), ['not-a-key']],
    ['broken', read('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'), ['not-a-key']],
    [
      'with a passphrase',
      read('-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n'),
      ['not-a-key'],
    ],
  ])('%s', (_name, key, codes) => {
    expect(codesOf(pair(read(leaf.pem), key))).toEqual(codes);
  });

  test('and the certificate, swapped', () => {
    expect(codesOf(pair(read(leaf.keyPem), read(leaf.pem)))).toEqual(['not-a-certificate', 'not-a-key']);
  });

  test.each([
    [0o600, 0, []],
    [0o640, 0, []],
    [0o400, 1000, []],
    [0o640, 1000, ['~key-exposed']],
    [0o604, 0, ['~key-exposed']],
    [0o602, 0, ['~key-exposed']],
  ])('of mode %o and group %i', (mode, group, codes) => {
    expect(codesOf(pair(read(leaf.pem), read(leaf.keyPem, mode, group)))).toEqual(codes);
  });
});

describe('the client CA file', () => {
  test.each<[string, CertificateFile, string[]]>([
    ['missing', { state: 'missing' }, ['would-not-start']],
    ['empty', read(''), ['would-not-start']],
    ['without PEM', read('x'), ['would-not-start']],
    ['unreadable', { state: 'unreadable', problem: { code: 'forbidden', message: 'x' } }, ['?forbidden']],
  ])('%s', (_name, file, codes) => {
    expect(codesOf(clientCA(file))).toEqual(codes);
  });

  test('with a good certificate and a broken one', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(codesOf(clientCA(read(ca.pem + broken)))).toEqual(['would-not-start']);
  });

  test.each([
    [{ ca: { isCA: false } }, 'not-a-ca'],
    [{ keyUsage: KeyUsageFlags.digitalSignature }, 'not-a-ca'],
    [{ to: days(-1), from: days(-9) }, 'ca-expired'],
    [{ from: days(1) }, 'ca-not-yet-valid'],
    [{ usages: [SERVER_AUTH] }, 'ca-not-accepted'],
    [{ critical: '1.2.3.4' }, 'ca-not-accepted'],
  ])('with only %j is a violation, and with a good CA beside it a warning', async (wanted, code) => {
    const { pem } = await authority(wanted);
    expect(codesOf(clientCA(read(pem)))).toEqual([code]);
    expect(codesOf(clientCA(read(pem + ca.pem)))).toEqual([`~${code}`]);
  });

  test('whose last CA expires soon', async () => {
    const { pem } = await authority({ to: days(9) });
    expect(codesOf(clientCA(read(pem)))).toEqual(['~ca-expires-soon']);
    expect(codesOf(clientCA(read(pem + ca.pem)))).toEqual([]);
  });

  test('with public CAs', async () => {
    const root = await authority({ name: 'C=US, O=Internet Security Research Group, CN=ISRG Root X1' });
    expect(codesOf(clientCA(read(root.pem + ca.pem)))).toEqual(['~public-bundle']);
    expect(codesOf(clientCA(read(ca.pem.repeat(30))))).toEqual(['~public-bundle']);
    expect(codesOf(clientCA(read(ca.pem.repeat(29))))).toEqual([]);
  });
});

describe('the client certificate and the client CA file', () => {
  test('of another CA, of a CA with the same name, or of one that may not sign', async () => {
    const other = await authority({ name: 'CN=other' });
    const recreated = await authority();
    const renewedBadly = await authority({ keys: ca.keys, ca: { isCA: false } });
    expect(codesOf(issuance(leaf.pem, other.pem))).toEqual(['unknown-authority']);
    expect(issuance(leaf.pem, recreated.pem).violations[0]?.message).toContain('the CA was re-created since');
    expect(codesOf(issuance(leaf.pem, renewedBadly.pem))).toEqual(['not-accepted']);
  });

  test('of a CA that has expired, unless the renewed CA is in the file too', async () => {
    const expired = await authority({ keys: ca.keys, to: days(-1), from: days(-9) });
    expect(codesOf(issuance(leaf.pem, expired.pem))).toEqual(['not-accepted']);
    expect(codesOf(issuance(leaf.pem, expired.pem + ca.pem))).toEqual([]);
  });

  test('with intermediate CAs, with too many of them, or with other usages', async () => {
    const one = await issue({ name: 'CN=one', by: ca, ca: { isCA: true } });
    const below = await client(one);
    const narrow = await authority({ keys: ca.keys, ca: { isCA: true, pathLength: 0 } });
    const server = await issue({ name: 'CN=one', by: ca, ca: { isCA: true }, usages: [SERVER_AUTH], keys: one.keys });
    expect(codesOf(issuance(below.pem + one.pem, ca.pem))).toEqual([]);
    expect(codesOf(issuance(below.pem, ca.pem))).toEqual(['unknown-authority']);
    expect(codesOf(issuance(below.pem + one.pem, narrow.pem))).toEqual(['not-accepted']);
    expect(codesOf(issuance(below.pem + server.pem, ca.pem))).toEqual(['not-accepted']);
  });

  test('with a SHA-1 signature', async () => {
    const old = await authority({ name: 'CN=old', sha1: true });
    const weak = await issue({ name: 'CN=weak', by: old, sha1: true });
    expect(codesOf(issuance(weak.pem, old.pem))).toEqual(['not-accepted']);
    // nobody checks the signature of a root
    expect(codesOf(issuance(weak.pem, weak.pem))).toEqual([]);
  });

  test('that cannot be compared', async () => {
    const limited = await authority({ nameConstraints: true, keys: ca.keys });
    const namesake = await authority();
    expect(codesOf(issuance(leaf.pem, limited.pem))).toEqual(['?unresolved']);
    expect(codesOf(issuance(leaf.pem, namesake.pem.repeat(200)))).toEqual(['?unresolved']);
  });
});

test('exactly the codes of violations and warnings are explained', () => {
  const explained = Object.keys({ ...PAIR_CODES, ...CA_CODES, 'would-not-start': '' });
  expect([...seen].sort()).toEqual(explained.sort());
});
