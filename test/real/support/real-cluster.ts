// A real cluster of one node, in which pods run: kubeadm's control plane, containerd, kubelet, kube-proxy, CoreDNS.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Cleanup } from '../../e2e/support/cleanup.ts';
import { run, type Result } from '../../e2e/support/programs.ts';
import { CLUSTER_FOLDER, ownFolder, takeDown } from './ownership.ts';

/** Names the cluster that tests share, as JSON of a Place. */
export const VARIABLE = 'KUBELET_GUARD_REAL_CLUSTER';

/** The image that the manifests name. */
export const IMAGE = 'kubelet-guard:0.1.0';

export interface RealCluster {
  /** The folder of the node: `enter`, `log/`, and in `root/` what differs there from this machine. */
  readonly dir: string;
  /** The name of the Node. */
  readonly node: string;
  /** The path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** The image of the product, as a tar. */
  readonly image: string;
  /** Runs a command on the node. */
  readonly enter: (command: readonly string[], options?: Options) => Promise<Result>;
  /** Runs kubectl as the administrator. */
  readonly kubectl: (args: readonly string[], options?: Options) => Promise<Result>;
}

type Options = Parameters<typeof run>[1];

/** Where the node is, as it is passed to tests that share one. */
export interface Place {
  readonly dir: string;
  readonly node: string;
  readonly image: string;
}

interface ClusterOptions {
  readonly node?: string;
  /** The first three numbers of its address: clusters with different ones run side by side. */
  readonly network?: string;
  /** The folder of the programs of another version. */
  readonly assets?: string;
  /** Ends the start. */
  readonly signal?: AbortSignal;
}

/** The cluster at a place where one runs. */
export function clusterAt({ dir, node, image }: Place): RealCluster {
  const kubeconfig = join(dir, 'root/etc/kubernetes/admin.conf');
  const own = ['--kubeconfig', kubeconfig, '--cache-dir', join(dir, 'kubectl')];
  return {
    dir,
    node,
    image,
    kubeconfig,
    enter: (command, options) => run([join(dir, 'enter'), ...command], options),
    kubectl: (args, options) => run([process.env.KUBECTL ?? 'kubectl', ...own, ...args], options),
  };
}

/**
 * Builds the image of a checkout from its Dockerfile.
 *
 * @param testbed the folder of real-up.sh and its siblings
 */
export async function buildImage(testbed: string, checkout: string, tar: string, signal?: AbortSignal): Promise<void> {
  const { code, stdout, stderr } = await run([join(testbed, 'product-image.sh'), checkout, tar, IMAGE], {
    within: 900_000,
    ...(signal !== undefined && { signal }),
  });
  if (code !== 0) throw new Error(`the image cannot be built:\n${stdout}${stderr}`);
}

/** The name under which the node has the image: with the host that containerd adds. */
export async function imageOnNode({ enter }: RealCluster): Promise<string> {
  const { stdout } = await enter(['ctr', '--namespace', 'k8s.io', 'images', 'ls', '--quiet']);
  const name = stdout.split('\n').find((each) => each.endsWith(`/${IMAGE}`));
  if (name === undefined) throw new Error(`the node has no image ${IMAGE}:\n${stdout}`);
  return name;
}

/** Gives an image to the node of a cluster. */
export async function importImage({ enter }: RealCluster, tar: string): Promise<void> {
  const { code, stderr } = await enter(['ctr', '--namespace', 'k8s.io', 'images', 'import', tar], { within: 120_000 });
  if (code !== 0) throw new Error(`the image is not imported: ${stderr}`);
}

/** Starts a cluster and waits until it is ready. The cleanup stops it and deletes its folder. */
export async function startCluster(
  cleanup: Cleanup,
  testbed: string,
  image: string,
  { node = 'node-1', network = '10.92.0', assets, signal }: ClusterOptions = {},
): Promise<RealCluster> {
  const dir = ownFolder(CLUSTER_FOLDER);
  cleanup.add(() => takeDown(testbed, dir));
  const settings = [`NET=${network}`, `NODE=${node}`, ...(assets === undefined ? [] : [`REAL_ASSETS=${assets}`])];
  const { code, stderr } = await run(['env', ...settings, join(testbed, 'real-up.sh'), dir, image], {
    within: 1_800_000, // the first time, it builds what runs on the node
    ...(signal !== undefined && { signal }),
  }).catch((cause: unknown) => ({ code: -1, stderr: String(cause) }));
  if (code !== 0) throw new Error(`the cluster does not start:\n${stderr}\n${logs(dir)}`);
  return clusterAt({ dir, node, image });
}

function logs(dir: string): string {
  return ['kubeadm', 'kubelet', 'containerd']
    .map((name) => {
      try {
        return `--- end of the log of ${name}:\n${readFileSync(join(dir, 'log', `${name}.log`), 'utf8').slice(-2000)}`;
      } catch {
        return `--- ${name} has no log`;
      }
    })
    .join('\n');
}
