import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { canMatter, hasRelevantName } from '../../../../src/facts/inputs/unread/relevance.ts';
import { API_SERVER_SETTINGS, KUBELET_SETTINGS } from '../../../../src/policy/settings.ts';

const matters = (text: string, path = 'file.yaml'): boolean => canMatter(path, Buffer.from(text));

describe('a text can matter if it has', () => {
  const flags = [...Object.values(API_SERVER_SETTINGS), ...Object.values(KUBELET_SETTINGS)].map(({ flag }) => flag);

  test.each(flags)('the setting %s, however it is spelled', (flag) => {
    const camel = flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    for (const name of [flag, flag.replaceAll('-', '_'), camel, flag.toUpperCase()]) {
      expect([name, matters(`a: 1\n${name}: x`)]).toStrictEqual([name, true]);
    }
  });

  test.each([
    'name: kube-apiserver',
    'kind: KubeletConfiguration',
    'cmd: /usr/local/bin/k3s server',
    '[settings.kubernetes]',
  ])('%s', (text) => {
    expect(matters(text)).toBe(true);
  });

  test.each(['kubelet', 'KubeletConfiguration', 'kube-apiserver'])('%s in base64, at any offset', (word) => {
    for (const before of ['', 'x', 'xy', 'xyz']) {
      expect(matters(`data: ${Buffer.from(`${before}${word} and more`).toString('base64')}`)).toBe(true);
    }
  });

  test('a word with escaped letters', () => {
    expect(matters(String.raw`{"kind": "Kub\u0065letConfiguration"}`)).toBe(true);
  });
});

test.each([
  '',
  'kind: Deployment\nspec: {}',
  '{"compilerOptions": {"strict": true}}',
  '"integrity": "sha512-xk3sRKE2k0s=="',
])('%j cannot matter', (text) => {
  expect(matters(text)).toBe(false);
});

test.each(['etc/default/kubelet', '/etc/sysconfig/extra', 'kubeadm-flags.env', 'kubelet.conf.d/10-a.conf'])(
  'the name %s is enough',
  (path) => {
    expect(matters('', path)).toBe(true);
  },
);

test.each([
  ...[
    'README.md',
    'main.go',
    'a.ts',
    'x.png',
    'y.tar.gz',
    'z.pem',
    'run.log',
    'report.sarif',
    'Makefile',
    'deploy.py.j2',
    'a.go.bak',
  ],
])('%s is not opened', (path) => {
  expect(hasRelevantName(`some/folder/${path}`)).toBe(false);
});

test.each([
  ...[
    'kube-apiserver.yaml.bak',
    'kube-apiserver.yaml~',
    'config',
    'kubelet',
    'kubelet.service.j2',
    'main.tf',
    'config.toml',
    'x.orig',
  ],
  ...['user-data.txt', 'bootstrap.sh', '10-kubeadm.conf', 'values.yaml', 'k3s.yml.tpl'],
])('%s is opened', (path) => {
  expect(hasRelevantName(`some/folder/${path}`)).toBe(true);
});

test('every fixture and golden document that is checked can matter', () => {
  for (const folder of ['fixtures/kubeadm-v1.37.2', 'golden']) {
    const root = join(import.meta.dirname, '../../..', folder);
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(?:ya?ml|json|conf)$/.test(entry.name) || entry.name === 'report.json') continue;
      const path = join(entry.parentPath, entry.name);
      expect([path, canMatter(path, readFileSync(path))]).toStrictEqual([path, true]);
    }
  }
});
