import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient, succeeded } from './api.ts';
import { asset } from './assets.ts';
import { Cleanup } from './cleanup.ts';
import { note } from './last-resort.ts';
import { Authority, signingKey, type KeyPair } from './pki.ts';
import { freePort, startProgram, type Program } from './programs.ts';
import { eventually, Hopeless } from './wait.ts';

/** A real etcd and a real kube-apiserver on loopback, with their own certificate authority and folder. */
export interface ControlPlane {
  readonly dir: string;
  readonly port: number;
  readonly authority: Authority;
  readonly admin: ApiClient;
  /** The path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** The API server's audit log of ConfigMap writes, one JSON event a line. */
  readonly auditLog: () => string;
  /** Kills the API server and starts it again; its data is in etcd. */
  readonly restart: (changes?: FlagChanges) => Promise<void>;
  /** Kills the API server, and waits until it has ended. */
  readonly stop: () => Promise<void>;
  /** Starts another API server on another address of this host, and returns its port. */
  readonly addApiServer: (address: string, changes?: FlagChanges) => Promise<number>;
  /** Kills etcd, or starts it again with its data; the API server keeps running. */
  readonly etcd: { readonly stop: () => Promise<void>; readonly start: () => Promise<void> };
  /** Writes a file into the folder and returns its path. */
  readonly write: (name: string, content: string) => string;
  /** Writes a certificate and its key and returns their paths. */
  readonly writePair: (name: string, pair: KeyPair) => { readonly certificate: string; readonly key: string };
}

/** Flags that the API server is started without, such as `--kubelet-client-key`. */
export interface FlagChanges {
  readonly without: readonly string[];
}

interface ControlPlaneOptions {
  /** Further addresses in the API server's certificate, besides loopback. */
  readonly addresses?: readonly string[];
  /** Further flags of the API server. */
  readonly flags?: readonly string[];
  /** The audit policy rules; the default logs writes of ConfigMaps. */
  readonly auditRules?: readonly object[];
}

/** Starts it and waits until it is ready. The cleanup stops it and deletes its folder. */
export async function startControlPlane(
  cleanup: Cleanup,
  { addresses = [], flags: more = [], auditRules = CONFIG_MAPS }: ControlPlaneOptions = {},
): Promise<ControlPlane> {
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
    authority.issue({ name: 'kube-apiserver', addresses: ['127.0.0.1', ...addresses], hosts: [...HOSTS, 'localhost'] }),
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
  // waits for all programs, at this place in the order
  const programs = new Cleanup();
  cleanup.add(() => programs.run());
  const startEtcd = () =>
    startProgram(programs, {
      name: 'etcd',
      dir,
      command: [
        asset('etcd'),
        ...[`--data-dir=${join(dir, 'etcd')}`, '--unsafe-no-fsync', '--listen-peer-urls=http://127.0.0.1:0'],
        ...['listen', 'advertise'].map((which) => `--${which}-client-urls=http://127.0.0.1:${etcdPort}`),
      ],
    });
  const flags = [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    ...['--endpoint-reconciler-type=none', '--service-cluster-ip-range=10.0.0.0/24', `--client-ca-file=${ca}`],
    ...[`--kubelet-client-certificate=${toKubelets.certificate}`, `--kubelet-client-key=${toKubelets.key}`],
    ...[`--kubelet-certificate-authority=${ca}`, '--kubelet-preferred-address-types=InternalIP'],
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${write('tokens.pub', tokens.publicKey)}`,
    `--service-account-signing-key-file=${write('tokens.key', tokens.key)}`,
    ...['--authorization-mode=Node,RBAC', '--enable-admission-plugins=NodeRestriction', ...more],
  ];
  const audit = [
    `--audit-policy-file=${write('audit-policy.json', auditPolicy(auditRules))}`,
    `--audit-log-path=${auditLog}`,
  ];
  const startServer = (name: string, own: readonly string[], changes: FlagChanges | undefined) => {
    const isKept = (flag: string) => changes?.without.some((left) => flag.startsWith(`${left}=`)) !== true;
    // a graceful stop would wait for open watches
    const command = [asset('kube-apiserver'), ...flags.filter(isKept), ...own];
    return startProgram(programs, { name, dir, command, grace: 1_000 });
  };
  const at = (address: string, on: number, pair: typeof serving) => [
    ...[`--bind-address=${address}`, `--advertise-address=${address}`, `--secure-port=${on}`],
    ...[`--tls-cert-file=${pair.certificate}`, `--tls-private-key-file=${pair.key}`],
  ];
  const start = (changes?: FlagChanges) =>
    startServer('kube-apiserver', [...at('127.0.0.1', port, serving), ...audit], changes);
  let etcd = startEtcd();
  let server = start();

  const url = `https://127.0.0.1:${port}`;
  const admin = new ApiClient(url, authority.certificate, adminPair);
  cleanup.add(() => {
    admin.close();
  });
  const context = () => `${etcd.tail()}\n${server.tail()}`;
  const becomesReady = (program: Program, client: ApiClient) =>
    eventually(
      `${program.name} to be ready`,
      async () => {
        const gone = [etcd, program].find(({ exit }) => exit() !== undefined);
        if (gone !== undefined) throw new Hopeless(`${gone.name} ended\n${context()}`);
        return succeeded(await client.get('/readyz'));
      },
      { within: 60_000, context },
    );
  const isReady = () => becomesReady(server, admin);
  await isReady();
  await addAccounts(admin);

  const paths = writePair('admin', adminPair);
  const kubeconfig = write('admin.kubeconfig', kubeconfigOf({ url, ca, user: userOf(paths) }));
  const stop = async () => {
    server.kill('SIGKILL');
    await server.ended;
  };
  const restart = async (changes?: FlagChanges) => {
    await stop();
    server = start(changes);
    await isReady();
  };
  const addApiServer = async (address: string, changes?: FlagChanges) => {
    const another = await freePort(address);
    const name = `kube-apiserver-${address}`;
    const pair = writePair(name, authority.issue({ name: 'kube-apiserver', addresses: [address], hosts: HOSTS }));
    const client = new ApiClient(`https://${address}:${another}`, authority.certificate, adminPair);
    cleanup.add(() => {
      client.close();
    });
    await becomesReady(startServer(name, at(address, another, pair), changes), client);
    return another;
  };
  const etcdControl = {
    stop: async () => {
      etcd.kill('SIGKILL');
      await etcd.ended;
    },
    start: async () => {
      etcd = startEtcd();
      await isReady();
    },
  };
  const readAuditLog = () => readFileSync(auditLog, 'utf8');
  const control = { restart, stop, addApiServer, etcd: etcdControl };
  return { dir, port, authority, admin, kubeconfig, auditLog: readAuditLog, ...control, write, writePair };
}

/** The names in every API server certificate, besides its addresses. */
const HOSTS = ['kubernetes.default.svc'];

const CONFIG_MAPS = [{ level: 'Metadata', resources: [{ group: '', resources: ['configmaps'] }] }, { level: 'None' }];

function auditPolicy(rules: readonly object[]): string {
  const head = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'] };
  return JSON.stringify({ ...head, rules });
}

/** A kubeconfig, as JSON, which is YAML too. */
export function kubeconfigOf({
  url,
  ca,
  user,
  host,
  namespace,
}: {
  url: string;
  ca: string;
  user: object;
  host?: string;
  namespace?: string;
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
    contexts: [
      { name: 'e2e', context: { cluster: 'e2e', user: 'e2e', ...(namespace !== undefined && { namespace }) } },
    ],
    'current-context': 'e2e',
  });
}

/** The user of a kubeconfig, with a certificate. */
export function userOf({ certificate, key }: { certificate: string; key: string }): object {
  return { 'client-certificate': certificate, 'client-key': key };
}

/** Creates the account that pods need, because no controller manager runs here. */
async function addAccounts(admin: ApiClient): Promise<void> {
  for (const namespace of ['default', 'kube-system']) {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
    await eventually(`the namespace ${namespace}`, async () => succeeded(await admin.create(account)));
  }
}
