// Kubeconfigs with one fault each: of the credentials, of the rights, of the network, or of the server.

import { Authority, type KeyPair } from './support/pki.ts';

/** Addresses and credentials from which the rows are built. */
export interface FaultMaterial {
  /** The real API server. */
  readonly server: string;
  /** Its CA, in PEM. */
  readonly ca: string;
  readonly authority: Authority;
  /** A token of an account without any right. */
  readonly token: string;
  /** A certificate that the API server accepts, of a user without any right. */
  readonly pair: KeyPair;
  readonly ports: {
    /** Where nothing listens. */
    readonly closed: number;
    /** A server that accepts connections, and says nothing. */
    readonly silent: number;
    /** An HTTPS server of the same CA that is no API server. */
    readonly web: number;
    /** HTTPS servers whose certificate is for another host, or has expired. */
    readonly otherHost: number;
    readonly expired: number;
    /** A server that speaks HTTP, and no TLS. */
    readonly http: number;
    /** A proxy that wants a password. */
    readonly guarded: number;
  };
}

/** The files of a row, and the environment that names them; `config` is the kubeconfig. */
export interface FaultSetup {
  readonly files: Readonly<Record<string, object | string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A fault. */
export interface FaultRow {
  readonly name: string;
  /** What a command prints after its name; SERVER, FOLDER and PORT stand for what differs from run to run. */
  readonly line: string;
  /** 2 where the kubeconfig cannot be used, else 3. */
  readonly code?: 2;
  /** The credentials are accepted, so that there is a report, which lists the rest. */
  readonly hasReport?: true;
  /** kubectl asks for a password here. */
  readonly asksForPassword?: true;
  readonly setup: (material: FaultMaterial) => FaultSetup;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function config(cluster: object, user: object): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster }],
    users: [{ name: 'me', user }],
    contexts: [{ name: 'prod', context: { cluster: 'e2e', user: 'me' } }],
    'current-context': 'prod',
  };
}

const verified = (server: string, ca: string) => ({ server, 'certificate-authority-data': base64(ca) });
const loopback = (port: number) => `https://127.0.0.1:${port}`;

function withUser(user: (material: FaultMaterial) => object, more: FaultSetup['files'] = {}): FaultRow['setup'] {
  return (material) => ({ files: { config: config(verified(material.server, material.ca), user(material)), ...more } });
}

function withCluster(cluster: (material: FaultMaterial) => object, env?: FaultSetup['env']): FaultRow['setup'] {
  return (material) => ({
    files: { config: config(cluster(material), { token: material.token }) },
    ...(env && { env }),
  });
}

function withPlugin(command: string, script?: string): FaultRow['setup'] {
  const exec = {
    command,
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'Never',
    installHint: 'Install it.',
  };
  return withUser(() => ({ exec }), script === undefined ? {} : { plug: `#!/bin/sh\n${script}\n` });
}

const pairOf = ({ certificate, key }: KeyPair) => ({
  'client-certificate-data': base64(certificate),
  'client-key-data': base64(key),
});

/** The faults. */
export const FAULTS: readonly FaultRow[] = [
  {
    name: 'a wrong token',
    line: `https://SERVER does not accept the credentials of user "me" (HTTP 401): the token has expired, was revoked, or is of another cluster (kubectl: "error: You must be logged in to the server"); log in again, or get a new kubeconfig`,
    setup: withUser(() => ({ token: 'wrong' })),
  },
  {
    name: 'no credentials at all',
    line: `the API server: User "system:anonymous" cannot list pods in kube-system, list configmaps kubeadm-config in kube-system, list configmaps kubelet-config in kube-system, list nodes (kubectl: "Error from server (Forbidden)"); grant these rights (manifests/base/rbac.yaml has them for the sweeper), or use another account [forbidden]`,
    hasReport: true,
    asksForPassword: true,
    setup: withUser(() => ({})),
  },
  {
    name: 'an expired client certificate',
    line: `https://SERVER does not accept the credentials of user "me" (HTTP 401): the client certificate expired on 2026-01-02T03:04:05Z (kubectl: "error: You must be logged in to the server"); renew it (kubeadm: kubeadm certs renew admin.conf), or get a new kubeconfig`,
    setup: withUser(({ authority }) =>
      pairOf(authority.issue({ name: 'me', notAfter: new Date('2026-01-02T03:04:05Z') })),
    ),
  },
  {
    name: 'a client certificate of another CA',
    line: `https://SERVER does not accept the credentials of user "me" (HTTP 401): the client certificate, issued by CN=another-ca, is of another cluster or of a replaced CA (kubectl: "error: You must be logged in to the server"); log in again, or get a new kubeconfig`,
    setup: withUser(() => pairOf(stranger())),
  },
  {
    name: 'a missing certificate file',
    line: `cannot use the kubeconfig config: its client-certificate FOLDER/gone.crt cannot be read (kubectl: "open FOLDER/gone.crt: no such file or directory"); correct client-certificate in the kubeconfig, or put the file there`,
    code: 2,
    setup: withUser(() => ({ 'client-certificate': 'gone.crt', 'client-key': 'gone.key' })),
  },
  {
    name: 'a missing key file',
    line: `cannot use the kubeconfig config: its client-key FOLDER/gone.key cannot be read (kubectl: "open FOLDER/gone.key: no such file or directory"); correct client-key in the kubeconfig, or put the file there`,
    code: 2,
    setup: (material) =>
      withUser(() => ({ 'client-certificate': 'me.crt', 'client-key': 'gone.key' }), {
        'me.crt': material.pair.certificate,
      })(material),
  },
  {
    name: 'a missing token file',
    line: `cannot use the kubeconfig config: its tokenFile FOLDER/gone.token cannot be read (kubectl: "open FOLDER/gone.token: no such file or directory"); correct tokenFile in the kubeconfig, or put the file there`,
    code: 2,
    setup: withUser(() => ({ tokenFile: 'gone.token' })),
  },
  {
    name: 'a missing CA file',
    line: `cannot use the kubeconfig config: its certificate-authority FOLDER/gone.crt cannot be read (kubectl: "open FOLDER/gone.crt: no such file or directory"); correct certificate-authority in the kubeconfig, or put the file there`,
    code: 2,
    setup: withCluster(({ server }) => ({ server, 'certificate-authority': 'gone.crt' })),
  },
  {
    name: 'a plugin that is not installed',
    line: `the credential plugin no-such-plugin-here is not installed, or is not on the PATH (kubectl: "exec: executable no-such-plugin-here not found"); install it; the kubeconfig says: Install it.`,
    setup: withPlugin('no-such-plugin-here'),
  },
  {
    name: 'a plugin that fails',
    line: `the credential plugin FOLDER/plug failed with exit code 3 (kubectl: "exec: executable FOLDER/plug failed with exit code 3"); see its own message above, and log in with it`,
    setup: withPlugin('./plug', 'echo log in first >&2\nexit 3'),
  },
  {
    name: 'a plugin that prints another version',
    line: `the credential plugin FOLDER/plug printed client.authentication.k8s.io/v1beta1, but its kubeconfig says client.authentication.k8s.io/v1 (kubectl: "exec plugin is configured to use API version client.authentication.k8s.io/v1, plugin returned version client.authentication.k8s.io/v1beta1"); set apiVersion in the kubeconfig to that, or let the plugin's vendor write a new kubeconfig`,
    setup: withPlugin(
      './plug',
      `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"x"}}'`,
    ),
  },
  {
    name: 'a plugin that prints no credentials',
    line: `the credential plugin FOLDER/plug printed no ExecCredential on standard output; run it alone to see what it prints, and update it`,
    setup: withPlugin('./plug', 'echo hello'),
  },
  {
    name: 'a port where nothing listens',
    line: `https://127.0.0.1:PORT: connection refused: nothing listens there (kubectl: "The connection to the server 127.0.0.1:PORT was refused"); check the server address of the context, and whether kube-apiserver runs`,
    setup: withCluster(({ ca, ports }) => verified(loopback(ports.closed), ca)),
  },
  {
    name: 'a name that does not exist',
    line: `https://nowhere.invalid:6443: the name nowhere.invalid does not exist (kubectl: "no such host"); check the server address of the context; a private name may need a VPN`,
    setup: withCluster(({ ca }) => verified('https://nowhere.invalid:6443', ca)),
  },
  {
    name: 'a server that does not answer',
    line: `https://127.0.0.1:PORT: no answer within 10000 ms (kubectl: "Unable to connect to the server"); check the network from here to it: VPN, firewall, routes, and whether the server runs`,
    setup: withCluster(({ ca, ports }) => verified(loopback(ports.silent), ca)),
  },
  {
    name: 'a proxy where nothing listens',
    line: `https://SERVER: the proxy 127.0.0.1:PORT: connection refused (kubectl: "The connection to the server SERVER was refused"); check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY`,
    setup: withCluster(({ ca, server, ports }) => ({
      ...verified(server, ca),
      'proxy-url': `http://127.0.0.1:${ports.closed}`,
    })),
  },
  {
    name: 'a proxy that wants a password',
    line: `https://SERVER: the proxy 127.0.0.1:PORT: it refuses the connection: HTTP 407 Proxy Authentication Required (kubectl: "Unable to connect to the server: Proxy Authentication Required"); check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY`,
    setup: withCluster(({ ca, server, ports }) => ({
      ...verified(server, ca),
      'proxy-url': `http://127.0.0.1:${ports.guarded}`,
    })),
  },
  {
    name: 'an unknown CA',
    line: `https://SERVER: its certificate is not signed by a CA of the kubeconfig (kubectl: "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority"); check certificate-authority in the kubeconfig: the cluster's CA may be new, or something between here and the server answers in its place`,
    setup: withCluster(({ server }) => ({ server })),
  },
  {
    name: 'a certificate for another host',
    line: `https://127.0.0.1:PORT: its certificate is not for 127.0.0.1, but for api.example.com, 10.0.0.1 (kubectl: "Unable to connect to the server: tls: failed to verify certificate: x509: certificate is valid for 10.0.0.1, not 127.0.0.1"); check the server address of the context, or set tls-server-name in the kubeconfig to a name of the certificate`,
    setup: withCluster(({ ca, ports }) => verified(loopback(ports.otherHost), ca)),
  },
  {
    name: 'a server certificate that has expired',
    line: `https://127.0.0.1:PORT: its certificate has expired, or the clock of this machine is wrong (kubectl: "Unable to connect to the server: tls: failed to verify certificate: x509: certificate has expired or is not yet valid"); renew the certificate of kube-apiserver (kubeadm certs renew apiserver)`,
    setup: withCluster(({ ca, ports }) => verified(loopback(ports.expired), ca)),
  },
  {
    name: 'a server that is no API server',
    line: `https://127.0.0.1:PORT answers HTTP 200 with text/html, which is not the answer of a Kubernetes API server (kubectl: "error: invalid character '<' looking for beginning of value"); check the server address of the context, and whether a proxy or login page answers in its place`,
    setup: withCluster(({ ca, ports }) => verified(loopback(ports.web), ca)),
  },
  {
    name: 'HTTP to a port that speaks HTTPS',
    line: `http://SERVER answers HTTP 400, which is not the answer of a Kubernetes API server (kubectl: "Error from server (BadRequest): the server rejected our request for an unknown reason"); the port speaks TLS: write https:// in the server address of the context`,
    setup: withCluster(({ server }) => ({ server: server.replace('https', 'http') })),
  },
  {
    name: 'HTTPS to a port that speaks HTTP',
    line: `https://127.0.0.1:PORT: what listens there does not speak TLS (kubectl: "http: server gave HTTP response to HTTPS client"); check the server address of the context: an API server speaks TLS`,
    setup: withCluster(({ ca, ports }) => verified(loopback(ports.http), ca)),
  },
  {
    name: 'a token without rights',
    line: `the API server: User "system:serviceaccount:kubelet-guard:nobody" cannot list pods in kube-system, list configmaps kubeadm-config in kube-system, list configmaps kubelet-config in kube-system, list nodes (kubectl: "Error from server (Forbidden)"); grant these rights (manifests/base/rbac.yaml has them for the sweeper), or use another account [forbidden]`,
    hasReport: true,
    setup: withUser(({ token }) => ({ token })),
  },
];

function stranger(): KeyPair {
  return new Authority('another-ca').issue({ name: 'me', organization: 'system:masters' });
}
