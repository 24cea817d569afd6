// The units of a tree, each with the drop-ins that belong to it.

import type { Budget } from '../../budget.ts';
import { installed, isNear, parentOf, unitOfFolder, type TreeFile } from './paths.ts';

/** A unit of a tree. */
export interface TreeUnit {
  /** Its name, as `kubelet.service`. */
  readonly name: string;
  /** Its file; undefined if the tree has only drop-ins of it. */
  readonly file: TreeFile | undefined;
  readonly dropIns: readonly TreeFile[];
  /** The folder that its other files are near to. */
  readonly folder: string;
  /** The folder that stands for the root of its host, if its path shows it. */
  readonly root: string | undefined;
}

interface Group {
  readonly name: string;
  readonly file: TreeFile | undefined;
  readonly dropIns: TreeFile[];
  readonly folder: string;
  readonly root: string | undefined;
}

/** Finds the units of a tree. Drop-ins without a unit make one of their own. */
export function unitsOf(files: readonly TreeFile[], budget: Budget): readonly TreeUnit[] {
  const groups: Group[] = files.filter(isUnit).map((file) => ({
    ...{ name: file.name, file, dropIns: [], folder: file.folder },
    root: installed(file)?.root,
  }));
  for (const file of files.filter(isDropIn)) {
    budget.steps(groups.length);
    groupOf(file, groups).dropIns.push(file);
  }
  return groups;
}

/** Tells whether a file is a unit. */
export function isUnit({ name, text }: TreeFile): boolean {
  return name.endsWith('.service') && /^[ \t]*\[Service\][ \t\r]*$/m.test(text);
}

/** Tells whether a file is a drop-in of a service. */
export function isDropIn({ name, text }: TreeFile): boolean {
  return name.endsWith('.conf') && /^[ \t]*\[Service\][ \t\r]*$/m.test(text);
}

function groupOf(file: TreeFile, groups: Group[]): Group {
  const named = unitOfFolder(file.folder);
  const name = named ?? nameBySettings(file.text);
  const folder = named === undefined ? file.folder : parentOf(file.folder);
  const root = installed(file)?.root;
  const candidates = groups.filter((group) => group.name === name && belongs(group, folder, root));
  const best = candidates.find((group) => group.folder === folder) ?? candidates[0];
  if (best !== undefined) return best;
  const group: Group = { name, file: undefined, dropIns: [], folder, root };
  groups.push(group);
  return group;
}

/** Two hosts of one tree can each have a unit of this name. */
function belongs(group: Group, folder: string, root: string | undefined): boolean {
  return root !== undefined && group.root !== undefined ? root === group.root : isNear(group.folder, folder);
}

/** A drop-in beside its unit instead of in a folder of its name, as repositories of roles have it. */
function nameBySettings(text: string): string {
  return text.includes('kube-apiserver') ? 'kube-apiserver.service' : 'kubelet.service';
}
