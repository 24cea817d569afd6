import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import { generateExemptions } from '../../../src/commands/check/exemptions.ts';
import { findExemption } from '../../../src/policy/decision/exempt.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { SubjectName } from '../../../src/policy/subject.ts';
import { readConfiguration } from '../../../src/runtime/configuration/configuration.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../../support/findings.ts';

const today = new Date('2026-11-23T23:59:59Z');
const { fail } = outcomes;

function generate(findings: readonly Finding[], expires?: string) {
  return generateExemptions(findings, () => false, today, expires);
}

/** As the configuration reads what is generated. */
function read(yaml: string) {
  const head = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
  return readConfiguration({ path: 'generated', text: `${head}${yaml}` }, controls).policy.exemptions;
}

function named(parts: Partial<SubjectName>): Finding {
  return kubeletFinding({ outcome: fail, subject: { component: 'kubelet', name: 'x', ...parts } });
}

describe('generated exemptions', () => {
  test('are for what fails, sorted, each once', () => {
    const { yaml, notes } = generate([
      kubeletFinding({ outcome: fail }),
      apiServerFinding({ outcome: fail }),
      apiServerFinding({ outcome: fail, source: { path: 'again.yaml', document: 0 } }),
      apiServerFinding({ subject: { ...apiServerFinding().subject, name: 'passes' } }),
      kubeletFinding({ outcome: outcomes.unknown, subject: { component: 'kubelet', name: 'untold', kind: 'Pod' } }),
    ]);
    expect(yaml).toBe(`exemptions:
  - control: apiserver-kubelet-client-cert
    subject: "pod/kube-system/kube-apiserver-cp-1"
    reason: "existing on 2026-11-23, found by check"
    expires: 2027-02-21
  - control: kubelet-client-ca
    subject: "configmap/kube-system/kubelet-config"
    reason: "existing on 2026-11-23, found by check"
    expires: 2027-02-21
`);
    expect(notes).toStrictEqual([]);
  });

  test('end when they are asked to', () => {
    expect(generate([apiServerFinding({ outcome: fail })], '2026-12-24').yaml).toContain('    expires: 2026-12-24\n');
  });

  test('are an empty list where nothing fails', () => {
    const { yaml } = generate([apiServerFinding()]);
    expect(yaml).toBe('exemptions: []\n');
    expect(read(yaml)).toStrictEqual([]);
  });

  test('leave out what is exempt already', () => {
    expect(generateExemptions([apiServerFinding({ outcome: fail })], () => true, today).yaml).toBe('exemptions: []\n');
  });

  test('are as narrow as a name allows, and say what they cover besides', () => {
    const finding = named({ kind: 'KubeletConfiguration', name: 'KubeletConfiguration' });
    const { yaml, notes } = generate([finding, { ...finding, outcome: outcomes.pass }]);
    expect(read(yaml)).toMatchObject([{ subject: 'kubeletconfiguration/KubeletConfiguration' }]);
    expect(notes).toStrictEqual([
      'the exemption of kubelet-client-ca for kubeletconfiguration/KubeletConfiguration also covers one finding that does not fail, because the name is the same',
    ]);
  });

  test('without a namespace cover those with one', () => {
    const [anywhere, somewhere] = [named({ kind: 'Pod' }), named({ kind: 'Pod', namespace: 'a' })];
    const passing = { ...somewhere, outcome: outcomes.unknown };
    expect(generate([anywhere, passing, passing]).notes).toStrictEqual([
      expect.stringMatching(/pod\/x also covers 2 findings that do not fail/),
    ]);
  });

  test('name a node where there is nothing else', () => {
    expect(read(generate([named({ node: 'edge-1' })]).yaml)).toMatchObject([{ subject: 'node/edge-1' }]);
  });

  test.each([
    ['a wildcard', { kind: 'Pod', namespace: 'kube-system', name: '*' }],
    ['a slash', { kind: 'Pod', name: 'a/b' }],
    ['beside a slash', { kind: 'Pod', namespace: 'a/b', name: 'c' }],
    ['a line break', { kind: 'Pod', name: 'x"\n  - control: all' }],
    ['an escape sequence', { kind: 'Pod', name: '\u001b[2J' }],
    ['nothing', { kind: 'Pod', name: '' }],
    ['of no kind and no node', { name: 'x' }],
    ['too long', { kind: 'Pod', name: 'x'.repeat(600) }],
  ])('are not made of a name that is %s', (_what, subject) => {
    const { yaml, notes } = generate([named(subject)]);
    expect(yaml).toBe('exemptions: []\n');
    expect(notes).toStrictEqual([expect.stringMatching(/^no exemption of kubelet-client-ca for ".*: no pattern/s)]);
  });

  test('are read by the configuration, and exempt what they are for and no other name', () => {
    const name = fc.oneof(
      fc.constantFrom('kube-apiserver', 'KUBE-APISERVER', 'x-', '*', 'a*b', 'a/b', ''),
      fc.string({ maxLength: 6 }),
    );
    const subject = fc.record(
      {
        component: fc.constant('kubelet' as const),
        name,
        namespace: name,
        kind: fc.constantFrom('Pod', 'ConfigMap'),
        node: name,
      },
      { requiredKeys: ['component', 'name'] },
    );
    const finding = fc
      .tuple(subject, fc.constantFrom(fail, outcomes.pass))
      .map(([named, outcome]) => kubeletFinding({ outcome, subject: named }));
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 6 }), (findings) => {
        const { yaml, notes } = generate(findings);
        const exemptions = read(yaml);
        const isExempt = (each: Finding) => findExemption(exemptions, each, '2026-11-23') !== undefined;
        const failing = findings.filter(({ outcome }) => outcome.result === 'fail');
        if (!failing.every(isExempt)) expect(notes.join('\n')).toContain('no exemption of');
        if (findings.some((each) => each.outcome.result === 'pass' && isExempt(each)))
          expect(notes.join('\n')).toContain('also covers');
      }),
    );
  });
});
