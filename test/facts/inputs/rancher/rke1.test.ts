// RKE1's cluster.yml: what its containers are started with.

import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../../src/controls/index.ts';
import { inspect } from '../../../../src/inspect.ts';
import { AMPLE } from '../../../support/budget.ts';

function results(text: string): Record<string, unknown> {
  const { findings, problems } = inspect(controls, [{ form: 'text', path: 'cluster.yml', text }], AMPLE);
  expect(problems).toEqual([]);
  const link = findings.filter(({ control }) => control.slug.includes('client'));
  return Object.fromEntries(
    link.map(({ control, outcome }) => [
      control.slug,
      outcome.result === 'fail'
        ? outcome.violations.map(({ code, setting, origin }) => `${code} ${setting} line ${String(origin?.line)}`)
        : outcome.result,
    ]),
  );
}

describe('RKE1', () => {
  test('sets the pair and the client CA itself', () => {
    expect(results('services:\n  kube-api: {}\n  kubelet:\n    extra_args:\n      max-pods: 200\n')).toEqual({
      'apiserver-kubelet-client-cert': 'pass',
      'kubelet-client-ca': 'pass',
    });
  });

  test.each([
    ['an empty argument', "      client-ca-file: ''"],
    ['null', '      client-ca-file:'],
  ])('%s replaces its own', (_title, line) => {
    expect(results(`services:\n  kubelet:\n    extra_args:\n${line}\n`)).toMatchObject({
      'kubelet-client-ca': ['empty --client-ca-file line 4'],
    });
  });

  test('later arguments in extra_args_array decide, also in the configuration of Rancher', () => {
    const text = [
      'rancher_kubernetes_engine_config:',
      '  services:',
      '    kube-api:',
      '      extra_args_array:',
      '        kubelet-client-key: [/a.pem, ""]',
    ];
    expect(results(text.join('\n'))).toMatchObject({
      'apiserver-kubelet-client-cert': ['empty --kubelet-client-key line 5'],
    });
  });

  test('a flag decides, whatever a file of the node says', () => {
    const text =
      'services:\n  kubelet:\n    extra_args:\n      config: /etc/kubernetes/kubelet.yaml\n      client-ca-file: /ca.pem\n';
    expect(results(text)).toMatchObject({ 'kubelet-client-ca': 'pass' });
  });
});
