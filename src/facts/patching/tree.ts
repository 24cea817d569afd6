// Values that know where each of their parts was written, so that a patched document still has lines.

import { isRecord } from '../../json.ts';
import type { Origin } from '../../policy/reading.ts';
import type { Budget } from '../budget.ts';

/** Where something was written. Undefined: nobody wrote it, a program adds it. */
export type Written = (() => Origin) | undefined;

/** A value with the place of each of its parts. */
export type Tree =
  | { readonly kind: 'scalar'; readonly value: unknown; readonly written: Written }
  | { readonly kind: 'list'; readonly items: readonly Tree[]; readonly written: Written }
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Tree>; readonly written: Written };

/** A map in a tree. */
export type MapTree = Extract<Tree, { kind: 'map' }>;

/**
 * The tree of a value.
 *
 * @param originOf the origin of a JSON Pointer in the value; undefined if nobody wrote the value
 */
export function treeOf(
  value: unknown,
  originOf: ((pointer: string) => Origin) | undefined,
  budget: Budget,
  pointer = '',
): Tree {
  budget.steps();
  const written: Written = originOf && (() => originOf(pointer));
  if (Array.isArray(value)) {
    const items = value.map((item, index) => treeOf(item, originOf, budget, `${pointer}/${String(index)}`));
    return { kind: 'list', items, written };
  }
  if (!isRecord(value)) return { kind: 'scalar', value, written };
  const entries = new Map<string, Tree>();
  for (const [name, entry] of Object.entries(value)) {
    const escaped = name.replaceAll('~', '~0').replaceAll('/', '~1');
    entries.set(name, treeOf(entry, originOf, budget, `${pointer}/${escaped}`));
  }
  return { kind: 'map', entries, written };
}

/** The value of a tree. */
export function valueOf(tree: Tree): unknown {
  switch (tree.kind) {
    case 'scalar':
      return tree.value;
    case 'list':
      return tree.items.map(valueOf);
    case 'map':
      return Object.fromEntries([...tree.entries].map(([name, entry]) => [name, valueOf(entry)]));
  }
}

/** Where the innermost part on the way of a JSON Pointer was written; undefined if a program added it. */
export function writtenAt(tree: Tree, pointer: string): Origin | undefined {
  let at = tree;
  for (const segment of pointer.split('/').slice(1)) {
    const child = childOf(at, segment.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (child === undefined) break;
    at = child;
  }
  return at.written?.();
}

/** The part with a name or an index. */
export function childOf(tree: Tree, name: string): Tree | undefined {
  if (tree.kind === 'map') return tree.entries.get(name);
  return tree.kind === 'list' && /^\d+$/.test(name) ? tree.items[Number(name)] : undefined;
}

/** Whether a tree is null. */
export function isNull(tree: Tree | undefined): boolean {
  return tree?.kind === 'scalar' && tree.value === null;
}
