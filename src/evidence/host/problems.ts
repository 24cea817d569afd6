// Why something of a host could not be read, in words that say what to do next.

import type { Problem, ProblemCode } from '../../policy/reading.ts';

/** Thrown inside of this folder where the reason is known better than the kernel's error tells it. */
export class HostFault extends Error {
  override readonly name = 'HostFault';
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What the kernel would have said. */
export function kernelError(name: 'ENOENT' | 'ENOTDIR' | 'ELOOP'): Error {
  return Object.assign(new Error(name), { code: name });
}

/** The kernel's name of an error, or undefined if it is none of the kernel's. */
export function errorName(cause: unknown): string | undefined {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Nothing is there. */
export function isMissing(cause: unknown): boolean {
  const name = errorName(cause);
  return name === 'ENOENT' || name === 'ENOTDIR';
}

/** Nothing is there any more: what /proc answers of a process that has ended. */
export function isGone(cause: unknown): boolean {
  return isMissing(cause) || errorName(cause) === 'ESRCH';
}

/** The problem behind an error, for a path. */
export function hostProblem(path: string, cause: unknown): Problem {
  if (cause instanceof HostFault) return { code: cause.code, message: `${path} ${cause.message}` };
  const name = errorName(cause) ?? 'unknown error';
  switch (name) {
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'forbidden',
        message: `${path} cannot be read by this user: run as root, or as one who may read it`,
      };
    case 'ENOENT':
    case 'ENOTDIR':
      return { code: 'not-found', message: `${path} does not exist: check the path, and where a link leads to` };
    case 'ESRCH':
      return { code: 'not-found', message: `${path} is gone: its process has ended, so run again` };
    case 'ELOOP':
      return {
        code: 'unreachable',
        message: `${path} is a link that leads to itself, or goes through too many others: fix the link`,
      };
    case 'EMFILE':
    case 'ENFILE':
      return { code: 'unreachable', message: `${path} was not opened: too many files are open, so raise the limit` };
    default:
      return {
        code: 'unreachable',
        message: `${path} cannot be read (${name}): check the path and its file system, then try again`,
      };
  }
}
