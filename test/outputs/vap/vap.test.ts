import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';

import { controls } from '../../../src/controls/index.ts';
import { flagTable } from '../../../src/facts/argv/flags.ts';
import { parseCommandLine } from '../../../src/facts/argv/pflag.ts';
import data from '../../../src/facts/data/flags.json' with { type: 'json' };
import { inspect } from '../../../src/inspect.ts';
import type { Action } from '../../../src/policy/control.ts';
import type { Surface } from '../../../src/policy/reading.ts';
import { renderPolicies, type PolicyInput } from '../../../src/outputs/vap/vap.ts';
import { readConfiguration } from '../../../src/runtime/configuration/configuration.ts';
import { AMPLE, ample } from '../../support/budget.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/vap');
const flags = data['kube-apiserver'].filter(({ since, until }) => since <= 30 && until === 37);

/** The controls that CEL can express. */
const carried = controls.filter(({ requiredPaths }) => requiredPaths !== undefined);

/** The text for a configuration, or for the defaults. */
function inputOf(text?: string, isStatic = false): PolicyInput {
  const file = text === undefined ? undefined : { path: 'guard.yaml', text };
  const { policy, namespaces } = readConfiguration(file, controls);
  return { controls, flags, policy, namespaces, today: '2026-11-23', isStatic };
}

function acting(action: (slug: string, surface: Surface) => Action): PolicyInput {
  const input = inputOf();
  return { ...input, policy: { ...input.policy, action: ({ slug }, surface) => action(slug, surface) } };
}

interface Policy {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly policyName?: string;
    readonly validationActions?: readonly string[];
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
    readonly variables?: readonly { readonly name: string; readonly expression: string }[];
  };
}

function objects(input: PolicyInput): Policy[] {
  return parseAllDocuments(renderPolicies(input)).map((document) => document.toJS() as Policy);
}

/** UPDATE_GOLDEN=1 rewrites the golden file. Review the change line by line. */
function expectGolden(name: string, text: string): void {
  const path = join(FIXTURES, name);
  if (env.UPDATE_GOLDEN === '1') writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

describe('the text', () => {
  test('is the golden file for the defaults', () => {
    expectGolden('default.yaml', renderPolicies(inputOf()));
  });

  test('is the golden file with every option', () => {
    const text = readFileSync(join(FIXTURES, 'guard.yaml'), 'utf8');
    expectGolden('every-option.yaml', renderPolicies(inputOf(text, true)));
  });

  test('is empty if every control that CEL can express is off', () => {
    const slugs = carried.map(({ slug }) => slug);
    expect(slugs).toEqual(expect.arrayContaining(['apiserver-kubelet-client-cert', 'apiserver-kubelet-ca']));
    expect(renderPolicies(acting((slug) => (slugs.includes(slug) ? 'off' : 'enforce')))).toBe('');
  });
});

describe('actions', () => {
  test.each([
    ['audit', ['Warn', 'Audit']],
    ['ratchet', ['Deny']],
    ['enforce', ['Deny']],
  ] as const)('%s becomes %j', (action, validationActions) => {
    const [policy, binding, ...more] = objects(acting((slug) => (slug.endsWith('cert') ? action : 'off')));
    expect(more).toEqual([]);
    expect(binding?.spec).toEqual({ policyName: policy?.metadata.name, validationActions });
  });

  test.each([
    ['enforce', 'audit', ['mirror-pod Deny', 'pod Warn,Audit']],
    ['audit', 'enforce', ['mirror-pod Warn,Audit', 'pod Deny']],
    ['off', 'enforce', ['pod Deny']],
    ['enforce', 'off', ['mirror-pod Deny']],
  ] as const)('%s for mirror pods and %s for others are separate policies', (mirror, other, expected) => {
    const all = objects(
      acting((slug, surface) => (slug.endsWith('cert') ? (surface === 'mirror-pod' ? mirror : other) : 'off')),
    );
    const bindings = all.filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding');
    const said = bindings.map(
      ({ metadata, spec }) => `${metadata.name.split('.')[1]} ${spec.validationActions?.join()}`,
    );
    expect(said).toEqual(expected);
    const conditions = all.flatMap(({ spec }) => spec.matchConditions?.map(({ name }) => name) ?? []);
    expect(conditions.filter((name) => name.endsWith('mirror-pod'))).toEqual(
      expected.map((line) => (line.startsWith('mirror') ? 'is-a-mirror-pod' : 'is-no-mirror-pod')),
    );
  });
});

test('static policies have the suffix for policies from files, and bindings name their policies', () => {
  const all = objects(inputOf(undefined, true));
  expect(all.map(({ metadata }) => metadata.name)).toEqual(
    all.map(() => expect.stringMatching(/\.kubelet-guard\.dev\.static\.k8s\.io$/) as unknown),
  );
  expect(all[1]?.spec.policyName).toBe(all[0]?.metadata.name);
});

test('each policy requires the settings that its control reports as missing for an empty command line', () => {
  const spec = { containers: [{ name: 'a', image: 'x', command: ['kube-apiserver'] }] };
  const value = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec };
  const { findings } = inspect(
    carried,
    [{ form: 'object', source: { object: 'a' }, vantage: 'running', value }],
    AMPLE,
  );
  const missed = findings.map(({ control, outcome }) => {
    const violations = outcome.result === 'fail' ? outcome.violations : [];
    return [control.slug, violations.map(({ setting }) => setting.slice(2))];
  });
  const read = objects(acting(() => 'enforce')).flatMap(({ metadata, spec: { variables = [] } }) => {
    const settings = variables.find(({ name }) => name === 'settings')?.expression;
    if (settings === undefined) return [];
    return [[metadata.name.split('.')[0], Array.from(settings.matchAll(/^ +\['([^']*)'/gm), ([, name]) => name)]];
  });

  expect(read).toEqual(missed);
});

test('a flag value that the policy accepts is one that kube-apiserver accepts', () => {
  const variables = objects(inputOf())[0]?.spec.variables ?? [];
  const table = (wanted: string): [string, string][] => {
    const { expression = '' } = variables.find(({ name }) => name === wanted) ?? {};
    return Array.from(expression.matchAll(/^ {2}'([^']*)': r?'?(.*?)'?,?$/gm), ([, key = '', value = '']) => [
      key,
      value,
    ]);
  };
  const patterns = new Map(table('accepted'));
  const typed = table('flags');
  expect(patterns.size).toBeGreaterThan(8);
  expect(typed.length).toBeGreaterThan(60);

  for (const [name, type] of typed.filter(([flag]) => flag !== 'help')) {
    const pattern = new RegExp(patterns.get(type) ?? 'none');
    fc.assert(
      fc.property(fc.stringMatching(pattern), (rest) => {
        fc.pre(/^[ -#%-~\r]*$/.test(rest));
        const words = `--${name}${rest}`.split('\r').map((text) => ({ text }));
        for (const minor of [30, 37]) {
          const line = parseCommandLine(words, flagTable('kube-apiserver', minor), {
            budget: ample(),
            emptyPositionals: true,
          });
          expect({ words, refusal: line.refusal, doubts: line.doubts }).toEqual({ words, doubts: [] });
        }
      }),
      { numRuns: 30 },
    );
  }
});
