// Follows paths as one process sees them, one name at a time: no link leads out of the process's root, even if somebody changes
// it meanwhile, and only files and folders are opened.

import { closeSync, constants, fstatSync, openSync, readlinkSync, statSync, type Stats } from 'node:fs';

import { assertEntered, readMounts, type Mounts } from './mounts.ts';
import { HostFault, kernelError } from './problems.ts';

/** Linux's O_PATH, which Node does not name: a handle for a file or folder, without opening it. */
const O_PATH = 0o10000000;
const O_PATH_ONLY = O_PATH | constants.O_NOFOLLOW;

/** As the kernel has it (path_resolution(7)). */
const MAXIMUM_LINKS = 40;
const MAXIMUM_PATH = 4096;
/** All folders of a path stay open. */
const MAXIMUM_DEPTH = 200;

/** Where the paths of a process begin. */
export interface PathContext {
  /** The root, as this process sees it; a link such as /proc/PID/root is followed. */
  readonly root: string;
  /** The working directory, likewise. */
  readonly workingDirectory: string;
  /** Further /proc/PID/mountinfo than this process's own. */
  readonly mountinfo: readonly string[];
}

/** A file or folder that a path led to, held by a descriptor of O_PATH. */
export interface OpenPath {
  readonly descriptor: number;
  readonly stats: Stats;
}

/** The files of one process. Throws what the kernel answers, or a HostFault. */
export class HostTree {
  readonly #root: OpenPath;
  readonly #start: OpenPath | { readonly cause: unknown };
  readonly #mounts: Mounts;

  constructor({ root, workingDirectory, mountinfo }: PathContext) {
    // without /proc, everything would seem to be missing
    statSync('/proc/self/fd');
    this.#mounts = readMounts('/proc/self/mountinfo', ...mountinfo);
    this.#root = this.#base(root);
    try {
      this.#start = this.#base(workingDirectory);
    } catch (cause) {
      this.#start = { cause };
    }
  }

  /**
   * Follows a path and uses what it leads to.
   *
   * @param path one character for each byte
   * @param use is called with the file or folder, which is closed afterwards
   * @param follow whether a link at the end is followed
   */
  visit<T>(path: string, use: (opened: OpenPath) => T, follow = true): T {
    if (path === '') throw kernelError('ENOENT');
    if (path.length >= MAXIMUM_PATH || path.includes('\0')) throw new HostFault('malformed', 'is no path');
    const walk = new Walk(this.#root, path.startsWith('/') ? this.#root : this.#beginning());
    try {
      return use(this.#walk(walk, path, follow));
    } finally {
      walk.close();
    }
  }

  close(): void {
    closeSync(this.#root.descriptor);
    if ('descriptor' in this.#start) closeSync(this.#start.descriptor);
  }

  #beginning(): OpenPath {
    if ('descriptor' in this.#start) return this.#start;
    throw new HostFault(
      'relative-path',
      'is relative, and the working directory of its process cannot be opened: run as root',
    );
  }

  #walk(walk: Walk, path: string, follow: boolean): OpenPath {
    const names = path.split('/').reverse();
    let links = 0;
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        walk.leave(() => this.#enter(walk.here, '..'));
        continue;
      }
      const opened = this.#enter(walk.here, name);
      const last = names.length === 0;
      if (opened.stats.isSymbolicLink() && (follow || !last)) {
        closeSync(opened.descriptor);
        links += 1;
        if (links > MAXIMUM_LINKS) throw kernelError('ELOOP');
        const target = readlinkSync(below(walk.here, name), { encoding: 'latin1' });
        if (target.startsWith('/')) walk.restart();
        names.push(...target.split('/').reverse());
        continue;
      }
      walk.enter(opened);
      if (!last && !opened.stats.isDirectory()) throw kernelError('ENOTDIR');
    }
    return walk.here;
  }

  #enter(folder: OpenPath, name: string): OpenPath {
    return this.#opened(openSync(below(folder, name), O_PATH_ONLY));
  }

  #base(path: string): OpenPath {
    return this.#opened(openSync(path, O_PATH | constants.O_DIRECTORY));
  }

  /** Checks the mount first: fstat would wait forever for a file system that does not answer. */
  #opened(descriptor: number): OpenPath {
    try {
      assertEntered(this.#mounts, descriptor);
      return { descriptor, stats: fstatSync(descriptor) };
    } catch (cause) {
      closeSync(descriptor);
      throw cause;
    }
  }
}

/** The path of a name in an open folder, as with openat(2). */
function below({ descriptor }: OpenPath, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${descriptor}/${name}`, 'latin1');
}

/** The folders from the start of a path to the current one. */
class Walk {
  readonly #root: OpenPath;
  readonly #entered: OpenPath[] = [];
  #start: OpenPath;
  #ownsStart = false;

  constructor(root: OpenPath, start: OpenPath) {
    this.#root = root;
    this.#start = start;
  }

  get here(): OpenPath {
    return this.#entered.at(-1) ?? this.#start;
  }

  enter(opened: OpenPath): void {
    this.#entered.push(opened);
    if (this.#entered.length > MAXIMUM_DEPTH) throw new HostFault('too-large', 'is nested too deeply: check its links');
  }

  /** One folder up: the previous one, or above a working directory the kernel's answer. The root is its own parent. */
  leave(parent: () => OpenPath): void {
    const left = this.#entered.pop();
    if (left !== undefined) closeSync(left.descriptor);
    else if (!isSame(this.#start, this.#root)) this.#restart(parent(), true);
  }

  restart(): void {
    this.#restart(this.#root, false);
  }

  close(): void {
    for (const { descriptor } of this.#entered.splice(0)) closeSync(descriptor);
    if (this.#ownsStart) closeSync(this.#start.descriptor);
    this.#ownsStart = false;
  }

  #restart(start: OpenPath, owned: boolean): void {
    this.close();
    this.#start = start;
    this.#ownsStart = owned;
  }
}

function isSame(a: OpenPath, b: OpenPath): boolean {
  return a.stats.dev === b.stats.dev && a.stats.ino === b.stats.ino;
}
