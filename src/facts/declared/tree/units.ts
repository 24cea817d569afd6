// The units of a tree, each with the drop-ins that belong to it.

import type { Budget } from '../../budget.ts';
import { lastList } from '../../systemd/environment.ts';
import { parseUnitText } from '../../systemd/syntax.ts';
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
  const groups: Group[] = files.filter(isUnit).map((file) => groupAt(file.name, file.folder, file));
  const loose: TreeFile[] = [];
  for (const file of files.filter(isDropIn)) {
    budget.steps(groups.length);
    const name = unitOfFolder(file.folder);
    if (name === undefined) loose.push(file);
    else groupOf(file, name, groups).dropIns.push(file);
  }
  // one with a command beside another one is another choice, not a further layer
  for (const file of loose.filter((each) => hasCommand([each]))) {
    budget.steps(groups.length);
    const name = nameBySettings(file.text);
    const beside = groups.filter((group) => group.name === name && group.file && isNear(group.folder, file.folder));
    const unit = beside.find(({ folder }) => folder === file.folder) ?? beside.find(isBare);
    groups.push({ ...groupAt(name, file.folder, unit?.file), dropIns: [...(unit?.dropIns ?? []), file] });
  }
  for (const file of loose.filter((each) => !hasCommand([each]))) {
    budget.steps(groups.length);
    const name = nameBySettings(file.text);
    const beside = groups.filter((group) => group.name === name && group.folder === file.folder);
    if (beside.length === 0) groups.push({ ...groupAt(name, file.folder, undefined), dropIns: [file] });
    for (const group of beside) group.dropIns.push(file);
  }
  const completed = new Set(groups.filter(({ dropIns }) => dropIns.length > 0).map(({ file }) => file));
  return groups.filter((group) => !(isBare(group) && completed.has(group.file)));
}

function groupAt(name: string, folder: string, file: TreeFile | undefined): Group {
  return { name, file, dropIns: [], folder, root: file && installed(file)?.root };
}

/** A unit that leaves all flags to a drop-in, as the package of the kubelet has it. */
function isBare({ file, dropIns }: Group): boolean {
  return file !== undefined && dropIns.length === 0 && !/^[ \t]*ExecStart[ \t]*=[ \t]*\S+[ \t]+\S/m.test(file.text);
}

/** Whether units and drop-ins together have a command. */
export function hasCommand(texts: readonly TreeFile[]): boolean {
  const settings = texts.flatMap(({ path, text }) => parseUnitText(text, path).settings);
  return lastList(settings, 'Service', 'ExecStart').length > 0;
}

/** Tells whether a file is a unit. */
export function isUnit({ name, text }: TreeFile): boolean {
  return name.endsWith('.service') && /^[ \t]*\[Service\][ \t\r]*$/m.test(text);
}

/** Tells whether a file is a drop-in of a service. */
export function isDropIn({ name, text }: TreeFile): boolean {
  return name.endsWith('.conf') && /^[ \t]*\[Service\][ \t\r]*$/m.test(text);
}

/** The unit on the same host, in the same folder, or else the only one nearby that lacks its drop-in. */
function groupOf(file: TreeFile, name: string, groups: Group[]): Group {
  const folder = parentOf(file.folder);
  const root = installed(file)?.root;
  const named = groups.filter((group) => group.name === name);
  const own = named.find((group) => (root !== undefined && group.root === root) || group.folder === folder);
  const bare = named.filter((group) => isBare(group) && isNear(group.folder, folder));
  const only = bare.length === 1 ? bare[0] : undefined;
  const found = own ?? (root === undefined ? only : undefined);
  if (found) return found;
  const group = { ...groupAt(name, folder, undefined), root };
  groups.push(group);
  return group;
}

/** A drop-in beside its unit instead of in a folder of its name, as repositories of roles have it. */
function nameBySettings(text: string): string {
  return text.includes('kube-apiserver') ? 'kube-apiserver.service' : 'kubelet.service';
}
