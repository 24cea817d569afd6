import { expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { inspect } from '../../src/inspect.ts';
import { describeAbsence } from '../../src/outputs/absence.ts';
import type { ReportedFinding } from '../../src/outputs/guard-report.ts';
import { reportFinding } from '../../src/outputs/report.ts';
import type { RawDocument } from '../../src/policy/document.ts';
import { AMPLE } from '../support/budget.ts';
import { fixturesOf } from '../support/fixtures.ts';
import { configz, hello } from '../sweeper/run/cluster.ts';

/** Faults that are not about a value: the process would not start, or a kubelet refused its call. */
const WITHOUT_VALUE = ['would-not-start', 'refused'];

function reported(document: RawDocument): ReportedFinding[] {
  return inspect(controls, [document], AMPLE).findings.map((finding) => reportFinding(finding, () => undefined));
}

function failed(text: string, path = 'a.yaml'): ReportedFinding[] {
  return reported({ form: 'text', path, text }).filter(({ result }) => result === 'fail');
}

test('whatever fails shows the values that it is based on, or what nothing sets and where that was looked for', () => {
  const all = controls.flatMap(({ slug }) => fixturesOf(slug)).flatMap(({ text }) => failed(text));
  expect(all.length).toBeGreaterThan(50);
  for (const { violations, evidence, absent = [] } of all) {
    const shown = new Set([...evidence, ...absent].map(({ setting }) => setting));
    const unshown = violations.filter(({ code, setting }) => !WITHOUT_VALUE.includes(code) && !shown.has(setting));
    expect(unshown).toEqual([]);
    // what is absent has no value
    const values = new Set(evidence.map(({ setting }) => setting));
    expect(absent.filter(({ setting }) => values.has(setting))).toEqual([]);
  }
});

test.each([
  [
    'a file',
    'kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n',
    'authentication.x509.clientCAFile is not set in a.yaml',
  ],
  [
    'a ConfigMap',
    'kind: ConfigMap\napiVersion: v1\nmetadata: { name: kubelet-config, namespace: kube-system }\ndata:\n  kubelet: |\n    kind: KubeletConfiguration\n    apiVersion: kubelet.config.k8s.io/v1beta1\n',
    'authentication.x509.clientCAFile is not set in a.yaml',
  ],
])('in %s, the absence is named with its place', (_what, text, words) => {
  expect(failed(text).flatMap(({ absent = [] }) => absent.map(describeAbsence))).toEqual([words]);
});

test.each<[string, RawDocument, string]>([
  [
    'the configuration that a kubelet shows',
    configz('n1', undefined),
    'authentication.x509.clientCAFile is not set in its /configz (n1)',
  ],
  ['a TLS handshake', hello('n1', undefined), 'client CAs of the TLS hello is not set in its TLS handshake (n1)'],
])('%s shows what is absent', (_what, document, words) => {
  const [finding] = reported(document).filter(({ control }) => control === 'kubelet-client-ca');
  expect(finding?.absent?.map(describeAbsence)).toEqual([words]);
  expect(finding?.evidence).toEqual([]);
});
