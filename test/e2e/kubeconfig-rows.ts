// Kubeconfigs for the comparison with kubectl: their content, and how the programs find them.

import type { ControlPlane } from './support/control-plane.ts';

/** Credentials and addresses from which the rows are built. */
export interface Material {
  readonly plane: ControlPlane;
  readonly token: string;
  readonly client: { readonly certificate: string; readonly key: string };
  readonly ca: string;
  /** A folder for the files of one row. */
  readonly folder: string;
  readonly proxy: { readonly port: number; readonly guarded: number };
}

/** One way to name kubeconfigs. */
export interface Setup {
  readonly files: Readonly<Record<string, object | string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** The working directory, relative to the folder. */
  readonly cwd?: string;
}

type Row = readonly [name: string, setup: (material: Material) => Setup];

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly more?: object;
}

function configOf({ plane }: Material, { cluster, user, more }: Parts): object {
  const server = `https://127.0.0.1:${plane.port}`;
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster: cluster ?? { server, 'certificate-authority': '../ca.crt' } }],
    users: [{ name: 'e2e', user }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    'current-context': 'e2e',
    ...more,
  };
}

/** One file, named by --kubeconfig. */
function one(parts: (material: Material) => Parts): Row[1] {
  return (material) => ({ files: { config: configOf(material, parts(material)) }, args: ['--kubeconfig', 'config'] });
}

const withUser = (user: (material: Material) => object): Row[1] => one((material) => ({ user: user(material) }));
const withCluster = (cluster: (server: string, material: Material) => object): Row[1] =>
  one((material) => ({
    user: { token: material.token },
    cluster: cluster(`https://127.0.0.1:${material.plane.port}`, material),
  }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const verified = (server: string, { ca }: Material) => ({ server, 'certificate-authority-data': base64(ca) });

/** A plugin that logs its input, one line for each run. */
function plugin(status: object, apiVersion = 'client.authentication.k8s.io/v1', more = ''): string {
  const credential = JSON.stringify({ kind: 'ExecCredential', apiVersion, status });
  return `#!/bin/sh
printf '%s\\n' "$KUBERNETES_EXEC_INFO" >> "$(dirname "$0")/runs"
${more}
cat <<'END'
${credential}
END
`;
}

function withPlugin(
  status: (material: Material) => object,
  exec: object = {},
  { more, apiVersion }: { more?: string; apiVersion?: string } = {},
): Row[1] {
  return (material) => ({
    files: {
      config: configOf(material, {
        user: {
          exec: {
            command: './plug',
            apiVersion: apiVersion ?? 'client.authentication.k8s.io/v1',
            interactiveMode: 'IfAvailable',
            ...exec,
          },
        },
      }),
      plug: plugin(status(material), apiVersion, more),
    },
    args: ['--kubeconfig', 'config'],
  });
}

const token = ({ token }: Material) => ({ token });
const admin = ({ client }: Material) => ({ clientCertificateData: client.certificate, clientKeyData: client.key });
const certificate = ({ client }: Material) => ({
  'client-certificate-data': base64(client.certificate),
  'client-key-data': base64(client.key),
});
const V1BETA1 = 'client.authentication.k8s.io/v1beta1';

/** The server under a name that only the proxy resolves. */
function hidden({ plane, ca }: Material): object {
  return { server: `https://kubernetes.default.svc:${plane.port}`, 'certificate-authority-data': base64(ca) };
}

function throughProxy(env: (material: Material) => Readonly<Record<string, string>>): Row[1] {
  return (material) => ({
    files: { config: configOf(material, { cluster: hidden(material), user: { token: material.token } }) },
    args: ['--kubeconfig', 'config'],
    env: env(material),
  });
}

function list(env: string, contents?: (material: Material) => Readonly<Record<string, object | string>>): Row[1] {
  return (material) => ({
    files: contents?.(material) ?? {
      a: configOf(material, { more: { users: [], 'current-context': '' } }),
      b: configOf(material, { user: { token: material.token }, cluster: { server: 'https://nowhere.invalid' } }),
    },
    env: { KUBECONFIG: env },
  });
}

/** Kubeconfigs that kubectl accepts or rejects; the test asks kubectl which. */
export const ROWS: readonly Row[] = [
  ['a token', withUser(token)],
  ['a wrong token', withUser(() => ({ token: 'wrong' }))],
  ['a client certificate as data', withUser(certificate)],
  [
    'a client certificate in files, relative',
    (material) => ({
      files: {
        config: configOf(material, { user: { 'client-certificate': 'pki/c', 'client-key': 'pki/k' } }),
        'pki/c': material.client.certificate,
        'pki/k': material.client.key,
      },
      args: ['--kubeconfig', 'config'],
    }),
  ],
  ['a missing client certificate file', withUser(() => ({ 'client-certificate': 'c', 'client-key': 'k' }))],
  ['a client certificate and a token', withUser((material) => ({ ...certificate(material), ...token(material) }))],
  [
    'a token in a relative file',
    (material) => ({
      files: { config: configOf(material, { user: { tokenFile: 't' } }), t: `${material.token}\n` },
      args: ['--kubeconfig', 'config'],
    }),
  ],
  [
    'a token in an absolute file, which goes before the token',
    (material) => ({
      files: {
        config: configOf(material, { user: { token: 'wrong', tokenFile: `${material.folder}/t` } }),
        t: material.token,
      },
      args: ['--kubeconfig', 'config'],
    }),
  ],
  ['a missing token file and a token', withUser((m) => ({ ...token(m), tokenFile: 'missing' }))],
  ['a missing token file', withUser(() => ({ tokenFile: 'missing' }))],
  ['a user name and password', withUser(() => ({ username: 'u', password: 'p' }))],
  ['a user name and a token', withUser((m) => ({ ...token(m), username: 'u' }))],
  ['as', withUser((m) => ({ ...certificate(m), as: 'somebody' }))],
  ['as and groups', withUser((m) => ({ ...certificate(m), as: 'somebody', 'as-groups': ['system:masters', 'x y'] }))],
  [
    'as, uid, groups and extra',
    withUser((m) => ({
      ...certificate(m),
      as: 'zoë',
      'as-uid': '17',
      'as-groups': ['system:masters'],
      'as-user-extra': { reason: ['a', 'b'], 'example.org/x%': ['c'], 'with blank': ['d'] },
    })),
  ],
  ['groups without as', withUser((m) => ({ ...certificate(m), 'as-groups': ['g'] }))],
  ['an auth-provider, which kubectl no longer has', withUser(() => ({ 'auth-provider': { name: 'gcp' } }))],
  ['a number for a token', withUser(() => ({ token: 12 }))],
  ['a plugin beside the kubeconfig', withPlugin(token, { interactiveMode: 'Never' })],
  ['a plugin of v1beta1', withPlugin(token, { apiVersion: V1BETA1 }, { apiVersion: V1BETA1 })],
  ['a plugin of v1alpha1', withPlugin(token, { apiVersion: 'client.authentication.k8s.io/v1alpha1' })],
  ['a plugin that answers in another version', withPlugin(token, {}, { apiVersion: V1BETA1 })],
  ['a plugin with a certificate', withPlugin(admin)],
  ['a plugin with half a certificate', withPlugin(({ client }) => ({ clientCertificateData: client.certificate }))],
  ['a plugin that returns no credentials', withPlugin(() => ({}))],
  ['a plugin with a certificate and a wrong token', withPlugin((m) => ({ ...admin(m), token: 'wrong' }))],
  ['a plugin that asks for the cluster information', withPlugin(token, { provideClusterInfo: true })],
  [
    'a plugin that asks for the cluster information, which has extensions',
    (material) => {
      const cluster = {
        ...verified(`https://127.0.0.1:${material.plane.port}`, material),
        'tls-server-name': 'localhost',
        extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x', n: 1 } }],
      };
      const setup = withPlugin(token, { provideClusterInfo: true })(material);
      const config = setup.files.config as { clusters: object[] };
      return { ...setup, files: { ...setup.files, config: { ...config, clusters: [{ name: 'e2e', cluster }] } } };
    },
  ],
  [
    'a plugin with variables and arguments',
    withPlugin(
      token,
      { env: [{ name: 'WANTED', value: 'x y' }], args: ['one', '--two=3'] },
      { more: '[ "$WANTED $# $1 $2" = "x y 2 one --two=3" ] || exit 7' },
    ),
  ],
  ['a plugin that always needs a terminal', withPlugin(token, { interactiveMode: 'Always' })],
  ['a plugin without a mode in v1', withPlugin(token, { interactiveMode: undefined })],
  ['a plugin that fails', withPlugin(token, {}, { more: 'echo "log in first" >&2; exit 3' })],
  ['a plugin that does not exist', withPlugin(token, { command: 'no-such-plugin-here', installHint: 'install it' })],
  [
    'a plugin whose token has expired',
    withPlugin((m) => ({ ...token(m), expirationTimestamp: '2020-01-01T00:00:00Z' })),
  ],
  [
    'a plugin whose token is valid for long',
    withPlugin((m) => ({ ...token(m), expirationTimestamp: '2099-01-01T00:00:00Z' })),
  ],
  ['a plugin whose token is wrong', withPlugin(() => ({ token: 'wrong' }))],
  ['a CA as data', withCluster(verified)],
  ['a CA that is not a certificate', withCluster((server) => ({ server, 'certificate-authority-data': 'YQ==' }))],
  ['no CA', withCluster((server) => ({ server }))],
  ['no verification', withCluster((server) => ({ server, 'insecure-skip-tls-verify': true }))],
  ['no verification and a CA', withCluster((s, m) => ({ ...verified(s, m), 'insecure-skip-tls-verify': true }))],
  ['a TLS server name', withCluster((s, m) => ({ ...verified(s, m), 'tls-server-name': 'localhost' }))],
  ['a wrong TLS server name', withCluster((s, m) => ({ ...verified(s, m), 'tls-server-name': 'elsewhere' }))],
  ['no compression', withCluster((s, m) => ({ ...verified(s, m), 'disable-compression': true }))],
  ['no server', withCluster(() => ({ server: '' }))],
  ['an HTTP proxy', withCluster((_s, m) => ({ ...hidden(m), 'proxy-url': `http://127.0.0.1:${m.proxy.port}` }))],
  ['a SOCKS 5 proxy', withCluster((_s, m) => ({ ...hidden(m), 'proxy-url': `socks5://127.0.0.1:${m.proxy.port}` }))],
  [
    'a proxy that wants a password',
    withCluster((_s, m) => ({ ...hidden(m), 'proxy-url': `http://me:se%40cret@127.0.0.1:${m.proxy.guarded}` })),
  ],
  [
    'a proxy of SOCKS 5 that wants a password',
    withCluster((_s, m) => ({ ...hidden(m), 'proxy-url': `socks5://me:se%40cret@127.0.0.1:${m.proxy.guarded}` })),
  ],
  [
    'a proxy and a wrong password',
    withCluster((_s, m) => ({ ...hidden(m), 'proxy-url': `http://me:x@127.0.0.1:${m.proxy.guarded}` })),
  ],
  ['a proxy with an unknown scheme', withCluster((s, m) => ({ ...verified(s, m), 'proxy-url': 'ftp://127.0.0.1' }))],
  ['a proxy from HTTPS_PROXY', throughProxy(({ proxy }) => ({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }))],
  [
    'a proxy from https_proxy, without a scheme',
    throughProxy(({ proxy }) => ({ https_proxy: `127.0.0.1:${proxy.port}` })),
  ],
  [
    'a SOCKS 5 proxy from HTTPS_PROXY',
    throughProxy(({ proxy }) => ({ HTTPS_PROXY: `socks5://127.0.0.1:${proxy.port}` })),
  ],
  ['no proxy at all', throughProxy(() => ({}))],
  [
    'an exception from the proxy',
    throughProxy(({ proxy }) => ({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '.svc' })),
  ],
  [
    'a proxy that is not for loopback',
    (material) => ({
      ...withUser(token)(material),
      env: { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' },
    }),
  ],
  ['a list', list('a:b')],
  ['a list with missing files', list('missing:b:a:')],
  ['a list of missing files only', list('missing:')],
  ['a list in the other order', list('b:a')],
  ['a list with a broken file', list('a:b', (m) => ({ a: configOf(m, { user: token(m) }), b: '{' }))],
  [
    'a list whose files have their own folders',
    list('sub/a:b', (m) => ({
      'sub/a': configOf(m, { user: { tokenFile: 'x/t' }, more: { clusters: [] } }),
      'sub/x/t': m.token,
      b: configOf(m, { user: { token: 'wrong' } }),
    })),
  ],
  [
    'a context that is not the current one',
    (material) => ({
      files: {
        config: configOf(material, {
          user: token(material),
          more: {
            contexts: [
              { name: 'e2e', context: { cluster: 'none' } },
              { name: 'other', context: { cluster: 'e2e', user: 'e2e' } },
            ],
          },
        }),
      },
      args: ['--kubeconfig', 'config', '--context', 'other'],
    }),
  ],
  [
    'a context that is not there',
    (material) => ({ ...withUser(token)(material), args: ['--kubeconfig', 'config', '--context', 'other'] }),
  ],
  ['a kubeconfig that does not exist', () => ({ files: {}, args: ['--kubeconfig', 'config'] })],
  [
    'leftovers of other clusters',
    one((material) => ({
      more: {
        clusters: [
          { name: 'e2e', cluster: verified(`https://127.0.0.1:${material.plane.port}`, material) },
          { name: 'old', cluster: { server: '' } },
          { name: 'odd', cluster: { server: 'ftp://x', 'proxy-url': 'x', 'certificate-authority': 'missing' } },
        ],
        users: [
          { name: 'e2e', user: token(material) },
          { name: 'gone', user: { 'auth-provider': { name: 'azure' } } },
          { name: 'old', user: { exec: { command: 'x', apiVersion: 'client.authentication.k8s.io/v1alpha1' } } },
          { name: 'odd', user: { 'client-certificate': 'missing', tokenFile: 'missing' } },
        ],
        contexts: [
          { name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } },
          { name: 'half', context: { user: 'gone' } },
          { name: 'lost', context: { cluster: 'nowhere', user: 'nobody' } },
        ],
      },
    })),
  ],
  ['unknown keys', withUser((m) => ({ ...token(m), 'token-file': 'missing', color: 'blue' }))],
  ['an empty file', () => ({ files: { config: '' }, args: ['--kubeconfig', 'config'] })],
  ['another kind', one((m) => ({ user: token(m), more: { kind: 'Pod' } }))],
];
