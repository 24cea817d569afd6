// Paths as one process sees them: followed by hand, one name at a time, so that no link leads out of the process's root
// whoever changes it meanwhile, and nothing is opened that is not known to be a file or folder.

import { closeSync, constants, fstatSync, openSync, readlinkSync, statSync, type Stats } from 'node:fs';

import { assertEntered, readMounts, type Mounts } from './mounts.ts';
import { HostFault, kernelError } from './problems.ts';

/** Linux's O_PATH, which Node does not name: a handle for a place, without opening what is there. */
const O_PATH = 0o10000000;
const PLACE = O_PATH | constants.O_NOFOLLOW;

/** As the kernel has it (path_resolution(7)). */
const MAXIMUM_LINKS = 40;
const MAXIMUM_PATH = 4096;
/** Every folder on the way stays open. */
const MAXIMUM_DEPTH = 200;

/** Where a process stands. */
export interface Standpoint {
  /** The root, as this process sees it; a link such as /proc/PID/root is followed. */
  readonly root: string;
  /** The working directory, likewise. */
  readonly workingDirectory: string;
  /** Further /proc/PID/mountinfo than this process's own. */
  readonly mountinfo: readonly string[];
}

/** A place that was reached, open for as long as it is looked at. */
export interface Place {
  readonly descriptor: number;
  readonly stats: Stats;
}

/** The files of one process. Throws what the kernel answers, or a HostFault. */
export class Tree {
  readonly #root: Place;
  readonly #start: Place | { readonly cause: unknown };
  readonly #mounts: Mounts;

  constructor({ root, workingDirectory, mountinfo }: Standpoint) {
    // without it, everything would seem to be missing
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
   * Follows a path and looks at where it leads.
   *
   * @param path one character for each byte
   * @param look is given the place, which is closed afterwards
   * @param follow whether a link at the end is followed
   */
  visit<T>(path: string, look: (place: Place) => T, follow = true): T {
    if (path === '') throw kernelError('ENOENT');
    if (path.length >= MAXIMUM_PATH || path.includes('\0')) throw new HostFault('malformed', 'is no path');
    const way = new Way(this.#root, path.startsWith('/') ? this.#root : this.#beginning());
    try {
      return look(this.#walk(way, path, follow));
    } finally {
      way.close();
    }
  }

  close(): void {
    closeSync(this.#root.descriptor);
    if ('descriptor' in this.#start) closeSync(this.#start.descriptor);
  }

  #beginning(): Place {
    if ('descriptor' in this.#start) return this.#start;
    throw new HostFault(
      'relative-path',
      'is relative, and the working directory of its process cannot be opened: run as root',
    );
  }

  #walk(way: Way, path: string, follow: boolean): Place {
    const names = path.split('/').reverse();
    let links = 0;
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        way.leave(() => this.#enter(way.here, '..'));
        continue;
      }
      const place = this.#enter(way.here, name);
      const last = names.length === 0;
      if (place.stats.isSymbolicLink() && (follow || !last)) {
        closeSync(place.descriptor);
        links += 1;
        if (links > MAXIMUM_LINKS) throw kernelError('ELOOP');
        const target = readlinkSync(below(way.here, name), { encoding: 'latin1' });
        if (target.startsWith('/')) way.restart();
        names.push(...target.split('/').reverse());
        continue;
      }
      way.enter(place);
      if (!last && !place.stats.isDirectory()) throw kernelError('ENOTDIR');
    }
    return way.here;
  }

  #enter(folder: Place, name: string): Place {
    return this.#place(openSync(below(folder, name), PLACE));
  }

  #base(path: string): Place {
    return this.#place(openSync(path, O_PATH | constants.O_DIRECTORY));
  }

  /** The mount is looked at first: a file system that never answers would be asked for the status. */
  #place(descriptor: number): Place {
    try {
      assertEntered(this.#mounts, descriptor);
      return { descriptor, stats: fstatSync(descriptor) };
    } catch (cause) {
      closeSync(descriptor);
      throw cause;
    }
  }
}

/** What the kernel finds by name in an open folder: what openat(2) does. */
function below({ descriptor }: Place, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${descriptor}/${name}`, 'latin1');
}

/** The folders from the start of a path to where it has come. */
class Way {
  readonly #root: Place;
  readonly #entered: Place[] = [];
  #start: Place;
  #ownsStart = false;

  constructor(root: Place, start: Place) {
    this.#root = root;
    this.#start = start;
  }

  get here(): Place {
    return this.#entered.at(-1) ?? this.#start;
  }

  enter(place: Place): void {
    this.#entered.push(place);
    if (this.#entered.length > MAXIMUM_DEPTH) throw new HostFault('too-large', 'is nested too deeply: check its links');
  }

  /** One folder up: the one that was come from, or above a working directory what the kernel says. The root is its own parent. */
  leave(parent: () => Place): void {
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

  #restart(start: Place, owned: boolean): void {
    this.close();
    this.#start = start;
    this.#ownsStart = owned;
  }
}

function isSame(a: Place, b: Place): boolean {
  return a.stats.dev === b.stats.dev && a.stats.ino === b.stats.ino;
}
