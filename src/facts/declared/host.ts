// The components of the hosts that the files of a tree declare: their units, drop-ins, environment files and configuration.

import type { FilesDocument } from '../../policy/document.ts';
import type { Problem, Source } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import { declaredFiles } from './host-files.ts';
import { settingNamedIn } from './setting-names.ts';
import { isEnvironmentFile } from './environment-files.ts';
import { kubeadmUnit } from './tree/kubeadm.ts';
import { FileTree } from './tree/files.ts';
import type { TreeFile } from './tree/paths.ts';
import { TreeLookup } from './tree/lookup.ts';
import { hasCommand, isDropIn, isUnit, unitsOf, type TreeUnit } from './tree/units.ts';
import { unitSubjects } from './units.ts';

/** What a unit of a tree starts, or what is wrong with one of its files. */
interface HostPart {
  readonly source: Source;
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
}

/** What the files of hosts declare together. */
export interface DeclaredParts {
  readonly parts: readonly HostPart[];
  /** The paths of the files that count as a part of a component, so that they are not judged alone. */
  readonly used: readonly string[];
}

/** Finds the components that the units of a tree would start with its files. */
export function recogniseHost({ files }: FilesDocument, budget: Budget): DeclaredParts {
  const tree = new FileTree(files);
  const used = new Set<TreeFile>();
  const parts = unitsOf(tree.files, budget).flatMap((unit) => read(unit, tree, used, budget));
  for (const file of tree.files) {
    budget.steps();
    const unit = used.has(file) ? undefined : kubeadmUnit(file, tree.files);
    if (unit !== undefined) parts.push(...read(unit, tree, used, budget));
  }
  for (const file of tree.files) {
    if (used.has(file) || isUnit(file) || !(isDropIn(file) || isEnvironmentFile(file))) continue;
    const named = settingNamedIn(file.text);
    if (named) parts.push({ source: sourceOf(file), subjects: [], problems: [unusedFile(file, named)] });
  }
  return { parts, used: [...used].map(({ path }) => path) };
}

function read(unit: TreeUnit, tree: FileTree, used: Set<TreeFile>, budget: Budget): HostPart[] {
  const texts = [...(unit.file ? [unit.file] : []), ...unit.dropIns];
  const [first] = texts;
  if (first === undefined || !hasCommand(texts)) return [];
  const lookup = new TreeLookup(unit, tree, budget);
  const source = sourceOf(first);
  const subjects = unitSubjects(
    {
      ...{ name: unit.name, texts, files: declaredFiles(lookup, texts) },
      place: { name: unit.name, kind: 'systemd unit', source, vantage: 'declared', surface: 'declared-cluster' },
      locate: (origin) => lookup.locate(origin, first.path),
    },
    budget,
  );
  for (const file of subjects.length > 0 ? lookup.used() : texts) used.add(file);
  return [{ source, subjects, problems: [] }];
}

function sourceOf({ path }: TreeFile): Source {
  return { path, document: 0 };
}

function unusedFile(file: TreeFile, { name, line }: NonNullable<ReturnType<typeof settingNamedIn>>): Problem {
  const what = isDropIn(file) ? 'drop-in' : 'environment file';
  const message = `this ${what} has ${name}, and no unit that is checked with it shows what it starts; check it together with its unit`;
  return { code: 'not-read', message, origin: { layer: 'file', line } };
}
