import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

import { controls } from '../../../src/controls/index.ts';
import type { Surface } from '../../../src/policy/reading.ts';
import {
  admissionControls,
  loadConfiguration,
  notesOn,
  readConfiguration,
} from '../../../src/runtime/configuration/configuration.ts';
import { StartError } from '../../../src/runtime/start-error.ts';

const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
const root = join(import.meta.dirname, '../../..');

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

  test('only kube-system is checked, and unknown findings are not denied', () => {
    const { policy, namespaces } = readConfiguration(undefined, controls);
    expect([policy.onUnknown, [...namespaces]]).toStrictEqual(['audit', ['kube-system']]);
    expect(readConfiguration({ path: 'x', text: HEAD }, controls).namespaces).toStrictEqual(namespaces);
  });
});

describe('an action of the file', () => {
  const slug = 'apiserver-kubelet-client-cert';
  const file = (settings: string): string => `${HEAD}controls:\n  ${slug}: ${settings}\n`;

  test.each([
    ['overrides all defaults', '{ action: enforce }', 'kubeadm-config', 'enforce'],
    ['can be off, in YAML 1.2', '{ action: off }', 'pod', 'off'],
    ['by surface overrides the overall action', '{ action: enforce, on: { pod: audit } }', 'pod', 'audit'],
    ['overall applies to the other surfaces', '{ action: enforce, on: { pod: audit } }', 'mirror-pod', 'enforce'],
    ['by surface alone leaves the defaults', '{ on: { pod: enforce } }', 'kubeadm-config', 'ratchet'],
    ['can be missing', '{}', 'pod', 'audit'],
  ] as const)('%s', (_name, settings, surface, action) => {
    expect(actionOf(file(settings), slug, surface)).toBe(action);
  });
});

describe('a supporting control', () => {
  const slug = 'kubelet-anonymous-auth';
  const file = (settings: string): string => `${HEAD}controls:\n  ${slug}: ${settings}\n`;
  const reports = (text: string | undefined, surface: Surface): boolean => {
    const { isReported } = text === undefined ? readConfiguration(undefined, controls) : read(text);
    return controls.some((control) => control.slug === slug && isReported(control, surface));
  };
  const judged = (text: string): string[] => admissionControls(controls, read(text)).map((control) => control.slug);

  test.each([
    ['that no file names is reported, but not checked at admission', undefined, 'off', true],
    [
      'that another file does not name is treated the same',
      `${HEAD}controls: { kubelet-client-ca: { action: off } }\n`,
      'off',
      true,
    ],
    ['that a file names has its default action', file('{}'), 'audit', true],
    ['can be enforced', file('{ action: enforce }'), 'enforce', true],
    ['can be off on a surface only', file('{ on: { kubelet-config: off } }'), 'off', false],
    ['that is off is not even reported', file('{ action: off }'), 'off', false],
  ])('%s', (_name, text, action, isReported) => {
    expect(actionOf(text, slug, 'kubelet-config')).toBe(action);
    expect(reports(text, 'kubelet-config')).toBe(isReported);
  });

  test("is reported of a process by the control's action in the file", () => {
    expect(reports(file('{ on: { kubelet-config: off } }'), 'process')).toBe(true);
    expect(reports(file('{ action: off, on: { kubelet-config: audit } }'), 'process')).toBe(false);
  });

  test('is evaluated at admission only if it is on for some surface', () => {
    const ofTheLink = ['apiserver-kubelet-client-cert', 'kubelet-client-ca'];
    expect(judged(HEAD)).toStrictEqual(ofTheLink);
    expect(judged(file('{}'))).toStrictEqual([...ofTheLink, slug]);
    expect(judged(file('{ action: off, on: { pod: audit } }'))).toStrictEqual([...ofTheLink, slug]);
    expect(judged(`${HEAD}controls: { kubelet-client-ca: { action: off } }\n`)).toStrictEqual(ofTheLink.slice(0, 1));
  });

  test('cannot be configured for processes, which admission never sees', () => {
    expect(faultsOf(file('{ on: { process: audit } }'))).toHaveLength(1);
  });
});

test('namespaces and onUnknown are read from the file', () => {
  const { policy, namespaces } = read(`${HEAD}onUnknown: deny\nnamespaces: [kube-system, openshift-kube-apiserver]\n`);
  expect([policy.onUnknown, ...namespaces]).toStrictEqual(['deny', 'kube-system', 'openshift-kube-apiserver']);
});

test('exemptions are read from the file, with unchanged dates', () => {
  expect(read(EXAMPLE).policy.exemptions).toStrictEqual([
    {
      control: 'kubelet-client-ca',
      subject: 'node/edge-*',
      reason: 'vendor appliance, ticket 4711',
      expires: '2027-01-31',
    },
  ]);
});

test('notes have the exemptions that have expired, from the next day on', () => {
  const configuration = read(EXAMPLE);
  expect(notesOn(configuration, '2027-01-31')).toStrictEqual([]);
  const message =
    'the exemption of node/edge-* from kubelet-client-ca expired on 2027-01-31 and no longer applies: renew or remove it';
  expect(notesOn(configuration, '2027-02-01')).toStrictEqual([{ line: 9, column: 5, message }]);
  expect(notesOn(read(HEAD), '2027-02-01')).toStrictEqual([]);
});

/** A file with one exemption, with some values replaced. */
function exempt(values: Readonly<Record<string, string>> = {}): string {
  const good = {
    control: 'kubelet-client-ca',
    subject: 'node/a',
    reason: 'vendor appliance 4711',
    expires: '2027-01-31',
  };
  const entries = Object.entries({ ...good, ...values });
  return `${HEAD}exemptions:\n  - { ${entries.map(([key, value]) => `${key}: ${value}`).join(', ')} }\n`;
}

/** DESIGN.md, section 6. */
const EXAMPLE = `${HEAD}controls:                       # off | audit | ratchet | enforce, overall or by surface
  apiserver-kubelet-client-cert: { action: audit, on: { kubeadm-config: ratchet } }
  kubelet-client-ca: { action: ratchet }
onUnknown: audit                # audit | deny
namespaces: [kube-system]
exemptions:                     # only here: never by a label or annotation of the judged object
  - { control: kubelet-client-ca, subject: "node/edge-*", reason: "vendor appliance, ticket 4711", expires: 2027-01-31 }
sweep: { interval: 10m, jitter: 10%, concurrency: 32, timeout: 5s, evidence: [handshake, configz], reports: auto }
`;

/** Files, each with the beginnings of its faults; a valid file has none. */
const FILES: readonly (readonly [string, string, readonly string[]])[] = [
  ['the minimum', HEAD, []],
  ['everything', `${HEAD}controls:\n  kubelet-client-ca: { action: audit, on: { pod: off } }\nonUnknown: deny\n`, []],
  ['JSON', '{"apiVersion":"kubelet-guard.dev/v1alpha1","kind":"GuardConfiguration","namespaces":["a"]}', []],
  ['no content', '', ['1:1: the configuration must be a map']],
  ['a list', '- a', ['1:1: the configuration must be a map']],
  ['no kind', 'apiVersion: kubelet-guard.dev/v1alpha1\n', ['1:1: kind is missing: add kind: GuardConfiguration']],
  [
    'another version',
    'apiVersion: kubelet-guard.dev/v2\nkind: GuardConfiguration\n',
    ['1:13: apiVersion must be kubelet-guard.dev/v1alpha1'],
  ],
  ['an unknown control', `${HEAD}controls: { x: {} }\n`, ['3:13: controls has no key "x"; use apiserver']],
  [
    'an unknown action',
    `${HEAD}controls: { kubelet-client-ca: { action: deny } }\n`,
    ['3:42: action must be one of off, audit, ratchet, enforce'],
  ],
  [
    'an action for an unknown surface',
    `${HEAD}controls: { kubelet-client-ca: { on: { pods: audit } } }\n`,
    ['3:40: on has no key "pods"'],
  ],
  ['a control without settings', `${HEAD}controls:\n  kubelet-client-ca:\n`, ['4:21: kubelet-client-ca must be a map']],
  ['a key without a value', `${HEAD}controls: { kubelet-client-ca }\n`, ['3:13: kubelet-client-ca must be a map']],
  ['a misspelt key', `${HEAD}onunknown: deny\n`, ['3:1: the configuration has no key "onunknown"']],
  [
    'a misspelt control',
    `${HEAD}controls: { kubelet-clientca: {} }\n`,
    ['3:13: controls has no key "kubelet-clientca"; did you mean kubelet-client-ca? use apiserver'],
  ],
  [
    'a misspelt value',
    `${HEAD}controls: { kubelet-client-ca: { action: ratchett } }\n`,
    ['3:42: action must be one of off, audit, ratchet, enforce; did you mean ratchet?'],
  ],
  ['an unknown key', `${HEAD}webhook: {}\n`, ['3:1: the configuration has no key "webhook"; use apiVersion']],
  ['a prototype key', `${HEAD}__proto__: {}\n`, ['3:1: the configuration has no key "__proto__"']],
  ['no namespaces', `${HEAD}namespaces: []\n`, ['3:13: namespaces must be a list of one or more names']],
  [
    'a namespace without a list',
    `${HEAD}namespaces: kube-system\n`,
    ['3:13: namespaces must be a list of one or more names'],
  ],
  [
    'an invalid namespace',
    `${HEAD}namespaces: [a, B, 7]\n`,
    ['3:17: a namespace must be a valid name', '3:20: a namespace must be a valid name'],
  ],
  ['a namespace twice', `${HEAD}namespaces: [a, a]\n`, ['3:17: namespace a is listed twice']],
  ['a boolean', `${HEAD}onUnknown: true\n`, ['3:12: onUnknown must be one of audit, deny']],

  ['no exemptions', `${HEAD}exemptions: []\n`, []],
  ['an exemption', exempt(), []],
  ['an exemption of a pod', exempt({ subject: 'Pod/kube-system/kube-apiserver-*' }), []],
  ['an exemption of a name', exempt({ subject: 'configmap/kubelet-config' }), []],
  ['an exemption on a leap day', exempt({ expires: '2028-02-29' }), []],
  [
    'exemptions without a list',
    `${HEAD}exemptions:\n`,
    ['3:12: exemptions must be a list; each exemption needs control, subject'],
  ],
  ['exemptions as a map', `${HEAD}exemptions: {}\n`, ['3:13: exemptions must be a list']],
  ['an exemption that is a text', `${HEAD}exemptions: [a]\n`, ['3:14: an exemption must be a map']],
  [
    'an empty exemption',
    `${HEAD}exemptions: [{}]\n`,
    ['control', 'subject', 'reason', 'expires'].map(
      (key) => `3:14: ${key} is missing: an exemption needs control, subject, reason, expires`,
    ),
  ],
  [
    'an exemption with an unknown key',
    exempt({ on: 'pod' }),
    ['4:104: an exemption has no key "on"; use control, subject, reason, expires'],
  ],
  [
    'an exemption from an unknown control',
    exempt({ control: 'x' }),
    ['4:16: control must be one of apiserver-kubelet-client-'],
  ],
  ...[
    ['of one part', 'edge'],
    ['of four parts', 'a/b/c/d'],
    ['with an empty part', 'pod//a'],
    ['with nothing after a slash', 'node/'],
    ['of a node in a namespace', 'Node/kube-system/a'],
    ['with a space', 'node/a b'],
    ['with a regular expression', 'node/(a|b)'],
    ['with two wildcards at once', 'node/**'],
    ['with three wildcards', 'node/*a*b*'],
    ['too long', `node/${'a'.repeat(512)}`],
  ].map(
    ([name = '', subject = '']) =>
      [
        `a subject ${name}`,
        exempt({ subject: `"${subject}"` }),
        ['4:44: subject must be kind/name, kind/namespace/name or node/name, such as "node/edge-*"'],
      ] as const,
  ),
  ...[
    ['short', '"ticket 12"'],
    ['padded', '"    ticket    "'],
    ['on two lines', String.raw`"a ticket\nand more"`],
    ['long', `"${'x'.repeat(501)}"`],
    ['a number', '12345678901'],
  ].map(
    ([name = '', reason = '']) =>
      [
        `a reason that is ${name}`,
        exempt({ reason }),
        ['4:60: reason must be one line of 10 to 500 characters'],
      ] as const,
  ),
  ...[
    ['that is not a date', 'never'],
    ['in another order', '31-01-2027'],
    ['on 31 April', '2027-04-31'],
    ['on 29 February of a common year', '2027-02-29'],
    ['on 29 February 2100', '2100-02-29'],
    ['with a time', '2027-01-31T00:00:00Z'],
    ['that is a number', '20270131'],
  ].map(
    ([name = '', expires = '']) =>
      [
        `an expiry ${name}`,
        exempt({ expires }),
        ['4:92: expires must be the last day of the exemption as YYYY-MM-DD'],
      ] as const,
  ),

  ['the example of the design', EXAMPLE, []],
  ['a sweep without settings', `${HEAD}sweep: {}\n`, []],
  ['an empty sweep', `${HEAD}sweep:\n`, ['3:7: sweep must be a map']],
  ['an unknown key of sweep', `${HEAD}sweep: { every: 10m }\n`, ['3:10: sweep has no key "every"; use interval']],
  ['an interval without a unit', `${HEAD}sweep: { interval: 10 }\n`, ['3:20: interval must be a time from 1m to 24h']],
  ['an interval with two units', `${HEAD}sweep: { interval: 1h30m }\n`, ['3:20: interval must be a time']],
  ['a timeout in days', `${HEAD}sweep: { timeout: 1d }\n`, ['3:19: timeout must be a time from 100ms to 1m']],
  ['a jitter as a number', `${HEAD}sweep: { jitter: 0.1 }\n`, ['3:18: jitter must be a percentage from 0% to 100%']],
  ['a jitter that is too large', `${HEAD}sweep: { jitter: 101% }\n`, ['3:18: jitter must be a percentage']],
  [
    'a concurrency of 0',
    `${HEAD}sweep: { concurrency: 0 }\n`,
    ['3:23: concurrency must be a whole number from 1 to 1024'],
  ],
  ['a concurrency of 1.5', `${HEAD}sweep: { concurrency: 1.5 }\n`, ['3:23: concurrency must be a whole number']],
  ['no evidence', `${HEAD}sweep: { evidence: [] }\n`, ['3:20: evidence must be a list of at least one of handshake']],
  ['unknown evidence', `${HEAD}sweep: { evidence: [hearsay] }\n`, ['3:21: evidence must be one of handshake, configz']],
  [
    'evidence twice',
    `${HEAD}sweep: { evidence: [configz, configz] }\n`,
    ['3:30: the evidence configz is listed twice'],
  ],
  [
    'an unknown kind of reports',
    `${HEAD}sweep: { reports: on }\n`,
    ['3:19: reports must be one of auto, openreports, wgpolicyk8s, none'],
  ],
  ['the longest warning', `${HEAD}certificates: { warnBefore: 365d }\n`, []],
  ['certificates without settings', `${HEAD}certificates: {}\n`, []],
  ['empty certificates', `${HEAD}certificates:\n`, ['3:14: certificates must be a map']],
  [
    'an unknown key of certificates',
    `${HEAD}certificates: { warn: 30d }\n`,
    ['3:17: certificates has no key "warn"; did you mean warnBefore? use warnBefore'],
  ],
  ...['366d', '0d', '030d', '30', '720h', '1000d'].map(
    (time) =>
      [
        `a warning ${time} ahead`,
        `${HEAD}certificates: { warnBefore: ${time} }\n`,
        ['3:29: warnBefore must be a time from 1d to 365d, such as 30d'],
      ] as const,
  ),
];

describe('the file', () => {
  test.each(FILES)('with %s has exactly the expected faults', (_name, text, faults) => {
    const found = faultsOf(text).map((fault) => fault.replace('guard.yaml:', ''));
    expect(found.map((fault, index) => fault.slice(0, faults[index]?.length))).toStrictEqual(faults);
  });

  test.each(FILES)('with %s gets the same result from the published schema', (_name, text, faults) => {
    const schema = JSON.parse(readFileSync(join(root, 'schema/guard-configuration.schema.json'), 'utf8')) as object;
    const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema);
    expect(validate(parse(text))).toBe(faults.length === 0);
  });

  test.each([
    [
      'a key twice',
      `${HEAD}onUnknown: deny\nonUnknown: audit\n`,
      'guard.yaml:4:1: onUnknown is set twice: remove one of the two',
    ],
    [
      'a key of an exemption twice',
      exempt().replace('reason:', 'expires: 2027-01-31, reason:'),
      expect.stringContaining('expires is set twice'),
    ],
    [
      'a tag of YAML 1.1',
      exempt({ expires: '!!timestamp 2027-01-31' }),
      expect.stringContaining('expires must be the last day'),
    ],
    [
      'an alias as a value',
      `${exempt({ reason: '&r vendor appliance 4711' })}onUnknown: *r\n`,
      expect.stringContaining('(aliases are not supported: write the value itself)'),
    ],
    [
      'an interval that is too short',
      `${HEAD}sweep: { interval: 59s }\n`,
      expect.stringContaining('3:20: interval must be'),
    ],
    ['a timeout that is too long', `${HEAD}sweep: { timeout: 1h }\n`, expect.stringContaining('3:19: timeout must be')],
    [
      'two exemptions for one subject',
      `${exempt()}${exempt({ subject: 'Node/a', expires: '2027-02-01' }).split('\n').slice(3).join('\n')}`,
      'guard.yaml:5:5: line 4 already exempts Node/a from kubelet-client-ca: remove one of the two',
    ],
    ['two documents', `${HEAD}---\n${HEAD}`, expect.stringMatching(/^guard\.yaml:3:1: not YAML: /)],
    ['an unknown tag', `${HEAD}onUnknown: !x deny\n`, expect.stringMatching(/^guard\.yaml:3:12: not YAML: /)],
    ['an alias', `${HEAD}controls: &a {}\nnamespaces: *a\n`, expect.stringContaining('guard.yaml:4:13: ')],
    ['half a bracket', `${HEAD}namespaces: [a\n`, expect.stringContaining('guard.yaml:4:1: not YAML: ')],
  ])('with %s is rejected', (_name, text, fault) => {
    expect(faultsOf(text)).toStrictEqual([fault]);
  });

  test('is rejected with a limited number of faults, for any depth of brackets', () => {
    const faults = faultsOf(`a: ${'['.repeat(100_000)}`);
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toMatch(/^guard\.yaml: and \d+ more faults$/);
  });

  test('reports all faults at once', () => {
    expect(faultsOf('kind: x\nonUnknown: x\nonUnknown: y\nmore: x\n')).toHaveLength(5);
    const text = `${HEAD}exemptions: [{ control: x, subject: x, reason: x, expires: x }, {}, 7]\nsweep: { jitter: 1 }\nx: 1\n`;
    expect(faultsOf(text)).toHaveLength(11);
  });
});

test('the schema has every control, surface and action', () => {
  const text = readFileSync(join(root, 'schema/guard-configuration.schema.json'), 'utf8');
  const schema = JSON.parse(text) as {
    properties: { controls: { properties: object } };
    $defs: { exemption: { properties: { control: { enum: unknown } } } };
  };
  const slugs = controls.map(({ slug }) => slug);
  expect(Object.keys(schema.properties.controls.properties)).toStrictEqual(slugs);
  expect(schema.$defs.exemption.properties.control.enum).toStrictEqual(slugs);
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

  test('names the file that cannot be read', () => {
    const path = join(folder, 'missing.yaml');
    const fault = `cannot read the configuration ${path} (ENOENT): check its path and mode`;
    expect(() => loadConfiguration(path, controls)).toThrow(fault);
    expect(() => loadConfiguration(folder, controls)).toThrow('(EISDIR)');
  });

  test('rejects a huge file without reading it', () => {
    const path = join(folder, 'huge.yaml');
    writeFileSync(path, '');
    truncateSync(path, 2 ** 30);
    expect(() => loadConfiguration(path, controls)).toThrow('is larger than 1 MiB');
  });

  test('accepts the configuration of the demo', () => {
    const { policy } = loadConfiguration(join(root, 'samples/guard-configuration.yaml'), controls);
    const named = controls.filter(({ supporting }) => supporting !== true);
    expect(named.map((control) => policy.action(control, 'kubeadm-config'))).toStrictEqual(['enforce', 'enforce']);
  });
});
