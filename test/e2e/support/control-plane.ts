import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient, succeeded } from './api.ts';
import { asset } from './assets.ts';
import { Cleanup } from './cleanup.ts';
import { note } from './last-resort.ts';
import { Authority, signingKey, type KeyPair } from './pki.ts';
import { freePort, startProgram } from './programs.ts';
import { eventually, Hopeless } from './wait.ts';

/** A real etcd and a real kube-apiserver on loopback, with a certificate authority and a folder of their own. */
export interface ControlPlane {
  readonly dir: string;
  readonly port: number;
  readonly authority: Authority;
  readonly admin: ApiClient;
  /** The path of the kubeconfig of the administrator. */
  readonly kubeconfig: string;
  /** What the API server wrote down about writes of ConfigMaps, one JSON event a line. */
  readonly auditLog: () => string;
  /** Kills the API server and starts it anew; its data is in etcd. */
  readonly restart: () => Promise<void>;
  /** Writes a file into the folder and tells its path. */
  readonly write: (name: string, content: string) => string;
  /** Writes a certificate and its key and tells their paths. */
  readonly writePair: (name: string, pair: KeyPair) => { readonly certificate: string; readonly key: string };
}

/** Starts it, waits until it is ready, and leaves it to the cleanup to stop it and to delete its folder. */
export async function startControlPlane(cleanup: Cleanup): Promise<ControlPlane> {
  const dir = mkdtempSync(join(tmpdir(), 'kubelet-guard-e2e-'));
  note('folder', dir);
  cleanup.add(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const write = (name: string, content: string) => {
    const path = join(dir, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const writePair = (name: string, pair: KeyPair) => ({
    certificate: write(`${name}.crt`, pair.certificate),
    key: write(`${name}.key`, pair.key),
  });

  const authority = new Authority('e2e-ca');
  const ca = write('ca.crt', authority.certificate);
  const serving = writePair(
    'apiserver',
    authority.issue({ name: 'kube-apiserver', addresses: ['127.0.0.1'], hosts: ['localhost'] }),
  );
  const masters = { organization: 'system:masters' };
  const toKubelets = writePair(
    'kubelet-client',
    authority.issue({ ...masters, name: 'kube-apiserver-kubelet-client' }),
  );
  const adminPair = authority.issue({ ...masters, name: 'admin' });
  const tokens = signingKey();

  const auditLog = join(dir, 'audit.log');
  const etcdPort = await freePort();
  const port = await freePort();
  const etcd = startProgram(cleanup, {
    name: 'etcd',
    dir,
    command: [
      asset('etcd'),
      ...[`--data-dir=${join(dir, 'etcd')}`, '--unsafe-no-fsync', '--listen-peer-urls=http://127.0.0.1:0'],
      ...['listen', 'advertise'].map((which) => `--${which}-client-urls=http://127.0.0.1:${etcdPort}`),
    ],
  });
  const apiServer = {
    name: 'kube-apiserver',
    dir,
    command: [
      asset('kube-apiserver'),
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      ...['--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--secure-port=${port}`],
      ...['--endpoint-reconciler-type=none', '--service-cluster-ip-range=10.0.0.0/24'],
      ...[`--tls-cert-file=${serving.certificate}`, `--tls-private-key-file=${serving.key}`, `--client-ca-file=${ca}`],
      ...[`--kubelet-client-certificate=${toKubelets.certificate}`, `--kubelet-client-key=${toKubelets.key}`],
      `--kubelet-certificate-authority=${ca}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${write('tokens.pub', tokens.publicKey)}`,
      `--service-account-signing-key-file=${write('tokens.key', tokens.key)}`,
      ...['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction'],
      ...[`--audit-policy-file=${write('audit-policy.json', auditPolicy)}`, `--audit-log-path=${auditLog}`],
    ],
  };
  // of all that there were, at this place in the order
  const servers = new Cleanup();
  cleanup.add(() => servers.run());
  let server = startProgram(servers, apiServer);

  const url = `https://127.0.0.1:${port}`;
  const admin = new ApiClient(url, authority.certificate, adminPair);
  cleanup.add(() => {
    admin.close();
  });
  const context = () => `${etcd.tail()}\n${server.tail()}`;
  const isReady = () =>
    eventually(
      'kube-apiserver to be ready',
      async () => {
        const gone = [etcd, server].find((program) => program.exit() !== undefined);
        if (gone !== undefined) throw new Hopeless(`${gone.name} ended\n${context()}`);
        return succeeded(await admin.get('/readyz'));
      },
      { within: 60_000, context },
    );
  await isReady();
  await addAccounts(admin);

  const paths = writePair('admin', adminPair);
  const kubeconfig = write('admin.kubeconfig', kubeconfigOf({ url, ca, user: userOf(paths) }));
  const restart = async () => {
    server.kill('SIGKILL');
    await server.ended;
    server = startProgram(servers, apiServer);
    await isReady();
  };
  const readAuditLog = () => readFileSync(auditLog, 'utf8');
  return { dir, port, authority, admin, kubeconfig, auditLog: readAuditLog, restart, write, writePair };
}

const auditPolicy = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', resources: [{ group: '', resources: ['configmaps'] }] }, { level: 'None' }],
});

/** A kubeconfig, as JSON, which is YAML too. */
export function kubeconfigOf({
  url,
  ca,
  user,
  host,
}: {
  url: string;
  ca: string;
  user: object;
  host?: string;
}): string {
  const cluster = {
    server: url,
    'certificate-authority': ca,
    ...(host !== undefined && { 'tls-server-name': host }),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster }],
    users: [{ name: 'e2e', user }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    'current-context': 'e2e',
  });
}

/** The user of a kubeconfig who has a certificate. */
export function userOf({ certificate, key }: { certificate: string; key: string }): object {
  return { 'client-certificate': certificate, 'client-key': key };
}

/** Pods need this account, and no controller manager runs here that would make it. */
async function addAccounts(admin: ApiClient): Promise<void> {
  for (const namespace of ['default', 'kube-system']) {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
    await eventually(`the namespace ${namespace}`, async () => succeeded(await admin.create(account)));
  }
}
