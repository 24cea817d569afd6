// Each row of policy/settings.ts is read from every kind of input. A new row is covered without a change here.

import { describe, expect, test } from '@jest/globals';

import flags from '../../src/facts/data/flags.json' with { type: 'json' };
import { fieldType } from '../../src/facts/decoding/decode.ts';
import { apiServerSettingNames, kubeletSettingNames } from '../../src/facts/readings.ts';
import { inspect } from '../../src/inspect.ts';
import { renderPolicies } from '../../src/outputs/vap/vap.ts';
import type { Control } from '../../src/policy/control.ts';
import type { RawDocument } from '../../src/policy/document.ts';
import type { Component, Reading } from '../../src/policy/reading.ts';
import {
  API_SERVER_SETTINGS,
  KUBELET_SETTINGS,
  type KubeletSetting,
  type SettingType,
  type SettingValue,
} from '../../src/policy/settings.ts';
import type { Subject } from '../../src/policy/subject.ts';
import { apiserverKubeletCA } from '../../src/controls/apiserver-kubelet-ca.ts';
import { AMPLE } from '../support/budget.ts';
import { processOf } from './host/documents.ts';

/** Values of each type as YAML writes them. There is a false too, so that a default cannot look like a value that was read. */
const SAMPLES: Readonly<Record<SettingType, readonly SettingValue[]>> = {
  path: ['/etc/sample/file.pem'],
  // a mode that kubelets start with
  string: ['AlwaysAllow'],
  boolean: [true, false],
  number: [1234],
};
/** Texts of flags that do not accept every text. */
const FLAG_TEXTS: Readonly<Record<string, string>> = { duration: '7s' };

interface Row<Setting> {
  readonly name: string;
  readonly setting: Setting;
  readonly value: SettingValue;
}

function rowsOf<Setting extends { readonly flag: string; readonly type: SettingType }>(
  component: Component,
  settings: Readonly<Record<string, Setting>>,
): Row<Setting>[] {
  return Object.entries(settings).flatMap(([name, setting]) => {
    const text = FLAG_TEXTS[flagType(component, setting.flag) ?? ''];
    const values = text === undefined ? SAMPLES[setting.type] : [text];
    return values.map((value) => ({ name, setting, value }));
  });
}

function flagType(component: Component, flag: string): string | undefined {
  return flags[component].find(({ name }) => name === flag)?.type;
}

/** The one subject of a component in a document. */
function subjectIn(component: Component, document: RawDocument): Subject {
  const subjects: Subject[] = [];
  const probe: Control = {
    ...apiserverKubeletCA,
    check: (subject) => {
      if (subject.component === component) subjects.push(subject);
      return undefined;
    },
  };
  const { problems } = inspect([probe], [document], AMPLE);
  expect(problems).toEqual([]);
  const [subject, ...others] = subjects;
  expect(others).toEqual([]);
  if (subject === undefined) throw new Error(`no ${component} in the document`);
  return subject;
}

function readingIn(component: Component, name: string, document: RawDocument): Reading<SettingValue> | undefined {
  return subjectIn(component, document)[name as never];
}

function text(path: string, value: unknown): RawDocument {
  // JSON is YAML
  return { form: 'text', path, text: JSON.stringify(value) };
}

function nested(field: string, value: SettingValue): Readonly<Record<string, unknown>> {
  return field.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Readonly<
    Record<string, unknown>
  >;
}

function pod(...command: readonly string[]): RawDocument {
  const containers = [{ name: 'main', image: 'example.com/main', command }];
  return text('pod.yaml', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'main' }, spec: { containers } });
}

function configMap(namespace: string, name: string, key: string, value: unknown): RawDocument {
  const metadata = { namespace, name };
  return text('map.yaml', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [key]: JSON.stringify(value) } });
}

const KUBELET_HEADER = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };

function kubeletFile(field: string, value: SettingValue): Readonly<Record<string, unknown>> {
  return { ...KUBELET_HEADER, ...nested(field, value) };
}

function otherThan(value: SettingValue): SettingValue {
  if (typeof value === 'boolean') return !value;
  return typeof value === 'number' ? value + 1 : `${value}-other`;
}

/** A body of /configz: a kubelet always shows x509. */
function configz(field?: string, value?: SettingValue): unknown {
  const config = field === undefined || value === undefined ? {} : nested(field, value);
  const { authentication = {} } = config as { authentication?: object };
  return { kubeletconfig: { ...config, authentication: { x509: {}, ...authentication } } };
}

type KubeletDocument = (setting: KubeletSetting, value: SettingValue) => RawDocument;
const NODE = 'node-1';

const KUBELET_WAYS: readonly (readonly [way: string, document: KubeletDocument])[] = [
  ['a file', ({ field }, value) => text('config.yaml', kubeletFile(field, value))],
  ['a drop-in without its file', ({ field }, value) => text('kubelet.conf.d/10.conf', kubeletFile(field, value))],
  [
    'a drop-in of a host',
    ({ field }, value) =>
      processOf('kubelet', ['--config=/c.yaml', '--config-dir=/d'], {
        // a drop-in that repeats the file's value leaves the setting to the file
        '/c.yaml': JSON.stringify(kubeletFile(field, otherThan(value))),
        '/d/10.conf': JSON.stringify(kubeletFile(field, value)),
      }),
  ],
  [
    'a file of a host',
    ({ field }, value) =>
      processOf('kubelet', ['--config=/c.yaml'], { '/c.yaml': JSON.stringify(kubeletFile(field, value)) }),
  ],
  ['a flag in a pod', ({ flag }, value) => pod('kubelet', `--${flag}=${String(value)}`)],
  ['a flag on a host', ({ flag }, value) => processOf('kubelet', [`--${flag}=${String(value)}`], {})],
  [
    '/configz',
    ({ field }, value) => ({
      form: 'configz',
      source: { node: NODE, via: 'configz' },
      value: configz(field, value),
    }),
  ],
  ['the body of /configz in a file', ({ field }, value) => text('configz.json', configz(field, value))],
  [
    'the ConfigMap kubelet-config',
    ({ field }, value) => configMap('kube-system', 'kubelet-config', 'kubelet', kubeletFile(field, value)),
  ],
];

describe.each(KUBELET_WAYS)("the kubelet's settings in %s", (_way, document) => {
  test.each(rowsOf('kubelet', KUBELET_SETTINGS))('$name is $value', ({ name, setting, value }) => {
    const reading = readingIn('kubelet', name, document(setting, value));

    expect(reading).toMatchObject({ state: 'set', value, origin: { layer: expect.not.stringMatching('default') } });
  });
});

describe.each(kubeletSettingNames)("the kubelet's setting %s, if nothing sets it,", (name) => {
  const { defaults, configz: shown, type }: KubeletSetting = KUBELET_SETTINGS[name];
  const expected = (value: SettingValue | undefined) =>
    value === undefined ? { state: 'unset' } : { state: 'set', value, origin: { layer: 'default' } };

  test('has the default for a configuration file', () => {
    expect(readingIn('kubelet', name, text('config.yaml', KUBELET_HEADER))).toMatchObject(expected(defaults.file));
  });

  test('has the default for a kubelet without a configuration file', () => {
    expect(readingIn('kubelet', name, pod('kubelet'))).toMatchObject(expected(defaults.flags));
  });

  test('is unreadable in a drop-in without its file', () => {
    expect(readingIn('kubelet', name, text('10.conf', KUBELET_HEADER))).toMatchObject({ state: 'unreadable' });
  });

  test('is empty in a /configz that may omit it, and else unreadable', () => {
    const reading = readingIn('kubelet', name, {
      form: 'configz',
      source: { node: NODE, via: 'configz' },
      value: configz(),
    });
    const empty = { path: undefined, string: undefined, boolean: false, number: 0 }[type];
    const leftOut = empty === undefined ? { state: 'unset' } : { state: 'set', value: empty };
    expect(reading).toMatchObject(shown === 'always' ? { state: 'unreadable' } : leftOut);
  });
});

/** kubeadm, OpenShift and /flagz write every value as a text. */
type ApiServerDocument = (flag: string, value: string) => RawDocument;
const clusterConfiguration = (apiVersion: string, extraArgs: unknown) => ({
  apiVersion: `kubeadm.k8s.io/${apiVersion}`,
  kind: 'ClusterConfiguration',
  apiServer: { extraArgs },
});
const openShift = (flag: string, value: string) => ({
  apiVersion: 'kubecontrolplane.config.openshift.io/v1',
  kind: 'KubeAPIServerConfig',
  apiServerArguments: { [flag]: [value] },
});

const API_SERVER_WAYS: readonly (readonly [way: string, document: ApiServerDocument])[] = [
  ['a flag in a pod', (flag, value) => pod('kube-apiserver', `--${flag}=${value}`)],
  ['a flag on a host', (flag, value) => processOf('kube-apiserver', [`--${flag}=${value}`], {})],
  [
    'a file of --openshift-config on a host',
    (flag, value) =>
      processOf('kube-apiserver', ['--openshift-config=/c.yaml'], {
        '/c.yaml': JSON.stringify(openShift(flag, value)),
      }),
  ],
  [
    '/flagz',
    (flag, value) => ({
      form: 'flagz',
      source: { node: 'api.example.com', via: 'flagz' },
      value: { kind: 'Flagz', apiVersion: 'config.k8s.io/v1beta1', flags: { ...EVERY_FLAG, [flag]: value } },
    }),
  ],
  [
    'a ClusterConfiguration',
    (flag, value) => text('kubeadm.yaml', clusterConfiguration('v1beta4', [{ name: flag, value }])),
  ],
  [
    'a ClusterConfiguration with a map',
    (flag, value) => text('kubeadm.yaml', clusterConfiguration('v1beta3', { [flag]: value })),
  ],
  [
    'the ConfigMap kubeadm-config',
    (flag, value) =>
      configMap(
        'kube-system',
        'kubeadm-config',
        'ClusterConfiguration',
        clusterConfiguration('v1beta4', [{ name: flag, value }]),
      ),
  ],
  ["OpenShift's KubeAPIServerConfig", (flag, value) => text('config.yaml', openShift(flag, value))],
  [
    "OpenShift's ConfigMap config",
    (flag, value) => configMap('openshift-kube-apiserver', 'config', 'config.yaml', openShift(flag, value)),
  ],
];
const EVERY_FLAG = Object.fromEntries(flags['kube-apiserver'].map(({ name }) => [name, '']));

describe.each(API_SERVER_WAYS)("kube-apiserver's settings in %s", (_way, document) => {
  test.each(rowsOf('kube-apiserver', API_SERVER_SETTINGS))('$name is $value', ({ name, setting, value }) => {
    const reading = readingIn('kube-apiserver', name, document(setting.flag, String(value)));

    expect(reading).toMatchObject({ state: 'set', value, origin: { layer: expect.not.stringMatching('default') } });
  });
});

test.each(apiServerSettingNames)('`export vap` exports a control that requires the path %s', (name) => {
  const control = { ...apiserverKubeletCA, requiredPaths: [name] };
  const { flag } = API_SERVER_SETTINGS[name];
  const policies = renderPolicies({
    controls: [control],
    flags: flags['kube-apiserver'],
    policy: { action: () => 'enforce', onUnknown: 'audit', exemptions: [] },
    namespaces: new Set(['kube-system']),
    today: '2026-01-01',
    isStatic: false,
  });

  expect(policies).toContain(`'${flag}', [server.pieces.filter(piece, piece.startsWith('${flag.split('-')[0] ?? ''}')`);
});

describe('each row agrees with the data that is generated from the components', () => {
  const valueType = (type: string | undefined): SettingType | 'none' => {
    if (type === undefined) return 'none';
    if (/^\*?bool$/.test(type)) return 'boolean';
    return /^\*?u?int\d*$/.test(type) ? 'number' : 'string';
  };
  const textType = (type: SettingType): SettingType => (type === 'path' ? 'string' : type);

  test.each(kubeletSettingNames)('%s', (name) => {
    const { flag, field, type } = KUBELET_SETTINGS[name];

    expect(valueType(flagType('kubelet', flag))).toBe(textType(type));
    expect(valueType(fieldType('KubeletConfiguration', field.split('.')))).toBe(textType(type));
  });

  test.each(apiServerSettingNames)('%s', (name) => {
    const { flag, type } = API_SERVER_SETTINGS[name];

    expect(valueType(flagType('kube-apiserver', flag))).toBe(textType(type));
  });
});
