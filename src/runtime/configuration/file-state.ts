import type { BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';

import { SIZE_LIMIT, tooLarge, unreadable } from './configuration.ts';
import { StartError } from '../start-error.ts';

/** A configuration file at one moment. */
export interface Sight {
  /** Changes whenever the file is written or replaced. */
  readonly mark: string;
  /** Its text, or why it has none. */
  readonly content: string | StartError;
  /** The content in a form that can be compared. */
  readonly key: string;
}

/** Looks at a file, through all symlinks; undefined where it changes at the same moment. */
export async function lookAt(path: string): Promise<Sight | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    // only a file: to open a FIFO would wait for its writer
    if (!stats.isFile()) throw new StartError('configuration', `the configuration ${path} is no file: check the path`);
    if (stats.size > SIZE_LIMIT) throw tooLarge(path);
    const handle = await open(path);
    try {
      const text = await readText(handle, Number(stats.size));
      const isStill = markOf(await handle.stat({ bigint: true })) === markOf(stats);
      return isStill && text !== undefined ? { mark: markOf(stats), content: text, key: `text ${text}` } : undefined;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const error = cause instanceof StartError ? cause : unreadable(path, cause);
    return { mark: '', content: error, key: `error ${error.message}` };
  }
}

/** Tells whether nothing happened to the file between two sights, the content compared, too: clocks can be coarse. */
export function isSame(a: Sight, b: Sight | undefined): boolean {
  return a.mark === b?.mark && a.key === b.key;
}

function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

/** The text of a file of that many bytes, or undefined where it has more or fewer. */
async function readText(handle: FileHandle, size: number): Promise<string | undefined> {
  const bytes = Buffer.alloc(size + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    ({ bytesRead: read } = await handle.read(bytes, length));
  }
  return length === size ? bytes.toString('utf8', 0, length) : undefined;
}
