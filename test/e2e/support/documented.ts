import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { startDocSession, type DocSession } from '../../support/doc-session.ts';
import { asset, kubectlPath } from './assets.ts';
import type { Cleanup } from './cleanup.ts';
import type { ControlPlane } from './control-plane.ts';
import { productCommand } from './product.ts';

interface DocumentedOptions {
  /** The reader's kubeconfig; by default that of an administrator. */
  readonly kubeconfig?: string;
  /** Texts of this run, and what the pages show in their place. */
  readonly shown?: Readonly<Record<string, string>>;
  readonly within?: number;
  /** Further programs of the reader. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
}

/** A shell in which the commands of the pages run against this cluster, with the built kubelet-guard. */
export function documentedSession(
  cleanup: Cleanup,
  plane: ControlPlane,
  { kubeconfig = plane.kubeconfig, shown = {}, within, programs = {} }: DocumentedOptions = {},
): DocSession {
  const session = startDocSession({
    kubeconfig,
    holds: ['samples', 'manifests'],
    programs: {
      'kubelet-guard': productCommand(),
      kubectl: [kubectlPath ?? 'kubectl', '--cache-dir', join(plane.dir, 'kubectl')],
      kubeadm: [asset('kubeadm')],
      ...programs,
    },
    shown: { ...shown, ...usualPlaces(plane) },
    ...(within !== undefined && { within }),
  });
  cleanup.add(() => {
    session.end();
  });
  return session;
}

/** Places of this cluster, and where a cluster of kubeadm has them. */
function usualPlaces({ dir, port }: ControlPlane): Readonly<Record<string, string>> {
  const nodes = readdirSync(dir).filter((name) => existsSync(join(dir, name, 'kubelet.yaml')));
  const files = nodes.flatMap((name) => [
    [join(dir, name, 'kubelet.yaml'), '/var/lib/kubelet/config.yaml'] as const,
    [join(dir, name, 'ca.crt'), '/etc/kubernetes/pki/ca.crt'] as const,
  ]);
  return {
    ...Object.fromEntries(files),
    [`127.0.0.1:${String(port)}`]: '10.0.0.10:6443',
    [dir]: '/etc/kubernetes',
    'CN=e2e-ca': 'CN=kubernetes',
  };
}
