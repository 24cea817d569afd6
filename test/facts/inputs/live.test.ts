import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import { inspect } from '../../../src/inspect.ts';
import type { RawDocument, UnansweredDocument } from '../../../src/policy/document.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { AskedSource, Component, Problem, Via } from '../../../src/policy/reading.ts';
import { AMPLE } from '../../support/budget.ts';

const NODE = { component: 'kubelet', name: 'worker-1', kind: 'Node', node: 'worker-1' };

function asked(via: Via): AskedSource {
  return { node: 'worker-1', via };
}

function findingsOf(document: RawDocument): readonly Finding[] {
  const { findings, problems } = inspect(controls, [document], AMPLE);
  expect(problems).toEqual([]);
  for (const { surface, source } of findings) {
    expect(surface).toBe('process');
    expect(source).toBe('source' in document ? document.source : undefined);
  }
  return findings;
}

/** One line for each finding: the control, the result, and the codes of violations and problems with their settings. */
function linesOf(document: RawDocument): string[] {
  return findingsOf(document).map(({ control, outcome }) => {
    const faults = outcome.result === 'fail' ? outcome.violations.map(({ code, setting }) => `${code} ${setting}`) : [];
    const problems = outcome.result === 'unknown' ? outcome.problems.map(({ code }) => code) : [];
    return [control.slug, outcome.result, ...faults, ...problems].join(' ');
  });
}

function answer(via: Via, value: unknown): RawDocument {
  return { form: via === 'flagz' ? 'flagz' : 'configz', source: asked(via), value };
}

describe("a kubelet's TLS handshake", () => {
  const hello = (authorities: readonly string[] | undefined): RawDocument => ({
    form: 'hello',
    source: asked('handshake'),
    authorities,
  });

  test.each([
    ['that names CAs', ['CN=kubernetes', 'CN=other,O=x'], ['kubelet-client-ca pass']],
    ['that requests no certificate', undefined, ['kubelet-client-ca fail missing client CAs of the TLS hello']],
    ['that names no CA', [], ['kubelet-client-ca fail empty client CAs of the TLS hello']],
  ])('%s has a finding only for kubelet-client-ca', (_name, authorities, lines) => {
    expect(linesOf(hello(authorities))).toEqual(lines);
  });

  test('shows the names of the CAs and the node', () => {
    const [finding] = findingsOf(hello(['CN=kubernetes', 'CN=other,O=x']));
    expect(finding).toMatchObject({
      subject: NODE,
      vantage: 'live',
      evidence: [
        { setting: 'client CAs of the TLS hello', value: 'CN=kubernetes' },
        { setting: 'client CAs of the TLS hello', value: 'CN=other,O=x' },
      ],
    });
  });

  test('fails with different messages without a request and without names', () => {
    const messages = [undefined, []].map((authorities) => JSON.stringify(findingsOf(hello(authorities))[0]?.outcome));
    expect(messages[0]).toContain('asks its callers for no certificate');
    expect(messages[1]).toContain('names no CA');
  });
});

describe('the /configz of a kubelet', () => {
  const body = (authentication: object, authorization: object): unknown => ({
    kubeletconfig: { kind: 'KubeletConfiguration', authentication, authorization },
  });
  const good = body({ x509: { clientCAFile: '/ca.crt' }, anonymous: { enabled: false } }, { mode: 'Webhook' });
  const bad = body({ x509: {}, anonymous: { enabled: true } }, { mode: 'AlwaysAllow' });
  const partly = body({ x509: { clientCAFile: '/ca.crt' }, anonymous: {} }, {});

  test.each(['configz', 'configz-proxy'] as const)('by %s shows the settings in use', (via) => {
    expect(linesOf(answer(via, good))).toEqual([
      'kubelet-client-ca pass',
      'kubelet-anonymous-auth pass',
      'kubelet-authorization-mode pass',
    ]);
    const [finding] = findingsOf(answer(via, good));
    const origin = { layer: 'live', pointer: '/kubeletconfig/authentication/x509/clientCAFile' };
    expect(finding).toMatchObject({ subject: NODE, vantage: 'live', evidence: [{ value: '/ca.crt', origin }] });
  });

  test('omits an empty path, so a missing path is not set', () => {
    expect(linesOf(answer('configz', bad))).toEqual([
      'kubelet-client-ca fail missing authentication.x509.clientCAFile',
      'kubelet-anonymous-auth fail enabled authentication.anonymous.enabled',
      'kubelet-authorization-mode fail always-allow authorization.mode',
    ]);
  });

  test('has no defaults for fields that a kubelet always shows: without them it is malformed', () => {
    expect(linesOf(answer('configz', partly))).toEqual([
      'kubelet-client-ca pass',
      'kubelet-anonymous-auth unknown malformed',
      'kubelet-authorization-mode unknown malformed',
    ]);
  });

  test.each([
    ['another object', { status: 'ok' }],
    ["a proxy's page", '<html>Sign in</html>'],
    ['nothing', undefined],
    ['null', null],
    ['a list', [good]],
    ['a string as kubeletconfig', { kubeletconfig: 'x' }],
    ['an empty kubeletconfig', { kubeletconfig: {} }],
    ['no x509', body({ anonymous: { enabled: false } }, { mode: 'Webhook' })],
    ['a pod', { apiVersion: 'v1', kind: 'Pod', metadata: { labels: { component: 'kube-apiserver' } }, spec: {} }],
  ])('that is %s makes every control unknown', (_name, value) => {
    const findings = findingsOf(answer('configz', value));
    expect(findings.map(({ outcome }) => outcome.result)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(findings[0]?.outcome).toMatchObject({
      problems: [
        { code: 'malformed', message: expect.stringContaining("not as a kubelet's /configz does") as unknown },
      ],
    });
  });

  test.each([5, ['/ca.crt'], {}])('with the path %j is unknown', (clientCAFile) => {
    const odd = body({ x509: { clientCAFile }, anonymous: { enabled: false } }, { mode: 'Webhook' });
    expect(linesOf(answer('configz', odd))[0]).toBe('kubelet-client-ca unknown malformed');
  });

  test('with null fields is as without them', () => {
    const nulls = body({ x509: { clientCAFile: null }, anonymous: { enabled: null } }, { mode: null });
    expect(linesOf(answer('configz', nulls))).toEqual([
      'kubelet-client-ca unknown malformed',
      'kubelet-anonymous-auth unknown malformed',
      'kubelet-authorization-mode unknown malformed',
    ]);
  });
});

describe('the /flagz of a kube-apiserver', () => {
  const FLAGS = {
    'kubelet-client-certificate': '/c.crt',
    'kubelet-client-key': '/c.key',
    'kubelet-certificate-authority': '/ca.crt',
  };
  const flagz = (flags: unknown, more: object = {}): RawDocument =>
    answer('flagz', { kind: 'Flagz', apiVersion: 'config.k8s.io/v1beta1', flags, ...more });

  test.each([
    ['with all three flags', FLAGS, 'pass', 'pass'],
    ['with an empty key', { ...FLAGS, 'kubelet-client-key': '' }, 'fail missing --kubelet-client-key', 'pass'],
    [
      'with empty flags',
      { 'kubelet-client-certificate': '', 'kubelet-client-key': '', 'kubelet-certificate-authority': '' },
      'fail missing --kubelet-client-certificate missing --kubelet-client-key',
      'fail missing --kubelet-certificate-authority',
    ],
    ['that hides a flag', { ...FLAGS, 'kubelet-client-key': 'CLASSIFIED' }, 'unknown not-visible', 'pass'],
    ['of a kubelet', { config: '/c', 'client-ca-file': '/ca.crt' }, 'unknown malformed', 'unknown malformed'],
    [
      'with a relative path, whose file the process has found',
      { ...FLAGS, 'kubelet-client-key': 'c.key' },
      'pass',
      'pass',
    ],
    ['with a value that is no string', { ...FLAGS, 'kubelet-client-key': true }, 'unknown malformed', 'pass'],
    ['that is no map', ['x'], 'unknown malformed', 'unknown malformed'],
  ])('%s', (_name, flags, credential, authority) => {
    expect(linesOf(flagz(flags))).toEqual([
      `apiserver-kubelet-client-cert ${credential}`,
      `apiserver-kubelet-ca ${authority}`,
    ]);
  });

  test.each([
    ['of v1alpha1 is read', { apiVersion: 'config.k8s.io/v1alpha1' }, 'pass'],
    ['of another version is unknown', { apiVersion: 'config.k8s.io/v2' }, 'unknown'],
    ['of another kind is unknown', { kind: 'Statusz' }, 'unknown'],
  ])('%s', (_name, head, result) => {
    expect(findingsOf(flagz(FLAGS, head)).map(({ outcome }) => outcome.result)).toEqual([result, result]);
  });

  test('is about an API server with its address as name', () => {
    expect(findingsOf(flagz(FLAGS))[0]).toMatchObject({
      subject: { component: 'kube-apiserver', name: 'worker-1' },
      vantage: 'live',
      evidence: [
        { value: '/c.crt', origin: { layer: 'live', pointer: '/flags/kubelet-client-certificate' } },
        { value: '/c.key' },
      ],
    });
    expect(findingsOf(flagz(FLAGS))[0]?.subject).not.toHaveProperty('node');
  });
});

describe('rejected calls', () => {
  const refused = (...kubelets: readonly string[]): RawDocument => ({
    form: 'refused-calls',
    source: { node: 'api.example.com', via: 'configz-proxy' },
    kubelets,
  });

  test('show that kube-apiserver presents no valid certificate, but no other setting', () => {
    expect(linesOf(refused('a'))).toEqual(['apiserver-kubelet-client-cert fail refused --kubelet-client-certificate']);
    expect(findingsOf(refused('a'))[0]?.subject).toEqual({ component: 'kube-apiserver', name: 'api.example.com' });
  });

  test('name a few kubelets and count the others', () => {
    const message = JSON.stringify(findingsOf(refused('a', 'b', 'c', 'd', 'e', 'f', 'g'))[0]?.outcome);
    expect(message).toContain('a, b, c, d, e and 2 more');
  });
});

describe('no answer', () => {
  const problem: Problem = { code: 'unreachable', message: 'no route; check the firewall' };
  const KUBELET = ['kubelet-client-ca', 'kubelet-anonymous-auth', 'kubelet-authorization-mode'];

  test.each<[Component, Via, UnansweredDocument['wanted'], readonly string[]]>([
    ['kubelet', 'handshake', 'hello', ['kubelet-client-ca']],
    ['kubelet', 'configz', 'configz', KUBELET],
    ['kubelet', 'configz-proxy', 'configz', KUBELET],
    ['kubelet', 'proc', 'process', KUBELET],
    ['kube-apiserver', 'flagz', 'flagz', ['apiserver-kubelet-client-cert', 'apiserver-kubelet-ca']],
    ['kube-apiserver', 'proc', 'process', ['apiserver-kubelet-client-cert', 'apiserver-kubelet-ca']],
  ])('of a %s by %s makes the controls unknown that it would have shown', (component, via, wanted, slugs) => {
    const findings = findingsOf({ form: 'unanswered', component, wanted, source: asked(via), problem });
    expect(findings.map(({ control }) => control.slug)).toEqual(slugs);
    for (const { outcome, subject } of findings) {
      expect(outcome).toEqual({ result: 'unknown', problems: [problem], warnings: [] });
      expect(subject.node).toBe(via === 'flagz' ? undefined : 'worker-1');
    }
  });
});

test('every answer gives findings, and only a possible answer of a component passes', () => {
  fc.assert(
    fc.property(fc.constantFrom<Via>('configz', 'configz-proxy', 'flagz'), fc.anything(), (via, value) => {
      const { findings, problems } = inspect(controls, [answer(via, value)], AMPLE);
      expect(findings.length).toBe(via === 'flagz' ? 2 : 3);
      expect(problems).toEqual([]);
      expect(findings.map(({ outcome }) => outcome.result)).not.toContain('pass');
    }),
  );
});

describe('a body of /configz in a file may be trimmed', () => {
  const inFile = (kubeletconfig: unknown): string[] =>
    inspect(controls, [{ form: 'text', path: 'a.json', text: JSON.stringify({ kubeletconfig }) }], AMPLE).findings.map(
      ({ control, outcome }) => {
        const [first] =
          outcome.result === 'fail' ? outcome.violations : outcome.result === 'unknown' ? outcome.problems : [];
        return [control.slug, outcome.result, ...(first ? [first.code] : [])].join(' ');
      },
    );

  test.each<[string, unknown, string, string, string]>([
    ['nothing', {}, 'unknown malformed', 'unknown malformed', 'unknown malformed'],
    [
      'no x509',
      { authentication: { anonymous: { enabled: true } }, authorization: { mode: 'AlwaysAllow' } },
      'unknown malformed',
      'fail enabled',
      'fail always-allow',
    ],
    [
      'good values without x509',
      { authentication: { anonymous: { enabled: false } }, authorization: { mode: 'Webhook' } },
      'unknown malformed',
      'pass',
      'pass',
    ],
    ['an empty x509 alone', { authentication: { x509: {} } }, 'fail missing', 'unknown malformed', 'unknown malformed'],
    [
      'a client CA alone',
      { authentication: { x509: { clientCAFile: '/ca.crt' } } },
      'pass',
      'unknown malformed',
      'unknown malformed',
    ],
    [
      'an emptied client CA',
      { authentication: { x509: { clientCAFile: '' } } },
      'fail empty',
      'unknown malformed',
      'unknown malformed',
    ],
  ])('%s', (_what, body, clientCA, anonymous, mode) => {
    expect(inFile(body)).toEqual([
      `kubelet-client-ca ${clientCA}`,
      `kubelet-anonymous-auth ${anonymous}`,
      `kubelet-authorization-mode ${mode}`,
    ]);
  });
});
