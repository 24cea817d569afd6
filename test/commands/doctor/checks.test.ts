import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { checkCanary, chooseCanary } from '../../../src/commands/doctor/checks/canary.ts';
import { checkCertificate, type CertificateState } from '../../../src/commands/doctor/checks/certificate.ts';
import { checkPlatform } from '../../../src/commands/doctor/checks/platform.ts';
import {
  checkWebhookConfiguration,
  readWebhookConfiguration,
} from '../../../src/commands/doctor/checks/webhook-configuration.ts';
import { checkRights, accessChecks } from '../../../src/commands/doctor/checks/rights.ts';
import { checkConfiguration, checkReports } from '../../../src/commands/doctor/checks/settings.ts';
import { shipped } from '../../../src/commands/doctor/shipped.ts';
import { checkOtherWebhooks } from '../../../src/commands/doctor/checks/other-webhooks.ts';
import type { CertificateFacts } from '../../../src/policy/certificates.ts';
import type { Action } from '../../../src/policy/control.ts';
import type { Surface } from '../../../src/policy/reading.ts';
import { doctorExitCode, renderDoctorJson, renderDoctorText, type Check } from '../../../src/commands/doctor/report.ts';

const NOW = new Date('2026-11-26T12:00:00Z');
const UNKNOWN = { unknown: 'you may not' };

/** The shipped registration as an API server gives it, with changes to its webhook. */
function registered(changes: object = {}, metadata: object = {}) {
  const [webhook] = shipped.webhooks;
  const service = { namespace: 'guards', name: 'kubelet-guard', path: '/validate', port: 443 };
  const clientConfig = { service, caBundle: 'eA==' };
  return readWebhookConfiguration({
    metadata: { name: 'kubelet-guard', ...metadata },
    webhooks: [{ ...webhook, objectSelector: {}, clientConfig, ...changes }],
  });
}

function selecting(...matchExpressions: readonly object[]) {
  const own = { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['kube-system'] };
  return { namespaceSelector: { matchExpressions: [own, ...matchExpressions] } };
}

describe('the registration', () => {
  test('as shipped is ok, wherever it is called', () => {
    expect(checkWebhookConfiguration({ known: registered() }, undefined)).toEqual({
      check: 'registration',
      result: 'ok',
      message: 'as shipped, called at the Service guards/kubelet-guard',
    });
  });

  test.each([
    ['another policy', { failurePolicy: 'Fail' }, 'failurePolicy is Fail, shipped Ignore'],
    ['a field that the API server fills in', { timeoutSeconds: undefined }, 'timeoutSeconds is 10, shipped 2'],
    ['no conditions', { matchConditions: [] }, 'matchConditions: configmaps-by-exact-name is missing'],
    [
      'objects left out',
      { objectSelector: { matchLabels: { a: 'b' } } },
      'objectSelector is {"matchLabels":{"a":"b"}}, shipped {}',
    ],
    [
      'no namespaces',
      { namespaceSelector: {} },
      'namespaceSelector does not select its namespaces by kubernetes.io/metadata.name',
    ],
    [
      'another namespace',
      {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['x'] }],
        },
      },
      'namespaceSelector does not select kube-system',
    ],
    ['another webhook', { name: 'other' }, 'webhook other is not shipped'],
  ])('with %s is a problem that is named', (_name, changes, words) => {
    const { result, details } = checkWebhookConfiguration({ known: registered(changes) }, undefined);

    expect(result).toBe('problem');
    expect(details).toContain(words);
  });

  test('neither the order of its rules nor the space in its expressions makes a difference', () => {
    const [webhook = {}] = shipped.webhooks;
    const matchConditions = (webhook.matchConditions as { expression: string }[]).map((condition) => ({
      ...condition,
      expression: `${condition.expression.replaceAll(' ', '\n  ')}\n`,
    }));
    const rules = (webhook.rules as object[]).toReversed();

    expect(checkWebhookConfiguration({ known: registered({ matchConditions, rules }) }, undefined).result).toBe('ok');
  });

  test('is compared with the namespaces of the configuration', () => {
    const { details } = checkWebhookConfiguration(
      { known: registered() },
      new Set(['kube-system', 'openshift-kube-apiserver']),
    );

    expect(details).toEqual(['namespaceSelector does not select openshift-kube-apiserver']);
    expect(checkWebhookConfiguration({ known: registered() }, new Set()).details).toEqual([
      'namespaceSelector selects kube-system, which is not in the configuration',
    ]);
  });

  test('that is not there is a problem, and one that may not be read is unknown', () => {
    expect(checkWebhookConfiguration({ known: undefined }, undefined).result).toBe('problem');
    expect(checkWebhookConfiguration(UNKNOWN, undefined).result).toBe('unknown');
  });

  test.each([[undefined], ['x'], [{ webhooks: 'x' }], [{ webhooks: [null, { clientConfig: 1, rules: {} }] }]])(
    'may be anything at all: %j',
    (object) => {
      expect(checkWebhookConfiguration({ known: readWebhookConfiguration(object) }, undefined).result).toBe('problem');
    },
  );
});

describe('the platform', () => {
  const AKS = { key: 'control-plane', operator: 'NotIn', values: ['true'] };
  const GKE = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'gke-gmp-system'] };
  const ASKED = { annotations: { 'admissions.enforcer/disabled': 'true' } };

  test.each([
    ['AKS', registered(selecting(AKS)), 'problem', 'AKS has rewritten', 'set the annotation'],
    [
      'AKS, asked too late',
      registered(selecting(AKS), ASKED),
      'problem',
      'AKS has rewritten',
      'apply the manifests again',
    ],
    ['GKE Autopilot', registered(selecting(GKE)), 'problem', 'GKE Autopilot', 'rely on the sweep'],
    ['AKS that leaves it alone', registered({}, ASKED), 'ok', 'the annotation for AKS is set', ''],
    ['any other', registered(), 'ok', 'GKE: nothing has rewritten', ''],
  ])('%s is recognised', (_name, registration, result, words, remedy) => {
    const check = checkPlatform({ known: registration }, { known: 'v1.37.1-gke.100' }, 'https://10.0.0.1');

    expect(check.result).toBe(result);
    expect(check.message).toContain(words);
    expect(check.remedy ?? '').toContain(remedy);
  });

  test('is unknown without a registration', () => {
    expect(checkPlatform(UNKNOWN, UNKNOWN, '').result).toBe('unknown');
    expect(checkPlatform({ known: undefined }, UNKNOWN, '').result).toBe('unknown');
  });
});

describe('the certificate', () => {
  function certificate(notBefore: string, notAfter: string): CertificateFacts {
    return { subject: 'CN=ca', issuer: 'CN=ca', notBefore, notAfter } as CertificateFacts;
  }
  const CURRENT = certificate('2026-11-01T00:00:00Z', '2027-02-01T00:00:00Z');
  const OVER = certificate('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z');
  const LATE = certificate('2026-08-30T00:00:00Z', '2026-11-28T00:00:00Z');
  const GOOD = { pem: { certificates: [CURRENT] }, isIssued: true, isForHost: true };

  function look(changes: Partial<CertificateState> = {}) {
    const sight = {
      registered: { known: registered() },
      bundle: { certificates: [CURRENT] },
      secret: 'guards/kubelet-guard-tls',
      serving: { known: GOOD },
      host: 'kubelet-guard.guards.svc',
      ...changes,
    };
    return checkCertificate(sight, NOW);
  }

  test('that verifies is ok, also beside a CA that is over', () => {
    expect(look().result).toBe('ok');
    expect(look({ bundle: { certificates: [OVER, CURRENT] } }).result).toBe('ok');
  });

  test.each<[string, Partial<CertificateState>, string]>([
    ['a CA that is over', { bundle: { certificates: [OVER] } }, 'no certificate of the caBundle is valid now'],
    ['no CA', { bundle: { certificates: [] } }, 'holds no certificate'],
    [
      'a broken bundle',
      { bundle: { certificates: [], brokenCertificate: 1 } },
      'certificate 1 of the caBundle cannot be read',
    ],
    ['no bundle', { registered: { known: registered({ clientConfig: {} }) } }, 'has no caBundle'],
    ['another CA', { serving: { known: { ...GOOD, isIssued: false } } }, 'does not verify with the caBundle'],
    ['another name', { serving: { known: { ...GOOD, isForHost: false } } }, 'is not for kubelet-guard.guards.svc'],
    ['its end', { serving: { known: { ...GOOD, pem: { certificates: [OVER] } } } }, 'is valid from 2026-01-01'],
    ['its end near', { serving: { known: { ...GOOD, pem: { certificates: [LATE] } } } }, 'was not renewed in time'],
  ])('with %s is a problem', (_name, changes, words) => {
    const check = look(changes);

    expect(check.result).toBe('problem');
    expect(check.message).toContain(words);
  });

  test('that cannot be seen is unknown', () => {
    expect(look({ serving: UNKNOWN }).result).toBe('unknown');
    expect(look({ serving: { known: undefined } }).result).toBe('unknown');
    expect(look({ registered: UNKNOWN }).result).toBe('unknown');
  });
});

describe('a canary', () => {
  const rules = (action: (slug: string, surface: Surface) => Action, namespaces = ['kube-system']) => ({
    policy: {
      action: ({ slug }: { slug: string }, surface: Surface) => action(slug, surface),
      onUnknown: 'audit' as const,
      exemptions: [],
    },
    namespaces: new Set(namespaces),
  });
  const nameOf = (given: Parameters<typeof chooseCanary>[0]) =>
    chooseCanary(given, controls, '2026-11-26')?.metadata.name;
  const chosen = chooseCanary(undefined, controls, '2026-11-26');
  const check = (status: number, message: string, warnings: string[] = []) =>
    chosen && checkCanary(chosen, { known: { status, message, warnings } }, controls);

  test('is one that the configuration does not pass over', () => {
    expect(nameOf(undefined)).toBe('kubelet-config-1.0');
    expect(nameOf(rules(() => 'audit'))).toBe('kubelet-config-1.0');
    expect(nameOf(rules((slug) => (slug === 'apiserver-kubelet-client-cert' ? 'ratchet' : 'off')))).toBe(
      'kubeadm-config',
    );
    expect(nameOf(rules(() => 'off'))).toBeUndefined();
    expect(nameOf(rules(() => 'audit', ['other']))).toBeUndefined();
  });

  test.each([
    ['refused by us', 403, 'admission webhook "validate.kubelet-guard.dev" denied the request: x', [], 'ok'],
    ['warned about by us', 201, '', ['kubelet-client-ca (CIS Kubernetes Benchmark 4.2.3): x'], 'ok'],
    ['warned about by us, and there already', 409, 'exists', ['kubelet-client-ca (CIS): x'], 'ok'],
    ['passed without a word', 201, '', [], 'problem'],
    ['warned about by somebody else', 201, '', ['policy kubelet-client-ca'], 'problem'],
    ['there already, without a word', 409, 'exists', [], 'problem'],
    ['not answered', 500, 'failed calling webhook "validate.kubelet-guard.dev": timeout', [], 'problem'],
    ['refused by another webhook', 403, 'admission webhook "x" denied the request', [], 'unknown'],
    ['not answered by another webhook', 500, 'failed calling webhook "x"', [], 'unknown'],
    ['not allowed', 403, 'User "x" cannot create resource "configmaps"', [], 'unknown'],
  ])('that is %s: HTTP %i', (_name, status, message, warnings, result) => {
    expect(check(status, message, warnings)?.result).toBe(result);
  });
});

describe('rights', () => {
  const scope = {
    home: 'guards',
    namespaces: new Set(['kube-system', 'openshift-kube-apiserver']),
    keepsCertificates: true,
    reportGroups: undefined,
  };
  const questions = accessChecks(scope);
  const answers = (may: (expected: string, verb: string) => boolean) =>
    questions.map((question) => ({ question, may: { known: may(question.expected, question.right.verb) } }));

  test('are asked where the product runs, and in each namespace of the configuration', () => {
    const rights = questions.map(({ right }) => right);

    expect(questions.every(({ account }) => account.namespace === 'guards')).toBe(true);
    expect(rights).toContainEqual({ verb: 'list', group: '', resource: 'pods', namespace: 'openshift-kube-apiserver' });
    expect(rights).toContainEqual({ verb: 'get', path: '/flagz' });
    expect(rights).toContainEqual(expect.objectContaining({ resource: 'secrets', namespace: 'guards' }));
  });

  test('of certificates and of report APIs are only wanted where they are used', () => {
    const few = accessChecks({ ...scope, keepsCertificates: false, reportGroups: new Set(['openreports.io']) });
    const granted = few
      .filter(({ expected }) => expected === 'allowed')
      .map(({ right }) => ('path' in right ? '' : right.resource));

    expect(granted).toContain('clusterreports');
    expect(granted).not.toContain('clusterpolicyreports');
    expect(granted).not.toContain('secrets');
  });

  test('that are as they are meant are ok, and anything else is not', () => {
    expect(checkRights(answers((expected) => expected === 'allowed')).result).toBe('ok');
    expect(checkRights(answers(() => true)).details?.[0]).toMatch(
      /^dangerous: \S+: \* \*\.\*, which gives everything$/,
    );
    expect(checkRights(answers((expected, verb) => expected === 'allowed' && verb !== 'watch')).details?.[0]).toMatch(
      /^missing: .* watch pods in /,
    );
  });

  test('that may not be asked about are unknown', () => {
    expect(checkRights(questions.map((question) => ({ question, may: UNKNOWN }))).result).toBe('unknown');
  });
});

describe('other webhooks', () => {
  const rule = { apiGroups: ['*'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['*'], scope: '*' };
  const configuration = (webhook: object) => ({
    metadata: { name: 'theirs' },
    webhooks: [{ name: 'w', rules: [rule], ...webhook }],
  });
  const look = (webhook: object, labels: Parameters<typeof checkOtherWebhooks>[0]['labels'] = { known: {} }) =>
    checkOtherWebhooks({ mutating: { known: [configuration(webhook)] }, validating: { known: [] }, labels });

  test.each([
    ['everything', {}, 1],
    ['configmaps', { rules: [{ ...rule, apiGroups: [''], resources: ['configmaps'] }] }, 1],
    ['subresources only', { rules: [{ ...rule, resources: ['pods/exec'] }] }, 0],
    ['another group', { rules: [{ ...rule, apiGroups: ['apps'] }] }, 0],
    ['deletions', { rules: [{ ...rule, operations: ['DELETE'] }] }, 0],
    [
      'other namespaces',
      {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system'] }],
        },
      },
      0,
    ],
    ['a label that kube-system has not', { namespaceSelector: { matchLabels: { injection: 'enabled' } } }, 0],
    [
      'all without a label',
      { namespaceSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] } },
      1,
    ],
  ])('for %s', (_name, webhook, count) => {
    expect(look(webhook).details ?? []).toHaveLength(count);
  });

  test('are named with what their failure means, and are told also where labels are not known', () => {
    expect(look({ failurePolicy: 'Ignore' }).details).toEqual(['mutating theirs/w (failurePolicy Ignore)']);
    expect(look({ namespaceSelector: { matchLabels: { injection: 'enabled' } } }, UNKNOWN).details).toHaveLength(1);
  });

  test('that may not be listed are unknown', () => {
    expect(checkOtherWebhooks({ mutating: UNKNOWN, validating: { known: [] }, labels: UNKNOWN }).result).toBe(
      'unknown',
    );
  });
});

test.each([
  ['auto', { known: true }, 'ok'],
  ['auto', { known: false }, 'ok'],
  ['auto', UNKNOWN, 'unknown'],
  ['none', UNKNOWN, 'ok'],
  ['openreports', { known: false }, 'problem'],
] as const)('reports: %s with %j', (wanted, asked, result) => {
  expect(checkReports(new Map([['openreports', asked]]), wanted).result).toBe(result);
});

test('a configuration with exemptions that are over is a problem', () => {
  expect(checkConfiguration({ known: { notes: [], from: 'x' } }).result).toBe('ok');
  expect(checkConfiguration({ known: { notes: ['3:5: over'], from: 'x' } })).toMatchObject({
    result: 'problem',
    details: ['3:5: over'],
  });
  expect(checkConfiguration(UNKNOWN).result).toBe('unknown');
});

describe('the report', () => {
  const checks: readonly Check[] = [
    { check: 'registration', result: 'ok', message: 'as shipped' },
    { check: 'canary', result: 'unknown', message: 'a\u001bb' },
    {
      check: 'rights',
      result: 'problem',
      message: 'too many',
      details: Array.from({ length: 22 }, (_, at) => `r${at}`),
      remedy: 'delete',
    },
  ];

  test('says what to do, and lets no terminal be driven', () => {
    const lines = renderDoctorText(checks).split('\n');

    expect(lines.slice(0, 4)).toEqual([
      'ok       registration: as shipped',
      'UNKNOWN  canary: a\\u001bb',
      'PROBLEM  rights: too many',
      '         - r0',
    ]);
    expect(lines.slice(-5)).toEqual([
      '         - ... and 2 more',
      '         To fix it: delete',
      '',
      '1 ok, 1 problem, 1 unknown',
      '',
    ]);
    expect(JSON.parse(renderDoctorJson(checks))).toMatchObject({
      kind: 'DoctorReport',
      summary: { ok: 1, problem: 1, unknown: 1 },
    });
  });

  test('exits with a problem before what is unknown, and is never a success without a look', () => {
    expect([checks, checks.slice(0, 2), checks.slice(0, 1), []].map(doctorExitCode)).toEqual([1, 3, 0, 3]);
  });
});
