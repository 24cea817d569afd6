// The files of a process, and whether they have changed since the process read them.

import type { UnreadableFile } from '../../policy/certificates.ts';
import type { NamedText, ProcessFiles } from '../../policy/document.ts';
import type { Problem } from '../../policy/reading.ts';

/** Files that note which of them were read. */
export interface WatchedFiles {
  readonly files: ProcessFiles;
  /** The paths that were read up to now. */
  readonly paths: () => readonly string[];
}

/** What would be started now, if that is not what runs, and since when. */
export interface NextSubject<S> {
  readonly subject: S;
  readonly since?: string;
}

/**
 * The kernel shows the start of a process, and its own, in hundredths of a second: a process may have started a little later. A file
 * that changed in between counts as read, because files are written right before a start.
 */
const PRECISION = 50;
/** k3s writes its kubelet's files at each start, after it has waited for its API server. */
const K3S_STARTS = 5 * 60_000;

/**
 * Reading YAML takes far more memory and time than its text has bytes, and everybody can start a process that looks like a
 * kubelet. Real files have a tenth of this.
 */
const MOST_CHARACTERS = 128 * 1024;

/** When a process has read its files. */
export interface ReadTime {
  readonly startedAt: Date | undefined;
  /** The process is k3s, which writes them first. */
  readonly writesItself: boolean;
}

/** Files without the texts that would take long to read: these are unreadable. */
export function bounded(files: ProcessFiles): ProcessFiles {
  return {
    ...files,
    readFile: (path) => {
      const content = files.readFile(path);
      return content.state === 'read' && content.text.length > MOST_CHARACTERS ? tooLarge(path) : content;
    },
    readDropIns: (directory) => {
      const found = files.readDropIns(directory);
      const length = 'state' in found ? 0 : found.reduce((sum, { text }) => sum + text.length, 0);
      return length > MOST_CHARACTERS ? tooLarge(directory) : found;
    },
    readStaticPods: (path) => {
      const found = files.readStaticPods(path);
      if (found.state !== 'read') return found;
      const isLarge = ({ text }: NamedText): boolean => text.length > MOST_CHARACTERS;
      const problems = found.files.filter(isLarge).map((file) => tooLarge(file.path).problem);
      return {
        ...found,
        files: found.files.filter((file) => !isLarge(file)),
        problems: [...found.problems, ...problems],
      };
    },
  };
}

function tooLarge(path: string): UnreadableFile {
  const message = `${path} holds more than ${MOST_CHARACTERS / 1024} KiB of text, so it is not checked: keep only configuration in it`;
  return { state: 'unreadable', problem: { code: 'too-large', message } };
}

/** Makes files that note which of them are read. */
export function watched(files: ProcessFiles): WatchedFiles {
  const paths = new Set<string>();
  const noting =
    <T>(read: (path: string) => T) =>
    (path: string): T => {
      paths.add(path);
      return read(path);
    };
  return {
    files: {
      ...files,
      readFile: noting(files.readFile),
      stat: noting(files.stat),
      readDropIns: (directory) => {
        const found = files.readDropIns(directory);
        for (const path of foldersOf(directory, found)) paths.add(path);
        return found;
      },
      readStaticPods: (directory) => {
        const found = files.readStaticPods(directory);
        paths.add(directory);
        for (const { path } of found.state === 'read' ? found.files : []) paths.add(path);
        return found;
      },
    },
    paths: () => [...paths],
  };
}

/** Files after a launcher has written some of them. */
export function withWritten(files: ProcessFiles, written: readonly NamedText[]): ProcessFiles {
  if (written.length === 0) return files;
  const isWritten = (path: string): boolean => written.some((file) => file.path === path);
  return {
    ...files,
    readFile: (path) => {
      const file = written.find((one) => one.path === path);
      return file ? { state: 'read', text: file.text } : files.readFile(path);
    },
    readDropIns: (directory) => {
      const found = files.readDropIns(directory);
      if ('state' in found && found.state === 'unreadable') return found;
      const kept = 'state' in found ? [] : found.filter(({ path }) => !isWritten(path));
      const added = written.filter(({ path }) => path.startsWith(`${directory}/`));
      return [...kept, ...added].sort((a, b) => comparePaths(a.path, b.path));
    },
  };
}

/** The order in which the kubelet walks a folder: by name, folder by folder. */
function comparePaths(one: string, other: string): number {
  const [first, second] = [one.split('/'), other.split('/')];
  const at = first.findIndex((segment, index) => segment !== second[index]);
  return (first[at] ?? '') < (second[at] ?? '') ? -1 : 1;
}

/**
 * Files as they were when a process read them: a file that was changed or deleted since then is unreadable. The content of a folder
 * depends on all of its files.
 */
export function filesAsRead(files: ProcessFiles, time: ReadTime): ProcessFiles {
  return {
    ...files,
    readFile: (path) => {
      const content = files.readFile(path);
      if (content.state === 'missing') return { state: 'unreadable', problem: gone(path) };
      // checked after reading: a file that is replaced in between is a new one
      const problem = content.state === 'read' ? changeOf(files, path, time) : undefined;
      return problem ? { state: 'unreadable', problem } : content;
    },
    readDropIns: (directory) => {
      const found = files.readDropIns(directory);
      if ('state' in found) {
        return found.state === 'missing'
          ? { state: 'unreadable', problem: gone(found.path ?? directory) }
          : { state: 'unreadable', problem: found.problem };
      }
      for (const path of foldersOf(directory, found)) {
        const problem = changeOf(files, path, time);
        if (problem) return { state: 'unreadable', problem };
      }
      return found;
    },
  };
}

/** Tells whether one of the paths was changed since a process read it. */
export function isChangedSince(files: ProcessFiles, paths: readonly string[], time: ReadTime): boolean {
  return paths.some((path) => {
    const status = files.stat(path);
    return status.state === 'missing' || (status.state === 'present' && isAfter(status.changed, time));
  });
}

/** The first of the existing paths that was changed since a process read it. */
export function changedFile(files: ProcessFiles, paths: readonly string[], time: ReadTime): string | undefined {
  return paths.find((path) => {
    const status = files.stat(path);
    return status.state === 'present' && isAfter(status.changed, time);
  });
}

/** The time of the last change of the existing paths, RFC 3339 in UTC. */
export function lastChange(files: ProcessFiles, paths: readonly string[]): string | undefined {
  let last: Date | undefined;
  for (const path of paths) {
    const status = files.stat(path);
    if (status.state === 'present' && (last === undefined || status.changed > last)) last = status.changed;
  }
  return last?.toISOString();
}

function changeOf(files: ProcessFiles, path: string, time: ReadTime): Problem | undefined {
  const status = files.stat(path);
  if (status.state === 'unreadable') return status.problem;
  if (status.state === 'missing') return gone(path);
  const { startedAt } = time;
  if (startedAt === undefined) {
    const message = `the start of the process is not known, which /proc/stat and the process's own stat show, so ${path} may have been changed since then; check the process itself`;
    return { code: 'ambiguous', message };
  }
  if (!isAfter(status.changed, time)) return undefined;
  const message = `${path} was written at ${status.changed.toISOString()}, after the start of the process at ${startedAt.toISOString()}. If its content changed, the process still uses the old one, which one look does not show: its answer shows it (/configz, /flagz), and so does a node agent that has read the file before, or a restart`;
  return { code: 'ambiguous', message };
}

function isAfter(changed: Date, { startedAt, writesItself }: ReadTime): boolean {
  if (startedAt === undefined) return true;
  return changed.getTime() > startedAt.getTime() + (writesItself ? K3S_STARTS : PRECISION);
}

function gone(path: string): Problem {
  const message = `${path} was deleted after the process had started: the process still uses the old content, and cannot be started again`;
  return { code: 'not-found', message };
}

/** A folder, the folders below it that contain files, and the files. */
function foldersOf(directory: string, found: ReturnType<ProcessFiles['readDropIns']>): readonly string[] {
  const paths = new Set([directory]);
  for (const { path } of 'state' in found ? [] : found) {
    for (let at = path; at.length > directory.length; at = at.slice(0, at.lastIndexOf('/'))) paths.add(at);
  }
  return [...paths];
}
