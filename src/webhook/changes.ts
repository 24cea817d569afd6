// Which requests are checked, by what they change.

import { findResource } from './resources.ts';
import type { AdmissionRequest } from './admission-review.ts';

/** Tells whether a request is checked: an update is only if it changes a field that a verdict depends on. */
export function isJudged(request: AdmissionRequest): boolean {
  const { group, resource, subResource, operation, object, oldObject } = request;
  const known = findResource(group, resource, subResource);
  if (known?.operations.some((checked) => checked === operation) !== true) return false;
  if (operation === 'CREATE' || known.reads === undefined) return true;
  return known.reads.some((path) => !isSame(at(object, path), at(oldObject, path)));
}

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Tells whether a request leaves what a pod runs as it is. */
export function runsTheSame({ object, oldObject }: AdmissionRequest): boolean {
  return CONTAINERS.every((list) => isSame(at(object, ['spec', list]), at(oldObject, ['spec', list])));
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
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
