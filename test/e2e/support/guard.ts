import { existsSync, mkdirSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cleanup } from './cleanup.ts';
import type { ControlPlane } from './control-plane.ts';
import { Authority } from './pki.ts';
import { freePort, startProgram, type Program } from './programs.ts';
import { register, type Target } from './registration.ts';
import { eventually, Hopeless } from './wait.ts';

/** The product under test, running as it would in a cluster: its own process, HTTPS, a configuration file. */
export interface Guard extends Target {
  readonly program: Program;
  /** The reviews that were counted, those with these labels where labels are given. */
  readonly reviews: (labels?: Readonly<Record<string, string>>) => Promise<number>;
  readonly isReady: () => Promise<boolean>;
}

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const REQUESTS = 'kubelet_guard_admission_requests_total';

type Action = 'audit' | 'ratchet' | 'enforce';

interface GuardOptions {
  /** Issues its serving certificate. */
  readonly authority?: Authority;
  /** The path of the kubeconfig with which it follows mirror pods. */
  readonly kubeconfig?: string;
}

/** Starts `kubelet-guard serve` with one action for both controls, and waits until it is ready. */
export async function startGuard(
  cleanup: Cleanup,
  plane: ControlPlane,
  action: Action,
  { authority = new Authority('e2e-webhook-ca'), kubeconfig }: GuardOptions = {},
): Promise<Guard> {
  if (!existsSync(MAIN)) throw new Error('dist/main.js does not exist: npm run build');
  const port = await freePort();
  const local = await freePort();
  const name = `guard-${port}`;
  mkdirSync(join(plane.dir, name));
  const tls = plane.writePair(join(name, 'tls'), authority.issue({ name: 'kubelet-guard', addresses: ['127.0.0.1'] }));
  const config = plane.write(join(name, 'config.yaml'), configuration(action));
  const program = startProgram(cleanup, {
    name,
    dir: plane.dir,
    command: [
      ...[process.execPath, MAIN, 'serve', '--only', 'webhook', '--config', config],
      ...['--listen', `127.0.0.1:${port}`, '--local-listen', `127.0.0.1:${local}`],
      ...['--tls-cert-file', tls.certificate, '--tls-private-key-file', tls.key],
      ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ],
  });
  const isReady = async () => (await fetchLocal(local, '/readyz')).status === 200;
  await eventually(
    'the guard to be ready',
    async () => {
      if (program.exit() !== undefined) throw new Hopeless(`the guard ended\n${program.tail()}`);
      return (await isReady()) ? true : undefined;
    },
    { context: program.tail },
  );
  return {
    program,
    port,
    authority: authority.certificate,
    isReady,
    reviews: async (labels) => count((await fetchLocal(local, '/metrics')).text, labels),
  };
}

/** Starts it and registers it with the API server. */
export async function installGuard(
  cleanup: Cleanup,
  plane: ControlPlane,
  action: Action,
  failurePolicy: 'Ignore' | 'Fail' = 'Ignore',
  options: GuardOptions = {},
): Promise<Guard> {
  const guard = await startGuard(cleanup, plane, action, options);
  await register(cleanup, plane.admin, guard, failurePolicy);
  return guard;
}

function configuration(action: string): string {
  return `apiVersion: kubelet-guard.dev/v1alpha1
kind: GuardConfiguration
controls:
  apiserver-kubelet-client-cert: {action: ${action}}
  kubelet-client-ca: {action: ${action}}
namespaces: [kube-system]
`;
}

/** Adds up the samples of the counter of reviews that have all of the labels. */
function count(metrics: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(`${REQUESTS}{`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function fetchLocal(port: number, path: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = get({ host: '127.0.0.1', port, path, agent: false, timeout: 5_000 }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (text += chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        resolve({ status: incoming.statusCode ?? 0, text });
      });
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${path} took too long`)));
    outgoing.once('error', reject);
  });
}
