// Reads files, folders and standard input that the user names, for `check`.

import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync, type Stats } from 'node:fs';
import { extname, join } from 'node:path';

import type { RawDocument } from '../policy/document.ts';
import type { ProblemCode, SourceProblem } from '../policy/reading.ts';

/** What a path gave: its text, or why there is none. */
export type FileDocument = Extract<RawDocument, { form: 'text' }> | SourceProblem;

/** Larger files are not read: nothing that configures a component comes near. */
const MAXIMUM_BYTES = 64 * 1024 * 1024;

/** What is read of a folder. Everything that is named itself is read, whatever its name. */
const EXTENSIONS: ReadonlySet<string> = new Set(['.yaml', '.yml', '.json', '.manifest', '.conf']);

/** A `.conf` in a folder can be of any program; of a kubelet it is a drop-in, which has to say so. */
const DROP_IN = 'kubelet.config.k8s.io/';

/** `.git` is no configuration; `..data` and the like are how Kubernetes mounts a volume, whose files are links beside them. */
const SKIPPED_FOLDER = /^(\.git$|\.\.)/;

/**
 * Reads files, folders with all that is in them (sorted, each folder once) and standard input, one document at a time.
 *
 * Only regular files are opened, so that a FIFO or a device cannot block or feed the reader for ever.
 *
 * @param paths what the user named; `-` is standard input
 * @param standardInput gives standard input; called at most once, and only where it is named
 * @returns texts in order, and a problem for whatever could not be read; never throws
 */
export async function* readPaths(
  paths: readonly string[],
  standardInput: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<FileDocument, void, undefined> {
  const folders = new Set<string>();
  let inputRead = false;
  for (const path of paths) {
    if (path !== '-') yield* readPath(path, folders);
    else if (!inputRead) {
      inputRead = true;
      yield await readInput(standardInput());
    }
  }
}

/** A stack instead of recursion: folders can be nested as deep as the file system lets them. */
function* readPath(named: string, folders: Set<string>): Generator<FileDocument, void, undefined> {
  const waiting = [{ path: named, wanted: true }];
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    const { path, wanted } = entry;
    try {
      const status = statSync(path);
      if (status.isDirectory()) {
        // also where links go round in circles
        const identity = `${status.dev}:${status.ino}`;
        if (!folders.has(identity)) waiting.push(...listFolder(path));
        folders.add(identity);
      } else if (wanted) {
        const document = readRegular(path, status, path !== named);
        if (document !== undefined) yield document;
      }
    } catch (cause) {
      const problem = failure(path, cause);
      // a link with a name that is not read, and that leads nowhere, hides nothing
      if (wanted || problem.problem.code === 'forbidden') yield problem;
    }
  }
}

/** The entries worth a look, the first one last; a link with any name can lead to a folder. */
function listFolder(path: string): { path: string; wanted: boolean }[] {
  return readdirSync(path, { withFileTypes: true })
    .map((entry) => ({ entry, wanted: EXTENSIONS.has(extname(entry.name)) }))
    .filter(({ entry, wanted }) => {
      return wanted || ((entry.isDirectory() || entry.isSymbolicLink()) && !SKIPPED_FOLDER.test(entry.name));
    })
    .sort((a, b) => byCodeUnits(b.entry.name, a.entry.name))
    .map(({ entry, wanted }) => ({ path: join(path, entry.name), wanted: wanted || entry.isDirectory() }));
}

/** The same order on every machine, whatever its language. */
function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function readRegular(path: string, status: Stats, inFolder: boolean): FileDocument | undefined {
  if (!status.isFile()) return special(path, status);
  if (status.size > MAXIMUM_BYTES) return tooLarge(path);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    // the path may have changed between stat and open
    const opened = fstatSync(descriptor);
    if (!opened.isFile()) return special(path, opened);
    const bytes = readAll(descriptor, opened.size);
    if (inFolder && extname(path) === '.conf' && !bytes.includes(DROP_IN)) return undefined;
    return decode(path, bytes);
  } finally {
    closeSync(descriptor);
  }
}

/** To the end, but never beyond one byte over the maximum: the size of a file can be wrong, and can grow. */
function readAll(descriptor: number, size: number): Buffer {
  let buffer = Buffer.allocUnsafe(Math.min(size, MAXIMUM_BYTES) + 1);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += read;
    if (read === 0 || length > MAXIMUM_BYTES) return buffer.subarray(0, length);
    if (length === buffer.length) {
      buffer = Buffer.concat([buffer], Math.min(2 * length + 4096, MAXIMUM_BYTES + 1));
    }
  }
}

async function readInput(input: AsyncIterable<Uint8Array>): Promise<FileDocument> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of input) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAXIMUM_BYTES) break;
    }
  } catch (cause) {
    return failure('-', cause);
  }
  return decode('-', Buffer.concat(chunks));
}

function decode(path: string, bytes: Buffer): FileDocument {
  if (bytes.length > MAXIMUM_BYTES) return tooLarge(path);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return notRead(path, 'malformed', 'is UTF-16, which is not read: save it as UTF-8');
  }
  if (bytes.includes(0)) return notRead(path, 'malformed', `is binary, not YAML or JSON: ${LEAVE_OUT}`);
  try {
    return { form: 'text', path, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return notRead(path, 'malformed', `is not valid UTF-8: save it as UTF-8, or ${LEAVE_OUT}`);
  }
}

const LEAVE_OUT = 'name only files and folders of configuration';

function special(path: string, status: Stats): SourceProblem {
  const kind = status.isFIFO() ? 'a FIFO' : status.isSocket() ? 'a socket' : 'a device';
  return notRead(path, 'unreachable', `is ${kind}, which is not opened: name a file, or pipe the content into \`-\``);
}

function tooLarge(path: string): SourceProblem {
  return notRead(path, 'too-large', `is larger than 64 MiB, so it is not read: ${LEAVE_OUT}`);
}

function failure(path: string, cause: unknown): SourceProblem {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return notRead(path, 'not-found', 'does not exist: check the path, and where a link leads to');
    case 'EACCES':
    case 'EPERM':
      return notRead(
        path,
        'forbidden',
        'cannot be read: give this user the right to read it, or run as one who has it',
      );
    case 'ELOOP':
      return notRead(path, 'unreachable', 'is a link that leads to itself: name the file it should lead to');
    default:
      return notRead(
        path,
        'unreachable',
        `cannot be read (${code}): check the path and its file system, then try again`,
      );
  }
}

function notRead(path: string, code: ProblemCode, message: string): SourceProblem {
  return { problem: { code, message }, source: { path } };
}
