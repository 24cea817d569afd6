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

/** The generated exemptions as a configuration reads them. */
function read(yaml: string) {
  const head = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
  return readConfiguration({ path: 'generated', text: `${head}${yaml}` }, controls).policy.exemptions;
}

function named(parts: Partial<SubjectName>): Finding {
  return kubeletFinding({ outcome: fail, subject: { component: 'kubelet', name: 'x', ...parts } });
}

describe('generated exemptions', () => {
  test('cover each failing subject once, sorted', () => {
    const { yaml, notes } = generate([
      kubeletFinding({ outcome: fail }),
      apiServerFinding({ outcome: fail }),
      apiServerFinding({ outcome: fail, source: { path: 'again.yaml', document: 0 } }),
      apiServerFinding({ subject: { ...apiServerFinding().subject, name: 'passes' } }),
      kubeletFinding({ outcome: outcomes.unknown, subject: { component: 'kubelet', name: 'undecided', kind: 'Pod' } }),
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

  test('expire on the given date', () => {
    expect(generate([apiServerFinding({ outcome: fail })], '2026-12-24').yaml).toContain('    expires: 2026-12-24\n');
  });

  test('are an empty list if nothing fails', () => {
    const { yaml } = generate([apiServerFinding()]);
    expect(yaml).toBe('exemptions: []\n');
    expect(read(yaml)).toStrictEqual([]);
  });

  test('leave out findings that are already exempt', () => {
    expect(generateExemptions([apiServerFinding({ outcome: fail })], () => true, today).yaml).toBe('exemptions: []\n');
  });

  test('are as narrow as the name allows, and a note counts what else they cover', () => {
    const finding = named({ kind: 'KubeletConfiguration', name: 'KubeletConfiguration' });
    const { yaml, notes } = generate([finding, { ...finding, outcome: outcomes.pass }]);
    expect(read(yaml)).toMatchObject([{ subject: 'kubeletconfiguration/KubeletConfiguration' }]);
    expect(notes).toStrictEqual([
      'the exemption of kubelet-client-ca for kubeletconfiguration/KubeletConfiguration also covers one finding that does not fail, because the name is the same',
    ]);
  });

  test('without a namespace also cover subjects with a namespace', () => {
    const [anywhere, somewhere] = [named({ kind: 'Pod' }), named({ kind: 'Pod', namespace: 'a' })];
    const passing = { ...somewhere, outcome: outcomes.unknown };
    expect(generate([anywhere, passing, passing]).notes).toStrictEqual([
      expect.stringMatching(/pod\/x also covers 2 findings that do not fail/),
    ]);
  });

  test('name the node if the subject has no kind', () => {
    expect(read(generate([named({ node: 'edge-1' })]).yaml)).toMatchObject([{ subject: 'node/edge-1' }]);
  });

  test.each([
    ['with a wildcard', { kind: 'Pod', namespace: 'kube-system', name: '*' }],
    ['with a slash in its name', { kind: 'Pod', name: 'a/b' }],
    ['with a slash in its namespace', { kind: 'Pod', namespace: 'a/b', name: 'c' }],
    ['with a line break', { kind: 'Pod', name: 'x"\n  - control: all' }],
    ['with an escape sequence', { kind: 'Pod', name: '\u001b[2J' }],
    ['with an empty name', { kind: 'Pod', name: '' }],
    ['without a kind and a node', { name: 'x' }],
    ['with a very long name', { kind: 'Pod', name: 'x'.repeat(600) }],
  ])('are not made for a subject %s', (_what, subject) => {
    const { yaml, notes } = generate([named(subject)]);
    expect(yaml).toBe('exemptions: []\n');
    expect(notes).toStrictEqual([expect.stringMatching(/^no exemption of kubelet-client-ca for ".*: no pattern/s)]);
  });

  test('are valid, and notes name failing findings left out and passing ones covered', () => {
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
