// The files of a tree, by their paths and names.

import type { NamedText } from '../../../policy/document.ts';
import { treeFile, type TreeFile } from './paths.ts';
import { isUnit } from './units.ts';

/** The files of a tree. */
export class FileTree {
  readonly files: readonly TreeFile[];
  readonly #byPath = new Map<string, TreeFile>();
  readonly #byName = new Map<string, TreeFile[]>();

  constructor(texts: readonly NamedText[]) {
    this.files = texts.map(treeFile);
    for (const file of this.files) {
      this.#byPath.set(file.slashed, file);
      const named = this.#byName.get(file.name) ?? [];
      named.push(file);
      this.#byName.set(file.name, named);
    }
  }

  at(slashed: string): TreeFile | undefined {
    return this.#byPath.get(slashed);
  }

  named(name: string): readonly TreeFile[] {
    return this.#byName.get(name) ?? [];
  }

  /** The units of a name. */
  units(name: string): readonly TreeFile[] {
    return this.named(name).filter(isUnit);
  }
}
