// RFC 7386 JSON merge patch, as gopkg.in/evanphx/json-patch.v4 applies it to the kubelet's drop-ins.

import { isRecord } from '../../json.ts';
import type { Budget } from '../budget.ts';

/**
 * Applies a patch to a target: objects are merged, other values replace, null deletes.
 *
 * @param budget counts each entry, because there can be many patches for one large target
 */
export function mergePatch(
  target: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
  budget?: Budget,
): Readonly<Record<string, unknown>> {
  const merged = new Map(Object.entries(target));
  budget?.steps(merged.size);
  for (const [name, value] of Object.entries(patch)) {
    const before = merged.get(name);
    if (value === null) merged.delete(name);
    else if (isRecord(value) && isRecord(before)) merged.set(name, mergePatch(before, value, budget));
    else merged.set(name, before === undefined || before === null || isRecord(before) ? withoutNulls(value) : value);
  }
  return Object.fromEntries(merged);
}

function withoutNulls(value: unknown): unknown {
  return isRecord(value) ? mergePatch({}, value) : value;
}
