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
/** A warning of the webhook. */
const OURS =
  'ConfigMap kube-system/kubelet-config-1.0: x (CIS Kubernetes Benchmark 4.2.3). y. See: kubelet-guard explain kubelet-client-ca';

/** The shipped ValidatingWebhookConfiguration as an API server returns it, with changes to its webhook. */
function installed(changes: object = {}, metadata: object = {}) {
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

describe('the ValidatingWebhookConfiguration', () => {
  describe('with the webhook of the component declared-clusters', () => {
    const withDeclaredClusters = (changes: object = {}) => {
      const { object } = installed();
      const [declared] = shipped.optionalWebhooks;
      const { webhooks } = object as { webhooks: readonly { readonly clientConfig: object }[] };
      const clientConfig = webhooks[0]?.clientConfig;
      const added = { ...declared, objectSelector: {}, namespaceSelector: {}, clientConfig, ...changes };
      return checkWebhookConfiguration(
        { known: readWebhookConfiguration({ ...(object as object), webhooks: [...webhooks, added] }) },
        undefined,
      );
    };

    test('as shipped is ok', () => {
      expect(withDeclaredClusters()).toMatchObject({ result: 'ok' });
    });

    test.each([
      ['a condition less', { matchConditions: [] }, 'matchConditions: objects-that-hold-settings is missing'],
      ['fewer namespaces', selecting(), 'namespaceSelector is'],
    ])('with %s is not as shipped', (_what, changes, detail) => {
      const check = withDeclaredClusters(changes);
      expect(check.result).toBe('problem');
      expect(check.details?.join('\n')).toContain(`declared-clusters.kubelet-guard.dev: ${detail}`);
    });
  });

  test('as shipped is ok, with any Service', () => {
    expect(checkWebhookConfiguration({ known: installed() }, undefined)).toEqual({
      check: 'registration',
      result: 'ok',
      message: 'as shipped, called at the Service guards/kubelet-guard',
    });
  });

  test.each([
    ['another failurePolicy', { failurePolicy: 'Fail' }, 'failurePolicy is Fail, shipped Ignore'],
    ['no timeoutSeconds', { timeoutSeconds: undefined }, 'timeoutSeconds is 10, shipped 2'],
  ])('with %s is ok, and shows it', (_what, changes, detail) => {
    expect(checkWebhookConfiguration({ known: installed(changes) }, undefined)).toEqual({
      check: 'registration',
      result: 'ok',
      message: 'as shipped but for what was chosen, called at the Service guards/kubelet-guard',
      details: [`validate.kubelet-guard.dev: ${detail}`],
    });
  });

  test.each([
    ['no matchConditions', { matchConditions: [] }, 'matchConditions: configmaps-by-exact-name is missing'],
    [
      'an object selector',
      { objectSelector: { matchLabels: { a: 'b' } } },
      'objectSelector is {"matchLabels":{"a":"b"}}, shipped {}',
    ],
    [
      'no namespace selector',
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
  ])('with %s is a problem with details', (_name, changes, words) => {
    const { result, details } = checkWebhookConfiguration({ known: installed(changes) }, undefined);

    expect(result).toBe('problem');
    expect(details).toContain(words);
  });

  test('is ok with its rules in another order and other white space in its expressions', () => {
    const [webhook = {}] = shipped.webhooks;
    const matchConditions = (webhook.matchConditions as { expression: string }[]).map((condition) => ({
      ...condition,
      expression: `${condition.expression.replaceAll(' ', '\n  ')}\n`,
    }));
    const rules = (webhook.rules as object[]).toReversed();

    expect(checkWebhookConfiguration({ known: installed({ matchConditions, rules }) }, undefined).result).toBe('ok');
  });

  test('is compared with the namespaces of the configuration', () => {
    const { details } = checkWebhookConfiguration(
      { known: installed() },
      new Set(['kube-system', 'openshift-kube-apiserver']),
    );

    expect(details).toEqual(['namespaceSelector does not select openshift-kube-apiserver']);
    expect(checkWebhookConfiguration({ known: installed() }, new Set()).details).toEqual([
      'namespaceSelector selects kube-system, which is not in the configuration',
    ]);
  });

  test('that does not exist is a problem, and one that cannot be read is unknown', () => {
    expect(checkWebhookConfiguration({ known: undefined }, undefined).result).toBe('problem');
    expect(checkWebhookConfiguration(UNKNOWN, undefined).result).toBe('unknown');
  });

  test.each([[undefined], ['x'], [{ webhooks: 'x' }], [{ webhooks: [null, { clientConfig: 1, rules: {} }] }]])(
    'in a malformed answer is a problem: %j',
    (object) => {
      expect(checkWebhookConfiguration({ known: readWebhookConfiguration(object) }, undefined).result).toBe('problem');
    },
  );
});

describe('the platform', () => {
  const AKS = { key: 'control-plane', operator: 'NotIn', values: ['true'] };
  const GKE = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'gke-gmp-system'] };
  const ANNOTATED = { annotations: { 'admissions.enforcer/disabled': 'true' } };

  test.each([
    ['AKS', installed(selecting(AKS)), 'problem', 'AKS has rewritten', 'set the annotation'],
    [
      'AKS, with the annotation set too late',
      installed(selecting(AKS), ANNOTATED),
      'problem',
      'AKS has rewritten',
      'apply the manifests again',
    ],
    ['GKE Autopilot', installed(selecting(GKE)), 'problem', 'GKE Autopilot', 'rely on the sweep'],
    ['AKS that has not rewritten it', installed({}, ANNOTATED), 'ok', 'the annotation for AKS is set', ''],
    ['any other platform', installed(), 'ok', 'GKE: nothing has rewritten', ''],
  ])('%s is recognised', (_name, webhookConfiguration, result, words, remedy) => {
    const check = checkPlatform({ known: webhookConfiguration }, { known: 'v1.37.1-gke.100' }, 'https://10.0.0.1');

    expect(check.result).toBe(result);
    expect(check.message).toContain(words);
    expect(check.remedy ?? '').toContain(remedy);
  });

  test('is unknown without a ValidatingWebhookConfiguration', () => {
    expect(checkPlatform(UNKNOWN, UNKNOWN, '').result).toBe('unknown');
    expect(checkPlatform({ known: undefined }, UNKNOWN, '').result).toBe('unknown');
  });
});

describe('the certificate', () => {
  function certificate(notBefore: string, notAfter: string): CertificateFacts {
    return { subject: 'CN=ca', issuer: 'CN=ca', notBefore, notAfter } as CertificateFacts;
  }
  const CURRENT = certificate('2026-11-01T00:00:00Z', '2027-02-01T00:00:00Z');
  const EXPIRED = certificate('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z');
  const EXPIRING = certificate('2026-08-30T00:00:00Z', '2026-11-28T00:00:00Z');
  const GOOD = { pem: { certificates: [CURRENT] }, isIssued: true, isForHost: true };

  function checkWith(changes: Partial<CertificateState> = {}) {
    const state = {
      registered: { known: installed() },
      bundle: { certificates: [CURRENT] },
      secret: 'guards/kubelet-guard-tls',
      serving: { known: GOOD },
      host: 'kubelet-guard.guards.svc',
      ...changes,
    };
    return checkCertificate(state, NOW);
  }

  test('that verifies is ok, also beside an expired CA', () => {
    expect(checkWith().result).toBe('ok');
    expect(checkWith({ bundle: { certificates: [EXPIRED, CURRENT] } }).result).toBe('ok');
  });

  test.each<[string, Partial<CertificateState>, string]>([
    ['an expired CA', { bundle: { certificates: [EXPIRED] } }, 'no certificate of the caBundle is valid now'],
    ['an empty caBundle', { bundle: { certificates: [] } }, 'holds no certificate'],
    [
      'a broken caBundle',
      { bundle: { certificates: [], brokenCertificate: 1 } },
      'certificate 1 of the caBundle cannot be read',
    ],
    ['no caBundle', { registered: { known: installed({ clientConfig: {} }) } }, 'has no caBundle'],
    ['another CA', { serving: { known: { ...GOOD, isIssued: false } } }, 'does not verify with the caBundle'],
    ['another name', { serving: { known: { ...GOOD, isForHost: false } } }, 'is not for kubelet-guard.guards.svc'],
    [
      'an expiry date in the past',
      { serving: { known: { ...GOOD, pem: { certificates: [EXPIRED] } } } },
      'is valid from 2026-01-01',
    ],
    [
      'an expiry date that is near',
      { serving: { known: { ...GOOD, pem: { certificates: [EXPIRING] } } } },
      'was not renewed in time',
    ],
  ])('with %s is a problem', (_name, changes, words) => {
    const check = checkWith(changes);

    expect(check.result).toBe('problem');
    expect(check.message).toContain(words);
  });

  test('that cannot be read is unknown', () => {
    expect(checkWith({ serving: UNKNOWN }).result).toBe('unknown');
    expect(checkWith({ serving: { known: undefined } }).result).toBe('unknown');
    expect(checkWith({ registered: UNKNOWN }).result).toBe('unknown');
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

  test('is an object that the configuration checks', () => {
    expect(nameOf(undefined)).toBe('kubelet-config-1.0');
    expect(nameOf(rules(() => 'audit'))).toBe('kubelet-config-1.0');
    expect(nameOf(rules((slug) => (slug === 'apiserver-kubelet-client-cert' ? 'ratchet' : 'off')))).toBe(
      'kubeadm-config',
    );
    expect(nameOf(rules(() => 'off'))).toBeUndefined();
    expect(nameOf(rules(() => 'audit', ['other']))).toBeUndefined();
  });

  test.each([
    ['denied by kubelet-guard', 403, 'admission webhook "validate.kubelet-guard.dev" denied the request: x', [], 'ok'],
    ['accepted with a warning from kubelet-guard', 201, '', [OURS], 'ok'],
    ['an existing object, with a warning from kubelet-guard', 409, 'exists', [OURS], 'ok'],
    ['accepted without a warning', 201, '', [], 'problem'],
    ['accepted with a warning from another webhook', 201, '', ['policy kubelet-client-ca'], 'problem'],
    ['an existing object, without a warning', 409, 'exists', [], 'problem'],
    [
      'not answered by kubelet-guard',
      500,
      'failed calling webhook "validate.kubelet-guard.dev": timeout',
      [],
      'problem',
    ],
    ['denied by another webhook', 403, 'admission webhook "x" denied the request', [], 'unknown'],
    ['not answered by another webhook', 500, 'failed calling webhook "x"', [], 'unknown'],
    ['forbidden by RBAC', 403, 'User "x" cannot create resource "configmaps"', [], 'unknown'],
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

  test('are checked in the namespace of kubelet-guard and in each namespace of the configuration', () => {
    const rights = questions.map(({ right }) => right);

    expect(questions.every(({ account }) => account.namespace === 'guards')).toBe(true);
    expect(rights).toContainEqual({ verb: 'list', group: '', resource: 'pods', namespace: 'openshift-kube-apiserver' });
    expect(rights).toContainEqual({ verb: 'get', path: '/flagz' });
    expect(rights).toContainEqual(expect.objectContaining({ resource: 'secrets', namespace: 'guards' }));
  });

  test('for certificates and report APIs are expected only if they are used', () => {
    const few = accessChecks({ ...scope, keepsCertificates: false, reportGroups: new Set(['openreports.io']) });
    const granted = few
      .filter(({ expected }) => expected === 'allowed')
      .map(({ right }) => ('path' in right ? '' : right.resource));

    expect(granted).toContain('clusterreports');
    expect(granted).not.toContain('clusterpolicyreports');
    expect(granted).not.toContain('secrets');
  });

  test('are ok if they are as expected, but not with an additional or a missing one', () => {
    expect(checkRights(answers((expected) => expected === 'allowed')).result).toBe('ok');
    expect(checkRights(answers(() => true)).details?.[0]).toMatch(
      /^dangerous: \S+: \* \*\.\*, which gives everything$/,
    );
    expect(checkRights(answers((expected, verb) => expected === 'allowed' && verb !== 'watch')).details?.[0]).toMatch(
      /^missing: .* watch pods in /,
    );
  });

  test('that cannot be checked are unknown', () => {
    expect(checkRights(questions.map((question) => ({ question, may: UNKNOWN }))).result).toBe('unknown');
  });
});

describe('other webhooks', () => {
  const rule = { apiGroups: ['*'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['*'], scope: '*' };
  const configuration = (webhook: object) => ({
    metadata: { name: 'theirs' },
    webhooks: [{ name: 'w', rules: [rule], ...webhook }],
  });
  const checkWith = (webhook: object, labels: Parameters<typeof checkOtherWebhooks>[0]['labels'] = { known: {} }) =>
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
    ['a label that kube-system does not have', { namespaceSelector: { matchLabels: { injection: 'enabled' } } }, 0],
    [
      'all namespaces without a label',
      { namespaceSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] } },
      1,
    ],
  ])('for %s are listed only if they see what kubelet-guard checks', (_name, webhook, count) => {
    expect(checkWith(webhook).details ?? []).toHaveLength(count);
  });

  test('are listed with their failurePolicy, and also if the namespace labels are unknown', () => {
    expect(checkWith({ failurePolicy: 'Ignore' }).details).toEqual(['mutating theirs/w (failurePolicy Ignore)']);
    expect(checkWith({ namespaceSelector: { matchLabels: { injection: 'enabled' } } }, UNKNOWN).details).toHaveLength(
      1,
    );
  });

  test('that cannot be listed are unknown', () => {
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
] as const)('the setting reports: %s with %j is %s', (wanted, asked, result) => {
  expect(checkReports(new Map([['openreports', asked]]), wanted).result).toBe(result);
});

test('a configuration with expired exemptions is a problem', () => {
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

  test('prints what to do, and escapes control characters', () => {
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

  test('exits with 1 for a problem, otherwise with 3 for an unknown or no check', () => {
    expect([checks, checks.slice(0, 2), checks.slice(0, 1), []].map(doctorExitCode)).toEqual([1, 3, 0, 3]);
  });
});
