// Which mounts are not entered, so that the owner of a mount cannot keep the reader waiting for ever.

import { mountOf, readProcFile } from './bytes.ts';
import { HostFault, isGone } from './problems.ts';

/** The type of file system of each mount, by the mount's id, which is unique on a machine. */
export type Mounts = ReadonlyMap<string, string>;

const MAXIMUM_BYTES = 32 * 1024 * 1024;

/** The mounts that /proc/PID/mountinfo lists (proc_pid_mountinfo(5)): ids first, the type behind a lone dash. */
export function readMounts(...paths: readonly string[]): Mounts {
  const mounts = new Map<string, string>();
  for (const path of paths) {
    for (const line of mountLines(path)) {
      const [, id, type] = /^(\d+) .*? - (\S+)/.exec(line) ?? [];
      if (id !== undefined && type !== undefined) mounts.set(id, type);
    }
  }
  return mounts;
}

/** A copy of a host has no such file. */
function mountLines(path: string): readonly string[] {
  try {
    return readProcFile(path, MAXIMUM_BYTES).toString('latin1').split('\n');
  } catch (cause) {
    if (isGone(cause)) return [];
    throw cause;
  }
}

/**
 * Throws unless the descriptor is on a file system that answers by itself, and everybody the same.
 *
 * Anyone can mount a file system of their own making (FUSE) in a namespace of their own.
 */
export function assertEntered(mounts: Mounts, descriptor: number): void {
  const type = mounts.get(mountOf(descriptor) ?? '');
  if (type === undefined) {
    throw new HostFault('unreachable', 'is on a mount that its process does not list: run again, or ask its /configz');
  }
  if (/^(?:fuse|autofs$)/.test(type)) {
    throw new HostFault(
      'unreachable',
      `is on a mount of type ${type}, which can keep a reader waiting for ever: keep it on a disk, or ask its /configz`,
    );
  }
  if (/^(?:proc|sysfs|debugfs|tracefs)$/.test(type)) {
    throw new HostFault('unreachable', `is in ${type}, where each process reads something else: ask its /configz`);
  }
}
