import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { processComponent } from '../../../src/facts/host/processes.ts';

const kubelet = (args: readonly string[] | undefined, how: string): object => ({ component: 'kubelet', args, how });

describe('a component', () => {
  test.each<[string[], object]>([
    [['kubelet'], kubelet([], 'argv')],
    [['/opt/bin/kubelet', '--config', ''], kubelet(['--config', ''], 'argv')],
    [['-kubelet', '--v=2'], kubelet(['--v=2'], 'argv')],
    [['c:\\k\\kubelet.exe', '--v=2'], kubelet(['--v=2'], 'argv')],
    [['/opt/my programs/kubelet', '--v=2'], kubelet(['--v=2'], 'argv')],
    [['/usr/bin/hyperkube', 'kubelet', '--v=2'], kubelet(['--v=2'], 'argv')],
    [['kube-apiserver', '--v=2'], { component: 'kube-apiserver', args: ['--v=2'], how: 'argv' }],
    [['hyperkube', 'kube-apiserver', 'x'], { component: 'kube-apiserver', args: ['x'], how: 'argv' }],
    [['hyperkube', 'apiserver'], { component: 'kube-apiserver', args: [], how: 'argv' }],
  ])('is recognised by its words: %j', (argv, expected) => {
    expect(processComponent({ argv })).toStrictEqual(expected);
    expect(processComponent({ argv, exe: '/usr/lib/something' })).toStrictEqual(expected);
  });

  test.each<[string[], string, object]>([
    [['kubelet-1.30', '--v=2'], '/usr/bin/kubelet', kubelet(['--v=2'], 'exe')],
    [['kubelet-1.30', '--v=2'], '/usr/bin/kubelet (deleted)', kubelet(['--v=2'], 'exe')],
    [['kubelet', '--v=2'], '/usr/bin/kubelet (deleted)', kubelet(['--v=2'], 'argv')],
    [['node-agent', 'kubelet', '--v=2'], '/hyperkube', kubelet(['--v=2'], 'exe')],
    [['/opt/my programs/kubelet'], '/opt/my programs/kubelet', kubelet([], 'argv')],
  ])('is recognised by its program: %j of %s', (argv, exe, expected) => {
    expect(processComponent({ argv, exe })).toStrictEqual(expected);
  });

  test.each<[string[], string | undefined, object]>([
    [['kubelet --config=/x/kube-apiserver'], '/usr/bin/kubelet', kubelet(undefined, 'title')],
    [['kubelet --config=/x', '', ''], undefined, kubelet(undefined, 'title')],
    [['kubelet: serving'], '/usr/bin/kubelet', kubelet(undefined, 'exe')],
    [['', '', ''], '/usr/bin/kubelet', kubelet(undefined, 'exe')],
    [[], '/usr/bin/kubelet', kubelet(undefined, 'exe')],
    [['hyperkube kubelet'], '/hyperkube', kubelet(undefined, 'title')],
  ])('has unknown arguments if it overwrote its command line: %j of %s', (argv, exe, expected) => {
    expect(processComponent({ argv, ...(exe !== undefined && { exe }) })).toStrictEqual(expected);
  });
});

test.each<[string[], string | undefined]>([
  [['kubelet-guard', 'node'], '/usr/bin/kubelet-guard'],
  [['node', '/opt/kubelet-guard/main.js'], '/usr/bin/node'],
  [['/usr/bin/node', '/usr/bin/kubelet'], '/usr/bin/node'],
  [['kubelet-csr-approver'], '/kubelet-csr-approver'],
  [['kubelet-1.30'], '/opt/kubelet-1.30'],
  [['kubelet.sh'], undefined],
  [['Kubelet'], undefined],
  [['vim', 'kubelet'], '/usr/bin/vim'],
  [['vim /usr/bin/kubelet'], '/usr/bin/vim'],
  [['vim kubelet', ''], undefined],
  [['grep', 'kubelet'], '/usr/bin/grep'],
  [['tail', '-f', 'kube-apiserver.log'], '/usr/bin/tail'],
  [['sh', '-c', 'kubelet --config=/x'], '/bin/dash'],
  [['/bin/sh', '/usr/bin/kubelet', '--config=/x'], '/bin/dash'],
  [['sudo', 'kubelet'], '/usr/bin/sudo'],
  [['/go-runner', '--log-file=/x', '/usr/local/bin/kube-apiserver', '--v=2'], '/go-runner'],
  [['kube-apiserver-healthcheck'], undefined],
  [['kube-apiserver/sidecar'], undefined],
  [['hyperkube'], '/hyperkube'],
  [['hyperkube', 'proxy', 'kubelet'], '/hyperkube'],
  [['kubelet: serving'], undefined],
  [['k3s', 'kubectl', 'server'], '/usr/bin/k3s'],
  [['kubectl', 'get', 'nodes'], '/var/lib/rancher/k3s/data/1/bin/k3s'],
  [['k3s'], undefined],
  [['k0s', 'kubectl'], undefined],
  [['rke2', 'etcd-snapshot'], undefined],
  [[], undefined],
  [[''], '/bin/true'],
])('%j of %s is not a component', (argv, exe) => {
  expect(processComponent({ argv, ...(exe !== undefined && { exe }) })).toBeUndefined();
});

describe('a process with components inside', () => {
  const dataDirectory = '/var/lib/rancher/k3s';

  test('can be k3s, which hides its arguments (pkg/cli/server/server.go)', () => {
    const inside = [
      { component: 'kube-apiserver', dataDirectory },
      { component: 'kubelet', dataDirectory },
    ];
    for (const argv of [
      ['/usr/local/bin/k3s', 'server', '--disable=traefik'],
      ['/usr/local/bin/k3s server', '', '', ''],
    ]) {
      expect(processComponent({ argv })).toStrictEqual({ embedded: 'k3s', inside });
    }
    expect(processComponent({ argv: ['k3s agent', ''] })).toStrictEqual({
      embedded: 'k3s',
      inside: [{ component: 'kubelet', dataDirectory }],
    });
  });

  test('shows the data folder if it is k3s', () => {
    expect(processComponent({ argv: ['k3s agent'], exe: '/data/k3s/data/93a/bin/k3s (deleted)' })).toStrictEqual({
      embedded: 'k3s',
      inside: [{ component: 'kubelet', dataDirectory: '/data/k3s' }],
    });
  });

  test('can be kubelite, whose components have files of arguments', () => {
    const words = ['--kubelet-args-file=/old', '--apiserver-args-file=/a', '--kubelet-args-file=/k'];
    expect(
      processComponent({ argv: ['/snap/microk8s/1/kubelite', ...words, '--start-control-plane=true'] }),
    ).toStrictEqual({
      embedded: 'microk8s',
      inside: [
        { component: 'kube-apiserver', argsFile: '/a' },
        { component: 'kubelet', argsFile: '/k' },
      ],
    });
    expect(processComponent({ argv: ['kubelite', ...words, '--start-control-plane=false'] })).toStrictEqual({
      embedded: 'microk8s',
      inside: [{ component: 'kubelet', argsFile: '/k' }],
    });
  });

  test.each<['rke2' | 'k0s', string]>([
    ['rke2', 'server'],
    ['rke2', 'agent'],
    ['k0s', 'controller'],
    ['k0s', 'worker'],
  ])('cannot be %s %s, whose components are separate processes', (name, subcommand) => {
    expect(processComponent({ argv: [name, subcommand, '--x'] })).toStrictEqual({ embedded: name, inside: [] });
  });
});

test('any words are accepted, and the arguments after the name stay as they are', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('kubelet', '/kubelet', 'hyperkube', 'k3s', '', 'a b'),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.option(word, { nil: undefined }), (argv, exe) => {
      const found = processComponent({ argv, ...(exe !== undefined && { exe }) });
      if (found === undefined || 'embedded' in found || found.args === undefined) return;
      expect(argv.slice(argv.length - found.args.length)).toStrictEqual(found.args);
      expect(argv.length - found.args.length).toBeLessThanOrEqual(2);
    }),
  );
});
