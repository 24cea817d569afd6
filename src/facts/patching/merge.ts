// RFC 7386 JSON merge patch on trees, as github.com/evanphx/json-patch applies it.

import type { Budget } from '../budget.ts';
import { isNull, type Tree } from './tree.ts';

/** Applies a merge patch: maps are merged, other values replace, null deletes. */
export function applyMergePatch(target: Tree | undefined, patch: Tree, budget: Budget): Tree {
  if (patch.kind !== 'map') return patch;
  const base = target?.kind === 'map' ? target : undefined;
  budget.steps((base?.entries.size ?? 0) + patch.entries.size);
  const entries = new Map(base?.entries);
  let written = base ? base.written : patch.written;
  for (const [name, entry] of patch.entries) {
    if (isNull(entry)) {
      // what is gone was removed here
      if (entries.delete(name)) ({ written } = entry);
    } else entries.set(name, applyMergePatch(entries.get(name), entry, budget));
  }
  return { kind: 'map', entries, written };
}
