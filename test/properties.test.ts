import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../src/controls/index.ts';
import { decodedDocument } from '../src/facts/yaml/documents.ts';
import { recognise } from '../src/facts/inputs/recognise.ts';
import { inspect } from '../src/inspect.ts';
import { evaluate } from '../src/policy/evaluate.ts';
import type { Inspection } from '../src/policy/finding.ts';
import type { Outcome } from '../src/policy/outcome.ts';
import { commandLine } from './differential/generate/command-lines.ts';
import { configurationText } from './differential/generate/kubelet-setups.ts';
import { clusterConfiguration } from './differential/generate/kubeadm.ts';
import { podQuery } from './differential/generate/pods.ts';
import { AMPLE, ample } from './support/budget.ts';

const CERTIFICATE = '--kubelet-client-certificate';
const KEY = '--kubelet-client-key';
const GOOD = [`${CERTIFICATE}=/pki/client.crt`, `${KEY}=/pki/client.key`];

function inspectText(text: string): Inspection {
  return inspect(controls, [{ form: 'text', path: 'input.yaml', text }], AMPLE);
}

function inspectObject(value: unknown): Inspection {
  return inspect(controls, [{ form: 'object', source: { object: 'Pod a/b' }, vantage: 'running', value }], AMPLE);
}

/** A kube-apiserver's pod. */
function pod(args: readonly string[], parts: Readonly<Record<string, unknown>> = {}): unknown {
  const container = { name: 'kube-apiserver', image: 'example/kube-apiserver:v1.37.2', command: ['kube-apiserver'] };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'kube-apiserver', namespace: 'kube-system' },
    spec: { containers: [{ ...container, args, ...parts }] },
  };
}

function outcomeOf(args: readonly string[], parts?: Readonly<Record<string, unknown>>): Outcome {
  const { findings } = inspectObject(pod(args, parts));
  const [finding, ...others] = findings.filter(({ control }) => control.slug === 'apiserver-kubelet-client-cert');
  expect(others).toEqual([]);
  if (finding === undefined) throw new Error('no finding');
  return finding.outcome;
}

/** The result and the codes, without the origins, which depend on the place of an argument. */
function resultAndCodes(outcome: Outcome): unknown {
  const codes = outcome.result === 'fail' ? outcome.violations.map(({ code, setting }) => [code, setting]) : [];
  return [outcome.result, codes];
}

const text = fc.oneof(
  configurationText,
  clusterConfiguration.map((query) => ('document' in query ? query.document : '')),
  podQuery.map((query) => ('document' in query ? query.document : '')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
const word = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('--', '-', '', ...GOOD, KEY));
const words = fc.oneof(fc.array(word, { maxLength: 8 }), commandLine('kube-apiserver'));

describe('inspect does not throw', () => {
  test('for any text', () => {
    fc.assert(
      fc.property(text, (input) => {
        expect(() => inspectText(input)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  test('for any JSON value, as a document or as a part of one', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('spec', 'metadata', 'containers', 'command', 'env', 'items'),
        (value, place) => {
          const documents = [
            value,
            { apiVersion: 'v1', kind: 'Pod', [place]: value },
            { apiVersion: 'v1', kind: 'List', [place]: value },
            pod([], { [place]: value }),
            { apiVersion: 'apps/v1', kind: 'Deployment', spec: { template: { spec: value } } },
            {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              metadata: { name: 'kubelet-config', namespace: 'kube-system' },
              data: value,
            },
            { kubeletconfig: value },
            { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', authentication: value },
            { apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'ClusterConfiguration', apiServer: value },
            { kind: 'KubeAPIServerConfig', apiServerArguments: value },
            { kind: 'AdmissionReview', request: { object: value } },
          ];
          for (const document of documents) expect(() => inspectObject(document)).not.toThrow();
        },
      ),
      { numRuns: 300 },
    );
  });

  test('for any command line', () => {
    fc.assert(
      fc.property(words, (args) => {
        expect(() => inspectObject(pod(args))).not.toThrow();
        expect(() => inspectObject(pod([], { command: args }))).not.toThrow();
        expect(() => inspectObject(pod([], { command: ['sh', '-c', args.join(' ')] }))).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});

describe('in a command line of kube-apiserver', () => {
  test('the last value of a flag counts', () => {
    const values = fc.array(fc.constantFrom('/pki/a.crt', '/pki/b.crt', ''), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(values, (given) => {
        const repeated = given.map((value) => `${KEY}=${value}`);
        expect(resultAndCodes(outcomeOf([...GOOD, ...repeated]))).toEqual(
          resultAndCodes(outcomeOf([...GOOD, ...repeated.slice(-1)])),
        );
        expect(outcomeOf([...GOOD, ...repeated]).result).toBe(given.at(-1) === '' ? 'fail' : 'pass');
      }),
    );
  });

  test('a flag is the same in one argument or two, with dashes or underscores', () => {
    const value = fc.constantFrom('/pki/a.key', '', ' ', 'rel', '/dev/null', '--x', '=');
    fc.assert(
      fc.property(value, fc.constantFrom(CERTIFICATE, KEY), (path, flag) => {
        const others = GOOD.filter((other) => !other.startsWith(flag));
        const underscored = `--${flag.slice(2).replaceAll('-', '_')}`;
        const expected = resultAndCodes(outcomeOf([...others, `${flag}=${path}`]));
        for (const spelling of [[flag, path], [`${underscored}=${path}`], [underscored, path]])
          expect(resultAndCodes(outcomeOf([...others, ...spelling]))).toEqual(expected);
      }),
    );
  });

  test('flags that no control reads change nothing', () => {
    const neighbours = ['--profiling=false', '--v=2', '-v2', '--audit-log-path=/x', '--allow-privileged', '--test.x=1'];
    const ours = fc.shuffledSubarray([...GOOD, `${KEY}=`, `${CERTIFICATE}=`]);
    fc.assert(
      fc.property(ours, fc.shuffledSubarray(neighbours.slice(0, 5)), fc.nat(), (flags, others, position) => {
        const mixed = flags.toSpliced(position % (flags.length + 1), 0, ...others);
        expect(resultAndCodes(outcomeOf(mixed))).toEqual(resultAndCodes(outcomeOf(flags)));
      }),
    );
  });
});

describe('an unknown value never passes', () => {
  const UNKNOWN_VARIABLES = [
    { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
    { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] },
    { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'metadata.annotations' } } }] },
    { envFrom: [{ configMapRef: { name: 'c' } }] },
    {
      env: [
        { name: 'Y', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        { name: 'X', value: '$(Y)' },
      ],
    },
  ];
  const unknownVariable = fc.constantFrom(...UNKNOWN_VARIABLES);

  test('as the value of a flag that a control reads', () => {
    fc.assert(
      fc.property(unknownVariable, fc.constantFrom(CERTIFICATE, KEY), fc.boolean(), (parts, flag, joined) => {
        const unknown = joined ? [`${flag}=$(X)`] : [flag, '$(X)'];
        expect(outcomeOf([...GOOD, ...unknown], parts).result).toBe('unknown');
      }),
    );
  });

  test('as an additional argument in any place', () => {
    fc.assert(
      fc.property(unknownVariable, fc.nat({ max: 2 }), (parts, position) => {
        expect(outcomeOf(GOOD.toSpliced(position, 0, '$(X)'), parts).result).not.toBe('pass');
      }),
    );
  });

  test('in a shell script, in any place outside quotes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('$X', '${X}', '$(cat /x)', '`cat /x`', '$@'),
        fc.nat({ max: 2 }),
        (part, position) => {
          const line = ['kube-apiserver', ...GOOD.toSpliced(position, 0, part)].join(' ');
          const { findings } = inspectObject(pod([], { command: ['sh', '-c', line] }));
          expect(findings.filter(({ outcome }) => outcome.result === 'pass' && part !== '$@')).toEqual([]);
        },
      ),
    );
  });
});

test('every subject gets one finding for each control of its component, in order', () => {
  fc.assert(
    fc.property(podQuery, fc.nat({ max: 2 }), (query, repeats) => {
      const document = JSON.parse(
        JSON.stringify(pod(['document' in query ? query.document : ''])),
        undefined,
      ) as unknown;
      const list = { apiVersion: 'v1', kind: 'List', items: Array.from({ length: repeats + 1 }, () => document) };
      const { subjects } = recognise(decodedDocument(list), {
        budget: ample(),
        source: { object: 'List' },
        vantage: 'running',
      });
      const findings = evaluate(controls, subjects);
      const expected = subjects.flatMap(({ name }) => controls.filter(({ component }) => component === name.component));
      expect(findings.map(({ control }) => control.slug)).toEqual(expected.map(({ slug }) => slug));
    }),
    { numRuns: 50 },
  );
});
