// The certificate files of a host, from real certificates to exit codes.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { auditHost, type HostAuditDeps, type HostAuditOptions } from '../../../src/commands/node/host.ts';
import type { GuardReport, ReportedFinding } from '../../../src/outputs/guard-report.ts';
import { asOther } from '../../evidence/host/as-other.ts';
import { authority, client, DAY, NOW, SERVER_AUTH, type Issued, type Wanted } from '../../support/link-certificates.ts';
import { buildHost } from './node-host.ts';
import { rendered, type Shown } from '../../support/rendered.ts';

const CERTIFICATE = '/etc/kubernetes/pki/apiserver-kubelet-client.crt';
const KEY = '/etc/kubernetes/pki/apiserver-kubelet-client.key';
const CA = '/etc/kubernetes/pki/ca.crt';
const KUBELET = '=== process 700\nexe /usr/bin/kubelet\nkubelet\n--config=/var/lib/kubelet/config.yaml\n';
const HOST = `${KUBELET}=== process 900
exe /usr/bin/kube-apiserver
kube-apiserver
--kubelet-client-certificate=${CERTIFICATE}
--kubelet-client-key=${KEY}
--kubelet-certificate-authority=${CA}
=== /etc/hostname
node-1
=== /var/lib/kubelet/config.yaml
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: ${CA}}}
`;
const days = (count: number) => new Date(NOW.getTime() + count * DAY);
const PAST = { from: days(-9), to: days(-1) };

let root: string;
let ca: Issued;
let leaf: Issued;

beforeAll(async () => {
  ca = await authority();
  leaf = await client(ca);
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kubelet-guard-node-'));
  chmodSync(root, 0o755);
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function put(path: string, content: string, mode = 0o600): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  rmSync(join(root, path), { force: true });
  writeFileSync(join(root, path), content, { mode });
  chmodSync(join(root, path), mode);
}

/** A host where everything is right. */
function build(text = HOST): void {
  buildHost(root, text);
  put(CA, ca.pem, 0o644);
  putPair(leaf);
}

function putPair({ pem, keyPem }: Issued): void {
  put(CERTIFICATE, pem, 0o644);
  put(KEY, keyPem);
}

type HostRequest = HostAuditOptions & HostAuditDeps & Shown;

async function run(more: Partial<HostRequest> = {}) {
  const request: HostRequest = {
    root,
    config: undefined,
    evidence: ['proc'],
    output: 'text',
    failOn: 'unknown',
    now: () => NOW,
    clock: () => performance.now(),
    ...more,
  };
  return rendered(await auditHost(request, request, new AbortController().signal), request);
}

/**
 * The findings on the client certificate and the client CA: the result, then codes, with `?` before a problem, `~` before
 * a warning, `>` before a violation of the next start.
 */
async function audited(more: Partial<HostRequest> = {}) {
  const { output, exitCode } = await run({ ...more, output: 'json' });
  const { findings } = JSON.parse(output) as GuardReport;
  const of = (slug: string) => findings.filter(({ control }) => control === slug).flatMap(codesOf);
  return { server: of('apiserver-kubelet-client-cert'), kubelet: of('kubelet-client-ca'), exitCode };
}

function codesOf({ result, violations, problems, warnings = [], otherEvidence = [] }: ReportedFinding): string[] {
  return [
    result,
    ...violations.map(({ code }) => code),
    ...problems.map(({ code }) => `?${code}`),
    ...warnings.map(({ code }) => `~${code}`),
    ...otherEvidence.flatMap((other) => (other.violations ?? []).map(({ code }) => `>${code}`)),
  ];
}

test('a host where everything is right gives only passes', async () => {
  build();
  const { output, errors, exitCode } = await run();
  expect(output.split('\n').filter((line) => line !== '')).toStrictEqual([
    'Host node-1',
    'PASS     apiserver-kubelet-client-cert  kube-apiserver on node-1 (proc)',
    'PASS     kubelet-client-ca  kubelet on node-1 (proc)',
    'PASS     apiserver-kubelet-ca  kube-apiserver on node-1 (proc)',
    'PASS     kubelet-anonymous-auth  kubelet on node-1 (proc)',
    'PASS     kubelet-authorization-mode  kubelet on node-1 (proc)',
    '1 kube-apiserver passes; 1 kubelet passes',
  ]);
  expect([errors, exitCode]).toStrictEqual([[], 0]);
});

describe('the report of a host', () => {
  async function shownBy(control: string): Promise<Partial<ReportedFinding>> {
    const { findings } = JSON.parse((await run({ output: 'json' })).output) as GuardReport;
    return findings.find((finding) => finding.control === control) ?? {};
  }
  const seenIn = ({ certificate }: Issued) => ({
    // RFC 4514 begins with the last part
    subject: certificate.subject.split(', ').toReversed().join(','),
    issuer: certificate.issuer.split(', ').toReversed().join(','),
    notBefore: certificate.notBefore.toISOString().replace('.000Z', 'Z'),
    notAfter: certificate.notAfter.toISOString().replace('.000Z', 'Z'),
  });

  test('has the client certificate that is presented and the CAs that are accepted, but no key', async () => {
    build();
    put(CERTIFICATE, leaf.pem + ca.pem, 0o644);
    put(CA, `${ca.pem}${leaf.pem}`, 0o644);
    expect((await shownBy('apiserver-kubelet-client-cert')).certificates).toStrictEqual([
      { use: 'client', path: CERTIFICATE, ...seenIn(leaf) },
      { use: 'client-issuer', path: CERTIFICATE, ...seenIn(ca) },
    ]);
    const ofKubelet = await shownBy('kubelet-client-ca');
    const accepted = [ca, leaf].map((issued) => ({ use: 'client-ca', path: CA, ...seenIn(issued) }));
    expect(ofKubelet.certificates).toStrictEqual(accepted);
    expect(ofKubelet).not.toHaveProperty('moreCertificates');
    expect(await shownBy('apiserver-kubelet-ca')).not.toHaveProperty('certificates');
    expect((await run({ output: 'json' })).output).not.toContain('PRIVATE');
  });

  test('has them also where they are the fault', async () => {
    build();
    const old = await client(ca, PAST);
    putPair(old);
    const found = await shownBy('apiserver-kubelet-client-cert');
    expect(found).toMatchObject({ result: 'fail', certificates: [seenIn(old)] });
    rmSync(join(root, CERTIFICATE));
    expect(await shownBy('apiserver-kubelet-client-cert')).not.toHaveProperty('certificates');
  });

  test('has the first CAs of a bundle, and says how many more there are', async () => {
    build();
    put(CA, ca.pem.repeat(25), 0o644);
    const { certificates, moreCertificates } = await shownBy('kubelet-client-ca');
    expect([certificates?.length, moreCertificates]).toStrictEqual([20, 5]);
  });
});

describe('a kube-apiserver', () => {
  test.each<readonly [string, () => void, readonly string[]]>([
    [
      'a certificate that is missing',
      () => {
        rmSync(join(root, CERTIFICATE));
      },
      ['fail', 'would-not-start'],
    ],
    [
      'a key that is missing',
      () => {
        rmSync(join(root, KEY));
      },
      ['fail', 'would-not-start'],
    ],
    [
      'a certificate that is not PEM',
      () => {
        put(CERTIFICATE, 'x');
      },
      ['fail', 'not-a-certificate'],
    ],
    [
      'an empty key',
      () => {
        put(KEY, '');
      },
      ['fail', 'not-a-key'],
    ],
    [
      'the key of another certificate',
      () => {
        put(KEY, ca.keyPem);
      },
      ['fail', 'key-mismatch'],
    ],
    [
      'a key that every user can read',
      () => {
        chmodSync(join(root, KEY), 0o644);
      },
      ['pass', '~key-exposed'],
    ],
  ])('with %s has the expected findings', async (_, change, expected) => {
    build();
    change();
    const { server, kubelet, exitCode } = await audited();
    expect([server, kubelet]).toStrictEqual([expected, ['pass']]);
    expect(exitCode).toBe(expected[0] === 'fail' ? 1 : 0);
  });

  test.each<readonly [string, Wanted, readonly string[]]>([
    ['has expired', PAST, ['fail', 'expired']],
    ['is not valid yet', { from: days(1) }, ['fail', 'not-yet-valid']],
    ['expires soon', { to: days(29) }, ['pass', '~expires-soon']],
    ['does not expire soon', { to: days(31) }, ['pass']],
    ['is for servers', { usages: [SERVER_AUTH] }, ['fail', 'no-client-auth']],
  ])('with a certificate that %s has the expected finding', async (_, wanted, expected) => {
    build();
    putPair(await client(ca, wanted));
    expect((await audited()).server).toStrictEqual(expected);
  });

  test('with a certificate that the client CA of the kubelet did not issue fails', async () => {
    build();
    putPair(await client(await authority({ name: 'CN=other' })));
    expect(await audited()).toStrictEqual({ server: ['fail', 'unknown-authority'], kubelet: ['pass'], exitCode: 1 });
    const { output } = await run();
    expect(output).toContain(`which no CA of ${CA} has issued: the kubelet answers 401`);
    // with a second kubelet on the node, it is unknown which client CA applies
    const second = HOST.replace(KUBELET, KUBELET.replace('700', '600')).split('=== process 900')[0] ?? '';
    buildHost(root, second.replace(/=== \/[^]*/, ''));
    expect((await audited()).server).toStrictEqual(['pass']);
  });

  test('with a bad certificate is not pending if its static pod names the same file', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'kube-apiserver', namespace: 'kube-system' },
      spec: {
        containers: [
          {
            name: 'kube-apiserver',
            command: [
              'kube-apiserver',
              `--kubelet-client-certificate=${CERTIFICATE}`,
              `--kubelet-client-key=${KEY}`,
              `--kubelet-certificate-authority=${CA}`,
            ],
            volumeMounts: [{ name: 'pki', mountPath: '/etc/kubernetes/pki' }],
          },
        ],
        volumes: [{ name: 'pki', hostPath: { path: '/etc/kubernetes/pki' } }],
      },
    };
    build(HOST.replace('authentication:', 'staticPodPath: /etc/kubernetes/manifests\nauthentication:'));
    put('/etc/kubernetes/manifests/kube-apiserver.yaml', JSON.stringify(pod));
    putPair(await client(ca, PAST));
    const { findings } = JSON.parse((await run({ output: 'json' })).output) as GuardReport;
    const found = findings.filter(({ control }) => control === 'apiserver-kubelet-client-cert');
    expect(found).toMatchObject([{ result: 'fail', subject: { kind: 'Pod', name: 'kube-apiserver-node-1' } }]);
    expect(found[0]).not.toHaveProperty('otherEvidence');
  });
});

describe('the client CA file of the kubelet', () => {
  test.each<readonly [string, Wanted, readonly string[]]>([
    ['that is not a CA', { ca: { isCA: false } }, ['fail', 'not-a-ca']],
    ['that has expired', PAST, ['fail', 'ca-expired']],
    ['that is not valid yet', { from: days(1) }, ['fail', 'ca-not-yet-valid']],
    ['that expires soon', { to: days(9) }, ['pass', '~ca-expires-soon']],
    ['that is for servers', { usages: [SERVER_AUTH] }, ['fail', 'ca-not-accepted']],
    ['that is a public CA', { name: 'CN=ISRG Root X1' }, ['pass', '~public-bundle']],
  ])('%s has the expected finding', async (_, wanted, expected) => {
    build(KUBELET + HOST.slice(HOST.indexOf('=== /etc/hostname')));
    put(CA, (await authority(wanted)).pem);
    const { kubelet, exitCode } = await audited();
    expect([kubelet, exitCode]).toStrictEqual([expected, expected[0] === 'fail' ? 1 : 0]);
  });

  test.each<readonly [string, () => void]>([
    [
      'that is missing',
      () => {
        rmSync(join(root, CA));
      },
    ],
    [
      'that is not PEM',
      () => {
        put(CA, 'x');
      },
    ],
  ])('%s breaks a running kubelet only at its next start', async (_, change) => {
    build();
    change();
    const { server, kubelet, exitCode } = await audited();
    expect([server, kubelet, exitCode]).toStrictEqual([['pass'], ['pass', '>would-not-start'], 1]);
    const { output, errors } = await run();
    expect(errors.join()).toContain('kubelet-client-ca of node-1 fails with the next start of kubelet');
    expect(output).toContain(`the kubelet would refuse to start: authentication.x509.clientCAFile is ${CA}`);
  });

  test('that is missing is a violation of a stopped kubelet', async () => {
    const unit =
      '=== /etc/systemd/system/kubelet.service\n[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/k --config=/var/lib/kubelet/config.yaml\n';
    build(HOST.slice(HOST.indexOf('=== /etc/hostname')) + unit);
    expect((await audited()).kubelet).toStrictEqual(['pass']);
    rmSync(join(root, CA));
    expect((await audited()).kubelet).toStrictEqual(['fail', 'would-not-start']);
  });
});

describe('a file that cannot be read makes the finding unknown', () => {
  const slots = [
    ['server', CERTIFICATE],
    ['server', KEY],
    ['kubelet', CA],
  ] as const;
  const kinds: readonly (readonly [string, string, (path: string) => void])[] = [
    ['a FIFO', 'unreachable', (path) => void spawnSync('mkfifo', [path])],
    [
      'a folder',
      'unreachable',
      (path) => {
        mkdirSync(path);
      },
    ],
    [
      'a link to itself',
      'unreachable',
      (path) => {
        symlinkSync(path.slice(path.lastIndexOf('/') + 1), path);
      },
    ],
    [
      'a sparse file of 10 GB',
      'too-large',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 10_000_000_000);
      },
    ],
  ];

  test.each(slots.flatMap(([side, path]) => kinds.map((kind) => [side, path, ...kind] as const)))(
    '%s: %s is %s',
    async (side, path, _, code, make) => {
      build();
      rmSync(join(root, path));
      make(join(root, path));
      const found = await audited();
      expect([found[side], found.exitCode]).toStrictEqual([['unknown', `?${code}`], 3]);
    },
  );

  test('without the right to read it', async () => {
    build();
    chmodSync(join(root, KEY), 0);
    chmodSync(join(root, CA), 0);
    const found = await asOther(() => audited());
    expect(found).toStrictEqual({
      server: ['unknown', '?forbidden'],
      kubelet: ['unknown', '?forbidden'],
      exitCode: 3,
    });
  });
});

test('the configuration sets how long before its expiry a certificate gets a warning', async () => {
  build();
  putPair(await client(ca, { to: days(20) }));
  const config = join(root, 'guard.yaml');
  const warnBefore = (time: string) => {
    const head = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
    writeFileSync(config, `${head}certificates: { warnBefore: ${time} }\n`);
  };
  warnBefore('19d');
  expect((await audited({ config })).server).toStrictEqual(['pass']);
  warnBefore('20d');
  expect((await audited({ config })).server).toStrictEqual(['pass', '~expires-soon']);
});
