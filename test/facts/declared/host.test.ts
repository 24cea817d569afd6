// Units, drop-ins, environment files and configuration of a tree: what its hosts would start.

import { describe, expect, test } from '@jest/globals';

import { layout } from '../systemd/host.ts';
import { checkFiles, reportOf } from '../../support/check-files.ts';

const CA = 'kubelet-client-ca';
const PAIR = 'apiserver-kubelet-client-cert';
const GOOD = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
`;
const EMPTY = GOOD.replace('/etc/kubernetes/pki/ca.crt', '""');

function service(...lines: readonly string[]): string {
  return ['[Service]', ...lines, ''].join('\n');
}

describe('the layouts of distributions, below any folder,', () => {
  const below = (folder: string, files: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}${path}`, text]));

  /** kubeadm's files without what a user adds, for any version. */
  function withoutOverride(): Record<string, string> {
    const flags = 'KUBELET_KUBEADM_ARGS="--node-ip=10.0.0.4"\n';
    return { ...layout('kubeadm-deb'), '/etc/default/kubelet': '', '/var/lib/kubelet/kubeadm-flags.env': flags };
  }

  test("kubeadm's: an environment file empties the client CA, and the configuration is not judged alone", async () => {
    const files = { ...layout('kubeadm-deb'), '/var/lib/kubelet/config.yaml': GOOD };
    expect(await checkFiles(below('hosts/a', files))).toEqual([
      `${CA} fail empty --client-ca-file hosts/a/etc/default/kubelet:1`,
    ]);
  });

  test('without that file the configuration decides', async () => {
    const files = withoutOverride();
    expect(await checkFiles(below('a', { ...files, '/var/lib/kubelet/config.yaml': GOOD }))).toEqual([
      `${CA} pass a/usr/lib/systemd/system/kubelet.service`,
    ]);
    expect(await checkFiles(below('a', { ...files, '/var/lib/kubelet/config.yaml': EMPTY }))).toEqual([
      `${CA} fail empty authentication.x509.clientCAFile a/var/lib/kubelet/config.yaml:5`,
    ]);
    expect(await checkFiles(below('a', files))).toEqual([`${CA} unknown a/usr/lib/systemd/system/kubelet.service`]);
  });

  test('two hosts of one tree each have their own files', async () => {
    const files = withoutOverride();
    const both = {
      ...below('a', { ...files, '/var/lib/kubelet/config.yaml': GOOD }),
      ...below('b', { ...files, '/var/lib/kubelet/config.yaml': EMPTY }),
    };
    expect(await checkFiles(both)).toEqual([
      `${CA} pass a/usr/lib/systemd/system/kubelet.service`,
      `${CA} fail empty authentication.x509.clientCAFile b/var/lib/kubelet/config.yaml:5`,
    ]);
  });

  test('a unit of kube-apiserver over many lines', async () => {
    const files = below('x', layout('hard-way'));
    expect(await checkFiles(files)).toEqual([`${PAIR} pass x/etc/systemd/system/kube-apiserver.service`]);
    const [[path, text]] = Object.entries(files) as [[string, string]];
    expect(await checkFiles({ [path]: text.replace(/^.*client-key.*$/m, '  --kubelet-client-key= \\') })).toEqual([
      `${PAIR} fail empty --kubelet-client-key ${path}:10`,
    ]);
    expect(await checkFiles({ [path]: text.replace(/^.*client-key.*\n/m, '') })).toEqual([
      `${PAIR} fail missing --kubelet-client-key ${path}:undefined`,
    ]);
  });

  test('a script that the tree does not show', async () => {
    expect(await checkFiles(below('x', layout('aks-script')))).toEqual([
      `${CA} unknown x/etc/systemd/system/kubelet.service`,
    ]);
  });
});

describe('files that lie side by side', () => {
  const unit = service('EnvironmentFile=/etc/sysconfig/kubelet', 'ExecStart=/usr/bin/kubelet $ARGS');

  test('are found by their names', async () => {
    const files = { 'files/kubelet.service': unit, 'files/sysconfig/kubelet': 'A=1\nARGS=--client-ca-file=\n' };
    expect(await checkFiles(files)).toEqual([`${CA} fail empty --client-ca-file files/sysconfig/kubelet:2`]);
  });

  test('of which two have the name are ambiguous', async () => {
    const one = { 'files/kubelet.service': unit, 'files/a/kubelet': '#\n', 'files/b/kubelet': '#\n' };
    const environment = { 'files/default/kubelet': 'ARGS=\n', 'files/sysconfig2/kubelet': 'ARGS=\n' };
    expect(await checkFiles({ ...one, ...environment })).toEqual([`${CA} unknown files/kubelet.service`]);
  });

  test('of which one is missing are unknown, unless a flag decides', async () => {
    const config = 'ExecStart=/usr/bin/kubelet --config=/etc/k.yaml';
    expect(await checkFiles({ 'kubelet.service': service(config) })).toEqual([`${CA} unknown kubelet.service`]);
    expect(await checkFiles({ 'kubelet.service': service(`${config} --client-ca-file=/ca.pem`) })).toEqual([
      `${CA} pass kubelet.service`,
    ]);
    expect(await checkFiles({ 'kubelet.service': service(`${config} --client-ca-file=`) })).toEqual([
      `${CA} fail empty --client-ca-file kubelet.service:2`,
    ]);
    expect(await checkFiles({ 'kubelet.service': unit })).toEqual([`${CA} unknown kubelet.service`]);
  });

  test('say which one is missing, and what to do', async () => {
    const { findings } = await reportOf({
      'kubelet.service': service('ExecStart=/usr/bin/kubelet --config=/etc/k.yaml'),
    });
    expect(findings[0]?.problems[0]?.message).toBe(
      'kubelet.service reads /etc/k.yaml, which is not among the files that are checked; check it too, or check the node with kubelet-guard node',
    );
  });

  test('an optional environment file may be missing', async () => {
    const text = service(
      'EnvironmentFile=-/etc/sysconfig/kubelet',
      'ExecStart=/k/kubelet --client-ca-file=/ca.pem $ARGS',
    );
    expect(await checkFiles({ 'kubelet.service': text })).toEqual([`${CA} pass kubelet.service`]);
  });
});

describe('drop-ins', () => {
  const dropIn = service('ExecStart=', 'ExecStart=/usr/bin/kubelet --anonymous-auth=false $MORE');

  test('without a unit show the command', async () => {
    expect(await checkFiles({ 'kubelet.service.d/10-kubeadm.conf': dropIn })).toEqual([
      `${CA} fail missing authentication.x509.clientCAFile kubelet.service.d/10-kubeadm.conf:undefined`,
    ]);
    expect(await checkFiles({ '10-kubeadm.conf': dropIn })).toEqual([
      `${CA} fail missing authentication.x509.clientCAFile 10-kubeadm.conf:undefined`,
    ]);
  });

  test('beside the unit belong to it, the last one by name decides', async () => {
    const files = {
      'k/kubelet.service': service('ExecStart=/usr/bin/kubelet --client-ca-file=/ca.pem'),
      'k/kubelet.service.d/10-a.conf': dropIn,
      'k/kubelet.service.d/20-b.conf': service('Environment=MORE=--client-ca-file='),
    };
    expect(await checkFiles(files)).toEqual([`${CA} fail empty --client-ca-file k/kubelet.service.d/20-b.conf:2`]);
  });

  test('that leave the command to a unit that is not there are named if they hold a setting', async () => {
    const files = (line: string) => ({ 'kubelet.service.d/20-extra.conf': service(line) });
    expect(await checkFiles(files('Environment="KUBELET_EXTRA_ARGS=--client-ca-file="'))).toEqual([
      'not-read kubelet.service.d/20-extra.conf',
    ]);
    expect(await checkFiles(files('Environment=A=1'))).toEqual([]);
  });
});

describe("kubeadm's environment files without their unit", () => {
  const flags = 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/c.sock --client-ca-file="\n';

  test('override the configuration beside them', async () => {
    expect(await checkFiles({ 'kubelet/config.yaml': GOOD, 'kubelet/kubeadm-flags.env': flags })).toEqual([
      `${CA} fail empty --client-ca-file kubelet/kubeadm-flags.env:1`,
    ]);
    expect(await checkFiles({ 'kubelet/kubeadm-flags.env': flags })).toEqual([
      `${CA} fail empty --client-ca-file kubelet/kubeadm-flags.env:1`,
    ]);
  });

  test('with nothing about the settings leave the configuration as it is', async () => {
    const harmless = flags.replace(' --client-ca-file=', '');
    expect(await checkFiles({ 'kubelet/config.yaml': GOOD, 'kubelet/kubeadm-flags.env': harmless })).toEqual([
      `${CA} pass kubelet/kubeadm-flags.env`,
    ]);
    expect(await checkFiles({ 'kubelet/kubeadm-flags.env': harmless })).toEqual([]);
  });
});

describe('other units', () => {
  test.each([
    ['another program', 'ExecStart=/usr/bin/containerd --config /etc/containerd/config.toml'],
    ['a restart of the kubelet', 'ExecStart=/usr/bin/systemctl restart kubelet --no-block'],
    ['a check of the kubelet', 'ExecStart=/home/kubernetes/bin/health-monitor.sh kubelet'],
    ['no command', 'Type=oneshot'],
  ])('%s: nothing to judge', async (_title, line) => {
    expect(await checkFiles({ 'other.service': service(line) })).toEqual([]);
  });

  test('a kubelet under any name is judged, also through a shell', async () => {
    const text = service(`ExecStart=/bin/sh -c 'exec /usr/bin/kubelet \\`, `  --client-ca-file='`);
    expect(await checkFiles({ 'node.service': text })).toEqual([expect.stringContaining(`${CA} fail`)]);
  });

  test('a kubelet in a container is judged, behind a program that is not known it is unknown', async () => {
    const text = service('ExecStart=/usr/bin/docker run --rm hyperkube:v1.18 kubelet --client-ca-file=');
    expect(await checkFiles({ 'node.service': text })).toEqual([`${CA} fail empty --client-ca-file node.service:2`]);
    expect(await checkFiles({ 'node.service': text.replace('/usr/bin/docker', '/opt/start') })).toEqual([
      `${CA} unknown node.service`,
    ]);
  });
});

describe('templates of units', () => {
  test.each([
    ['a value', 'ExecStart={{ bin_dir }}/kubelet --client-ca-file={{ ca }} --v=2', 'unknown'],
    [
      'a part of a value',
      'ExecStart={{ bin_dir }}/kubelet --client-ca-file={{ dir | default("/a") }}/ca.pem',
      'unknown',
    ],
    ['words', 'ExecStart=/usr/bin/kubelet --client-ca-file=/ca.pem {{ more }}', 'unknown'],
    [
      'a condition',
      'ExecStart=/usr/bin/kubelet --client-ca-file=/ca.pem {% if a %} --client-ca-file= {% endif %}',
      'unknown',
    ],
    [
      'a name that decides nothing',
      'ExecStart={{ bin_dir }}/kubelet --client-ca-file=/ca.pem --node-ip={{ ip }}',
      'pass',
    ],
    ['a number that it may not be', 'ExecStart={{ bin_dir }}/kubelet --client-ca-file=/ca.pem --v={{ v }}', 'unknown'],
  ])('%s', async (_title, line, result) => {
    expect(await checkFiles({ 'kubelet.service.j2': service(line) })).toEqual([
      expect.stringContaining(`${CA} ${result}`),
    ]);
  });

  test('a variable', async () => {
    const files = {
      'a/kubelet.service': service(
        'EnvironmentFile=/etc/default/kubelet',
        'ExecStart=/usr/bin/kubelet --client-ca-file=/c $ARGS',
      ),
      'a/default/kubelet.j2': 'ARGS={{ args }}\n',
    };
    expect(await checkFiles(files)).toEqual([`${CA} unknown a/kubelet.service`]);
  });
});

describe('several hosts or choices in one tree', () => {
  const good = service('ExecStart=', 'ExecStart=/usr/bin/kubelet --client-ca-file=/ca.pem');
  const bad = good.replace('/ca.pem', '');

  test('drop-ins of two hosts never hide each other', async () => {
    const files = { 'a/kubelet.service.d/10.conf': bad, 'b/kubelet.service.d/10.conf': good };
    expect(await checkFiles(files)).toEqual([
      `${CA} fail empty --client-ca-file a/kubelet.service.d/10.conf:3`,
      `${CA} pass b/kubelet.service.d/10.conf`,
    ]);
  });

  test('two drop-ins with a command beside each other are choices', async () => {
    const files = {
      'x/10-debian.conf': bad,
      'x/20-fedora.conf': good,
      'x/kubelet.service': service('ExecStart=/usr/bin/kubelet'),
    };
    expect(await checkFiles(files)).toEqual([
      `${CA} fail empty --client-ca-file x/10-debian.conf:3`,
      `${CA} pass x/kubelet.service`,
    ]);
  });

  test('a unit with flags of its own is judged beside the drop-in of another folder', async () => {
    const files = {
      'a/kubelet.service': service('ExecStart=/usr/bin/kubelet --client-ca-file='),
      'b/kubelet.service.d/10.conf': good,
    };
    expect(await checkFiles(files)).toEqual([
      `${CA} fail empty --client-ca-file a/kubelet.service:2`,
      `${CA} pass b/kubelet.service.d/10.conf`,
    ]);
  });

  test('a unit does not take the file of a nearer unit', async () => {
    const unit = service('EnvironmentFile=/etc/default/kubelet', 'ExecStart=/usr/bin/kubelet $ARGS');
    const files = {
      'a/kubelet.service': unit,
      'b/kubelet.service': unit,
      'b/kubelet': '',
      'b/default/kubelet': 'ARGS=--client-ca-file=/c\n',
    };
    expect(await checkFiles(files)).toEqual([`${CA} unknown a/kubelet.service`, `${CA} pass b/kubelet.service`]);
  });

  test('the bare unit of a package gets the drop-in of a neighbouring folder', async () => {
    const files = {
      'p/kubelet/kubelet.service': service('ExecStart=/usr/bin/kubelet'),
      'p/kubeadm/10-kubeadm.conf': good,
    };
    expect(await checkFiles(files)).toEqual([`${CA} pass p/kubelet/kubelet.service`]);
  });
});
