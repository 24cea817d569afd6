// Reads single files of a process, within limits.

import { closeSync, openSync, type Stats } from 'node:fs';

import type { MissingFile, UnreadableFile } from '../../policy/certificates.ts';
import { READING, readUpTo, textOf } from './bytes.ts';
import { HostFault, isMissing, hostProblem } from './problems.ts';
import type { OpenPath, HostTree } from './tree.ts';

/** A file's text. */
export type FileContent = { readonly state: 'read'; readonly text: string } | MissingFile | UnreadableFile;

/** A file's bytes. */
export type FileBytes = { readonly state: 'read'; readonly bytes: Uint8Array } | MissingFile | UnreadableFile;

/** The kubelet's own limit for a static pod (kubernetes pkg/kubelet/config/common.go:51). Other files are much smaller. */
export const MAXIMUM_BYTES = 10 * 1024 * 1024;

/** Reads, and turns what the kernel throws into a missing or unreadable file. */
export function attempt<T>(shown: string, read: () => T): T | MissingFile | UnreadableFile {
  try {
    return read();
  } catch (cause) {
    return isMissing(cause) ? { state: 'missing' } : { state: 'unreadable', problem: hostProblem(shown, cause) };
  }
}

/** Reads a regular file. Throws what the kernel answers, or a HostFault. */
export function readRegular(tree: HostTree, path: string): { readonly state: 'read'; readonly bytes: Buffer } {
  return tree.visit(path, (opened) => {
    const { stats } = opened;
    if (!stats.isFile()) {
      throw new HostFault('unreachable', `is ${kindOf(stats)}, which is not read: name a file`);
    }
    if (stats.size > MAXIMUM_BYTES) throw tooLarge();
    const bytes = reopened(opened, (descriptor) => readUpTo(descriptor, MAXIMUM_BYTES + 1, stats.size));
    if (bytes.length > MAXIMUM_BYTES) throw tooLarge();
    return { state: 'read', bytes };
  });
}

/** Opens the same file or folder for reading. */
function reopened<T>({ descriptor }: OpenPath, read: (descriptor: number) => T): T {
  const opened = openSync(`/proc/self/fd/${descriptor}`, READING);
  try {
    return read(opened);
  } finally {
    closeSync(opened);
  }
}

function tooLarge(): HostFault {
  return new HostFault('too-large', 'is larger than 10 MiB, so it is not read: keep only configuration in it');
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}

/** The text of a file, which must be UTF-8. */
export function decoded(path: string, content: FileBytes): FileContent {
  if (content.state !== 'read') return content;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content.bytes);
    if (!text.includes('\0')) return { state: 'read', text };
  } catch {
    // the problem below
  }
  const message = `${path} is not UTF-8 text, so it is not read: save it as UTF-8`;
  return { state: 'unreadable', problem: { code: 'malformed', message } };
}

/** Reads the text of a file that was found in a folder: its name may be any bytes. */
export function readText(tree: HostTree, path: string): FileContent {
  const shown = textOf(path);
  return decoded(
    shown,
    attempt(shown, () => readRegular(tree, path)),
  );
}
