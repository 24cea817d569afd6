// The content of a regular file, read with bounded memory, and decoded.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';

import type { SourceProblem } from '../../policy/reading.ts';
import { notText, specialFile, tooLargeFile } from './problems.ts';

/** Larger files are not read: nothing that configures a component comes near. */
export const LARGEST_FILE = 64 * 1024 * 1024;
/** In a folder, larger files are only looked at if their name says that they are configuration; a kubelet reads as much. */
const MAXIMUM_UNNAMED = 10 * 1024 * 1024;

/** Names of configuration: a file of these that cannot be read as a text is a problem if it can matter. */
const EXTENSIONS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json', '.manifest', '.conf']);

/** Whether the bytes of a file in a folder can matter at all. */
export type CanMatter = (path: string, bytes: Uint8Array) => boolean;

/** Most files fit in it, so that a file that cannot matter costs no memory. */
const scratch = Buffer.allocUnsafe(256 * 1024);

/**
 * Reads a file.
 *
 * @param canMatter for a file that lies in a folder; a file that was named is read whatever it holds
 * @returns its text, a problem, or undefined if it cannot matter
 */
export function readTextFile(path: string, canMatter?: CanMatter): string | SourceProblem | undefined {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    // the path may have changed since its folder was listed
    const status = fstatSync(descriptor);
    if (!status.isFile()) return specialFile(path, status);
    const limit = canMatter === undefined || hasConfigurationName(path) ? LARGEST_FILE : MAXIMUM_UNNAMED;
    if (status.size > limit) return limit === LARGEST_FILE ? tooLargeFile(path) : undefined;
    const bytes = readAll(descriptor, status.size);
    if (canMatter === undefined) return decodeText(path, bytes);
    return mayMatter(path, bytes, canMatter) ? textInFolder(path, bytes) : undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** To the end, but never beyond one byte over the maximum: the size of a file can be wrong, and can grow. */
function readAll(descriptor: number, size: number): Buffer {
  let buffer = size < scratch.length ? scratch : Buffer.allocUnsafe(Math.min(size, LARGEST_FILE) + 1);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += read;
    if (read === 0 || length > LARGEST_FILE) return buffer.subarray(0, length);
    // most file systems return all of a regular file at once
    if (size > 0 && length === size) return buffer.subarray(0, length);
    if (length === buffer.length) {
      buffer = Buffer.concat([buffer], Math.min(2 * length + 4096, LARGEST_FILE + 1));
    }
  }
}

/** Decodes what was read of a path or of standard input. */
export function decodeText(path: string, bytes: Buffer): string | SourceProblem {
  if (bytes.length > LARGEST_FILE) return tooLargeFile(path);
  if (isUtf16(bytes)) return notText(path, 'UTF-16');
  if (bytes.includes(0)) return notText(path, 'binary');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return notText(path, 'not UTF-8');
  }
}

/** A program or an image in a folder is no problem, even if it holds all names of settings. */
function textInFolder(path: string, bytes: Buffer): string | SourceProblem | undefined {
  const text = decodeText(path, bytes);
  return typeof text === 'string' || hasConfigurationName(path) || isUtf16(bytes) ? text : undefined;
}

function mayMatter(path: string, bytes: Buffer, canMatter: CanMatter): boolean {
  if (!isUtf16(bytes)) return canMatter(path, bytes);
  const littleEndian = bytes[0] === 0xff;
  return canMatter(path, Buffer.from(new TextDecoder(littleEndian ? 'utf-16le' : 'utf-16be').decode(bytes)));
}

function isUtf16(bytes: Buffer): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

function hasConfigurationName(path: string): boolean {
  return EXTENSIONS.has(extname(path));
}
