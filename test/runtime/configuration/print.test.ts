import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';

import { controls } from '../../../src/controls/index.ts';
import { changesBetween } from '../../../src/runtime/configuration/changes.ts';
import { printConfiguration } from '../../../src/runtime/configuration/print.ts';
import { readConfiguration, type GuardConfiguration } from '../../../src/runtime/configuration/configuration.ts';

const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
const TODAY = '2027-02-01';

function read(text: string | undefined, path = 'guard.yaml'): GuardConfiguration {
  return readConfiguration(text === undefined ? undefined : { path, text }, controls);
}

function print(text: string | undefined, path?: string): string {
  return printConfiguration(read(text, path), controls, TODAY);
}

describe('the printed configuration', () => {
  test('has every control on every surface, and the origin of each value', () => {
    const text = `${HEAD}controls:\n  kubelet-client-ca:\n    on: { pod: enforce }\n  apiserver-kubelet-client-cert:\n    action: audit\n`;
    expect(print(text)).toContain(
      [
        '  kubelet-client-ca:',
        '    action: ratchet # default',
        '    on:',
        '      mirror-pod: ratchet # default',
        '      pod: enforce # file guard.yaml:5',
        '      workload: ratchet # default',
        '      kubelet-config: ratchet # default',
        '      kubeadm-config: ratchet # default',
        '      openshift-config: ratchet # default',
        '      declared-cluster: ratchet # default',
        '  # apiserver-kubelet-ca: off (default: reported by sweep and node only)',
        '  # kubelet-anonymous-auth: off (default: reported by sweep and node only)',
        '  # kubelet-authorization-mode: off (default: reported by sweep and node only)',
        'onUnknown: audit # default',
        'namespaces:',
        '  - "kube-system" # default',
        'exemptions: [] # default',
      ].join('\n'),
    );
    expect(print(text)).toContain('      kubeadm-config: audit # file guard.yaml:7\n');
  });

  test('has only defaults without a file', () => {
    const lines = print(undefined)
      .split('\n')
      .filter((line) => /: \S|- /.test(line) && !line.startsWith('  # '));
    expect(lines.slice(0, 2)).toStrictEqual(HEAD.trimEnd().split('\n'));
    for (const line of lines.slice(2)) expect(line).toMatch(/ # default$/);
    expect(print(undefined)).toContain('kubeadm-config: ratchet # default');
  });

  test('marks exemptions that no longer apply', () => {
    const exemption =
      '{ control: kubelet-client-ca, subject: "node/a", reason: "a \\"quoted\\" # ticket", expires: 2027-01-31 }';
    const text = print(`${HEAD}exemptions: [${exemption}]\nsweep: { interval: 1h, evidence: [flagz] }\n`);
    expect(text).toContain('    expires: 2027-01-31 # file guard.yaml:3 (expired: no longer applies)\n');
    expect(text).toContain('sweep:\n  interval: 1h # file guard.yaml:4\n  jitter: 10% # default\n');
    expect(text).toContain('    - flagz # file guard.yaml:4\n');
    expect(parse(text)).toMatchObject({ exemptions: [{ reason: 'a "quoted" # ticket' }] });
  });

  test('stays valid with any file name', () => {
    const path = 'a\nonUnknown: deny\n# .yaml';
    const text = print(`${HEAD}namespaces: [a]\n`, path);
    expect(text).toContain(`  - "a" # file ${JSON.stringify(path)}:3\n`);
    // the defaults of sweep are printed too, which changes nothing
    expect(changesBetween(read(`${HEAD}namespaces: [a]\n`), read(text), controls)).toStrictEqual([]);
  });

  test('is a valid configuration with the same meaning', () => {
    const action = fc.constantFrom('off', 'audit', 'ratchet', 'enforce');
    const surfaces = ['mirror-pod', 'pod', 'workload', 'kubelet-config', 'kubeadm-config', 'openshift-config'];
    const control = fc.record(
      { action, on: fc.dictionary(fc.constantFrom(...surfaces), action) },
      { requiredKeys: [] },
    );
    const slugs = controls.map(({ slug }) => slug);
    const exemption = fc.record({
      control: fc.constantFrom(...slugs),
      subject: fc.constantFrom('node/*', 'Pod/kube-system/a-*', 'configmap/yes'),
      reason: fc
        .string({ unit: 'grapheme', minLength: 10, maxLength: 40 })
        .filter((reason) => reason.trim().length >= 20 && !/\p{Cc}/u.test(reason)),
      expires: fc.constantFrom('2020-02-29', '2027-01-31', '9999-12-31'),
    });
    const configuration = fc.record(
      {
        controls: fc.dictionary(fc.constantFrom(...slugs), control),
        onUnknown: fc.constantFrom('audit', 'deny'),
        namespaces: fc.uniqueArray(fc.constantFrom('kube-system', 'null', 'true', '1e3', '0x1', 'no'), {
          minLength: 1,
        }),
        exemptions: fc.uniqueArray(exemption, { selector: (each) => `${each.control} ${each.subject}` }),
        sweep: fc.record(
          {
            interval: fc.constantFrom('1m', '24h'),
            concurrency: fc.integer({ min: 1, max: 1024 }),
            evidence: fc.uniqueArray(fc.constantFrom('handshake', 'configz', 'flagz'), { minLength: 1 }),
          },
          { requiredKeys: [] },
        ),
        certificates: fc.record({ warnBefore: fc.constantFrom('1d', '365d') }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(configuration, (settings) => {
        const before = read(JSON.stringify({ ...(parse(HEAD) as object), ...settings }));
        const printed = printConfiguration(before, controls, TODAY);
        const after = read(printed);
        expect(changesBetween(before, after, controls).filter((change) => change !== 'sweep')).toStrictEqual([]);
        const { sweep = {}, certificates = {} } = settings;
        expect(parse(printed)).toMatchObject({ sweep, certificates });
        for (const control of controls)
          expect(after.isReported(control, 'process')).toBe(before.isReported(control, 'process'));
        expect(after.policy.exemptions).toStrictEqual(before.policy.exemptions);
        // and the same text again, except for its origins
        const values = (text: string) => text.replaceAll(/ # .*$/gm, '');
        expect(values(printConfiguration(after, controls, TODAY))).toBe(values(printed));
      }),
    );
  });
});
