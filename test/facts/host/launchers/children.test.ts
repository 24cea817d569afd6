// Launchers whose components are their children: k0s and snaps.

import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../../src/controls/index.ts';
import { startingUnit } from '../../../../src/facts/host/stopped.ts';
import { inspect } from '../../../../src/inspect.ts';
import type { ProcessDocument } from '../../../../src/policy/document.ts';
import { AMPLE } from '../../../support/budget.ts';
import { AFTER, BEFORE, configuration, filesOf, processOf, type HostFile } from '../documents.ts';

type Files = Readonly<Record<string, string | HostFile>>;

/** The results of the controls for the next start; empty if that is what runs. */
function next(document: ProcessDocument): Readonly<Record<string, string>> {
  const { findings } = inspect(controls, [{ ...document, view: 'next' }], AMPLE);
  return Object.fromEntries(
    findings.map(({ control, outcome }) => {
      const codes = outcome.result === 'pass' ? [] : outcome.problems.map(({ code }) => code);
      return [control.slug, [outcome.result, ...codes].join(' ')];
    }),
  );
}

const changed = (text: string): HostFile => ({ text, changed: AFTER });
const before = (text: string): HostFile => ({ text, changed: BEFORE });
const stopped = (component: 'kubelet' | 'kube-apiserver', unit: string, files: Files) =>
  next(processOf(component, { by: 'unit' }, files, { unit, view: 'next' }));

describe('k0s', () => {
  const CONFIG = '/var/lib/k0s/kubelet-config.yaml';
  const PKI = '/var/lib/k0s/pki';
  const PAIR = [
    `--kubelet-client-certificate=${PKI}/apiserver-kubelet-client.crt`,
    `--kubelet-client-key=${PKI}/apiserver-kubelet-client.key`,
    `--kubelet-certificate-authority=${PKI}/ca.crt`,
  ];
  const unit = (name: string, exec: string, make = changed) => ({
    [`/etc/systemd/system/${name}`]: make(`[Service]\nExecStart=/usr/local/bin/k0s ${exec}\n`),
  });
  const kubelet = (files: Files) =>
    next(
      processOf(
        'kubelet',
        [`--config=${CONFIG}`],
        { [CONFIG]: configuration(`${PKI}/ca.crt`), ...files },
        { unit: 'k0sworker.service' },
      ),
    );
  const apiServer = (files: Files) => next(processOf('kube-apiserver', PAIR, files, { unit: 'k0scontroller.service' }));

  test.each([
    ['--kubelet-extra-args=--client-ca-file=', 'fail'],
    ["'--kubelet-extra-args=--v=2 --client-ca-file='", 'fail'],
    ['--kubelet-extra-args "--client-ca-file="', 'fail'],
    ['--kubelet-extra-args=--client-ca-file=/other.crt', 'pass'],
    ['--token-file=/token', 'pass'],
    ['--kubelet-extra-args=$ARGS --data-dir=$HOME', 'unknown unresolved unresolved'],
  ])('shows the client CA of the next kubelet if its unit was changed to %s', (options, result) => {
    const found = kubelet(unit('k0sworker.service', `worker ${options}`));
    expect(found['kubelet-client-ca']).toBe(result);
    // the worker profile is in the cluster
    expect(found['kubelet-anonymous-auth']).toMatch(/^unknown/);
  });

  test('shows nothing else than what runs if its unit has not changed', () => {
    expect(kubelet(unit('k0sworker.service', 'worker', before))).toStrictEqual({});
  });

  test.each([
    ['an empty key', 'spec: {api: {extraArgs: {kubelet-client-key: ""}}}', 'fail'],
    ['a list', 'spec: {api: {extraArgs: {kubelet-client-key: ["/a", ""]}}}', 'fail'],
    ['an own pair', 'spec: {api: {extraArgs: {kubelet-client-key: /a, kubelet-client-certificate: /b}}}', 'pass'],
    ['words', 'spec: {api: {rawArgs: ["--kubelet-client-certificate="]}}', 'fail'],
    ['no YAML', 'spec: [', 'unknown malformed'],
    ['no object', '- a', 'unknown malformed'],
  ])('gives kube-apiserver the arguments of its configuration: %s', (_, text, result) => {
    const files = { ...unit('k0scontroller.service', 'controller', before), '/etc/k0s/k0s.yaml': changed(text) };
    expect(apiServer(files)['apiserver-kubelet-client-cert']).toBe(result);
    const other = { ...unit('k0scontroller.service', 'controller -c /k0s.yaml', before), '/k0s.yaml': changed(text) };
    expect(apiServer(other)['apiserver-kubelet-client-cert']).toBe(result);
  });

  test('is judged if it is stopped', () => {
    const controller = unit('k0scontroller.service', 'controller --single --data-dir=/srv/k0s');
    expect(stopped('kube-apiserver', 'k0scontroller.service', controller)).toStrictEqual({
      'apiserver-kubelet-client-cert': 'pass',
      'apiserver-kubelet-ca': 'pass',
    });
    expect(stopped('kubelet', 'k0scontroller.service', controller)).toStrictEqual({
      'kubelet-client-ca': 'pass',
      'kubelet-anonymous-auth': 'unknown not-visible',
      'kubelet-authorization-mode': 'unknown not-visible',
    });
    const missing = unit('k0scontroller.service', 'controller --config=/none');
    expect(stopped('kube-apiserver', 'k0scontroller.service', missing)['apiserver-kubelet-ca']).toBe(
      'unknown not-found',
    );
  });

  test('starts what its command starts', () => {
    const first = (component: 'kubelet' | 'kube-apiserver', exec: string) =>
      startingUnit(component, filesOf(unit('k0scontroller.service', exec)), AMPLE);
    expect(first('kubelet', 'controller')).toBeUndefined();
    expect(first('kubelet', 'controller --enable-worker=false')).toBeUndefined();
    expect(first('kubelet', 'controller --enable-worker')).toBe('k0scontroller.service');
    expect(first('kube-apiserver', 'worker')).toBeUndefined();
  });
});

describe("Canonical's Kubernetes", () => {
  const ARGS = '/var/snap/k8s/common/args/kubelet';
  const GOOD =
    '--anonymous-auth=false\n--authorization-mode=Webhook\n--client-ca-file=/etc/kubernetes/pki/client-ca.crt\n';
  const words = GOOD.trim().split('\n');
  const unit = {
    '/etc/systemd/system/snap.k8s.kubelet.service': '[Service]\nExecStart=/usr/bin/snap run k8s.kubelet\n',
  };
  const kubelet = (text: string, files: Files = unit) =>
    next(processOf('kubelet', words, { [ARGS]: changed(text), ...files }, { unit: 'snap.k8s.kubelet.service' }));

  test.each([
    ['the same', GOOD, undefined],
    ['comments, quotes and two words', `# a\n${GOOD.replace('ca-file=/etc', 'ca-file "/etc').trim()}" # b\n`, 'pass'],
    ['an empty client CA', `${GOOD}--client-ca-file=\n`, 'fail'],
    ['an empty client CA in quotes', `${GOOD}--client-ca-file=""\n`, 'fail'],
    ['no client CA', '--anonymous-auth=false\n', 'fail'],
    ['a path of the snap', `${GOOD}--client-ca-file=$SNAP_COMMON/ca.crt\n`, 'pass'],
    ['a flag without dashes', `${GOOD}client-ca-file=/a\n`, 'fail'],
    ['a quote without end', `${GOOD}--v="2\n`, 'unknown unresolved'],
  ])('reads its file of arguments at the next start: %s', (_, text, result) => {
    expect(kubelet(text)['kubelet-client-ca']).toBe(result);
    // snapd writes the unit, always in the same way
    expect(kubelet(text, {})['kubelet-client-ca']).toBe(result);
  });

  test('is judged if it is stopped', () => {
    expect(stopped('kubelet', 'snap.k8s.kubelet.service', { ...unit, [ARGS]: GOOD })).toStrictEqual({
      'kubelet-client-ca': 'pass',
      'kubelet-anonymous-auth': 'pass',
      'kubelet-authorization-mode': 'pass',
    });
    expect(startingUnit('kubelet', filesOf({ ...unit, [ARGS]: GOOD }), AMPLE)).toBe('snap.k8s.kubelet.service');
    // a worker has no such file
    expect(startingUnit('kube-apiserver', filesOf({ ...unit, [ARGS]: GOOD }), AMPLE)).toBeUndefined();
  });
});

describe('microk8s', () => {
  const DATA = '/var/snap/microk8s/current';
  const UNIT = 'snap.microk8s.daemon-kubelite.service';
  const files = {
    [`/etc/systemd/system/${UNIT}`]: '[Service]\nExecStart=/usr/bin/snap run microk8s.daemon-kubelite\n',
    [`${DATA}/var/lock/lite.lock`]: '',
    [`${DATA}/args/kubelet`]: '--client-ca-file=${SNAP_DATA}/certs/ca.crt\n--anonymous-auth=false\n',
    [`${DATA}/args/kube-apiserver`]: '--kubelet-client-certificate=${SNAP_DATA}/certs/a.crt\n--kubelet-client-key=\n',
  };

  test('is judged if it is stopped', () => {
    expect(stopped('kubelet', UNIT, files)['kubelet-client-ca']).toBe('pass');
    expect(stopped('kube-apiserver', UNIT, files)['apiserver-kubelet-client-cert']).toBe('fail');
  });

  test('does not start what its locks keep from starting', () => {
    const worker = filesOf({ ...files, [`${DATA}/var/lock/clustered.lock`]: '' });
    expect(startingUnit('kubelet', worker, AMPLE)).toBe(UNIT);
    expect(startingUnit('kube-apiserver', worker, AMPLE)).toBeUndefined();
    const { [`${DATA}/var/lock/lite.lock`]: _, ...unlocked } = files;
    expect(
      startingUnit('kubelet', filesOf({ ...unlocked, [`${DATA}/var/lock/stopped.lock`]: '' }), AMPLE),
    ).toBeUndefined();
  });

  test('before 1.21 has a service for each component', () => {
    const service = 'snap.microk8s.daemon-kubelet.service';
    const old = processOf(
      'kubelet',
      ['--client-ca-file=/var/snap/microk8s/1/certs/ca.crt', '--anonymous-auth=false'],
      {
        [`${DATA}/args/kubelet`]: changed('--client-ca-file=\n'),
        [`/etc/systemd/system/${service}`]: '[Service]\nExecStart=/usr/bin/snap run microk8s.daemon-kubelet\n',
      },
      { unit: service },
    );
    expect(next(old)['kubelet-client-ca']).toBe('fail');
  });
});
