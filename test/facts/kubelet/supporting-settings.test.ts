// The settings of the supporting controls, from all sources of a kubelet. The differential test compares with the kubelet's
// own code. Here are the important cases, with the layer that each value is from.

import { describe, expect, test } from '@jest/globals';

import { kubeletSettings, type ConfigFile, type KubeletSettings } from '../../../src/facts/kubelet/kubelet.ts';
import { inspect } from '../../../src/inspect.ts';
import { controls } from '../../../src/controls/index.ts';
import type { Origin, Reading } from '../../../src/policy/reading.ts';
import { AMPLE, ample } from '../../support/budget.ts';

const HEAD = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const anonymous = (enabled: string): string => `${HEAD}authentication: { anonymous: { enabled: ${enabled} } }\n`;
const mode = (value: string): string => `${HEAD}authorization: { mode: ${value} }\n`;

/** The settings of a kubelet with these words; `--config=/c` is the file, and `--config-dir=/d` has the drop-ins. */
function setup(args: string, file?: string, dropIns: readonly string[] = []): KubeletSettings {
  const content: ConfigFile =
    file === undefined
      ? { state: 'unreadable', problem: { code: 'forbidden', message: 'may not be read' } }
      : { state: 'read', text: file };
  return kubeletSettings({
    budget: ample(),
    args: args === '' ? [] : args.split(' ').map((text) => ({ text })),
    minor: 37,
    readFile: () => content,
    readDropIns: () => dropIns.map((text, index) => ({ path: `/d/${String(index)}.conf`, text })),
  });
}

/** `LAYER VALUE` of a reading. */
function readingText(reading: Reading<string | boolean>): string {
  if (reading.state === 'unreadable') return `unreadable ${reading.problem.code}`;
  return reading.state === 'set' ? `${reading.origin.layer} ${JSON.stringify(reading.value)}` : 'unset';
}

describe('anonymous access and the authorization mode', () => {
  test.each<[string, KubeletSettings, string, string]>([
    ['of flags only', setup('--client-ca-file=/ca'), 'default true', 'default "AlwaysAllow"'],
    ['of an empty --config', setup('--config='), 'default true', 'default "AlwaysAllow"'],
    ['of a file', setup('--config=/c', HEAD), 'default false', 'default "Webhook"'],
    ['of a file that sets one', setup('--config=/c', anonymous('true')), 'file true', 'default "Webhook"'],
    [
      'of a file in JSON that sets one twice, the second time to null',
      setup(
        '--config=/c',
        '{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","authentication":{"anonymous":{"enabled":true,"enabled":null}}}',
      ),
      'default false',
      'default "Webhook"',
    ],
    ['of a file with an empty mode', setup('--config=/c', mode('""')), 'default false', 'default "Webhook"'],
    ['of drop-ins only', setup('--config-dir=/d', '', [HEAD]), 'default true', 'default "AlwaysAllow"'],
    [
      'of drop-ins only that remove the defaults of flags',
      setup('--config-dir=/d', '', [anonymous('null'), mode('""')]),
      'drop-in false',
      'drop-in "Webhook"',
    ],
    [
      'of a later drop-in',
      setup('--config=/c --config-dir=/d', anonymous('false'), [
        anonymous('true'),
        anonymous('false'),
        mode('AlwaysAllow'),
      ]),
      'drop-in false',
      'drop-in "AlwaysAllow"',
    ],
    [
      'of a drop-in that removes a section',
      setup('--config=/c --config-dir=/d', anonymous('true'), [`${HEAD}authentication: null\n`]),
      'drop-in false',
      'default "Webhook"',
    ],
    [
      'of a drop-in in another case, which sorts before the base',
      setup('--config=/c --config-dir=/d', HEAD, [`${HEAD}authentication: { anonymous: { Enabled: true } }\n`]),
      'default false',
      'default "Webhook"',
    ],
    [
      'of flags over a file',
      setup('--config=/c --anonymous-auth --authorization_mode AlwaysAllow', anonymous('false')),
      'flag true',
      'flag "AlwaysAllow"',
    ],
    [
      'of a file that cannot be read, and one flag',
      setup('--config=/c --anonymous-auth=F'),
      'flag false',
      'unreadable forbidden',
    ],
    [
      'of a drop-in over a file that cannot be read',
      setup('--config=/c --config-dir=/d', undefined, [anonymous('true')]),
      'drop-in true',
      'unreadable forbidden',
    ],
    [
      'of a drop-in in another case over a file that cannot be read',
      setup('--config=/c --config-dir=/d', undefined, [`${HEAD}authorization: { MODE: AlwaysAllow }\n`]),
      'unreadable forbidden',
      'unreadable forbidden',
    ],
  ])('%s', (_name, settings, access, authorization) => {
    expect(settings.refusal).toBeUndefined();
    expect([readingText(settings.anonymousAuth), readingText(settings.authorizationMode)]).toEqual([
      access,
      authorization,
    ]);
  });

  test.each([
    ['an emptied mode', setup('--config=/c --authorization-mode=', HEAD)],
    ['a text for a bool', setup('--config=/c', anonymous('"false"'))],
    ['a number for a mode', setup('--config=/c', mode('5'))],
    ['a text for a bool in a drop-in', setup('--config=/c --config-dir=/d', HEAD, [anonymous('"x"')])],
    [
      'a text for a bool over a file that cannot be read',
      setup('--config=/c --config-dir=/d', undefined, [anonymous('x')]),
    ],
    ['a wrong value of the flag', setup('--anonymous-auth=yes')],
  ])('make the kubelet reject %s', (_name, { refusal }) => {
    expect(refusal).toBeDefined();
  });

  test('are unknown if a part of the flag is unknown', () => {
    const words = [
      { text: '--anonymous-auth=fals\uE000', holes: true as const },
      { text: '--authorization-mode=Web\uE000', holes: true as const },
    ];
    const none = (): { readonly state: 'missing' } => ({ state: 'missing' });
    const settings = kubeletSettings({ budget: ample(), args: words, minor: 37, readFile: none, readDropIns: none });
    expect([readingText(settings.anonymousAuth), readingText(settings.authorizationMode)]).toEqual([
      'unreadable unresolved',
      'unreadable unresolved',
    ]);
  });

  test('have the file and the field that they are from', () => {
    const { anonymousAuth, authorizationMode } = setup('--config=/c --config-dir=/d', anonymous('true'), [
      mode('AlwaysAllow'),
    ]);
    const file: Origin = { layer: 'file', file: '/c', pointer: '/authentication/anonymous/enabled' };
    const dropIn: Origin = { layer: 'drop-in', file: '/d/0.conf', pointer: '/authorization/mode' };
    expect(anonymousAuth).toEqual({ state: 'set', value: true, origin: file });
    expect(authorizationMode).toEqual({ state: 'set', value: 'AlwaysAllow', origin: dropIn });
  });
});

test('a broken file is a doubt about every setting, also about those of flags', () => {
  const { doubts, anonymousAuth } = setup('--config=/c --anonymous-auth=false', 'a: [');
  expect(readingText(anonymousAuth)).toBe('flag false');
  expect(doubts.map(({ code }) => code)).toEqual(['malformed']);
});

describe('in a ConfigMap', () => {
  const text = (configuration: string): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kubelet-config', namespace: 'kube-system' },
      data: { kubelet: configuration },
    });

  test('a supporting control points into the text of the ConfigMap', () => {
    const { findings } = inspect(controls, [{ form: 'text', path: 'x.json', text: text(mode('AlwaysAllow')) }], AMPLE);
    const finding = findings.find(({ control }) => control.slug === 'kubelet-authorization-mode');
    expect(finding?.evidence[0]?.origin).toMatchObject({ pointer: '/data/kubelet', within: '/authorization/mode' });
  });
});
