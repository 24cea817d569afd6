// A copy of a host: an archive that was unpacked, or a snapshot, with its own /proc. Files that look like the kernel's are only files.

import { lstatSync, readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

import type { UnreadableFile } from '../../policy/certificates.ts';
import type { Problem } from '../../policy/reading.ts';
import { bytesOf } from './bytes.ts';
import { openFiles, type HostFiles } from './files.ts';
import { hostProblem } from './problems.ts';
import { linkOf, type HostProcess } from './process.ts';
import { HostTree } from './tree.ts';

/** Of statfs(2). */
const PROC_SUPER_MAGIC = 0x9fa0;
/** The root of a host has about 20 names. */
const MOST_NAMES = 200;

/** Tells whether this is the /proc of a kernel. Its links are those of the kernel; in a copy they are texts, whose `/` is its root. */
export function isProc(proc: string): boolean {
  return statfsSync(proc).type === PROC_SUPER_MAGIC;
}

/**
 * When the last of these processes started, if everything in the root of the host changed later: then the changes are those of
 * copying it. On a host that only has another /proc, most of it is older.
 */
export function lastStartBeforeCopy(root: string, processes: readonly HostProcess[]): Date | undefined {
  const starts = processes.map(({ startedAt }) => startedAt?.getTime());
  if (starts.length === 0 || starts.includes(undefined)) return undefined;
  const last = Math.max(...starts.map((start) => start ?? 0));
  try {
    const names = readdirSync(root).slice(0, MOST_NAMES);
    const isLater = names.every((name) => lstatSync(join(root, name)).ctimeMs > last);
    return isLater ? new Date(last) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Opens the files of a process in a copy of its host.
 *
 * @param lastStart changes after this time are those of copying; the times of the content count instead
 */
export function openCopy(root: string, directory: string, lastStart: Date | undefined): HostFiles | UnreadableFile {
  try {
    const tree = new HostTree({ root, workingDirectory: root, mountinfo: [] });
    try {
      return tree.visit(bytesOf(linkOf(`${directory}/root`) ?? '/'), ({ descriptor: inside }) =>
        tree.visit(bytesOf(linkOf(`${directory}/cwd`) ?? '/'), ({ descriptor }) =>
          openFiles(
            { root: `/proc/self/fd/${inside}`, workingDirectory: `/proc/self/fd/${descriptor}`, mountinfo: [] },
            () => true,
            lastStart,
          ),
        ),
      );
    } finally {
      tree.close();
    }
  } catch (cause) {
    return { state: 'unreadable', problem: hostProblem(directory, cause) };
  }
}

/** The file that a copy lacks of one of its processes. */
export function missingInCopy({ startTicks, directory }: HostProcess): Problem | undefined {
  if (!Number.isNaN(startTicks)) return undefined;
  const message = `${directory}/stat does not exist, so it is not known when the process was started: copy it from the host too`;
  return { code: 'not-found', message };
}
