// The files of baselines.

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
 * @throws StartError if the file cannot be read
 */
export function readReportFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new StartError('usage', `the baseline ${path} cannot be read (${codeOf(cause)}): check the path`, { cause });
  }
}

/**
 * Replaces a report in one step, so that a reader always finds a whole report, the old one or the new one, even after a crash.
 *
 * @throws StartError if it cannot be written; the old file then stays
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

/** The file behind a link, so that the link stays. A device or a pipe is rejected, because a rename would replace it. */
function targetOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return path;
  if (!status.isFile())
    throw new StartError('usage', `the baseline ${path} cannot be written: it is not a regular file`);
  return realpathSync(path);
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'no reason given';
}
