// The result of each control for given settings, with the setting and the message that it reports.

import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { apiServerReadings } from '../../src/facts/readings.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { Control } from '../../src/policy/control.ts';
import type { Finding } from '../../src/policy/finding.ts';
import type { Origin, Reading } from '../../src/policy/reading.ts';
import type { ApiServer, Kubelet } from '../../src/policy/subject.ts';

const FLAG: Origin = { layer: 'flag' };
const FILE: Origin = { layer: 'file', file: '/var/lib/kubelet/config.yaml' };
const DEFAULT: Origin = { layer: 'default' };
const UNREAD: Reading<never> = { state: 'unreadable', problem: { code: 'forbidden', message: 'may not be read' } };
const UNSET: Reading<never> = { state: 'unset' };

const about = {
  source: { path: 'x', document: 0 },
  vantage: 'declared',
  surface: 'kubelet-config',
  doubts: [],
} as const;

function set<T>(value: T, origin: Origin): Reading<T> {
  return { state: 'set', value, origin };
}

function kubelet(readings: Partial<Kubelet>): Kubelet {
  return { ...about, component: 'kubelet', name: { component: 'kubelet', name: 'node-1' }, ...readings };
}

function apiServer(readings: Partial<ApiServer>): ApiServer {
  return {
    ...about,
    component: 'kube-apiserver',
    name: { component: 'kube-apiserver', name: 'cp-1' },
    ...apiServerReadings(() => ({ state: 'unset' })),
    kubeletClientCertificate: set('/c', FLAG),
    kubeletClientKey: set('/k', FLAG),
    kubeletCertificateAuthority: set('/ca', FLAG),
    view: () => 'not-shown',
    ...readings,
  };
}

function findingOf(slug: string, subject: ApiServer | Kubelet): Finding | undefined {
  const control = controls.find((each) => each.slug === slug);
  if (control === undefined) throw new Error(`there is no control ${slug}`);
  return evaluate([control], [subject])[0];
}

/** `RESULT CODE SETTING: MESSAGE` of the first violation or problem, or only the result. */
function outcomeText(slug: string, subject: ApiServer | Kubelet): string {
  const outcome = findingOf(slug, subject)?.outcome;
  if (outcome === undefined) return 'none';
  if (outcome.result === 'unknown') return `unknown ${outcome.problems[0].code}`;
  const [first] = outcome.result === 'fail' ? outcome.violations : outcome.warnings;
  return first === undefined ? outcome.result : `${outcome.result} ${first.code} ${first.setting}: ${first.message}`;
}

const CA_FIELD = 'authentication.x509.clientCAFile';
const HANDSHAKE_MESSAGE = 'uses no client CA';

describe('kubelet-client-ca', () => {
  test.each<[string, Partial<Kubelet>, string]>([
    ['no evidence', {}, 'none'],
    ['a path in the file', { clientCAFile: set('/ca.crt', FILE) }, 'pass'],
    ['a path in a flag', { clientCAFile: set('/ca.crt', FLAG) }, 'pass'],
    ['no CA', { clientCAFile: UNSET }, `fail missing ${CA_FIELD}: ${CA_FIELD} is not set`],
    ['an empty flag', { clientCAFile: set('', FLAG) }, 'fail empty --client-ca-file: '],
    ['an empty field', { clientCAFile: set('', FILE) }, `fail empty ${CA_FIELD}: `],
    [
      'blanks',
      { clientCAFile: set(' \t', FILE) },
      `fail unusable ${CA_FIELD}: ${CA_FIELD} is " \\t": white space is not a path`,
    ],
    ['a null device', { clientCAFile: set('/dev/null', FLAG) }, 'fail unusable --client-ca-file: '],
    [
      'public CAs',
      { clientCAFile: set('/etc/ssl/certs/ca-certificates.crt', FLAG) },
      'pass public-bundle --client-ca-file: --client-ca-file is /etc/ssl/certs/ca-certificates.crt, a bundle of public CAs',
    ],
    ['a file that cannot be read', { clientCAFile: UNREAD }, 'unknown forbidden'],
    ['a TLS handshake that cannot be read', { acceptedAuthorities: UNREAD }, 'unknown forbidden'],
    ['a TLS handshake that requests no certificate', { acceptedAuthorities: UNSET }, 'fail missing '],
    ['a TLS handshake without CA names', { acceptedAuthorities: set([], FLAG) }, 'fail empty '],
    ['a TLS handshake with a CA name', { acceptedAuthorities: set(['CN=ca'], FLAG) }, 'pass'],
    // the setting proves more than the handshake
    [
      'an empty file and a TLS handshake with a CA name',
      { clientCAFile: set('', FILE), acceptedAuthorities: set(['CN=ca'], FLAG) },
      'fail empty ',
    ],
  ])('of %s', (_what, readings, expected) => {
    const answer = outcomeText('kubelet-client-ca', kubelet(readings));
    expect(answer.slice(0, expected.length)).toBe(expected);
    if (readings.acceptedAuthorities && expected.startsWith('fail') && !readings.clientCAFile) {
      expect(answer).toContain(HANDSHAKE_MESSAGE);
    }
  });

  test('shows the values that were read', () => {
    const evidence = (readings: Partial<Kubelet>) => findingOf('kubelet-client-ca', kubelet(readings))?.evidence;
    expect(evidence({ clientCAFile: set('/ca', FLAG) })).toEqual([
      { setting: '--client-ca-file', value: '/ca', origin: FLAG },
    ]);
    expect(evidence({ acceptedAuthorities: set(['CN=a', 'CN=b'], FLAG) })?.map(({ value }) => value)).toEqual([
      'CN=a',
      'CN=b',
    ]);
  });
});

describe('the supporting controls of a kubelet', () => {
  const ANONYMOUS = 'authentication.anonymous.enabled';
  const MODE = 'authorization.mode';

  test.each<[string, Reading<boolean> | undefined, string]>([
    ['no evidence', undefined, 'none'],
    ['false', set(false, FILE), 'pass'],
    ['true in the file', set(true, FILE), `fail enabled ${ANONYMOUS}: ${ANONYMOUS} is true: anonymous requests`],
    ['true in a flag', set(true, FLAG), 'fail enabled --anonymous-auth: --anonymous-auth is true: anonymous requests'],
    ['the default', set(true, DEFAULT), `fail enabled ${ANONYMOUS}: ${ANONYMOUS} is not set, and true is the default`],
    ['a value that cannot be read', UNREAD, 'unknown forbidden'],
  ])('anonymous access of %s', (_what, anonymousAuth, expected) => {
    const subject = kubelet({ ...(anonymousAuth && { anonymousAuth }) });
    expect(outcomeText('kubelet-anonymous-auth', subject).slice(0, expected.length)).toBe(expected);
  });

  test.each<[string, Reading<string> | undefined, string]>([
    ['no evidence', undefined, 'none'],
    ['Webhook', set('Webhook', FILE), 'pass'],
    ['AlwaysAllow in the file', set('AlwaysAllow', FILE), `fail always-allow ${MODE}: ${MODE} is`],
    ['AlwaysAllow in a flag', set('AlwaysAllow', FLAG), 'fail always-allow --authorization-mode: '],
    ['the default', set('AlwaysAllow', DEFAULT), `fail always-allow ${MODE}: ${MODE} is not set`],
    ['a value that cannot be read', UNREAD, 'unknown forbidden'],
  ])('authorization of %s', (_what, authorizationMode, expected) => {
    const subject = kubelet({ ...(authorizationMode && { authorizationMode }) });
    expect(outcomeText('kubelet-authorization-mode', subject).slice(0, expected.length)).toBe(expected);
  });

  test('show the value that was read, with the name of the setting in the layer that decided', () => {
    const subject = kubelet({ anonymousAuth: set(true, FLAG), authorizationMode: set('Webhook', FILE) });
    expect(findingOf('kubelet-anonymous-auth', subject)?.evidence).toEqual([
      { setting: '--anonymous-auth', value: 'true', origin: FLAG },
    ]);
    expect(findingOf('kubelet-authorization-mode', subject)?.evidence).toEqual([
      { setting: MODE, value: 'Webhook', origin: FILE },
    ]);
  });
});

describe('kube-apiserver', () => {
  const SLUG = 'apiserver-kubelet-client-cert';

  test.each<[string, Partial<ApiServer>, string]>([
    ['both', {}, 'pass'],
    ['no certificate', { kubeletClientCertificate: UNSET }, 'fail missing --kubelet-client-certificate: '],
    ['no key', { kubeletClientKey: UNSET }, 'fail missing --kubelet-client-key: '],
    ['an empty key', { kubeletClientKey: set('', FLAG) }, 'fail empty --kubelet-client-key: '],
    ['a key that cannot be read', { kubeletClientKey: UNREAD }, 'unknown forbidden'],
    [
      'no certificate, and a key that cannot be read',
      { kubeletClientKey: UNREAD, kubeletClientCertificate: UNSET },
      'fail missing ',
    ],
  ])('with %s', (_what, readings, expected) => {
    expect(outcomeText(SLUG, apiServer(readings)).slice(0, expected.length)).toBe(expected);
  });

  test.each([
    [['a'], 'the kubelets of a ask'],
    [['a', 'b', 'c', 'd', 'e'], 'the kubelets of a, b, c, d, e ask'],
    [['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'the kubelets of a, b, c, d, e and 2 more ask'],
  ])('whose calls %j refused', (refusedBy, words) => {
    const answer = outcomeText(SLUG, apiServer({ refusedBy }));
    expect(answer).toContain(
      `fail refused --kubelet-client-certificate: ${words} for a client certificate, and refused`,
    );
    expect(findingOf('apiserver-kubelet-ca', apiServer({ refusedBy }))).toBeUndefined();
  });
});

describe('evaluate', () => {
  test('gives one finding for each control of the component, and an unknown one if the control throws', () => {
    const [first] = controls as readonly [Control];
    const broken: Control = {
      ...first,
      slug: 'broken',
      check: () => {
        throw new Error('a bug');
      },
    };
    const subject = kubelet({ clientCAFile: set('/ca', FILE) });
    const slugs = ['apiserver-kubelet-client-cert', 'kubelet-client-ca', 'apiserver-kubelet-ca'];
    const some = controls.filter(({ slug }) => slugs.includes(slug));
    const findings = evaluate([broken, ...some], [subject, apiServer({})]);
    expect(findings.map(({ control, subject: { name }, outcome }) => [control.slug, name, outcome.result])).toEqual([
      ['broken', 'node-1', 'unknown'],
      ['kubelet-client-ca', 'node-1', 'pass'],
      ['broken', 'cp-1', 'unknown'],
      ['apiserver-kubelet-client-cert', 'cp-1', 'pass'],
      ['apiserver-kubelet-ca', 'cp-1', 'pass'],
    ]);
    expect(findings[0]).toMatchObject({
      source: about.source,
      vantage: about.vantage,
      surface: about.surface,
      evidence: [],
      outcome: { problems: [{ code: 'crashed' }], warnings: [] },
    });
  });
});
