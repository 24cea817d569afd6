// Reads files, folders and standard input that the user names, for `check`.

import type { TextDocument } from '../../policy/document.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { decodeText, LARGEST_FILE, type CanMatter } from './content.ts';
import { ignorePattern } from './patterns.ts';
import { failedToRead } from './problems.ts';
import { walkPath } from './walk.ts';

/** What a path gave: its text, or why there is none. */
export type FileDocument = TextDocument | SourceProblem;

/** What is read of folders. */
export interface FolderOptions {
  /** Patterns as in `.gitignore`: what matches is left out. */
  readonly exclude?: readonly string[];
  /** Whether a file can matter, by its path alone; every file by default. */
  readonly hasName?: (path: string) => boolean;
  /** Whether a file can matter, by its bytes, which are only valid during the call; every file by default. */
  readonly canMatter?: CanMatter;
  /** Is called for each folder that was named and is read. */
  readonly onFolder?: (path: string) => void;
}

/**
 * Reads files, folders with all that is in them (sorted, each folder once) and standard input, one document at a time. Folders
 * are read without what their `.gitignore` files, `--exclude` and the options leave out; a path that was named is always read.
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
  { exclude = [], hasName = () => true, canMatter = () => true, onFolder = () => undefined }: FolderOptions = {},
): AsyncGenerator<FileDocument, void, undefined> {
  const rules = { excluded: exclude.flatMap((pattern) => ignorePattern(pattern) ?? []), hasName, canMatter };
  const visited = new Set<string>();
  let inputRead = false;
  for (const path of paths) {
    if (path !== '-') yield* walkPath(path, rules, visited, onFolder);
    else if (!inputRead) {
      inputRead = true;
      yield await readInput(standardInput());
    }
  }
}

async function readInput(input: AsyncIterable<Uint8Array>): Promise<FileDocument> {
  const path = '-';
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of input) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > LARGEST_FILE) break;
    }
  } catch (cause) {
    return failedToRead(path, cause);
  }
  const text = decodeText(path, Buffer.concat(chunks));
  return typeof text === 'string' ? { form: 'text', path, text, found: { named: path } } : text;
}
