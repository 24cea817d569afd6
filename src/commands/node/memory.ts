// What earlier audits read of a process's files. A file that is written again with the same content has a new ctime, and only who
// has read it before knows that nothing changed.

import { createHash } from 'node:crypto';

import type { ProcessFiles } from '../../policy/document.ts';
import { readStatus, type HostProcess } from '../../evidence/host/process.ts';

/** The content of a file when it was first read, and when that was written. */
interface FirstRead {
  readonly digest: string;
  readonly changed: Date;
}

interface KnownProcess {
  readonly process: HostProcess;
  readonly files: Map<string, FirstRead>;
}

/** More than a host has. Anybody can start processes that look like a kubelet, and name files in their arguments. */
const MOST_PROCESSES = 100;
const MOST_FILES = 200;

/** Remembers digests of files from one audit of a host to the next. */
export class HostMemory {
  #last = new Map<string, KnownProcess>();
  #current = new Map<string, KnownProcess>();

  /** Begins an audit. Processes that the last one did not find are forgotten. */
  begin(): void {
    this.#last = this.#current;
    this.#current = new Map();
  }

  /** Tells whether a process that the last audit found has ended since, or runs another program. */
  hasEnded(): boolean {
    return [...this.#current.values()].some(({ process }) => {
      try {
        return readStatus(process.directory).startTicks !== process.startTicks;
      } catch {
        return true;
      }
    });
  }

  /**
   * Makes files of a process whose times of change are those of their content, as far as earlier audits of the same process read
   * it.
   */
  of(process: HostProcess, files: ProcessFiles): ProcessFiles {
    const { pid, startTicks, programTicks } = process;
    // in a copy of a host nothing changes
    if (Number.isNaN(startTicks)) return files;
    const key = `${pid} ${startTicks} ${programTicks ?? ''}`;
    const known = this.#current.get(key) ?? this.#last.get(key) ?? { process, files: new Map<string, FirstRead>() };
    if (this.#current.size < MOST_PROCESSES) this.#current.set(key, known);
    return remembering(files, known.files);
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function remembering(files: ProcessFiles, known: Map<string, FirstRead>): ProcessFiles {
  const read = new Map<string, string>();
  const folders = new Set<string>();
  const digestOf = (path: string): string | undefined => {
    if (!folders.has(path)) {
      const content = files.readBytes(path);
      return content.state === 'read' ? sha256(content.bytes) : undefined;
    }
    const found = files.readDropIns(path);
    return 'state' in found ? undefined : sha256(JSON.stringify(found.map(({ path, text }) => [path, text])));
  };
  return {
    ...files,
    readFile: (path) => {
      const content = files.readFile(path);
      if (content.state === 'read') read.set(path, sha256(content.text));
      return content;
    },
    readDropIns: (directory) => {
      const found = files.readDropIns(directory);
      if ('state' in found) return found;
      for (const { path } of [...found, { path: `${directory}/` }]) {
        for (let at = path.lastIndexOf('/'); at >= directory.length; at = path.lastIndexOf('/', at - 1)) {
          folders.add(path.slice(0, at));
        }
      }
      return found;
    },
    stat: (path) => {
      const status = files.stat(path);
      if (status.state !== 'present') return status;
      const first = known.get(path);
      const isKnown = first?.changed.getTime() === status.changed.getTime();
      if (isKnown || (first === undefined && known.size >= MOST_FILES)) return status;
      const digest = digestOf(path);
      const after = files.stat(path);
      // it is being written
      if (after.state !== 'present' || after.changed.getTime() !== status.changed.getTime()) return status;
      if (digest === undefined) return status;
      if (first === undefined) known.set(path, { digest, changed: status.changed });
      const isSame = first?.digest === digest && (read.get(path) ?? digest) === digest;
      return isSame ? { ...status, changed: first.changed } : status;
    },
  };
}
