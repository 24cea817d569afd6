// Which requests are checked, by the fields that they change.

import type { UnknownRecord } from '../json.ts';
import { findResource } from './resources.ts';
import type { AdmissionRequest } from './admission-review.ts';

/** Whether a request is checked. An update is checked only if it changes a field that a verdict depends on. */
export function isChecked(request: AdmissionRequest): boolean {
  const { group, resource, subResource, operation, object, oldObject } = request;
  const known = findResource(group, resource, subResource);
  if (known?.operations.some((checked) => checked === operation) !== true) return false;
  if (operation === 'CREATE' || known.reads === undefined) return true;
  return known.reads.some((path) => !isSame(at(object, path), at(oldObject, path)));
}

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Whether an update of a pod leaves its containers unchanged. */
export function hasSameContainers({ object, oldObject }: AdmissionRequest): boolean {
  return CONTAINERS.every((list) => isSame(at(object, ['spec', list]), at(oldObject, ['spec', list])));
}

function isObject(value: unknown): value is UnknownRecord {
  return typeof value === 'object' && value !== null;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, name) => (isObject(found) ? found[name] : undefined), value);
}

/** Deeper than any field of a pod; what is nested deeper is taken for changed. */
const DEPTH = 64;

function isSame(one: unknown, other: unknown, depth = 0): boolean {
  if (one === other) return true;
  if (depth > DEPTH || !isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key], depth + 1))
  );
}
