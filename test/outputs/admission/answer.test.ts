import { describe, expect, test } from '@jest/globals';

import type { DecidedFinding, Decision, DecisionReason, Finding } from '../../../src/policy/finding.ts';
import type { Violation } from '../../../src/policy/outcome.ts';
import type { Problem } from '../../../src/policy/reading.ts';
import { admissionAnswer, verdictOf } from '../../../src/outputs/admission/answer.ts';
import { remediationFor } from '../../../src/policy/benchmarks/remedy.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../../support/findings.ts';

const failing = apiServerFinding({
  outcome: outcomes.fail,
  source: { object: 'Pod kube-system/kube-apiserver-cp-1' },
  subject: {
    ...{ component: 'kube-apiserver', kind: 'Pod', namespace: 'kube-system', name: 'kube-apiserver-cp-1' },
    container: 'kube-apiserver',
  },
});
const unclear = kubeletFinding({ outcome: outcomes.unknown });

/** A decision whose findings may lack the reason; `audit` then is. */
interface GivenDecision extends Omit<Partial<Decision>, 'denied' | 'warned'> {
  readonly denied?: readonly (Finding & Partial<DecidedFinding>)[];
  readonly warned?: readonly (Finding & Partial<DecidedFinding>)[];
}

function because(reason: DecisionReason, finding: Finding = failing): DecidedFinding {
  return { ...finding, reason };
}

function decisionOf({ denied = [], warned = [], exempted = [] }: GivenDecision, problems: readonly Problem[] = []) {
  const full = {
    denied: denied.map((finding) => ({ reason: { action: 'enforce' } as const, ...finding })),
    warned: warned.map((finding) => ({ reason: { action: 'audit' } as const, ...finding })),
    exempted,
  };
  return { ...full, allowed: full.denied.length === 0, problems };
}

function answer(decision: GivenDecision, problems?: readonly Problem[]) {
  return admissionAnswer('uid-1', decisionOf(decision, problems)).response;
}

function violation(message: string, setting = '--kubelet-client-key'): Violation {
  return { code: 'missing', setting, message };
}

function withViolations(first: Violation, ...rest: Violation[]): Finding {
  return { ...failing, outcome: { result: 'fail', violations: [first, ...rest], problems: [], warnings: [] } };
}

describe('the answer to a change without findings', () => {
  test('allows it, and the audit log shows that it was checked', () => {
    expect(admissionAnswer('uid-1', decisionOf({}))).toStrictEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'uid-1', allowed: true, auditAnnotations: { decision: 'allow' } },
    });
  });

  test('has another decision in the audit log if nothing was checked', () => {
    expect(admissionAnswer('uid-1', undefined).response).toStrictEqual({
      uid: 'uid-1',
      allowed: true,
      auditAnnotations: { decision: 'skip' },
    });
  });

  test('has a warning if something could not be read', () => {
    const problem = { code: 'malformed', message: 'lists are nested too deeply' } as const;
    expect(verdictOf(decisionOf({}, [problem]))).toBe('warn');
    expect(answer({}, [problem])).toStrictEqual({
      uid: 'uid-1',
      allowed: true,
      warnings: ['not checked: lists are nested too deeply'],
      auditAnnotations: { decision: 'warn', findings: '[]' },
    });
  });
});

describe('a denial', () => {
  test('names the control, the fault, the place and the fix, and has no warnings', () => {
    const response = answer({ denied: [failing], warned: [unclear] });
    expect(response).toMatchObject({ uid: 'uid-1', allowed: false, status: { code: 403, reason: 'Forbidden' } });
    expect(response).not.toHaveProperty('warnings');
    expect(response.status?.message).toBe(
      'apiserver-kubelet-client-cert (CIS Kubernetes Benchmark 1.2.4), in Pod kube-system/kube-apiserver-cp-1, ' +
        'container kube-apiserver: --kubelet-client-key is not set (at /spec/containers/0/command). ' +
        `Denied by enforce. To fix it: ${remediationFor(failing)}\n` +
        'To allow it all the same, an administrator of kubelet-guard can add an exemption to its configuration ' +
        '(docs/configuration.md, "Exemptions"): control apiserver-kubelet-client-cert, subject ' +
        'pod/kube-system/kube-apiserver-cp-1. In an emergency: docs/install.md, "Turn the webhook off".',
    );
  });

  test('lists every finding on its own line', () => {
    const { status } = answer({ denied: [failing, unclear] });
    const lines = status?.message.split('\n') ?? [];
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain('kubelet-client-ca (CIS Kubernetes Benchmark 4.2.3)');
    expect(lines[1]).toContain('unknown: $KEY is not known here; check the running process');
  });

  test('of a mirror pod says that the static pod keeps running', () => {
    expect(answer({ denied: [failing] }).status?.message).not.toContain('static pod that already runs');
    const mirror = { ...failing, surface: 'mirror-pod' } as const;
    expect(answer({ denied: [mirror] }).status?.message).toMatch(/\n.*does not stop the static pod that already runs/);
  });

  test('points into a document that is embedded in another', () => {
    const origin = { layer: 'file', pointer: '/data/kubelet', within: '/authentication/x509' } as const;
    const finding = withViolations({ ...violation('it is not set'), origin });
    expect(answer({ denied: [finding] }).status?.message).toContain('(at /data/kubelet, in it /authentication/x509)');
  });

  test.each([
    [{ path: 'a.yaml', document: 0 }, 'in a.yaml'],
    [{ node: 'cp-1', via: 'configz' }, 'in node cp-1'],
  ] as const)('names the source %j', (source, text) => {
    expect(answer({ denied: [{ ...failing, source }] }).status?.message).toContain(text);
  });

  test('stays short and keeps one line for each finding, whatever the object contains', () => {
    const hostile = withViolations(violation(`\u001b[31m\n${'x'.repeat(1_000_000)}`), violation('y'.repeat(1_000_000)));
    const message = answer({ denied: Array<Finding>(100).fill(hostile) }).status?.message ?? '';
    expect(message.length).toBeLessThan(17_000);
    expect(message).not.toContain('\u001b');
    expect(message).toMatch(/\n\.\.\. and \d+ more findings\nTo allow it all the same, [^\n]*$/);
    expect(message.split('\n').every((line) => /^(apiserver-kubelet-client-cert|\.\.\. and|To allow)/.test(line))).toBe(
      true,
    );
  });
});

describe('a denial says why', () => {
  const unknown = kubeletFinding({ outcome: outcomes.unknown });
  test.each([
    [because({ action: 'enforce' }), '. Denied by enforce. To fix it:'],
    [because({ action: 'ratchet', before: 'passed' }), '. Denied by ratchet (before: passed). To fix it:'],
    [
      because({ action: 'ratchet', before: 'nothing-known' }),
      '. Denied by ratchet (before: nothing known, so ratchet acts like enforce). To fix it:',
    ],
    [
      because({ action: 'ratchet', before: 'new-violation' }),
      '. Denied by ratchet (new violation: it failed before, but not in this way). To fix it:',
    ],
    [
      because({ action: 'ratchet', isLowered: true, before: 'absent' }),
      '. Denied by enforce (before: the object had no such component). To fix it:',
    ],
    [because({ action: 'enforce' }, unknown), '. Denied by enforce, and onUnknown is deny. To fix it:'],
  ] as const)('%#', (finding, expected) => {
    expect(answer({ denied: [finding] }).status?.message).toContain(expected);
  });

  test('names no exemption where nothing is known of the object', () => {
    const subject = { component: 'kubelet', kind: 'AdmissionReview', name: 'uid-1' } as const;
    const message = answer({ denied: [kubeletFinding({ outcome: outcomes.unknown, subject })] }).status?.message;
    expect(message).toMatch(/\nIn an emergency: docs\/install.md, "Turn the webhook off"\.$/);
  });

  test('names a node by the name of its object', () => {
    const mirror = { ...failing, subject: { ...failing.subject, node: 'cp-1' } };
    expect(answer({ denied: [mirror] }).status?.message).toContain('subject pod/kube-system/kube-apiserver-cp-1.');
  });
});

describe('warnings', () => {
  test('name the object, the fault, why it was allowed, and what explains it', () => {
    expect(answer({ warned: [failing, unclear] }).warnings).toStrictEqual([
      'Pod kube-system/kube-apiserver-cp-1: --kubelet-client-key is not set (CIS Kubernetes Benchmark 1.2.4). ' +
        'Allowed: the action is audit. See: kubelet-guard explain apiserver-kubelet-client-cert',
      'ConfigMap kube-system/kubelet-config: unknown: $KEY is not known here; check the running process ' +
        '(CIS Kubernetes Benchmark 4.2.3). Allowed: the action is audit. See: kubelet-guard explain kubelet-client-ca',
    ]);
  });

  test.each([
    [because({ action: 'ratchet', before: 'not-worse' }), 'Allowed by ratchet: not worse than before.'],
    [because({ action: 'enforce' }, unclear), 'Allowed: unknown, and onUnknown is audit.'],
    [because({ action: 'audit', isLowered: true }), 'Allowed: the pod already runs.'],
  ] as const)('say why: %#', (finding, expected) => {
    expect(answer({ warned: [finding] }).warnings?.[0]).toContain(`. ${expected} See: kubelet-guard explain `);
  });

  test('keep the object and the end if they are too long', () => {
    const long = {
      ...failing,
      source: { object: `Pod kube-system/${'n'.repeat(253)}` },
      outcome: withViolations(violation('x'.repeat(300))).outcome,
    };
    const [warning = ''] = answer({ warned: [long] }).warnings ?? [];
    expect(warning).toHaveLength(256);
    expect(warning).toMatch(
      /^Pod kube-system\/n+\.\.\.: x+\.\.\. \(CIS Kubernetes Benchmark 1\.2\.4\)\. Allowed: the action is audit\. See: kubelet-guard explain apiserver-kubelet-client-cert$/,
    );
  });

  test('name a container that has another name than its component', () => {
    const inside = { ...failing, subject: { ...failing.subject, container: 'sidecar' } };
    expect(answer({ warned: [inside] }).warnings?.[0]).toMatch(
      /^Pod kube-system\/kube-apiserver-cp-1, container sidecar: /,
    );
  });

  test('are also given for a finding that passes', () => {
    const outcome = { result: 'pass', warnings: [violation('it is a bundle of public CAs')] } as const;
    expect(answer({ warned: [kubeletFinding({ outcome })] })).toMatchObject({
      allowed: true,
      warnings: [
        'ConfigMap kube-system/kubelet-config: it is a bundle of public CAs (CIS Kubernetes Benchmark 4.2.3). Allowed: only a warning. See: kubelet-guard explain kubelet-client-ca',
      ],
      auditAnnotations: { decision: 'warn' },
    });
  });

  test('contain only characters that a header can have', () => {
    const [warning] = answer({ warned: [withViolations(violation('a "b"\r\nX: c\\d é 😀'))] }).warnings ?? [];
    expect(warning).toContain(": a 'b' X: c?d ? ? (CIS ");
  });

  test('have at most 256 characters each', () => {
    const [warning] = answer({ warned: [withViolations(violation('x'.repeat(10_000)))] }).warnings ?? [];
    expect(warning).toHaveLength(256);
    expect(warning).toContain('x...');
  });

  test('have at most 4096 characters together, and count the omitted ones', () => {
    const warnings = answer({ warned: Array<Finding>(50).fill(withViolations(violation('x'.repeat(300)))) }).warnings;
    expect(warnings?.join('').length).toBeLessThanOrEqual(4096);
    expect(warnings?.at(-1)).toBe(`... ${50 - ((warnings?.length ?? 0) - 1)} more`);
  });

  test('are complete if they just fit', () => {
    const full = answer({ warned: Array<Finding>(16).fill(withViolations(violation('x'.repeat(300)))) }).warnings;
    expect(full).toHaveLength(16);
    expect(full?.join('')).toHaveLength(4096);
  });
});

describe('the audit annotation of the findings', () => {
  test('is compact JSON of the findings that denied or warned', () => {
    const { auditAnnotations } = answer({ denied: [failing], warned: [unclear] });
    expect(auditAnnotations.decision).toBe('deny');
    expect(JSON.parse(auditAnnotations.findings ?? '')).toStrictEqual([
      {
        control: 'apiserver-kubelet-client-cert',
        result: 'fail',
        subject: 'kube-apiserver',
        codes: ['missing --kubelet-client-key'],
      },
      { control: 'kubelet-client-ca', result: 'unknown', subject: 'kubelet-config', codes: ['unresolved'] },
    ]);
  });

  test('has at most 4096 characters and stays JSON', () => {
    const many = Array<Finding>(100).fill(withViolations(violation('m', 's'.repeat(10_000)), violation('n')));
    const { findings = '' } = answer({ denied: many }).auditAnnotations;
    expect(findings.length).toBeLessThanOrEqual(4096);
    const entries = JSON.parse(findings) as { more?: number }[];
    expect(entries.at(-1)).toStrictEqual({ more: 100 - (entries.length - 1) });
  });

  test('has keys without a slash, because the API server prefixes them with the name of the webhook', () => {
    expect(Object.keys(answer({ denied: [failing] }).auditAnnotations)).toStrictEqual(['decision', 'findings']);
  });
});

describe('exemptions in use', () => {
  const exemption = {
    control: 'apiserver-kubelet-client-cert',
    subject: 'node/edge-*',
    reason: 'vendor appliance, ticket 4711',
    expires: '2027-01-31',
  };
  const exempted = [{ finding: failing, exemption }];

  test('allow without a warning, and are listed in the audit log', () => {
    expect(verdictOf(decisionOf({ exempted }))).toBe('allow');
    const response = answer({ exempted });
    expect(response).toStrictEqual({
      uid: 'uid-1',
      allowed: true,
      auditAnnotations: { decision: 'allow', exemptions: expect.any(String) },
    });
    expect(JSON.parse(response.auditAnnotations.exemptions ?? '')).toStrictEqual([exemption]);
  });

  test('are also listed if other findings warn or deny', () => {
    const warned = answer({ exempted, warned: [unclear] });
    expect(Object.keys(warned.auditAnnotations)).toStrictEqual(['decision', 'findings', 'exemptions']);
    expect(warned.warnings?.join(' ')).not.toContain('apiserver-kubelet-client-cert');
    const denied = answer({ exempted, denied: [unclear] });
    expect(denied).toMatchObject({ allowed: false, auditAnnotations: { exemptions: expect.any(String) } });
    expect(denied.status?.message).not.toContain('apiserver-kubelet-client-cert');
  });

  test('are listed once each, for any number of findings', () => {
    expect(JSON.parse(answer({ exempted: [...exempted, ...exempted] }).auditAnnotations.exemptions ?? '')).toHaveLength(
      1,
    );
  });

  test('have at most 4096 characters and stay JSON', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({
      finding: failing,
      exemption: { ...exemption, subject: `pod/${'"'.repeat(500)}${index}`, reason: '\\'.repeat(500) },
    }));
    const { exemptions = '' } = answer({ exempted: many }).auditAnnotations;
    expect(exemptions.length).toBeLessThanOrEqual(4096);
    const entries = JSON.parse(exemptions) as { more?: number }[];
    expect(entries.length).toBeGreaterThan(1);
    expect(entries.at(-1)).toStrictEqual({ more: 100 - (entries.length - 1) });
  });
});
