// The list of programs that start components on a host.

import { basename, type Word } from '../../argv/words.ts';
import { containers } from './container.ts';
import { k0sLauncher } from './k0s.ts';
import { k3s, rke2 } from './rancher/rancher.ts';
import { snap } from './snap.ts';
import type { Launcher } from './launcher.ts';

/** The launchers, one for each name of a program. */
export const LAUNCHERS: readonly Launcher[] = [k3s, rke2, k0sLauncher, snap, ...containers];

/** The launcher that a command line starts, if it starts one that then starts components. */
export function launcherOf([program, ...words]: readonly Word[]): Launcher | undefined {
  const name = basename(program?.text ?? '');
  return LAUNCHERS.find((launcher) => launcher.name === name && launcher.starts(words.map(({ text }) => text)));
}
