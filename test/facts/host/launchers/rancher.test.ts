// k3s and RKE2: what their configuration starts a kubelet and a kube-apiserver with.

import { describe, expect, test } from '@jest/globals';

import { changedSince, processSubjects } from '../../../../src/facts/host/host.ts';
import { startingUnit } from '../../../../src/facts/host/stopped.ts';
import {
  argumentsOfConfigs,
  argumentsOfWords,
  componentWords,
} from '../../../../src/facts/host/launchers/rancher/arguments.ts';
import type { ProcessCommand, ProcessDocument } from '../../../../src/policy/document.ts';
import type { Component, Reading } from '../../../../src/policy/reading.ts';
import { AMPLE, ample } from '../../../support/budget.ts';
import { AFTER, BEFORE, configuration, dropIn, filesOf, processOf, type HostFile } from '../documents.ts';

type Files = Readonly<Record<string, string | HostFile>>;

const K3S = '/var/lib/rancher/k3s';
const DROP_INS = `${K3S}/agent/etc/kubelet.conf.d`;
const STARTED_K3S = { [`${DROP_INS}/00-k3s-defaults.conf`]: defaults('/k3s/ca.crt') };
const unit = (program: string, words: string): Files => ({
  [`/etc/systemd/system/${program}.service`]: `[Service]\nExecStart=/usr/local/bin/${words}\n`,
});
const SERVER = unit('k3s', 'k3s server');

function defaults(clientCAFile: string): string {
  const rest = ['authorization: {mode: Webhook}'];
  return configuration(clientCAFile, ...rest).replace('{x509', '{anonymous: {enabled: false}, x509');
}

function k3s(component: Component, files: Files, more: Partial<ProcessDocument> = {}) {
  return processOf(component, { by: 'k3s', dataDirectory: K3S }, files, { unit: 'k3s.service', ...more });
}

/** The unit's start, where nothing runs. */
function stopped(component: Component, name: string, files: Files) {
  return processOf(component, { by: 'unit' }, files, { unit: `${name}.service`, view: 'next' });
}

function shown(document: ProcessDocument): Record<string, unknown> | undefined {
  const [subject] = processSubjects(document, ample());
  if (subject === undefined) return undefined;
  const { doubts, refusal } = subject;
  const names = ['clientCAFile', 'anonymousAuth', 'authorizationMode', 'kubeletClientCertificate', 'kubeletClientKey'];
  const readings = names.flatMap((name) => {
    const reading = (subject as unknown as Record<string, Reading<unknown> | undefined>)[name];
    if (reading === undefined) return [];
    const value =
      reading.state === 'set' ? reading.value : reading.state === 'unset' ? undefined : reading.problem.code;
    return [[name, value]];
  });
  return {
    ...(Object.fromEntries(readings) as Record<string, unknown>),
    ...(doubts.length > 0 && { doubts: doubts.map(({ code }) => code) }),
    ...(refusal && { refusal: refusal.reason }),
  };
}

const GOOD = { clientCAFile: '/k3s/ca.crt', anonymousAuth: false, authorizationMode: 'Webhook' };

describe('the arguments', () => {
  const config = (keys: Record<string, unknown>) => argumentsOfConfigs([{ keys }]).map(({ value }) => value.text);

  // the cases of upstream's own test (k3s pkg/configfilearg/parser_test.go)
  test('of a file are its values as texts, one for each item of a list', () => {
    expect(config({ a: 'b', list: [1, 1.5, 'three', null], empty: null, no: false })).toStrictEqual([
      'b',
      '1',
      '1.5',
      'three',
      '',
      '',
      'false',
    ]);
  });

  test('of a later file replace those of an earlier one, unless the key ends in +', () => {
    const configs = [
      { 'kubelet-arg': ['a=1'], 'kube-apiserver-arg': 'x=1' },
      { 'kubelet-arg+': 'b=2', 'kube-apiserver-arg': ['y=2'] },
      { 'kubelet-arg+': null, 'node-label+': 'n' },
    ].map((keys) => ({ keys }));
    expect(argumentsOfConfigs(configs).map(({ name, value }) => `${name} ${value.text}`)).toStrictEqual([
      'kubelet-arg a=1',
      'kubelet-arg b=2',
      'kube-apiserver-arg y=2',
      'node-label n',
    ]);
  });

  test('of many items take no more than a moment', () => {
    const many = Array.from({ length: 200_000 }, () => 'a+=1');
    const { length } = componentWords(
      { a: '0' },
      argumentsOfConfigs([{ keys: { x: many } }]).map(({ value }) => value),
    );
    const files = Array.from({ length: 20_000 }, () => ({ keys: { 'x+': 'a' } }));
    expect([length, argumentsOfConfigs(files).length]).toStrictEqual([200_001, 20_000]);
  });

  test('of a command line can be separate words, and a switch takes none', () => {
    const words = ['-d', '/x', '--cluster-init', '--kubelet-arg', 'v=2', '-kubelet-arg=a=b=c', '--selinux=false'];
    const { given, doubts } = argumentsOfWords(words.map((text) => ({ text })));
    expect(given.map(({ name, value }) => `${name} ${value.text}`)).toStrictEqual([
      'data-dir /x',
      'cluster-init true',
      'kubelet-arg v=2',
      'kubelet-arg a=b=c',
      'selinux false',
    ]);
    expect(doubts).toStrictEqual([]);
    for (const bad of [['--kubelet-arg'], ['--docker', 'x', '--kubelet-arg=v=2'], ['--', 'x']]) {
      expect(argumentsOfWords(bad.map((text) => ({ text }))).doubts).toMatchObject([{ code: 'unresolved' }]);
    }
  });

  // k3s pkg/util/args_test.go
  test.each([
    [['v=2'], ['--a=0', '--v=2']],
    [
      ['--a=1', 'a=2'],
      ['--a=1', '--a=2'],
    ],
    [['a+=1'], ['--a=0', '--a=1']],
    [['a-=1'], ['--a=1', '--a=0']],
    [
      ['a-=1', 'a-=2', 'a+=3', 'a=4'],
      ['--a=2', '--a=1', '--a=0', '--a=3', '--a=4'],
    ],
    [
      ['a=1', 'a+=2', 'a-=3'],
      ['--a=3', '--a=1', '--a=2'],
    ],
    [['a'], ['--a=true']],
    [['a='], ['--a=']],
    [['-a=1'], ['---a=1', '--a=0']],
    [[''], ['--=true', '--a=0']],
  ])('%j of a component give %j', (extra, expected) => {
    const words = componentWords(
      { a: '0' },
      extra.map((text) => ({ text })),
    );
    expect(words.map(({ text }) => text)).toStrictEqual(expected);
  });
});

describe('a running k3s', () => {
  test.each<[string, Files, Record<string, unknown>]>([
    ['nothing', SERVER, GOOD],
    [
      'a flag that matters to no control',
      { ...SERVER, '/etc/rancher/k3s/config.yaml': 'kubelet-arg: [max-pods=200]' },
      GOOD,
    ],
    [
      'a flag that overrides the folder',
      { ...SERVER, '/etc/rancher/k3s/config.yaml': 'kubelet-arg: anonymous-auth=true' },
      { ...GOOD, anonymousAuth: true },
    ],
    [
      'a drop-in that adds',
      {
        ...SERVER,
        '/etc/rancher/k3s/config.yaml': 'kubelet-arg: v=2',
        '/etc/rancher/k3s/config.yaml.d/9.yml': 'kubelet-arg+: client-ca-file=',
        '/etc/rancher/k3s/config.yaml.d/9.yaml.bak': 'kubelet-arg: client-ca-file=/b',
      },
      { ...GOOD, clientCAFile: '' },
    ],
    [
      'words behind the file',
      {
        ...unit('k3s', "k3s server '--kubelet-arg' 'authorization-mode=AlwaysAllow'"),
        '/etc/rancher/k3s/config.yaml': 'kubelet-arg: authorization-mode=Webhook',
      },
      { ...GOOD, authorizationMode: 'AlwaysAllow' },
    ],
    [
      'another file by its environment',
      {
        '/etc/systemd/system/k3s.service':
          '[Service]\nEnvironment=K3S_CONFIG_FILE=/c.yaml\nExecStart=/usr/local/bin/k3s server --config /d.yaml\n',
        '/c.yaml': 'kubelet-arg: client-ca-file=/c',
        '/d.yaml': 'kubelet-arg: client-ca-file=/d',
      },
      { ...GOOD, clientCAFile: '/c' },
    ],
  ])('has the settings of its folder and %s', (_, files, expected) => {
    expect(shown(k3s('kubelet', { ...STARTED_K3S, ...files }))).toStrictEqual(expected);
  });

  test('before 1.32 has flags instead of the folder', () => {
    const files = { ...SERVER, '/etc/rancher/k3s/config.yaml': 'kubelet-arg: [max-pods=200]' };
    expect(shown(k3s('kubelet', files))).toStrictEqual({ ...GOOD, clientCAFile: `${K3S}/agent/client-ca.crt` });
  });

  test('has the flags of kube-apiserver', () => {
    const pair = {
      kubeletClientCertificate: `${K3S}/server/tls/client-kube-apiserver.crt`,
      kubeletClientKey: `${K3S}/server/tls/client-kube-apiserver.key`,
    };
    expect(shown(k3s('kube-apiserver', SERVER))).toStrictEqual(pair);
    const emptied = { ...SERVER, '/etc/rancher/k3s/config.yaml': 'kube-apiserver-arg: [kubelet-client-key=]' };
    expect(shown(k3s('kube-apiserver', emptied))).toStrictEqual({ ...pair, kubeletClientKey: '' });
    expect(shown(k3s('kube-apiserver', SERVER, { unit: 'other.service' }))).toMatchObject({
      kubeletClientKey: 'not-visible',
    });
  });

  test.each<[string, Files]>([
    ['configuration', { '/etc/rancher/k3s/config.yaml': { text: 'kubelet-arg: client-ca-file=', changed: AFTER } }],
    ['drop-in', { '/etc/rancher/k3s/config.yaml.d/x.yaml': { text: 'kubelet-arg: client-ca-file=', changed: AFTER } }],
    [
      'unit',
      {
        '/etc/systemd/system/k3s.service': {
          text: '[Service]\nExecStart=/usr/local/bin/k3s server --kubelet-arg=client-ca-file=\n',
          changed: AFTER,
        },
      },
    ],
  ])('with a later change of its %s is unknown, and its next start is not', (_, changed) => {
    const files = { ...STARTED_K3S, ...SERVER, ...changed };
    expect(shown(k3s('kubelet', files))).toMatchObject({ doubts: ['ambiguous'] });
    const next = k3s('kubelet', files, { view: 'next' });
    expect(shown(next)).toStrictEqual({ ...GOOD, clientCAFile: '' });
    expect(changedSince(next, AMPLE)).toBe(AFTER.toISOString());
  });

  test('with a deleted configuration is unknown', () => {
    const files = {
      ...STARTED_K3S,
      ...SERVER,
      '/etc/rancher/k3s/k3s.yaml': '',
      '/etc/rancher/k3s/': { text: '', changed: AFTER },
    };
    expect(shown(k3s('kubelet', files))).toMatchObject({ doubts: ['ambiguous'] });
  });

  test('has no other next start if nothing was changed', () => {
    for (const component of ['kubelet', 'kube-apiserver'] as const) {
      expect(shown(k3s(component, { ...STARTED_K3S, ...SERVER }, { view: 'next' }))).toBeUndefined();
    }
  });
});

describe('the next start of k3s', () => {
  const next = (files: Files) => shown(stopped('kubelet', 'k3s', { ...SERVER, ...files }));

  test('writes its defaults anew, and copies the configuration that kubelet-arg names', () => {
    const own = `${K3S}/agent/client-ca.crt`;
    expect(next({ [`${DROP_INS}/00-k3s-defaults.conf`]: dropIn('') })).toStrictEqual({ ...GOOD, clientCAFile: own });
    const named = { '/etc/rancher/k3s/config.yaml': 'kubelet-arg: [config=/k.yaml]', '/k.yaml': dropIn('/k') };
    const stale = { ...STARTED_K3S, [`${DROP_INS}/10-cli-config.conf`]: dropIn('/stale') };
    expect(next({ ...stale, ...named })).toStrictEqual({ ...GOOD, clientCAFile: '/k' });
    expect(next(stale)).toStrictEqual({ ...GOOD, clientCAFile: '/stale' });
    expect(next({ ...stale, ...named, [`${DROP_INS}/99-own.conf`]: dropIn('/own') })).toStrictEqual({
      ...GOOD,
      clientCAFile: '/own',
    });
  });

  test('copies the folder that kubelet-arg names', () => {
    const files = {
      ...STARTED_K3S,
      '/etc/rancher/k3s/config.yaml': 'kubelet-arg: config-dir=/k.d/',
      '/k.d/1.conf': dropIn('/one'),
    };
    expect(next(files)).toStrictEqual({ ...GOOD, clientCAFile: '/one' });
  });

  test('is unknown where the version decides, or a file is missing or not readable', () => {
    const config = (text: string) => ({ '/etc/rancher/k3s/config.yaml': text });
    expect(next(config('kubelet-arg: config=/k.yaml'))).toMatchObject({ doubts: ['not-visible'] });
    expect(next(config('kubelet-arg: [protect-kernel-defaults, client-ca-file=]'))).toMatchObject({
      doubts: ['ambiguous'],
    });
    expect(next({ ...STARTED_K3S, ...config('kubelet-arg: config=/k.yaml') })).toMatchObject({
      clientCAFile: 'not-found',
    });
    expect(next(config('a: ['))).toMatchObject({ clientCAFile: 'malformed' });
    expect(next(config('kubelet-arg: [{client-ca-file: /x}]'))).toMatchObject({ clientCAFile: 'malformed' });
    expect(next(unit('k3s', 'k3s server --config=https://example.com/c.yaml'))).toMatchObject({
      clientCAFile: 'not-visible',
    });
  });

  test.each([
    ['the unit', unit('k3s', 'k3s server --data-dir=/data/k3s'), {}],
    ['the configuration', SERVER, { '/etc/rancher/k3s/config.yaml': 'data-dir: /data/k3s/' }],
    [
      'the environment',
      { '/etc/systemd/system/k3s.service': '[Service]\nEnvironment=K3S_DATA_DIR=/data/k3s\nExecStart=/k3s server\n' },
      {},
    ],
  ])('has its files in the data directory of %s', (_, files, more) => {
    expect(shown(stopped('kubelet', 'k3s', { ...files, ...more }))).toStrictEqual({
      ...GOOD,
      clientCAFile: '/data/k3s/agent/client-ca.crt',
    });
    const folder = { '/data/k3s/agent/etc/kubelet.conf.d/50.conf': dropIn('') };
    expect(shown(stopped('kubelet', 'k3s', { ...files, ...more, ...folder }))).toMatchObject({ clientCAFile: '' });
  });

  test('has no kubelet without an agent, and no kube-apiserver in an agent', () => {
    expect(startingUnit('kubelet', filesOf(unit('k3s', 'k3s server --disable-agent')), AMPLE)).toBeUndefined();
    const agent = stopped('kube-apiserver', 'k3s', unit('k3s', 'k3s agent'));
    expect(shown(agent)).toMatchObject({ kubeletClientKey: 'not-visible' });
  });
});

describe('RKE2', () => {
  const RKE2 = unit('rke2-server', 'rke2 server');
  const command: ProcessCommand = {
    by: 'words',
    args: ['--config-dir=/var/lib/rancher/rke2/agent/etc/kubelet.conf.d', '--kubeconfig=/k', '--node-labels='],
  };
  const folder = { '/var/lib/rancher/rke2/agent/etc/kubelet.conf.d/00-rke2-defaults.conf': defaults('/rke2/ca') };
  const config = (text: string, changed = BEFORE) => ({ '/etc/rancher/rke2/config.yaml': { text, changed } });
  const running = (files: Files, view: ProcessDocument['view']) =>
    shown(processOf('kubelet', command, { ...RKE2, ...folder, ...files }, { unit: 'rke2-server.service', view }));

  test('runs as its words say, and its next start as its configuration says', () => {
    const files = config('kubelet-arg:\n- client-ca-file=\n', AFTER);
    expect(running(files, 'running')).toMatchObject({ clientCAFile: '/rke2/ca' });
    expect(running(files, 'next')).toMatchObject({ clientCAFile: '' });
    expect(running(config('kubelet-arg: [max-pods=200]'), 'next')).toMatchObject({
      clientCAFile: '/var/lib/rancher/rke2/agent/client-ca.crt',
      anonymousAuth: false,
      authorizationMode: 'Webhook',
    });
  });

  test('is found by its units if it is stopped', () => {
    expect(startingUnit('kubelet', filesOf(RKE2), AMPLE)).toBe('rke2-server.service');
    expect(startingUnit('kubelet', filesOf(unit('rke2-agent', 'rke2 agent')), AMPLE)).toBe('rke2-agent.service');
    expect(
      shown(stopped('kubelet', 'rke2-server', { ...RKE2, ...config('kubelet-arg: anonymous-auth') })),
    ).toStrictEqual({
      clientCAFile: '/var/lib/rancher/rke2/agent/client-ca.crt',
      anonymousAuth: true,
      authorizationMode: 'Webhook',
    });
  });
});
