import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

import { controls } from '../../src/controls/index.ts';
import type { Surface } from '../../src/policy/types.ts';
import { loadConfiguration, readConfiguration } from '../../src/runtime/configuration.ts';
import { StartError } from '../../src/runtime/start-error.ts';

const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
const root = join(import.meta.dirname, '../..');

function read(text: string) {
  return readConfiguration({ path: 'guard.yaml', text }, controls);
}

function faultsOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (cause) {
    if (cause instanceof StartError) return cause.faults;
    throw cause;
  }
  return [];
}

function actionOf(text: string | undefined, slug: string, surface: Surface) {
  const { policy } = text === undefined ? readConfiguration(undefined, controls) : read(text);
  const control = controls.find((candidate) => candidate.slug === slug);
  if (control === undefined) throw new Error(slug);
  return policy.action(control, surface);
}

describe('without a file', () => {
  test('the controls have their default actions', () => {
    expect(actionOf(undefined, 'apiserver-kubelet-client-cert', 'mirror-pod')).toBe('audit');
    expect(actionOf(undefined, 'apiserver-kubelet-client-cert', 'kubeadm-config')).toBe('ratchet');
    expect(actionOf(undefined, 'kubelet-client-ca', 'kubelet-config')).toBe('ratchet');
  });

  test('only kube-system is judged, and what can not be told is no reason to refuse', () => {
    const { policy, namespaces } = readConfiguration(undefined, controls);
    expect([policy.onUnknown, [...namespaces]]).toStrictEqual(['audit', ['kube-system']]);
    expect(readConfiguration({ path: 'x', text: HEAD }, controls).namespaces).toStrictEqual(namespaces);
  });
});

describe('an action of the file', () => {
  const slug = 'apiserver-kubelet-client-cert';
  const file = (settings: string): string => `${HEAD}controls:\n  ${slug}: ${settings}\n`;

  test.each([
    ['goes before all defaults', '{ action: enforce }', 'kubeadm-config', 'enforce'],
    ['can be off, in YAML 1.2', '{ action: off }', 'pod', 'off'],
    ['by surface goes before the one overall', '{ action: enforce, on: { pod: audit } }', 'pod', 'audit'],
    ['overall is for the other surfaces', '{ action: enforce, on: { pod: audit } }', 'mirror-pod', 'enforce'],
    ['by surface alone leaves the defaults', '{ on: { pod: enforce } }', 'kubeadm-config', 'ratchet'],
    ['may be none', '{}', 'pod', 'audit'],
  ] as const)('%s', (_name, settings, surface, action) => {
    expect(actionOf(file(settings), slug, surface)).toBe(action);
  });
});

test('namespaces and onUnknown are taken from the file', () => {
  const { policy, namespaces } = read(`${HEAD}onUnknown: deny\nnamespaces: [kube-system, openshift-kube-apiserver]\n`);
  expect([policy.onUnknown, ...namespaces]).toStrictEqual(['deny', 'kube-system', 'openshift-kube-apiserver']);
});

/** Files, each with the beginnings of its faults; an empty list is a good file. */
const FILES: readonly (readonly [string, string, readonly string[]])[] = [
  ['the least', HEAD, []],
  ['everything', `${HEAD}controls:\n  kubelet-client-ca: { action: audit, on: { pod: off } }\nonUnknown: deny\n`, []],
  ['JSON', '{"apiVersion":"kubelet-guard.dev/v1alpha1","kind":"GuardConfiguration","namespaces":["a"]}', []],
  ['nothing', '', ['1:1: the configuration must be a map']],
  ['a list', '- a', ['1:1: the configuration must be a map']],
  ['no kind', 'apiVersion: kubelet-guard.dev/v1alpha1\n', ['1:1: kind is missing: it must be GuardConfiguration']],
  [
    'another version',
    'apiVersion: kubelet-guard.dev/v2\nkind: GuardConfiguration\n',
    ['1:13: apiVersion must be kubelet-guard.dev/v1alpha1'],
  ],
  [
    'a control that is not known',
    `${HEAD}controls: { x: {} }\n`,
    ['3:13: controls has no key "x"; it can have apiserver'],
  ],
  [
    'an action that is not known',
    `${HEAD}controls: { kubelet-client-ca: { action: deny } }\n`,
    ['3:42: action must be one of off, audit, ratchet, enforce'],
  ],
  [
    'an action for a surface that is not known',
    `${HEAD}controls: { kubelet-client-ca: { on: { pods: audit } } }\n`,
    ['3:40: on has no key "pods"'],
  ],
  ['a control without settings', `${HEAD}controls:\n  kubelet-client-ca:\n`, ['4:21: kubelet-client-ca must be a map']],
  ['a key without a value', `${HEAD}controls: { kubelet-client-ca }\n`, ['3:13: kubelet-client-ca must be a map']],
  ['a misspelt key', `${HEAD}onunknown: deny\n`, ['3:1: the configuration has no key "onunknown"']],
  ['a key of a later version', `${HEAD}exemptions: []\n`, ['3:1: the configuration has no key "exemptions"']],
  ['a prototype key', `${HEAD}__proto__: {}\n`, ['3:1: the configuration has no key "__proto__"']],
  ['no namespaces', `${HEAD}namespaces: []\n`, ['3:13: namespaces must be a list of at least one name']],
  ['a namespace alone', `${HEAD}namespaces: kube-system\n`, ['3:13: namespaces must be a list of at least one name']],
  [
    'a namespace that can not be',
    `${HEAD}namespaces: [a, B, 7]\n`,
    [
      '3:17: a namespace must be a name as Kubernetes allows it',
      '3:20: a namespace must be a name as Kubernetes allows it',
    ],
  ],
  ['a namespace twice', `${HEAD}namespaces: [a, a]\n`, ['3:17: the namespace a is listed twice']],
  ['a boolean', `${HEAD}onUnknown: true\n`, ['3:12: onUnknown must be one of audit, deny']],
];

describe('the file', () => {
  test.each(FILES)('with %s', (_name, text, faults) => {
    const found = faultsOf(text).map((fault) => fault.replace('guard.yaml:', ''));
    expect(found.map((fault, index) => fault.slice(0, faults[index]?.length))).toStrictEqual(faults);
  });

  test.each(FILES)('with %s is judged the same by the published schema', (_name, text, faults) => {
    const schema = JSON.parse(readFileSync(join(root, 'schema/guard-configuration.schema.json'), 'utf8')) as object;
    const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema);
    expect(validate(parse(text))).toBe(faults.length === 0);
  });

  test.each([
    ['a key twice', `${HEAD}onUnknown: deny\nonUnknown: audit\n`, 'guard.yaml:4:1: not YAML: Map keys must be unique'],
    ['two documents', `${HEAD}---\n${HEAD}`, expect.stringMatching(/^guard\.yaml:3:1: not YAML: /)],
    ['a tag that is not known', `${HEAD}onUnknown: !x deny\n`, expect.stringMatching(/^guard\.yaml:3:12: not YAML: /)],
    ['an alias', `${HEAD}controls: &a {}\nnamespaces: *a\n`, expect.stringContaining('guard.yaml:4:13: ')],
    ['half a bracket', `${HEAD}namespaces: [a\n`, expect.stringContaining('guard.yaml:4:1: not YAML: ')],
  ])('with %s is refused', (_name, text, fault) => {
    expect(faultsOf(text)).toStrictEqual([fault]);
  });

  test('is refused with a bounded number of faults, however deep its brackets', () => {
    const faults = faultsOf(`a: ${'['.repeat(100_000)}`);
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toMatch(/^guard\.yaml: and \d+ more faults$/);
  });

  test('says all faults at once', () => {
    expect(faultsOf('kind: x\nonUnknown: x\nmore: x\n')).toHaveLength(4);
  });
});

test('the schema has every control and the surfaces and actions that there are', () => {
  const text = readFileSync(join(root, 'schema/guard-configuration.schema.json'), 'utf8');
  const schema = JSON.parse(text) as { properties: { controls: { properties: object } } };
  expect(Object.keys(schema.properties.controls.properties)).toStrictEqual(controls.map(({ slug }) => slug));
});

describe('loading', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-configuration-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('reads a file', () => {
    const path = join(folder, 'good.yaml');
    writeFileSync(path, `${HEAD}onUnknown: deny\n`);
    expect(loadConfiguration(path, controls).policy.onUnknown).toBe('deny');
    expect(loadConfiguration(undefined, controls).policy.onUnknown).toBe('audit');
  });

  test('says which file can not be read', () => {
    const path = join(folder, 'missing.yaml');
    const fault = `can not read the configuration ${path} (ENOENT): check the path after --config`;
    expect(() => loadConfiguration(path, controls)).toThrow(fault);
    expect(() => loadConfiguration(folder, controls)).toThrow('(EISDIR)');
  });

  test('refuses a huge file unread', () => {
    const path = join(folder, 'huge.yaml');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 30);
    expect(() => loadConfiguration(path, controls)).toThrow('is larger than 1 MiB');
  });

  test('takes the configuration of the demo', () => {
    const { policy } = loadConfiguration(join(root, 'samples/guard-configuration.yaml'), controls);
    expect(controls.map((control) => policy.action(control, 'kubeadm-config'))).toStrictEqual(['enforce', 'enforce']);
  });
});
