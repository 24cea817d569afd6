import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { StartError } from '../../runtime/start-error.ts';

/**
 * Reads a stored report.
 *
 * @throws StartError where the file cannot be read
 */
export function readReportFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new StartError('usage', `the baseline ${path} cannot be read (${codeOf(cause)}): check the path`, { cause });
  }
}

/**
 * Writes a report to be kept, so that whoever reads it meanwhile, or after a crash, finds the old one or the new one, whole.
 *
 * @throws StartError where it cannot be written; what was there then stays
 */
export function writeReportFile(path: string, text: string): void {
  try {
    const target = targetOf(path);
    const temporary = join(dirname(target), `.${basename(target)}.${process.pid}-${Date.now().toString(36)}.tmp`);
    const descriptor = openSync(temporary, 'wx');
    try {
      writeWhole(descriptor, text);
      renameSync(temporary, target);
    } catch (cause) {
      rmSync(temporary, { force: true });
      throw cause;
    }
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError('usage', `the baseline ${path} cannot be written (${codeOf(cause)}): check the path`, {
      cause,
    });
  }
}

function writeWhole(descriptor: number, text: string): void {
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A link stays a link. What is no file is left alone: a rename would put a file where a device or a pipe was. */
function targetOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return path;
  if (!status.isFile()) throw new StartError('usage', `the baseline ${path} cannot be written: it is no regular file`);
  return realpathSync(path);
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'no reason given';
}
