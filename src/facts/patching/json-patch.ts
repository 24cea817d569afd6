// RFC 6902 JSON patch on trees, as github.com/evanphx/json-patch applies it.

import type { Budget } from '../budget.ts';
import { childOf, valueOf, type Tree, type Written } from './tree.ts';

/** A patch that does not apply: its program exits. */
export interface PatchFault {
  readonly fault: string;
}

/** Applies the operations of a JSON patch in their order. */
export function applyJsonPatch(target: Tree, patch: Tree, budget: Budget): Tree | PatchFault {
  if (patch.kind !== 'list') return { fault: 'a JSON patch is a list of operations' };
  let tree = target;
  for (const operation of patch.items) {
    const result = applyOperation(tree, operation, budget);
    if ('fault' in result) return result;
    tree = result;
  }
  return tree;
}

/** What is done at a path. */
type Edit =
  { readonly op: 'add' | 'replace'; readonly value: Tree } | { readonly op: 'remove'; readonly written: Written };

function applyOperation(tree: Tree, operation: Tree, budget: Budget): Tree | PatchFault {
  const text = (name: string): string | undefined => {
    const part = childOf(operation, name);
    return part?.kind === 'scalar' && typeof part.value === 'string' ? part.value : undefined;
  };
  const op = text('op') ?? '';
  const path = text('path');
  if (path === undefined) return { fault: 'an operation has no path' };
  const from = text('from') ?? '';
  const value = childOf(operation, 'value');
  switch (op) {
    case 'add':
    case 'replace':
      return change(
        tree,
        path,
        { op, value: value ?? { kind: 'scalar', value: null, written: operation.written } },
        budget,
      );
    case 'remove':
      return change(tree, path, { op, written: operation.written }, budget);
    case 'test':
      return isSame(find(tree, path), value) ? tree : { fault: `the test of ${path} fails` };
    case 'copy':
    case 'move': {
      const moved = find(tree, from);
      if (moved === undefined) return { fault: `nothing is at ${from}` };
      const left = op === 'move' ? change(tree, from, { op: 'remove', written: operation.written }, budget) : tree;
      return 'fault' in left ? left : change(left, path, { op: 'add', value: moved }, budget);
    }
    default:
      return { fault: `${JSON.stringify(op)} is no operation` };
  }
}

function isSame(one: Tree | undefined, other: Tree | undefined): boolean {
  return JSON.stringify(one && valueOf(one)) === JSON.stringify(other && valueOf(other));
}

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function find(tree: Tree, path: string): Tree | undefined {
  return segmentsOf(path).reduce<Tree | undefined>((at, name) => at && childOf(at, name), tree);
}

function change(tree: Tree, path: string, edit: Edit, budget: Budget): Tree | PatchFault {
  const [name, ...rest] = segmentsOf(path);
  if (name === undefined) return 'value' in edit ? edit.value : { fault: 'the whole document cannot be removed' };
  budget.steps(tree.kind === 'list' ? tree.items.length : tree.kind === 'map' ? tree.entries.size : 1);
  if (rest.length === 0) return changeHere(tree, name, edit, path);
  const child = childOf(tree, name);
  if (child === undefined) return { fault: `nothing is at ${path}` };
  const below = change(child, `/${rest.map(escape).join('/')}`, edit, budget);
  return 'fault' in below ? below : withChild(tree, name, below);
}

function escape(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

function changeHere(tree: Tree, name: string, edit: Edit, path: string): Tree | PatchFault {
  if (tree.kind === 'scalar') return { fault: `nothing can be at ${path}` };
  if (edit.op !== 'add' && childOf(tree, name) === undefined) return { fault: `nothing is at ${path}` };
  const added = 'value' in edit ? [edit.value] : [];
  // what is gone was removed here
  const { written } = 'written' in edit ? edit : tree;
  if (tree.kind === 'map') {
    const entries = new Map(tree.entries);
    entries.delete(name);
    for (const value of added) entries.set(name, value);
    return { ...tree, entries, written };
  }
  const index = name === '-' ? tree.items.length : Number(name);
  if (!Number.isInteger(index) || index < 0 || index > tree.items.length) return { fault: `nothing is at ${path}` };
  return { ...tree, items: tree.items.toSpliced(index, edit.op === 'add' ? 0 : 1, ...added), written };
}

function withChild(tree: Tree, name: string, child: Tree): Tree {
  if (tree.kind === 'map') return { ...tree, entries: new Map(tree.entries).set(name, child) };
  return tree.kind === 'list' ? { ...tree, items: tree.items.with(Number(name), child) } : tree;
}
