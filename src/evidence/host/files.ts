// The files of a host, read as one of its processes reads them.

import { closeSync, opendirSync, openSync, type Stats } from 'node:fs';
import { posix } from 'node:path';

import type { FileStatus, NamedText, StaticPodFiles } from '../../policy/document.ts';
import type { Problem } from '../../policy/reading.ts';
import { bytesOf, READING, readUpTo, textOf } from './bytes.ts';
import { HostFault, isMissing, kernelError, problemOf } from './problems.ts';
import { Tree, type Place, type Standpoint } from './tree.ts';

/** Nothing is there, so that the process would fail on it. */
export interface Missing {
  readonly state: 'missing';
  /** What is missing, where it is not what was asked for but something that it leads to. */
  readonly path?: string;
}

/** What is there cannot be told. */
export interface Unreadable {
  readonly state: 'unreadable';
  readonly problem: Problem;
}

/** A file's text. */
export type FileContent = { readonly state: 'read'; readonly text: string } | Missing | Unreadable;

/** A file's bytes. */
export type FileBytes = { readonly state: 'read'; readonly bytes: Uint8Array } | Missing | Unreadable;

/** The files of one process. Relative paths begin at its working directory, links end at its root. */
export interface HostFiles {
  readonly readFile: (path: string) => FileContent;
  readonly readBytes: (path: string) => FileBytes;
  /** The `.conf` files of a kubelet's --config-dir, in the order in which the kubelet walks it. */
  readonly readDropIns: (directory: string) => readonly NamedText[] | Missing | Unreadable;
  /** The files of a kubelet's staticPodPath, in the order in which it reads them; of each, the kubelet takes the first document. */
  readonly readStaticPods: (path: string) => StaticPodFiles | Missing | Unreadable;
  readonly stat: (path: string) => FileStatus | Missing | Unreadable;
  readonly close: () => void;
}

/** The kubelet's own limit for a static pod (kubernetes pkg/kubelet/config/common.go:51); nothing else comes near either. */
const MAXIMUM_BYTES = 10 * 1024 * 1024;
const MAXIMUM_ENTRIES = 2000;
/** Of all files of a folder together. */
const MAXIMUM_TOTAL = 64 * 1024 * 1024;

/**
 * Opens the files of a standpoint.
 *
 * @param exists tells whether the process is still there. With it its mounts go, so that what is read afterwards may be
 *   something else, or seem to be missing
 */
export function openFiles(standpoint: Standpoint, exists: () => boolean = () => true): HostFiles | Unreadable {
  const named = <T>(path: string, read: (bytes: string) => T): T | Missing | Unreadable => {
    const found = attempt(path, () => read(given(path)));
    if (exists()) return found;
    const message = `${path} cannot be told: its process has ended while it was looked at, so run again`;
    return { state: 'unreadable', problem: { code: 'not-found', message } };
  };
  try {
    const tree = new Tree(standpoint);
    const readBytes = (path: string): FileBytes => named(path, (bytes) => readRegular(tree, bytes));
    return {
      readFile: (path) => decoded(path, readBytes(path)),
      readBytes,
      readDropIns: (directory) => {
        const found = named(directory, (bytes) => readDropIns(tree, bytes));
        return found.state === 'read' ? found.files : found;
      },
      readStaticPods: (path) => named(path, (bytes) => readStaticPods(tree, bytes)),
      stat: (path) => named(path, (bytes) => tree.visit(bytes, ({ stats }) => factsOf(stats))),
      close: () => {
        tree.close();
      },
    };
  } catch (cause) {
    return { state: 'unreadable', problem: problemOf(standpoint.root, cause) };
  }
}

/** Opens the files of a host that is mounted at `root`, as a process sees them that was started in its `/`. */
export function openHost(root: string): HostFiles | Unreadable {
  return openFiles({ root, workingDirectory: root, mountinfo: [] });
}

/** What is no UTF-8 has been replaced in the words of a process, so that the path would be another. */
function given(path: string): string {
  if (!path.includes('\uFFFD')) return bytesOf(path);
  throw new HostFault('malformed', 'is not all UTF-8, so it cannot be followed: rename it');
}

function attempt<T>(shown: string, read: () => T): T | Missing | Unreadable {
  try {
    return read();
  } catch (cause) {
    return isMissing(cause) ? { state: 'missing' } : { state: 'unreadable', problem: problemOf(shown, cause) };
  }
}

function readRegular(tree: Tree, path: string): { readonly state: 'read'; readonly bytes: Buffer } {
  return tree.visit(path, (place) => {
    const { stats } = place;
    if (!stats.isFile()) {
      throw new HostFault('unreachable', `is ${kindOf(stats)}, which is not read: name a file`);
    }
    if (stats.size > MAXIMUM_BYTES) throw tooLarge();
    const bytes = reopened(place, (descriptor) => readUpTo(descriptor, MAXIMUM_BYTES + 1, stats.size));
    if (bytes.length > MAXIMUM_BYTES) throw tooLarge();
    return { state: 'read', bytes };
  });
}

/** The very file or folder of a place, opened for reading. */
function reopened<T>({ descriptor }: Place, read: (descriptor: number) => T): T {
  const opened = openSync(`/proc/self/fd/${descriptor}`, READING);
  try {
    return read(opened);
  } finally {
    closeSync(opened);
  }
}

function tooLarge(): HostFault {
  return new HostFault('too-large', 'is larger than 10 MiB, so it is not read: keep only configuration in it');
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  return stats.isSocket() ? 'a socket' : 'a device';
}

function decoded(path: string, content: FileBytes): FileContent {
  if (content.state !== 'read') return content;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content.bytes);
    if (!text.includes('\0')) return { state: 'read', text };
  } catch {
    // is told below
  }
  const message = `${path} is not UTF-8 text, so it is not read: save it as UTF-8`;
  return { state: 'unreadable', problem: { code: 'malformed', message } };
}

/** The names in a folder with whether each is a folder itself, in the order of their bytes. */
function list(tree: Tree, path: string): readonly { readonly name: string; readonly isFolder: boolean }[] {
  return tree.visit(path, ({ descriptor, stats }) => {
    if (!stats.isDirectory()) throw kernelError('ENOTDIR');
    const entries: { name: string; isFolder: boolean }[] = [];
    const folder = opendirSync(`/proc/self/fd/${descriptor}`, { encoding: 'latin1' });
    try {
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        if (entries.length === MAXIMUM_ENTRIES) throw tooMany();
        entries.push({ name: entry.name, isFolder: entry.isDirectory() });
      }
    } finally {
      folder.closeSync();
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  });
}

function tooMany(): HostFault {
  return new HostFault(
    'too-large',
    `holds more than ${MAXIMUM_ENTRIES} files, or 64 MiB: keep only configuration in it`,
  );
}

type Found = { readonly state: 'read'; readonly files: readonly NamedText[] } | Missing | Unreadable;

/**
 * filepath.WalkDir as kubernetes cmd/kubelet/app/server.go:353-366 uses it: no link is taken for a folder, not even the
 * first, and only names that end in `.conf` are files. What cannot be read of them makes all of it uncertain.
 */
function readDropIns(tree: Tree, directory: string): Found {
  const files: NamedText[] = [];
  let visited = 0;
  let total = 0;
  const waiting = [{ path: directory, isFolder: tree.visit(directory, ({ stats }) => stats.isDirectory(), false) }];
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    const { path } = entry;
    visited += 1;
    if (visited > MAXIMUM_ENTRIES || total > MAXIMUM_TOTAL) throw tooMany();
    if (entry.isFolder) {
      const names = list(tree, path).map(({ name, isFolder }) => ({ path: posix.join(path, name), isFolder }));
      waiting.push(...names.reverse());
    } else if (path.endsWith('.conf')) {
      const content = readText(tree, path);
      if (content.state === 'missing') return { state: 'missing', path: textOf(path) };
      if (content.state === 'unreadable') return content;
      total += content.text.length;
      files.push({ path: textOf(path), text: content.text });
    }
  }
  return { state: 'read', files };
}

/**
 * Which files a kubelet takes for static pods (kubernetes pkg/kubelet/config/file.go:61-63, 119-196): a single file, or
 * all regular files of a folder whose names do not begin with a dot; whatever else is there is skipped.
 */
function readStaticPods(tree: Tree, named: string): StaticPodFiles {
  const root = named.replace(/(?<!\/)\/+$/, '');
  if (tree.visit(root, ({ stats }) => stats.isFile())) return readAll(tree, [root]);
  if (/[*?[\\]/.test(root)) {
    throw new HostFault('unresolved', 'has characters of a pattern, which the kubelet takes as such: rename it');
  }
  const names = list(tree, root).filter(({ name }) => !name.startsWith('.'));
  return readAll(
    tree,
    names.map(({ name }) => posix.join(root, name)),
  );
}

function readAll(tree: Tree, paths: readonly string[]): StaticPodFiles {
  const files: NamedText[] = [];
  const problems: Problem[] = [];
  let total = 0;
  for (const path of paths) {
    const taken = attempt(textOf(path), () =>
      tree.visit(path, ({ stats }) => stats.isFile() && stats.size < MAXIMUM_BYTES),
    );
    const content = taken === true ? readText(tree, path) : taken;
    if (typeof content === 'boolean' || content.state === 'missing') continue;
    if (content.state === 'unreadable') {
      problems.push(content.problem);
      continue;
    }
    total += content.text.length;
    if (total > MAXIMUM_TOTAL) throw tooMany();
    files.push({ path: textOf(path), text: content.text });
  }
  return { state: 'read', files, problems };
}

/** As readFile, for a path that was found in a folder: its name may be any bytes. */
function readText(tree: Tree, path: string): FileContent {
  const shown = textOf(path);
  return decoded(
    shown,
    attempt(shown, () => readRegular(tree, path)),
  );
}

function factsOf(stats: Stats): FileStatus {
  return {
    state: 'present',
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other',
    mode: stats.mode & 0o7777,
    owner: stats.uid,
    group: stats.gid,
    size: stats.size,
    changed: stats.ctime,
  };
}
