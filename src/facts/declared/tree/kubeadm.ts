// The unit that kubeadm's packages bring, for its environment files in a tree without it.

import { isDropIn, isUnit, type TreeUnit } from './units.ts';
import type { TreeFile } from './paths.ts';

/** What the package's drop-in makes of it (kubernetes/release cmd/krel/templates/latest/kubeadm/10-kubeadm.conf). */
const UNIT = `[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
EnvironmentFile=-/etc/sysconfig/kubelet
ExecStart=/usr/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;
const PATHS = ['/var/lib/kubelet/kubeadm-flags.env', '/etc/default/kubelet', '/etc/sysconfig/kubelet'];
const VARIABLES = /^[ \t]*KUBELET_(?:KUBEADM|EXTRA)_ARGS[ \t]*=/m;
const FLAG = /--(?:client-ca-file|anonymous-auth|authorization-mode|config)\b/;

/** The kubelet of kubeadm that an environment file is for, if it can change what is checked, or the tree has the rest. */
export function kubeadmUnit(file: TreeFile, tree: readonly TreeFile[]): TreeUnit | undefined {
  const { name, folder, slashed, path, text } = file;
  if ((name !== 'kubeadm-flags.env' && name !== 'kubelet') || isUnit(file) || isDropIn(file)) return undefined;
  if (!VARIABLES.test(text)) return undefined;
  const known = PATHS.find((each) => slashed.endsWith(each));
  const root = known === undefined ? undefined : slashed.slice(0, -known.length);
  const hasRest = tree.some(
    (each) => each.slashed === `${root ?? ''}/var/lib/kubelet/config.yaml` || isBeside(each, folder),
  );
  if (!hasRest && !FLAG.test(text)) return undefined;
  const unit = { path, text: UNIT, folder, name: 'kubelet.service', slashed: `${folder}/kubelet.service` };
  return { name: 'kubelet.service', file: unit, dropIns: [], folder, root };
}

function isBeside({ folder, name }: TreeFile, other: string): boolean {
  return folder === other && name === 'config.yaml';
}
