// Strategic merge patch on trees, as far as pods and configurations need it (k8s.io/apimachinery pkg/util/strategicpatch,
// mergeMap and mergeSlice; the keys are the tags of k8s.io/api core/v1).

import type { Budget } from '../budget.ts';
import type { PatchFault } from './json-patch.ts';
import { childOf, isNull, valueOf, type MapTree, type Tree } from './tree.ts';

/** The lists that are merged, and the field that names their elements. All other lists are replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  volumes: 'name',
  ports: 'containerPort',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  resourceClaims: 'name',
};
const DIRECTIVE = '$patch';
/** Directives that only order lists or keep fields. */
const OTHER_DIRECTIVE = /^\$(?:setElementOrder\/|retainKeys$)/;

/**
 * Applies a strategic merge patch.
 *
 * @param merged whether the target's lists have merge keys, as those of a pod
 */
export function applyStrategicPatch(target: Tree, patch: Tree, merged: boolean, budget: Budget): Tree | PatchFault {
  if (patch.kind !== 'map' || target.kind !== 'map') return { fault: 'a strategic merge patch is an object' };
  return mergeMap(target, patch, merged, budget);
}

function mergeMap(target: MapTree, patch: MapTree, merged: boolean, budget: Budget): Tree | PatchFault {
  const directive = directiveOf(patch);
  if (directive === 'replace') return { ...patch, entries: without(patch, [DIRECTIVE]) };
  if (directive === 'delete') return { ...target, entries: new Map(), written: patch.written };
  if (directive !== undefined && directive !== 'merge')
    return { fault: `${JSON.stringify(directive)} is no directive of a strategic merge patch` };
  budget.steps(target.entries.size + patch.entries.size);
  const entries = new Map(target.entries);
  let { written } = target;
  for (const [name, entry] of patch.entries) {
    if (name === DIRECTIVE || OTHER_DIRECTIVE.test(name)) continue;
    if (name.startsWith('$deleteFromPrimitiveList/')) {
      deleteFrom(entries, name.slice('$deleteFromPrimitiveList/'.length), entry);
      continue;
    }
    if (isNull(entry)) {
      // what is gone was removed here
      if (entries.delete(name)) ({ written } = entry);
      continue;
    }
    const result = mergeEntry(name, entries.get(name), entry, merged, budget);
    if ('fault' in result) return result;
    entries.set(name, result);
  }
  return { ...target, entries, written };
}

function mergeEntry(
  name: string,
  before: Tree | undefined,
  entry: Tree,
  merged: boolean,
  budget: Budget,
): Tree | PatchFault {
  if (entry.kind === 'map') {
    const empty: MapTree = { kind: 'map', entries: new Map(), written: entry.written };
    return mergeMap(before?.kind === 'map' ? before : empty, entry, merged, budget);
  }
  const key = merged && Object.hasOwn(MERGE_KEYS, name) ? MERGE_KEYS[name] : undefined;
  if (entry.kind === 'scalar' || key === undefined) return entry;
  const list: Tree = before?.kind === 'list' ? before : { kind: 'list', items: [], written: entry.written };
  return mergeList(list, entry, key, budget);
}

function mergeList(
  target: Extract<Tree, { kind: 'list' }>,
  patch: Extract<Tree, { kind: 'list' }>,
  key: string,
  budget: Budget,
): Tree | PatchFault {
  const replaces = patch.items.some((item) => directiveOf(item) === 'replace');
  let items: readonly Tree[] = replaces ? [] : target.items;
  for (const item of patch.items) {
    budget.steps(items.length + 1);
    const directive = directiveOf(item);
    if (directive === 'replace' && item.kind === 'map' && item.entries.size === 1) continue;
    const name = childOf(item, key);
    if (item.kind !== 'map' || name === undefined)
      return { fault: `an element of the list does not contain its merge key ${key}` };
    const index = items.findIndex((other) => isNamed(other, key, name));
    if (directive === 'delete') items = items.filter((other) => !isNamed(other, key, name));
    else if (index === -1) {
      const result = mergeMap({ ...item, entries: new Map() }, item, true, budget);
      if ('fault' in result) return result;
      items = [...items, result];
    } else {
      const before = items[index];
      const result = before?.kind === 'map' ? mergeMap(before, item, true, budget) : item;
      if ('fault' in result) return result;
      items = items.with(index, result);
    }
  }
  return { ...target, items };
}

function isNamed(item: Tree, key: string, name: Tree): boolean {
  const own = childOf(item, key);
  return own?.kind === 'scalar' && name.kind === 'scalar' && own.value === name.value;
}

function directiveOf(tree: Tree): string | undefined {
  const directive = childOf(tree, DIRECTIVE);
  return directive?.kind === 'scalar' ? String(directive.value) : undefined;
}

function without({ entries }: MapTree, names: readonly string[]): ReadonlyMap<string, Tree> {
  return new Map([...entries].filter(([name]) => !names.includes(name)));
}

function deleteFrom(entries: Map<string, Tree>, name: string, removed: Tree): void {
  const list = entries.get(name);
  if (list?.kind !== 'list' || removed.kind !== 'list') return;
  const texts = new Set(removed.items.map((item) => JSON.stringify(valueOf(item))));
  entries.set(name, { ...list, items: list.items.filter((item) => !texts.has(JSON.stringify(valueOf(item)))) });
}
