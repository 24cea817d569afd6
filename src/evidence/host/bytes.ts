// Bytes from descriptors, and names that are bytes.

import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readSync } from 'node:fs';

import { HostFault } from './problems.ts';

/** Opened so, neither a FIFO nor a lease keeps the reader waiting, and no terminal becomes its own. */
export const READING = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** One character for each byte: names of files are bytes, sorted as such, and need not be UTF-8. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The text of a name. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

/** Reads on, to the end or to `limit` bytes. */
export function readUpTo(descriptor: number, limit: number, expected = 4096): Buffer {
  let buffer = Buffer.allocUnsafe(Math.min(expected + 1, limit));
  let length = 0;
  for (;;) {
    if (length === buffer.length) {
      if (length === limit) return buffer;
      buffer = Buffer.concat([buffer], Math.min(2 * length + 4096, limit));
    }
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (read === 0) return buffer.subarray(0, length);
    length += read;
  }
}

/** Reads the beginning of a file below /proc. In a copy of a host, anything may stand in its place: only a file is opened. */
export function readProcFile(path: string, limit: number): Buffer {
  if (!lstatSync(path).isFile()) throw new HostFault('malformed', 'is no file, as it would be below /proc');
  const descriptor = openSync(path, READING | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(descriptor).isFile()) throw new HostFault('malformed', 'is no file, as it would be below /proc');
    return readUpTo(descriptor, limit);
  } finally {
    closeSync(descriptor);
  }
}

/** The id of the mount that a descriptor is on; the kernel tells it without asking the file system. */
export function mountOf(descriptor: number): string | undefined {
  return /^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1];
}
