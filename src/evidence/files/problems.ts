// Why a path could not be read, and what to do about it.

import type { Stats } from 'node:fs';

import type { ProblemCode, SourceProblem } from '../../policy/reading.ts';

const LEAVE_OUT = 'name only files and folders of configuration, or leave it out with --exclude';

/** A path that was not read. */
export function notReadable(path: string, code: ProblemCode, message: string): SourceProblem {
  return { problem: { code, message }, source: { path } };
}

/** A file that is not of text. */
export function notText(path: string, kind: 'UTF-16' | 'binary' | 'not UTF-8'): SourceProblem {
  const messages = {
    'UTF-16': 'is UTF-16, which is not read: save it as UTF-8',
    binary: `is binary, not YAML or JSON: ${LEAVE_OUT}`,
    'not UTF-8': `is not valid UTF-8: save it as UTF-8, or ${LEAVE_OUT}`,
  };
  return notReadable(path, 'malformed', messages[kind]);
}

/** A FIFO, a socket or a device. */
export function specialFile(path: string, status: Stats): SourceProblem {
  const kind = status.isFIFO() ? 'a FIFO' : status.isSocket() ? 'a socket' : 'a device';
  return notReadable(
    path,
    'unreachable',
    `is ${kind}, which is not opened: name a file, or pipe the content into \`-\``,
  );
}

/** A file that is larger than what is read. */
export function tooLargeFile(path: string): SourceProblem {
  return notReadable(path, 'too-large', `is larger than 64 MiB, so it is not read: ${LEAVE_OUT}`);
}

/** A path that the file system refused. */
export function failedToRead(path: string, cause: unknown): SourceProblem {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return notReadable(path, 'not-found', 'does not exist: check the path, and where a link leads to');
    case 'EACCES':
    case 'EPERM':
      return notReadable(
        path,
        'forbidden',
        'cannot be read: give this user the right to read it, or run as one who has it',
      );
    case 'ELOOP':
      return notReadable(path, 'unreachable', 'is a link that leads to itself: name the file it should lead to');
    default:
      return notReadable(
        path,
        'unreachable',
        `cannot be read (${code}): check the path and its file system, then try again`,
      );
  }
}
