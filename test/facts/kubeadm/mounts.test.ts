// kubeadm mounts the certificates directory, the system's CA folders and extra volumes into kube-apiserver, and nothing else.

import { describe, expect, test } from '@jest/globals';

import { resultsOf } from './results.ts';

function result(directory: string, ...lines: readonly string[]): string | undefined {
  const args = ['certificate', 'key'].map(
    (name) => `    - {name: kubelet-client-${name}, value: ${directory}/kubelet.${name}}\n`,
  );
  const text = `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n${lines
    .filter((line) => !line.startsWith(' '))
    .join(
      '\n',
    )}\napiServer:\n  extraArgs:\n${args.join('')}${lines.filter((line) => line.startsWith(' ')).join('\n')}\n`;
  return resultsOf(text)['kube-apiserver of ClusterConfiguration'];
}

describe('the pair of kube-apiserver', () => {
  test.each([
    ['in the certificates directory', '/etc/kubernetes/pki', []],
    ['below it', '/etc/kubernetes/pki/kubelet', []],
    ['in another one', '/srv/pki', ['certificatesDir: /srv/pki/']],
    ['in an extra volume', '/srv/pki', ['  extraVolumes: [{name: pki, hostPath: /a, mountPath: /srv}]']],
    ['in the CA certificates', '/etc/ssl/certs', []],
    ['where only some hosts have a folder', '/usr/share/ca-certificates', []],
    [
      'with the certificates of an external etcd',
      '/srv/etcd',
      ['etcd: {external: {endpoints: [], caFile: /srv/etcd/ca.crt}}'],
    ],
  ])('%s is visible', (_where, directory, lines) => {
    expect(result(directory, ...lines)).toBe('pass');
  });

  test.each([
    ['elsewhere', '/srv/pki', []],
    ['beside the certificates directory', '/etc/kubernetes/pki-old', []],
    ['in the default directory, where another is set', '/etc/kubernetes/pki', ['certificatesDir: /srv/pki']],
    ['in the host path of an extra volume', '/a', ['  extraVolumes: [{name: pki, hostPath: /a, mountPath: /srv}]']],
    [
      'in a directory whose volume an extra one of the same name replaces',
      '/etc/kubernetes/pki',
      ['  extraVolumes: [{name: k8s-certs, hostPath: /a, mountPath: /srv}]'],
    ],
    ['in /etc/pki since 1.31', '/etc/pki/kube', ['kubernetesVersion: v1.33.1']],
    [
      'in an extra volume of a single file',
      '/srv',
      ['  extraVolumes: [{name: a, hostPath: /a, mountPath: /srv/a.pem}]'],
    ],
  ])('%s is not mounted', (_where, directory, lines) => {
    expect(result(directory, ...lines)).toBe('unknown');
  });

  test('all of /etc/pki may be mounted before 1.31', () => {
    expect(result('/etc/pki/kube', 'kubernetesVersion: v1.30.0')).toBe('pass');
  });
});
