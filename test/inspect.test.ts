import { describe, expect, test } from '@jest/globals';

import { inspect } from '../src/inspect.ts';
import type { Control } from '../src/policy/control.ts';
import type { RawDocument } from '../src/policy/document.ts';
import { AMPLE } from './support/budget.ts';
import { ofTheLink } from './support/controls.ts';

function crash(): never {
  throw new Error('poisoned');
}

/** A value that throws as soon as it is read. */
const poison: object = new Proxy({}, { get: crash, has: crash, ownKeys: crash });

const CONFIGURATION = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

/** A control with a bug. */
const broken = ofTheLink.slice(0, 1).map((control) => ({ ...control, slug: 'broken', check: crash }));

function inspectPlainly(document: RawDocument, controls: readonly Control[] = ofTheLink) {
  const { findings, problems } = inspect(controls, [document], AMPLE);
  return {
    results: findings.map(({ subject, outcome }) => [subject.component, outcome.result]),
    problems: problems.map(({ problem, source }) => [problem.code, problem.message, source]),
  };
}

describe('code that throws is reported as a problem of the run', () => {
  test('in a control, whose finding is then unknown', () => {
    const document = { form: 'text', path: 'kubelet.yaml', text: CONFIGURATION } as const;
    expect(inspectPlainly(document, broken)).toStrictEqual({
      results: [['kubelet', 'unknown']],
      problems: [
        [
          'crashed',
          'checking it with the control broken crashed: poisoned; please report it',
          { path: 'kubelet.yaml', document: 0 },
        ],
      ],
    });
  });

  test('in an object, which then has no finding', () => {
    const source = { object: 'ConfigMap kube-system/kubelet-config' };
    expect(inspectPlainly({ form: 'object', source, vantage: 'declared', value: poison })).toStrictEqual({
      results: [],
      problems: [
        ['crashed', 'checking ConfigMap kube-system/kubelet-config crashed: poisoned; please report it', source],
      ],
    });
  });

  test.each<[string, RawDocument, string]>([
    [
      'the flags of a kube-apiserver',
      { form: 'flagz', source: { node: 'a', via: 'flagz' }, value: poison },
      'kube-apiserver',
    ],
    [
      'the TLS hello of a kubelet',
      Object.defineProperty({ form: 'hello', source: { node: 'a', via: 'handshake' } } as RawDocument, 'authorities', {
        get: crash,
      }),
      'kubelet',
    ],
    [
      'the calls that kubelets rejected',
      Object.defineProperty(
        { form: 'refused-calls', source: { node: 'a', via: 'configz-proxy' } } as RawDocument,
        'kubelets',
        { get: crash },
      ),
      'kube-apiserver',
    ],
  ])('in %s, whose process is then unknown', (_name, document, component) => {
    const { results, problems } = inspectPlainly(document);
    expect(results).toStrictEqual([[component, 'unknown']]);
    expect(problems).toStrictEqual([
      [
        'crashed',
        expect.stringMatching(/crashed: poisoned/) as unknown,
        document.form === 'text' ? '' : document.source,
      ],
    ]);
  });

  test('in one document, and the others are still checked', () => {
    const object = { form: 'object', source: { object: 'it' }, vantage: 'declared', value: poison } as const;
    const text = { form: 'text', path: 'kubelet.yaml', text: CONFIGURATION } as const;
    const { findings, problems } = inspect(ofTheLink, [object, text], AMPLE);
    expect([findings.length, problems.length]).toStrictEqual([1, 1]);
  });
});
