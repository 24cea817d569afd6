import { idOf, type Manifest } from '../../support/manifests.ts';
import type { Cleanup } from './cleanup.ts';
import type { ControlPlane } from './control-plane.ts';
import { hostAddress } from './installation.ts';
import { callLocal, sample } from './local-port.ts';
import { productCommand } from './product.ts';
import { freePort, startProgram, type Program } from './programs.ts';
import { eventually, Hopeless } from './wait.ts';

/** A replica of the webhook as the manifests run it. */
export interface Replica {
  readonly program: Program;
  readonly port: number;
  readonly reviews: () => Promise<number>;
}

/** Runs the container of the shipped webhook Deployment, with other paths and ports. It may not be ready yet. */
export async function runReplica(
  cleanup: Cleanup,
  plane: ControlPlane,
  objects: readonly Manifest[],
  kubeconfig: string,
): Promise<Replica & { readonly isReady: () => Promise<boolean> }> {
  const [port, local] = [await freePort(hostAddress()), await freePort()];
  const config = objects.find((object) => idOf(object) === 'ConfigMap kubelet-guard/kubelet-guard');
  const { 'guard.yaml': text = '' } = config?.data as Readonly<Record<string, string>>;
  // the last value of a flag wins
  const args = argsOf(objects);
  const own = [
    `--config=${plane.write('guard.yaml', text)}`,
    `--local-listen=127.0.0.1:${local}`,
    `--listen=${hostAddress()}:${port}`,
    `--kubeconfig=${kubeconfig}`,
  ];
  const name = `replica-${port}`;
  const program = startProgram(cleanup, { name, dir: plane.dir, command: productCommand(...args, ...own) });
  const isReady = async () => (await callLocal(local, '/readyz')).status === 200;
  const reviews = async () =>
    sample((await callLocal(local, '/metrics')).text, 'kubelet_guard_admission_requests_total') ?? 0;
  return { program, port, reviews, isReady };
}

/** Runs it and waits until it is ready. */
export async function startReplica(
  cleanup: Cleanup,
  plane: ControlPlane,
  objects: readonly Manifest[],
  kubeconfig: string,
): Promise<Replica> {
  const replica = await runReplica(cleanup, plane, objects, kubeconfig);
  const { program, isReady } = replica;
  await eventually(
    'a replica to be ready',
    async () => {
      if (program.exit() !== undefined) throw new Hopeless(`it ended\n${program.tail()}`);
      return (await isReady()) ? true : undefined;
    },
    { context: program.tail },
  );
  return replica;
}

function argsOf(objects: readonly Manifest[]): readonly string[] {
  const deployment = objects.find((object) => idOf(object) === 'Deployment kubelet-guard/kubelet-guard');
  const { template } = deployment?.spec as {
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
  };
  return template.spec.containers[0]?.args ?? [];
}
