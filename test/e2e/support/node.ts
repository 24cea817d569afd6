import { connect, type NetConnectOpts } from 'node:net';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient, succeeded } from './api.ts';
import { asset } from './assets.ts';
import type { Cleanup } from './cleanup.ts';
import { kubeconfigOf, userOf, type ControlPlane } from './control-plane.ts';
import { forward } from './forwarder.ts';
import {
  COMPLIANT,
  kubeletConfiguration,
  kubeletFlags,
  type KubeletSettings,
  type KubeletSetup,
} from './kubelet-setups.ts';
import { addNetwork } from './network.ts';
import { must, startProgram, type Program } from './programs.ts';
import { eventually, Hopeless } from './wait.ts';

/** A real kubelet on its own host, which is a network namespace. It runs no containers; everything else is real. */
export interface ClusterNode {
  readonly name: string;
  /** The address of the host. */
  readonly address: string;
  /** The kubelet that was started last; the log is that of all. */
  readonly kubelet: Program;
  /** Writes the kubelet's configuration file without a restart of the kubelet. */
  readonly edit: (settings: KubeletSettings) => void;
  /** Kills the kubelet, starts it again, with other settings if given, and waits until it serves. */
  readonly restart: (setup?: KubeletSetup) => Promise<void>;
  /** Kills the kubelet: its port refuses connections. */
  readonly stop: () => Promise<void>;
  /** Drops all packets to the host: its port never answers. */
  readonly cutOff: () => Promise<void>;
  /** Writes a static pod's manifest; its pod is removed with the node. */
  readonly addStaticPod: (file: string, manifest: object) => void;
  /** The pods that the kubelet itself lists, including static pods. */
  readonly pods: () => Promise<readonly NodePod[]>;
}

export interface NodePod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly phase?: string };
}

/** The programs that a node test needs. */
export const NODE_NEEDS = {
  assets: ['etcd', 'kube-apiserver', 'kubelet', 'fake-cri'],
  tools: ['ip', 'mount', 'nsenter', 'unshare'],
  root: true,
} as const;

const KUBELET_PORT = 10250;

/**
 * Starts a node of the control plane and waits until it is registered.
 *
 * @param nodeIP the address that the node reports, if it differs from the one that others use; its host has both
 */
export async function startNode(
  cleanup: Cleanup,
  plane: ControlPlane,
  name: string,
  setup: KubeletSetup = COMPLIANT,
  { nodeIP }: { readonly nodeIP?: string } = {},
): Promise<ClusterNode> {
  const { authority, admin } = plane;
  const { namespace, host, address, cutOff } = await addNetwork(cleanup);
  const port = await forward(cleanup, host, () => plane.port);
  if (nodeIP !== undefined) await must('ip', '-netns', namespace, 'address', 'add', `${nodeIP}/32`, 'dev', 'lo');

  const dir = join(plane.dir, name);
  const manifests = join(dir, 'manifests');
  mkdirSync(manifests, { recursive: true });
  const put = (file: string, content: string) => plane.write(join(name, file), content);
  const ca = put('ca.crt', authority.certificate);
  const identity = { name: `system:node:${name}`, organization: 'system:nodes', addresses: [address], hosts: [name] };
  const { certificate, key } = plane.writePair(join(name, 'kubelet'), authority.issue(identity));
  // the API server listens on loopback only, and the node connects through a forwarder
  const kubeconfig = put(
    'kubeconfig',
    kubeconfigOf({ url: `https://${host}:${port}`, ca, user: userOf({ certificate, key }), host: 'localhost' }),
  );
  const socket = join(dir, 'cri.sock');
  const files = { ca, certificate, key, dir, manifests, socket };
  const edit = (wanted: KubeletSettings) => put('kubelet.yaml', JSON.stringify(kubeletConfiguration(files, wanted)));
  const settingsOf = (wanted: KubeletSetup) =>
    wanted === 'flags-only' ? kubeletFlags(files) : [`--config=${edit(wanted)}`];
  let settings = settingsOf(setup);

  const runtime = startProgram(cleanup, { name: 'fake-cri', dir, command: [asset('fake-cri'), `unix://${socket}`] });
  await eventually('the container runtime', () => isListening({ path: socket }), { context: runtime.tail });
  // In its own mount namespace the kubelet's mounts disappear with it, and it cannot reach the folders of another kubelet on
  // this host: some paths are fixed, such as that of the device plugin socket. Its working directory is empty, because
  // fake-cri names no container log, and the kubelet then removes the files that match `*` with the container.
  const hide =
    'for folder in /var/lib /var/log; do mount -t tmpfs none $folder; done; mkdir /var/lib/empty; cd /var/lib/empty; exec "$@"';
  const enter = ['nsenter', `--net=/run/netns/${namespace}`, 'unshare', '--mount', 'sh', '-ec', hide, 'sh'];
  const start = () =>
    startProgram(cleanup, {
      name: 'kubelet',
      dir,
      command: [
        ...[...enter, asset('kubelet'), ...settings, `--kubeconfig=${kubeconfig}`],
        ...[`--root-dir=${join(dir, 'root')}`, `--hostname-override=${name}`, `--node-ip=${nodeIP ?? address}`],
      ],
    });
  let kubelet = start();
  const runs = <T>(what: string, probe: () => Promise<T>) =>
    eventually(
      what,
      () => {
        if (kubelet.exit() !== undefined) throw new Hopeless(`the kubelet ended\n${kubelet.tail()}`);
        return probe();
      },
      { within: 60_000, context: kubelet.tail },
    );
  const serves = () =>
    runs(`the kubelet of ${name} to serve`, () => isListening({ host: address, port: KUBELET_PORT }));
  await runs(`the node ${name} to register`, async () => succeeded(await admin.get(`/api/v1/nodes/${name}`)));
  await serves();

  const masters = { name: 'admin', organization: 'system:masters' };
  const client = new ApiClient(`https://${address}:${KUBELET_PORT}`, authority.certificate, authority.issue(masters));
  cleanup.add(() => {
    client.close();
  });
  const stop = async () => {
    kubelet.kill('SIGKILL');
    await kubelet.ended;
  };
  return {
    name,
    address,
    get kubelet() {
      return kubelet;
    },
    edit,
    restart: async (changed) => {
      await stop();
      if (changed !== undefined) settings = settingsOf(changed);
      kubelet = start();
      await serves();
    },
    stop,
    cutOff,
    addStaticPod: (file, manifest) => {
      const path = join(manifests, file);
      writeFileSync(path, JSON.stringify(manifest));
      cleanup.add(() => {
        rmSync(path, { force: true });
      });
    },
    pods: async () => (succeeded(await client.get('/pods')).body as { readonly items: readonly NodePod[] }).items,
  };
}

/** Waits until the API shows that a node is Ready. */
export function untilReady(admin: ApiClient, { name, kubelet }: ClusterNode): Promise<true> {
  return eventually(
    `${name} to be Ready`,
    async () => {
      const { body } = succeeded(await admin.get(`/api/v1/nodes/${name}`));
      const { conditions } = (body as { status: { conditions: { type: string; status: string }[] } }).status;
      const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      return isReady ? (true as const) : undefined;
    },
    { within: 60_000, context: kubelet.tail },
  );
}

function isListening(where: NetConnectOpts): Promise<true> {
  return new Promise((resolve, reject) => {
    const probe = connect(where, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', reject);
  });
}
