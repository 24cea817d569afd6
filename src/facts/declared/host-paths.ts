// Paths of the files of a declared host.

import type { Problem } from '../../policy/reading.ts';

/** Paths of files that can configure a component. */
const OURS = /kube|rancher|k3s|rke2/;

/** A file whose content a document does not show, if it can configure a component. */
export function hiddenFile(path: string, why: string, pointer: string): Problem[] {
  if (!OURS.test(path)) return [];
  const message = `the content of ${path} is not read, because ${why}; check that file too, or check the node with kubelet-guard node`;
  return [{ code: 'not-read', message, origin: { layer: 'file', pointer } }];
}

const SYSTEMD = '/etc/systemd/system';

/** The path of a unit, or of a drop-in of it. */
export function unitPath(unit: string, dropIn?: string): string {
  return dropIn === undefined ? `${SYSTEMD}/${unit}` : `${SYSTEMD}/${unit}.d/${dropIn}`;
}
