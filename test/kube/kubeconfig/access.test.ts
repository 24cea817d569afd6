// The rows are what kubectl v1.32.4 does with the same files (test/e2e/kubeconfig.e2e.ts compares with kubectl).

import { describe, expect, test } from '@jest/globals';

import { accessOf, type Access } from '../../../src/kube/kubeconfig/access.ts';
import { readDocument } from '../../../src/kube/kubeconfig/document.ts';

const SERVER = 'https://a.example:6443';

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly more?: object;
}

function kubeconfig({ cluster = { server: SERVER }, user = { token: 't' }, more = {} }: Parts = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'x', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'x', user: 'u' } }],
    'current-context': 'c',
    ...more,
  });
}

function read(texts: string | readonly string[], context?: string): Access {
  const documents = [texts].flat().map((text, index) => readDocument(text, `/folder-${index}`));
  return accessOf(documents, context);
}

const exec = (more: object) => ({
  exec: { command: 'plug', apiVersion: 'client.authentication.k8s.io/v1beta1', ...more },
});

describe('a kubeconfig', () => {
  test('gives the cluster and user of its current context', () => {
    expect(read(kubeconfig())).toStrictEqual({
      cluster: {
        server: SERVER,
        ca: undefined,
        skipVerify: false,
        serverName: undefined,
        proxyUrl: undefined,
        execConfig: undefined,
      },
      user: {
        certificate: undefined,
        token: 't',
        tokenFile: '',
        basic: undefined,
        idToken: undefined,
        exec: undefined,
        impersonate: undefined,
      },
      context: 'c',
      userName: 'user "u"',
      namespace: undefined,
      notes: [],
    });
  });

  test.each<[string, Parts, object]>([
    ['a server without a scheme', { cluster: { server: 'h:1' } }, { cluster: { server: 'http://h:1/' } }],
    ['a server with a path', { cluster: { server: `${SERVER}/k8s/x` } }, { cluster: { server: `${SERVER}/k8s/x` } }],
    ['a server with a query', { cluster: { server: `${SERVER}/p?q=1#f` } }, { cluster: { server: `${SERVER}/p` } }],
    [
      'a CA as data',
      { cluster: { server: SERVER, 'certificate-authority-data': 'YQ==\n' } },
      { cluster: { ca: { text: 'a' } } },
    ],
    [
      'a relative CA',
      { cluster: { server: SERVER, 'certificate-authority': 'pki/ca.crt' } },
      { cluster: { ca: { file: '/folder-0/pki/ca.crt' } } },
    ],
    [
      'connection settings',
      {
        cluster: {
          server: SERVER,
          'tls-server-name': 'n',
          'insecure-skip-tls-verify': true,
          'proxy-url': 'socks5://p:1',
          'disable-compression': true,
        },
      },
      { cluster: { serverName: 'n', skipVerify: true, proxyUrl: 'socks5://p:1' }, notes: [] },
    ],
    [
      'cluster settings for plugins',
      {
        cluster: {
          server: SERVER,
          extensions: [{ name: 'other' }, { name: 'client.authentication.k8s.io/exec', extension: { a: 1 } }],
        },
      },
      { cluster: { execConfig: { a: 1 } } },
    ],
    ['a token in a file', { user: { tokenFile: '../t' } }, { user: { tokenFile: '/t' } }],
    ['a token in an absolute file', { user: { tokenFile: '/x/t' } }, { user: { tokenFile: '/x/t' } }],
    [
      'a certificate as data and its key as a file',
      { user: { 'client-certificate-data': 'YQ==', 'client-key': 'k' } },
      { user: { certificate: { certificate: { text: 'a' }, key: { file: '/folder-0/k' } } } },
    ],
    ['a key without a certificate', { user: { 'client-key': 'k' } }, { user: { certificate: undefined } }],
    ['a user name', { user: { username: 'n', password: 'p' } }, { user: { basic: { username: 'n', password: 'p' } } }],
    [
      'impersonation',
      { user: { as: 'a', 'as-uid': 'i', 'as-groups': ['g', 'h'], 'as-user-extra': { K: ['v'] } } },
      { user: { impersonate: { user: 'a', uid: 'i', groups: ['g', 'h'], extra: { K: ['v'] } } } },
    ],
    [
      'a plugin on the PATH',
      { user: exec({}) },
      { user: { exec: { command: 'plug', interactiveMode: 'IfAvailable' } } },
    ],
    [
      'a plugin with a relative path',
      { user: exec({ command: './plug' }) },
      { user: { exec: { command: '/folder-0/plug' } } },
    ],
    [
      'a plugin with all settings',
      {
        user: exec({
          apiVersion: 'client.authentication.k8s.io/v1',
          args: ['a'],
          env: [{ name: 'N', value: 'v' }, { name: 'E' }],
          installHint: 'h',
          provideClusterInfo: true,
          interactiveMode: 'Never',
        }),
      },
      {
        user: {
          exec: {
            command: 'plug',
            args: ['a'],
            env: [
              { name: 'N', value: 'v' },
              { name: 'E', value: '' },
            ],
            apiVersion: 'client.authentication.k8s.io/v1',
            installHint: 'h',
            provideClusterInfo: true,
            interactiveMode: 'Never',
          },
        },
      },
    ],
    [
      'the ID token that kubectl keeps',
      { user: { 'auth-provider': { name: 'oidc', config: { 'id-token': 'a.b.c' } } } },
      { user: { idToken: 'a.b.c' } },
    ],
    [
      'a namespace',
      { more: { contexts: [{ name: 'c', context: { cluster: 'x', user: 'u', namespace: 'n' } }] } },
      { namespace: 'n' },
    ],
    ['null values', { user: { token: null, exec: null, 'as-groups': null } }, { user: { token: '' } }],
    [
      'a context without a user',
      { more: { contexts: [{ name: 'c', context: { cluster: 'x' } }] } },
      { user: { token: '' }, notes: [expect.stringContaining('system:anonymous')] },
    ],
    [
      'a misspelt key',
      { user: { 'token-file': '/t' } },
      { notes: ['its user "u" has the unknown key "token-file", which is ignored, as kubectl ignores it'] },
    ],
    [
      'entries that are not used',
      {
        more: {
          clusters: [
            { name: 'x', cluster: { server: SERVER } },
            { name: 'y', cluster: { server: '' } },
            { name: 'z', cluster: { server: 'ftp://x', 'proxy-url': 'x' } },
            { name: '' },
          ],
          users: [
            { name: 'u', user: { token: 't' } },
            { name: 'v', user: { 'auth-provider': { name: 'gcp' } } },
            { name: 'w', user: { exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' } } },
            { name: 'z', user: { 'client-certificate': 'missing', 'as-uid': 'x' } },
          ],
          contexts: [
            { name: 'c', context: { cluster: 'x', user: 'u' } },
            { name: 'd', context: { cluster: 'missing', user: 'missing' } },
            { name: 'e', context: {} },
            { name: 'f' },
          ],
          preferences: { colors: true },
          extensions: [{ name: 'e' }],
        },
      },
      { user: { token: 't' }, notes: [] },
    ],
  ])('accepts %s', (_name, parts, expected) => {
    expect(read(kubeconfig(parts))).toMatchObject(expected);
  });

  test('is parsed as YAML in the same way as by Go', () => {
    const text = `
current-context: c
contexts: [{name: c, context: {cluster: x, user: u}}]
clusters:
- name: x
  cluster: &x {server: 'https://a', insecure-skip-tls-verify: yes}
- name: z
  cluster: {<<: *x, server: 'https://b'}
users:
- {name: u, user: {username: 2001-01-01, password: 12:30}}
---
kind: SomethingElse
`;
    expect(read(text)).toMatchObject({
      cluster: { server: 'https://a', skipVerify: true },
      user: { basic: { username: '2001-01-01', password: '12:30' } },
    });
  });

  test.each<[string, string | Parts, string]>([
    ['a text that is not YAML', '{', 'it is not YAML: '],
    ['a list', '[]', 'the kubeconfig must be a map'],
    ['another kind', kubeconfig({ more: { kind: 'Pod' } }), 'it is v1 Pod, not v1 Config'],
    ['an empty file', '', 'it has no current-context: pass --context'],
    [
      'no current context',
      { more: { 'current-context': '' } },
      'it has no current-context: pass --context (it has "c")',
    ],
    [
      'a current context that does not exist',
      { more: { 'current-context': 'd' } },
      'it has no context "d": pass --context (it has "c")',
    ],
    ['a cluster that does not exist', { more: { clusters: [] } }, 'it has no cluster "x", which its context "c" names'],
    ['no cluster', { more: { contexts: [{ name: 'c', context: { user: 'u' } }] } }, 'its context "c" names no cluster'],
    ['no server', { cluster: { 'tls-server-name': 'n' } }, 'its cluster "x" has no server'],
    ['another scheme', { cluster: { server: 'ftp://x' } }, 'has the server "ftp://x", which is no address'],
    [
      'a user name in the server address',
      { cluster: { server: 'https://a:b@x' } },
      'has a server with a user name or password',
    ],
    ['a number as a token', { user: { token: 12 } }, 'users[0].user.token must be a text: put it in quotes'],
    [
      'a boolean in quotes',
      { cluster: { 'insecure-skip-tls-verify': 'true' } },
      'must be true or false, without quotes',
    ],
    ['data that is not base64', { user: { 'client-key-data': 'a b' } }, 'users[0].user.client-key-data is not base64'],
    ['a text instead of a list', { user: { as: 'a', 'as-groups': 'g' } }, 'users[0].user.as-groups must be a list'],
    [
      'two entries with the same name',
      { more: { users: [{ name: 'u' }, { name: 'u' }] } },
      'users has two entries of the name "u"',
    ],
    [
      'a CA that insecure-skip-tls-verify makes useless',
      { cluster: { server: SERVER, 'insecure-skip-tls-verify': true, 'certificate-authority-data': 'YQ==' } },
      'its cluster "x" has both insecure-skip-tls-verify and a certificate-authority',
    ],
    [
      'a CA twice',
      { cluster: { server: SERVER, 'certificate-authority': 'a', 'certificate-authority-data': 'YQ==' } },
      'has both certificate-authority and certificate-authority-data',
    ],
    [
      'an unsupported kind of proxy',
      { cluster: { server: SERVER, 'proxy-url': 'socks5h://p' } },
      'has a proxy-url that does not start',
    ],
    [
      'a proxy without a scheme',
      { cluster: { server: SERVER, 'proxy-url': 'p:3128' } },
      'has a proxy-url that does not',
    ],
    [
      'a certificate without a key',
      { user: { 'client-certificate': 'c' } },
      'has a client-certificate and no client-key',
    ],
    ['two ways to log in', { user: { token: 't', username: 'n' } }, 'has both a token and a username'],
    ['groups without a user', { user: { 'as-groups': ['g'] } }, 'without as: add as, which names the user'],
    ['a plugin without a command', { user: exec({ command: '' }) }, 'has an exec without a command'],
    ['a plugin without a version', { user: exec({ apiVersion: '' }) }, 'has an exec without an apiVersion'],
    [
      'a plugin of a version that was removed',
      { user: exec({ apiVersion: 'client.authentication.k8s.io/v1alpha1' }) },
      'has an exec of the apiVersion "client.authentication.k8s.io/v1alpha1", which kubectl no longer runs',
    ],
    [
      'a v1 plugin without a mode',
      { user: exec({ apiVersion: 'client.authentication.k8s.io/v1' }) },
      'whose interactiveMode is "": set Never, IfAvailable or Always',
    ],
    ['a plugin variable without a name', { user: exec({ env: [{ value: 'v' }] }) }, 'an env entry without a name'],
    [
      'an auth provider that was removed',
      { user: { 'auth-provider': { name: 'gcp' } } },
      'the auth-provider "gcp", which Kubernetes',
    ],
    ['an auth provider without a token', { user: { 'auth-provider': { name: 'oidc' } } }, '"oidc" without an id-token'],
  ])('rejects %s', (_name, given, reason) => {
    expect(() => read(typeof given === 'string' ? given : kubeconfig(given))).toThrow(reason);
  });
});

describe('a list of kubeconfigs', () => {
  const first = kubeconfig({ user: { tokenFile: 't' } });
  const second = kubeconfig({
    cluster: { server: 'https://b', 'proxy-url': 'http://p' },
    user: { token: 'second', as: 'somebody' },
    more: {
      contexts: [
        { name: 'c', context: { cluster: 'x', user: 'u', namespace: 'second' } },
        { name: 'd', context: { cluster: 'x', user: 'u' } },
      ],
      'current-context': 'd',
    },
  });

  test('gives the first entry of each name as a whole, with its own folder', () => {
    expect(read([first, second])).toMatchObject({
      cluster: { server: SERVER, proxyUrl: undefined },
      user: { token: '', tokenFile: '/folder-0/t', impersonate: undefined },
      namespace: undefined,
    });
    expect(read([second, first])).toMatchObject({ cluster: { server: 'https://b' }, user: { token: 'second' } });
  });

  test('gives the first current context that is set, unless another one is requested', () => {
    const none = kubeconfig({ more: { 'current-context': '', users: [], contexts: [] } });
    expect(read([none, second], undefined)).toMatchObject({ cluster: { server: SERVER }, user: { token: 'second' } });
    expect(read([first, second], 'd')).toMatchObject({ user: { tokenFile: '/folder-0/t' } });
    expect(() => read([first, second], 'e')).toThrow('it has no context "e": pass --context (it has "c", "d")');
  });
});
