// Units of k3s and RKE2 in a tree, with the configuration beside them.

import { describe, expect, test } from '@jest/globals';

import { checkFiles } from '../../support/check-files.ts';

const CA = 'kubelet-client-ca';
const PAIR = 'apiserver-kubelet-client-cert';
const K3S = 'a/etc/systemd/system/k3s.service';
const unit = (words: string) => `[Service]\nExecStart=/usr/local/bin/${words}\n`;

describe('a unit of k3s', () => {
  test('passes by its defaults', async () => {
    expect(await checkFiles({ [K3S]: unit('k3s server') })).toEqual([`${PAIR} pass ${K3S}`, `${CA} pass ${K3S}`]);
    expect(await checkFiles({ [K3S]: unit('k3s agent') })).toEqual([`${CA} pass ${K3S}`]);
  });

  test('gets the arguments of all files of its configuration, which are not judged alone', async () => {
    const files = {
      [K3S]: unit('k3s server'),
      'a/etc/rancher/k3s/config.yaml': 'token: x\nkubelet-arg: [client-ca-file=]\n',
      'a/etc/rancher/k3s/config.yaml.d/1.yaml':
        'kubelet-arg: [max-pods=200]\nkube-apiserver-arg:\n- kubelet-client-key=\n',
    };
    expect(await checkFiles(files)).toEqual([
      `${PAIR} fail empty --kubelet-client-key a/etc/rancher/k3s/config.yaml.d/1.yaml:3`,
      `${CA} pass ${K3S}`,
    ]);
  });

  test('keeps the defaults of k3s beside the drop-ins of a tree', async () => {
    const dropIn = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
    const path = 'a/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/50.conf';
    expect(await checkFiles({ [K3S]: unit('k3s agent'), [path]: `${dropIn}maxPods: 200\n` })).toEqual([
      `${CA} pass ${K3S}`,
    ]);
    const bad = `${dropIn}authentication: { x509: { clientCAFile: "" } }\n`;
    expect(await checkFiles({ [K3S]: unit('k3s agent'), [path]: bad })).toEqual([
      `${CA} fail empty authentication.x509.clientCAFile ${path}:3`,
    ]);
  });

  test('is unknown if its configuration is', async () => {
    const words = 'k3s agent --config=https://example.com/config.yaml';
    expect(await checkFiles({ [K3S]: unit(words) })).toEqual([`${CA} unknown ${K3S}`]);
  });
});

describe('a unit of RKE2', () => {
  test('gets the arguments of its configuration and of its command line', async () => {
    const path = 'etc/systemd/system/rke2-server.service';
    const files = {
      [path]: unit('rke2 server --kube-apiserver-arg=kubelet-client-certificate='),
      'etc/rancher/rke2/config.yaml': 'kubelet-arg:\n- "--client-ca-file="\n',
    };
    expect(await checkFiles(files)).toEqual([
      `${PAIR} fail empty --kubelet-client-certificate ${path}:2`,
      `${CA} fail empty --client-ca-file etc/rancher/rke2/config.yaml:2`,
    ]);
  });
});
