// Reads the configuration file at one moment, in a form that shows whether it has changed.

import type { BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';

import { SIZE_LIMIT, configurationTooLarge, unreadableConfiguration } from './configuration.ts';
import { StartError } from '../start-error.ts';

/** A configuration file at one moment. */
export interface FileState {
  /** Changes whenever the file is written or replaced. */
  readonly version: string;
  /** The text of the file, or why it cannot be read. */
  readonly content: string | StartError;
  /** The content as a string, to compare it. */
  readonly key: string;
}

/** Milliseconds after which the clock of any file system gives another time. */
const SETTLED = 10_000;

/**
 * Reads a file, through all symlinks; undefined if it changes while it is read. A file that has not been touched for a while is
 * only looked at: to read it takes seven times as many calls, each second.
 *
 * @param previous the state at the last read
 * @param now milliseconds since the Unix epoch
 */
export async function readFileState(
  path: string,
  previous: FileState | undefined,
  now: number,
): Promise<FileState | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    // only a file, because opening a FIFO waits for its writer
    if (!stats.isFile())
      throw new StartError('configuration', `the configuration ${path} is not a file: check the path`);
    if (stats.size > SIZE_LIMIT) throw configurationTooLarge(path);
    const version = versionOf(stats);
    if (version === previous?.version && now - Number(stats.ctimeMs) > SETTLED) return previous;
    const handle = await open(path);
    try {
      const text = await readText(handle, Number(stats.size));
      const isUnchanged = versionOf(await handle.stat({ bigint: true })) === version;
      return isUnchanged && text !== undefined ? { version, content: text, key: `text ${text}` } : undefined;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const error = cause instanceof StartError ? cause : unreadableConfiguration(path, cause);
    return { version: '', content: error, key: `error ${error.message}` };
  }
}

/** Whether the file has not changed. It compares the content too, because the clock of a file system can be coarse. */
export function isSameState(a: FileState, b: FileState | undefined): boolean {
  return a.version === b?.version && a.key === b.key;
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

/** The text of a file, or undefined if it does not have exactly `size` bytes. */
async function readText(handle: FileHandle, size: number): Promise<string | undefined> {
  const bytes = Buffer.alloc(size + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    ({ bytesRead: read } = await handle.read(bytes, length));
  }
  return length === size ? bytes.toString('utf8', 0, length) : undefined;
}
