import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import type { ControlPlane } from './control-plane.ts';
import { callLocal, sample } from './local-port.ts';
import { Authority } from './pki.ts';
import { productCommand } from './product.ts';
import { freePort, startProgram, type Program } from './programs.ts';
import { register, type Target } from './registration.ts';
import { eventually, Hopeless } from './wait.ts';

/** The webhook under test, as it runs in a cluster: its own process, HTTPS, a configuration file. */
export interface Guard extends Target {
  readonly program: Program;
  /** The number of reviews in the metrics; with labels only those. */
  readonly reviews: (labels?: Readonly<Record<string, string>>) => Promise<number>;
  readonly isReady: () => Promise<boolean>;
  /** Its local port, with the page. */
  readonly local: number;
}

const REQUESTS = 'kubelet_guard_admission_requests_total';

type Action = 'audit' | 'ratchet' | 'enforce';

interface GuardOptions {
  /** The CA that issues its serving certificate. */
  readonly authority?: Authority;
  /** Its configuration; by default one with the action. */
  readonly configuration?: string;
  /** The path of the kubeconfig with which it watches mirror pods. */
  readonly kubeconfig?: string;
  /** How long the API server waits for its answer, if not as shipped. */
  readonly timeoutSeconds?: number;
}

/** Starts `kubelet-guard serve` with one action for both controls, and waits until it is ready. */
export async function startGuard(
  cleanup: Cleanup,
  plane: ControlPlane,
  action: Action,
  { authority = new Authority('e2e-webhook-ca'), kubeconfig, configuration: text }: GuardOptions = {},
): Promise<Guard> {
  const port = await freePort();
  const local = await freePort();
  const name = `guard-${port}`;
  mkdirSync(join(plane.dir, name));
  const tls = plane.writePair(join(name, 'tls'), authority.issue({ name: 'kubelet-guard', addresses: ['127.0.0.1'] }));
  const config = plane.write(join(name, 'config.yaml'), text ?? configuration(action));
  const program = startProgram(cleanup, {
    name,
    dir: plane.dir,
    command: [
      ...productCommand('serve', '--only', 'webhook', '--config', config),
      ...['--listen', `127.0.0.1:${port}`, '--local-listen', `127.0.0.1:${local}`],
      ...['--tls-cert-file', tls.certificate, '--tls-private-key-file', tls.key],
      ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ],
  });
  const isReady = async () => (await callLocal(local, '/readyz')).status === 200;
  await eventually(
    'the webhook to be ready',
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
    local,
    reviews: async (labels) => sample((await callLocal(local, '/metrics')).text, REQUESTS, labels) ?? 0,
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
  await register(cleanup, plane.admin, guard, failurePolicy, options.timeoutSeconds);
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
