// Reads the folders of a kubelet: drop-ins and static pods.

import { opendirSync } from 'node:fs';
import { posix } from 'node:path';

import type { MissingFile, UnreadableFile } from '../../policy/certificates.ts';
import type { NamedText, StaticPodFiles } from '../../policy/document.ts';
import type { Problem } from '../../policy/reading.ts';
import { textOf } from './bytes.ts';
import { attempt, MAXIMUM_BYTES, readText } from './content.ts';
import { HostFault, kernelError } from './problems.ts';
import type { HostTree } from './tree.ts';

const MAXIMUM_ENTRIES = 2000;
/** The limit for all files of a folder together. */
const MAXIMUM_TOTAL = 64 * 1024 * 1024;

type Found = { readonly state: 'read'; readonly files: readonly NamedText[] } | MissingFile | UnreadableFile;

/**
 * The drop-ins of a kubelet, by filepath.WalkDir as kubernetes cmd/kubelet/app/server.go:353-366 uses it: a link is never a
 * folder, not even the first path, and only names that end in `.conf` are read. If one of them cannot be read, the whole
 * folder is unreadable.
 */
export function readDropIns(tree: HostTree, directory: string): Found {
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
 * The files that a kubelet reads as static pods (kubernetes pkg/kubelet/config/file.go:61-63, 119-196): a single file, or
 * all regular files of a folder whose names do not begin with a dot; it skips everything else.
 */
export function readStaticPods(tree: HostTree, named: string): StaticPodFiles {
  const root = named.replace(/(?<!\/)\/+$/, '');
  if (tree.visit(root, ({ stats }) => stats.isFile())) return readAll(tree, [root]);
  if (/[*?[\\]/.test(root)) {
    throw new HostFault('unresolved', 'has characters that the kubelet reads as a pattern: rename it');
  }
  const names = list(tree, root).filter(({ name }) => !name.startsWith('.'));
  return readAll(
    tree,
    names.map(({ name }) => posix.join(root, name)),
  );
}

function readAll(tree: HostTree, paths: readonly string[]): StaticPodFiles {
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

/** The names in a folder with whether each is a folder itself, in the order of their bytes. */
function list(tree: HostTree, path: string): readonly { readonly name: string; readonly isFolder: boolean }[] {
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
