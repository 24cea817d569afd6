// Documents that declare the files and units of a host: cloud-init, Ignition, Butane, MachineConfig.

import { describe, expect, test } from '@jest/globals';

import { checkFiles } from '../../../support/check-files.ts';

const CA = 'kubelet-client-ca';
const PAIR = 'apiserver-kubelet-client-cert';
const UNIT = '[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/k --config=/etc/kubernetes/kubelet.conf $ARGS\n';
const GOOD =
  'kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\nauthentication:\n  x509:\n    clientCAFile: /ca.crt\n';
const EMPTY = GOOD.replace('/ca.crt', '""');

function indented(text: string, by: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(by));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function ignition(config: string, ...dropIns: readonly object[]): object {
  return {
    ignition: { version: '3.4.0' },
    storage: {
      files: [{ path: '/etc/kubernetes/kubelet.conf', contents: { source: `data:,${encodeURIComponent(config)}` } }],
    },
    systemd: { units: [{ name: 'kubelet.service', contents: UNIT, dropins: dropIns }] },
  };
}

function check(value: object): Promise<readonly string[]> {
  return checkFiles({ 'f.json': JSON.stringify(value, undefined, 1) });
}

describe('cloud-init', () => {
  const write = (path: string, text: string, more = ''): string =>
    `  - path: ${path}\n${more}    content: |\n${indented(text, 6)}`;

  test('the configuration that the unit names is judged once, in its line', async () => {
    const head = '#cloud-config\nwrite_files:\n';
    const unit = write('/etc/systemd/system/kubelet.service', UNIT);
    expect(await checkFiles({ 'u.yaml': `${head}${unit}${write('/etc/kubernetes/kubelet.conf', GOOD)}` })).toEqual([
      `${CA} pass u.yaml`,
    ]);
    expect(await checkFiles({ 'u.yaml': `${head}${unit}${write('/etc/kubernetes/kubelet.conf', EMPTY)}` })).toEqual([
      `${CA} fail empty authentication.x509.clientCAFile u.yaml:13`,
    ]);
    expect(await checkFiles({ 'u.yaml': `${head}${unit}` })).toEqual([`${CA} unknown u.yaml`]);
  });

  test('a static pod, a configuration without a unit and an environment file count by themselves', async () => {
    const pod =
      'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec:\n  containers:\n  - name: a\n    image: kube-apiserver\n' +
      '    command: [kube-apiserver, --kubelet-client-key=]\n';
    const text =
      '#cloud-config\nwrite_files:\n' +
      write('/etc/kubernetes/manifests/kube-apiserver.yaml', pod) +
      write('/var/lib/kubelet/config.yaml', EMPTY) +
      write('/etc/default/docker', 'A=1\n');
    expect(await checkFiles({ 'u.yaml': text })).toEqual([
      expect.stringContaining(`${PAIR} fail missing --kubelet-client-certificate`),
      `${CA} fail empty authentication.x509.clientCAFile u.yaml:19`,
    ]);
  });

  test("kubeadm's documents count as a file of kubeadm", async () => {
    const kubeadm =
      'apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\nnodeRegistration:\n  kubeletExtraArgs:\n    client-ca-file: ""\n' +
      `---\n${GOOD}`;
    const text = `#cloud-config\nwrite_files:\n${write('/run/kubeadm/kubeadm.yaml', kubeadm)}runcmd:\n  - kubeadm init --config /run/kubeadm/kubeadm.yaml\n`;
    expect(await checkFiles({ 'u.yaml': text })).toContainEqual(expect.stringContaining(`${CA} fail empty`));
  });

  test.each([
    ['gzip', '/etc/kubernetes/kubelet.yaml', 'gz+b64', 'H4sI'],
    ['base64 that is none', '/etc/kubernetes/kubelet.yaml', 'b64', '%%%'],
  ])('%s is named', async (_title, path, encoding, content) => {
    const text = `#cloud-config\nwrite_files:\n  - path: ${path}\n    encoding: ${encoding}\n    content: "${content}"\n`;
    expect(await checkFiles({ 'u.yaml': text })).toEqual(['not-read u.yaml']);
  });

  test('base64 has the line of its field', async () => {
    const text = `#cloud-config\nwrite_files:\n  - path: /k.yaml\n    encoding: b64\n    content: ${base64(EMPTY)}\n`;
    expect(await checkFiles({ 'u.yaml': text })).toEqual([
      `${CA} fail empty authentication.x509.clientCAFile u.yaml:5`,
    ]);
  });

  test('a command that changes a setting is named; others are not', async () => {
    const command = (text: string): string => `#cloud-config\nruncmd:\n  - ${text}\n`;
    expect(
      await checkFiles({ 'u.yaml': command('echo KUBELET_EXTRA_ARGS=--client-ca-file= > /etc/default/kubelet') }),
    ).toEqual(['not-read u.yaml']);
    expect(await checkFiles({ 'u.yaml': command('[sed, -i, s/clientCAFile.*//, /k.yaml]') })).toEqual([
      'not-read u.yaml',
    ]);
    expect(await checkFiles({ 'u.yaml': command('systemctl restart kubelet') })).toEqual([]);
  });

  test('an environment file of kubeadm overrides what is not there', async () => {
    const text = `#cloud-config\nwrite_files:\n${write('/etc/default/kubelet', 'KUBELET_EXTRA_ARGS=--client-ca-file=\n')}`;
    expect(await checkFiles({ 'u.yaml': text })).toEqual([`${CA} unknown u.yaml`]);
  });
});

describe('Ignition', () => {
  test('a URL-encoded configuration and a unit', async () => {
    expect(await check(ignition(GOOD))).toEqual([`${CA} pass f.json`]);
    expect(await check(ignition(EMPTY))).toEqual([`${CA} fail empty authentication.x509.clientCAFile f.json:10`]);
  });

  test('a drop-in decides', async () => {
    const dropIn = { name: '20-args.conf', contents: '[Service]\nEnvironment=ARGS=--client-ca-file=\n' };
    expect(await check(ignition(GOOD, dropIn))).toEqual([`${CA} fail empty --client-ca-file f.json:23`]);
  });

  test.each([
    ['gzip', { source: 'data:;base64,H4sI', compression: 'gzip' }],
    ['another server', { source: 'https://example.com/kubelet.conf' }],
    ['a broken data URL', { source: 'data:;base64,%' }],
  ])('%s is named', async (_title, contents) => {
    const value = {
      ignition: { version: '2.2.0' },
      storage: { files: [{ filesystem: 'root', path: '/etc/kubernetes/kubelet.conf', contents }] },
    };
    expect(await check(value)).toEqual(['not-read f.json']);
  });

  test('another configuration that is merged in is named', async () => {
    const value = { ignition: { version: '3.4.0', config: { merge: [{ source: 'https://example.com/worker' }] } } };
    expect(await check(value)).toEqual(['not-read f.json']);
  });
});

test('Butane: inline contents have their lines, local ones are named', async () => {
  const text =
    `variant: flatcar\nversion: 1.0.0\nstorage:\n  files:\n    - path: /etc/kubernetes/kubelet.conf\n      contents:\n        inline: |\n${indented(EMPTY, 10)}` +
    `    - path: /etc/kubernetes/kubeadm.yaml\n      contents:\n        local: kubeadm.yaml\n` +
    `systemd:\n  units:\n    - name: kubelet.service\n      contents: |\n${indented(UNIT, 8)}`;
  expect(await checkFiles({ 'a.bu': text })).toEqual([
    `${CA} fail empty authentication.x509.clientCAFile a.bu:12`,
    'not-read a.bu',
  ]);
});

describe('OpenShift', () => {
  const header = { apiVersion: 'machineconfiguration.openshift.io/v1', metadata: { name: 'x' } };

  test.each([
    ['base64', (text: string) => `data:text/plain;charset=utf-8;base64,${base64(text)}`],
    ['URL-encoded', (text: string) => `data:,${encodeURIComponent(text)}`],
  ])('a MachineConfig with %s data', async (_title, encode) => {
    const value = (text: string): object => ({
      ...header,
      kind: 'MachineConfig',
      spec: {
        config: {
          ignition: { version: '3.2.0' },
          storage: { files: [{ path: '/etc/kubernetes/kubelet.conf', contents: { source: encode(text) } }] },
        },
      },
    });
    expect(await check(value(GOOD))).toEqual([`${CA} pass f.json`]);
    expect(await check(value(EMPTY))).toEqual([`${CA} fail empty authentication.x509.clientCAFile f.json:17`]);
  });

  test.each([
    ['an empty client CA, which does not override', { x509: { clientCAFile: '' } }, 'pass'],
    ['nothing about authentication', undefined, 'pass'],
    ['/dev/null', { x509: { clientCAFile: '/dev/null' } }, 'fail'],
  ])('a KubeletConfig with %s', async (_title, authentication, result) => {
    const value = { ...header, kind: 'KubeletConfig', spec: { kubeletConfig: { maxPods: 500, authentication } } };
    expect(await check(value)).toEqual([expect.stringContaining(`${CA} ${result}`)]);
  });
});

test('units of CoreOS, and of Container Linux', async () => {
  const unit = indented('[Service]\nExecStart=/k/kubelet --client-ca-file=\n', 8);
  const coreos = `#cloud-config\ncoreos:\n  units:\n    - name: kubelet.service\n      content: |\n${unit}`;
  expect(await checkFiles({ 'u.yaml': coreos })).toEqual([`${CA} fail empty --client-ca-file u.yaml:7`]);
  const linux = `systemd:\n  units:\n    - name: kubelet.service\n      contents: |\n${unit}`;
  expect(await checkFiles({ 'u.yaml': linux })).toEqual([`${CA} fail empty --client-ca-file u.yaml:6`]);
});
