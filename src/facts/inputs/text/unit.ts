// systemd units, their drop-ins, and environment files: what a component's command line is made of, together.

import { withoutTemplate } from '../../declared/tree/paths.ts';
import { isEnvironmentFile } from '../../declared/environment-files.ts';
import type { TextInput } from './text-input.ts';

const SECTION = /^[ \t]*\[(?:Unit|Service|Install)\][ \t\r]*$/m;

/** A service, or a drop-in of one. */
export const systemdUnit: TextInput = {
  name: 'systemd units (`.service`) and their drop-ins',
  surfaces: ['declared-cluster'],
  matches: ({ path, text }) => {
    const name = withoutTemplate(path);
    if (name.endsWith('.service')) return SECTION.test(text);
    return name.endsWith('.conf') && /^[ \t]*\[Service\][ \t\r]*$/m.test(text);
  },
};

/** An environment file, as kubeadm-flags.env or /etc/default/kubelet. */
export const environmentFile: TextInput = {
  name: 'environment files of units (`*.env`, `default/kubelet`, `sysconfig/kubelet`)',
  surfaces: ['declared-cluster'],
  matches: isEnvironmentFile,
};
