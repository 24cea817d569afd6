// Finds the files of a tree that the unit of a host means by their paths.

import type { UnreadableFile } from '../../../policy/certificates.ts';
import type { NamedText } from '../../../policy/document.ts';
import type { Origin, Problem } from '../../../policy/reading.ts';
import type { Budget } from '../../budget.ts';
import { parseFirst } from '../../yaml/documents.ts';
import type { KnownFiles } from '../host-files.ts';
import type { FileTree } from './files.ts';
import { installed, isNear, type TreeFile } from './paths.ts';
import type { TreeUnit } from './units.ts';

const LOOSE = '/etc/systemd/system';
/** systemd's own folders: only what is installed there counts. */
const OF_SYSTEMD = /^\/(?:etc|run|lib|usr\/lib|usr\/local\/lib)\/systemd(?:\/|$)/;

/** The files of a tree, as one of its units sees them. */
export class TreeLookup implements KnownFiles {
  readonly #unit: TreeUnit;
  readonly #tree: FileTree;
  readonly #budget: Budget;
  readonly #own = new Map<string, TreeFile>();
  readonly #found = new Map<string, TreeFile>();

  constructor(unit: TreeUnit, tree: FileTree, budget: Budget) {
    this.#unit = unit;
    this.#tree = tree;
    this.#budget = budget;
    if (unit.file) this.#own.set(installed(unit.file)?.path ?? `${LOOSE}/${unit.name}`, unit.file);
    for (const file of unit.dropIns)
      this.#own.set(installed(file)?.path ?? `${LOOSE}/${unit.name}.d/${file.name}`, file);
  }

  readonly find = (path: string): NamedText | UnreadableFile | undefined => {
    // drop-ins without a unit: it gives what they leave out
    if (path === `${LOOSE}/${this.#unit.name}` && this.#unit.file === undefined) return { path, text: '[Service]\n' };
    const found = this.#own.get(path) ?? (OF_SYSTEMD.test(path) ? this.#exact(path) : this.#search(path));
    if (found === undefined || 'state' in found) return found;
    this.#found.set(path, found);
    return { path, text: found.text };
  };

  readonly inside = (directory: string): readonly NamedText[] => {
    const isBelow = (path: string): boolean => path.startsWith(`${directory}/`);
    const own = [...this.#own].filter(([path]) => isBelow(path));
    const others = own.length > 0 || OF_SYSTEMD.test(directory) ? [] : this.#below(directory);
    for (const [path, file] of [...own, ...others]) this.#found.set(path, file);
    return [...own, ...others].map(([path, { text }]) => ({ path, text })).sort((a, b) => (a.path < b.path ? -1 : 1));
  };

  readonly missing = (path: string): Problem => ({
    code: 'not-visible',
    message: `${this.#unit.name} reads ${path}, which is not among the files that are checked; check it too, or check the node with kubelet-guard node`,
  });

  /** The files that were read. */
  used(): readonly TreeFile[] {
    return [...this.#found.values()];
  }

  /** An origin in a file of the host, as a place in the tree. */
  locate(origin: Origin, source: string): Origin {
    const { file: path, line, layer } = origin;
    const file = path === undefined ? undefined : this.#found.get(path);
    if (file === undefined) return origin;
    const known = line ?? lineIn(file, origin, this.#budget);
    return { layer, ...(file.path !== source && { file: file.path }), ...(known !== undefined && { line: known }) };
  }

  #exact(path: string): TreeFile | undefined {
    const { root } = this.#unit;
    return root === undefined ? undefined : this.#tree.at(`${root}${path}`);
  }

  /** By its whole path below the unit's root, by the end of its path, or by its name near the unit. */
  #search(path: string): TreeFile | UnreadableFile | undefined {
    const exact = this.#exact(path);
    if (exact) return exact;
    const named = this.#tree.named(path.slice(path.lastIndexOf('/') + 1));
    this.#budget.steps(named.length);
    const possible = named.filter((file) => !this.#isOfOther(file));
    const byEnd = possible.filter(({ slashed }) => slashed.endsWith(path));
    // the path of a unit that is installed shows the paths of all others
    const found =
      byEnd.length > 0 || this.#unit.root !== undefined
        ? byEnd
        : possible.filter((file) => isNear(file.folder, this.#unit.folder));
    const [first, second] = found.sort((a, b) => Number(this.#isFar(a)) - Number(this.#isFar(b)));
    if (first === undefined || second === undefined) return first;
    if (!this.#isFar(first) && this.#isFar(second)) return first;
    const message = `${this.#unit.name} reads ${path}, which may be ${first.path} or ${second.path}; check the files of one host at a time`;
    return { state: 'unreadable', problem: { code: 'ambiguous', message } };
  }

  #isFar({ folder }: TreeFile): boolean {
    return folder !== this.#unit.folder;
  }

  /** Another unit of this name is nearer to the file. */
  #isOfOther({ folder }: TreeFile): boolean {
    const own = common(folder, this.#unit.folder);
    const units = this.#tree.units(this.#unit.name);
    this.#budget.steps(units.length);
    return units.some((unit) => unit !== this.#unit.file && common(folder, unit.folder) > own);
  }

  #below(directory: string): (readonly [string, TreeFile])[] {
    const part = `${directory}/`;
    const roots = new Map<string, (readonly [string, TreeFile])[]>();
    this.#budget.steps(this.#tree.files.length);
    for (const file of this.#tree.files) {
      const at = file.slashed.indexOf(part);
      if (at === -1 || this.#isOfOther(file)) continue;
      const root = file.slashed.slice(0, at);
      const files = roots.get(root) ?? [];
      files.push([file.slashed.slice(at), file]);
      roots.set(root, files);
    }
    const only = this.#unit.root === undefined && roots.size === 1 ? [...roots.values()].flat() : [];
    return roots.get(this.#unit.root ?? '') ?? only;
  }
}

/** How many folders two paths have in common from the top. */
function common(one: string, other: string): number {
  const [a, b] = [one.split('/'), other.split('/')];
  const at = a.findIndex((part, index) => part !== b[index]);
  return at === -1 ? a.length : at;
}

function lineIn({ text }: TreeFile, origin: Origin, budget: Budget): number | undefined {
  if (origin.pointer === undefined) return undefined;
  const parsed = parseFirst(text, budget);
  return parsed && 'value' in parsed ? parsed.locate(origin) : undefined;
}
