import { connect } from 'node:net';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes, randomInt } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { ApiClient, succeeded } from './api.ts';
import { asset } from './assets.ts';
import type { Cleanup } from './cleanup.ts';
import { kubeconfigOf, userOf, type ControlPlane } from './control-plane.ts';
import { forward } from './forwarder.ts';
import { note } from './last-resort.ts';
import { must, startProgram, type Program } from './programs.ts';
import { eventually, Hopeless } from './wait.ts';

/** A real kubelet on a host of its own: a network namespace. It runs no containers, but everything else is real. */
export interface ClusterNode {
  readonly name: string;
  readonly kubelet: Program;
  /** Writes a static pod's manifest; what it made is removed with the node. */
  readonly addStaticPod: (file: string, manifest: object) => void;
  /** The pods that the kubelet itself says it has, static ones included. */
  readonly pods: () => Promise<readonly NodePod[]>;
}

export interface NodePod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly phase?: string };
}

/** What a node test needs besides a control plane. */
export const NODE_NEEDS = {
  assets: ['etcd', 'kube-apiserver', 'kubelet', 'fake-cri'],
  tools: ['ip', 'mount', 'nsenter', 'unshare'],
  root: true,
} as const;

/** Starts a node of the control plane and waits until it is registered. */
export async function startNode(cleanup: Cleanup, plane: ControlPlane, name: string): Promise<ClusterNode> {
  const { authority, admin } = plane;
  const { namespace, host, address } = await addNetwork(cleanup);
  const port = await forward(cleanup, host, () => plane.port);

  const dir = join(plane.dir, name);
  const manifests = join(dir, 'manifests');
  mkdirSync(manifests, { recursive: true });
  const put = (file: string, content: string) => plane.write(join(name, file), content);
  const ca = put('ca.crt', authority.certificate);
  const identity = { name: `system:node:${name}`, organization: 'system:nodes', addresses: [address], hosts: [name] };
  const { certificate, key } = plane.writePair(join(name, 'kubelet'), authority.issue(identity));
  // the API server listens on loopback only, and the node comes through a forwarder
  const kubeconfig = put(
    'kubeconfig',
    kubeconfigOf({ url: `https://${host}:${port}`, ca, user: userOf({ certificate, key }), host: 'localhost' }),
  );
  const socket = join(dir, 'cri.sock');
  const config = put('kubelet.yaml', JSON.stringify(kubeletConfig({ ca, certificate, key, dir, manifests, socket })));

  const runtime = startProgram(cleanup, { name: 'fake-cri', dir, command: [asset('fake-cri'), `unix://${socket}`] });
  await eventually('the container runtime', () => isListening(socket), { context: runtime.tail });
  // A mount namespace of its own takes the kubelet's mounts away with it, and keeps it off the folders of a kubelet that
  // this host may have: some of its paths are fixed, such as that of its device plugin socket. And it works in an empty
  // folder: fake-cri names no log of a container, and the kubelet, when it removes the container, takes that for `*`.
  const hide =
    'for folder in /var/lib /var/log; do mount -t tmpfs none $folder; done; mkdir /var/lib/empty; cd /var/lib/empty; exec "$@"';
  const enter = ['nsenter', `--net=/run/netns/${namespace}`, 'unshare', '--mount', 'sh', '-ec', hide, 'sh'];
  const kubelet = startProgram(cleanup, {
    name: 'kubelet',
    dir,
    command: [
      ...[...enter, asset('kubelet'), `--config=${config}`, `--kubeconfig=${kubeconfig}`],
      ...[`--root-dir=${join(dir, 'root')}`, `--hostname-override=${name}`, `--node-ip=${address}`],
    ],
  });
  await eventually(
    `the node ${name} to register`,
    async () => {
      if (kubelet.exit() !== undefined) throw new Hopeless(`the kubelet ended\n${kubelet.tail()}`);
      return succeeded(await admin.get(`/api/v1/nodes/${name}`));
    },
    { within: 60_000, context: kubelet.tail },
  );

  const masters = { name: 'admin', organization: 'system:masters' };
  const client = new ApiClient(`https://${address}:10250`, authority.certificate, authority.issue(masters));
  cleanup.add(() => {
    client.close();
  });
  return {
    name,
    kubelet,
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

interface Files {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly dir: string;
  readonly manifests: string;
  readonly socket: string;
}

function kubeletConfig({ ca, certificate, key, dir, manifests, socket }: Files): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: ca } },
    authorization: { mode: 'Webhook' },
    healthzPort: 0,
    staticPodPath: manifests,
    fileCheckFrequency: '1s',
    podLogsDir: join(dir, 'logs'),
    tlsCertFile: certificate,
    tlsPrivateKeyFile: key,
    containerRuntimeEndpoint: `unix://${socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    failCgroupV1: false,
    localStorageCapacityIsolation: false,
  };
}

interface Network {
  readonly namespace: string;
  /** The address of this host as the node sees it. */
  readonly host: string;
  /** The address of the node. */
  readonly address: string;
}

/**
 * A network namespace, tied to this host by a pair of virtual interfaces. Names are random, and so is the network:
 * a /30 out of 198.18.0.0/15, which is reserved for tests (RFC 2544), so that runs side by side do not meet.
 */
async function addNetwork(cleanup: Cleanup): Promise<Network> {
  const namespace = `kg${randomBytes(5).toString('hex')}`;
  const [host, address] = freeAddresses();
  note('network', namespace);
  cleanup.add(() => must('ip', 'netns', 'delete', namespace)); // its interface goes with it, and so does the other end
  await must('ip', 'netns', 'add', namespace);
  cleanup.add(() => must('ip', 'link', 'delete', namespace));
  await must('ip', 'link', 'add', namespace, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  await must('ip', 'address', 'add', `${host}/30`, 'dev', namespace);
  await must('ip', 'link', 'set', namespace, 'up');
  await must('ip', '-netns', namespace, 'address', 'add', `${address}/30`, 'dev', 'eth0');
  await must('ip', '-netns', namespace, 'link', 'set', 'lo', 'up');
  await must('ip', '-netns', namespace, 'link', 'set', 'eth0', 'up');
  await must('ip', '-netns', namespace, 'route', 'add', 'default', 'via', host);
  return { namespace, host, address };
}

function freeAddresses(): [string, string] {
  const taken = new Set(Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []));
  for (;;) {
    const network = randomInt(2 ** 15) * 4;
    const at = (offset: number) => `198.${18 + (network >> 16)}.${(network >> 8) & 0xff}.${(network & 0xff) + offset}`;
    if (!taken.has(at(1))) return [at(1), at(2)];
  }
}

function isListening(socket: string): Promise<true> {
  return new Promise((resolve, reject) => {
    const probe = connect(socket, () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', reject);
  });
}
