// The files of a host, read as one of its processes reads them.

import type { Stats } from 'node:fs';

import type { MissingFile, UnreadableFile } from '../../policy/certificates.ts';
import type { FileStatus, ProcessFiles } from '../../policy/document.ts';
import { bytesOf } from './bytes.ts';
import { attempt, decoded, readRegular, type FileBytes } from './content.ts';
import { readDropIns, readStaticPods } from './folders.ts';
import { HostFault, hostProblem } from './problems.ts';
import { HostTree, type PathContext } from './tree.ts';

/** The files of one process. Relative paths begin at its working directory, links end at its root. */
export interface HostFiles extends ProcessFiles {
  readonly close: () => void;
}

/**
 * Opens the files of a process.
 *
 * @param exists whether the process still runs. When it ends, its mounts go: what is read after that may be another file, or
 *   seem to be missing
 * @param copiedAfter all files were copied after this time, so later changes of their metadata are those of the copy
 */
export function openFiles(
  context: PathContext,
  exists: () => boolean = () => true,
  copiedAfter?: Date,
): HostFiles | UnreadableFile {
  const named = <T>(path: string, read: (bytes: string) => T): T | MissingFile | UnreadableFile => {
    const found = attempt(path, () => read(given(path)));
    if (exists()) return found;
    const message = `${path} cannot be read: its process has ended meanwhile, so run again`;
    return { state: 'unreadable', problem: { code: 'not-found', message } };
  };
  try {
    const tree = new HostTree(context);
    const readBytes = (path: string): FileBytes => named(path, (bytes) => readRegular(tree, bytes));
    return {
      readFile: (path) => decoded(path, readBytes(path)),
      readBytes,
      readDropIns: (directory) => {
        const found = named(directory, (bytes) => readDropIns(tree, bytes));
        return found.state === 'read' ? found.files : found;
      },
      readStaticPods: (path) => named(path, (bytes) => readStaticPods(tree, bytes)),
      stat: (path) => named(path, (bytes) => tree.visit(bytes, ({ stats }) => factsOf(stats, copiedAfter))),
      close: () => {
        tree.close();
      },
    };
  } catch (cause) {
    return { state: 'unreadable', problem: hostProblem(context.root, cause) };
  }
}

/** Opens the files of a host that is mounted at `root`, as a process in its `/` sees them. */
export function openHost(root: string): HostFiles | UnreadableFile {
  return openFiles({ root, workingDirectory: root, mountinfo: [] });
}

/** Bytes that are not UTF-8 were replaced when the arguments of the process were read: the path would be another one. */
function given(path: string): string {
  if (!path.includes('\uFFFD')) return bytesOf(path);
  throw new HostFault('malformed', 'is not all UTF-8, so it cannot be followed: rename it');
}

function factsOf(stats: Stats, copiedAfter: Date | undefined): FileStatus {
  const isOfCopy = copiedAfter !== undefined && stats.ctime > copiedAfter;
  return {
    state: 'present',
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    mode: stats.mode & 0o7777,
    owner: stats.uid,
    group: stats.gid,
    size: stats.size,
    changed: isOfCopy ? stats.mtime : stats.ctime,
  };
}
