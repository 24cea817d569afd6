import type { AdmissionRequest } from './review.ts';

/** A resource that is judged, and what of it a verdict depends on. */
export interface Judged {
  readonly group: string;
  readonly resource: string;
  readonly subResource: string;
  readonly operations: readonly ('CREATE' | 'UPDATE')[];
  /** The fields that a verdict depends on: an update that leaves them as they are is not judged. Undefined: every update is. */
  readonly reads?: readonly (readonly string[])[];
}

const BOTH = ['CREATE', 'UPDATE'] as const;
const POD = [['spec'], ['metadata', 'labels']] as const;

/**
 * What is judged. The API server asks about exactly this: a test holds the rules and match conditions of the manifests to
 * this list, and the list to what `check` judges.
 */
export const JUDGED: readonly Judged[] = [
  { group: '', resource: 'configmaps', subResource: '', operations: BOTH },
  { group: '', resource: 'pods', subResource: '', operations: BOTH, reads: POD },
  { group: '', resource: 'pods', subResource: 'ephemeralcontainers', operations: ['UPDATE'], reads: POD },
  workload('apps', 'deployments'),
  workload('apps', 'statefulsets'),
  workload('apps', 'daemonsets'),
  workload('apps', 'replicasets'),
  workload('', 'replicationcontrollers'),
  workload('', 'podtemplates', ['template']),
  workload('batch', 'jobs'),
  workload('batch', 'cronjobs', ['spec', 'jobTemplate', 'spec', 'template']),
];

function workload(group: string, resource: string, template: readonly string[] = ['spec', 'template']): Judged {
  return { group, resource, subResource: '', operations: BOTH, reads: [template] };
}

const BY_NAME: ReadonlyMap<string, Judged> = new Map(
  JUDGED.map((judged) => [nameOf(judged.group, judged.resource, judged.subResource), judged]),
);

/** The `resource` part of what is judged. */
export const judgedResources: readonly string[] = [...new Set(JUDGED.map(({ resource }) => resource))];

/** Tells whether a request is judged at all. */
export function isJudged(request: AdmissionRequest): boolean {
  const { group, resource, subResource, operation, object, oldObject } = request;
  const judged = BY_NAME.get(nameOf(group, resource, subResource));
  if (judged?.operations.some((known) => known === operation) !== true) return false;
  if (operation === 'CREATE' || judged.reads === undefined) return true;
  return judged.reads.some((path) => !isSame(at(object, path), at(oldObject, path)));
}

const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Tells whether a request leaves what a pod runs as it is. */
export function runsTheSame({ object, oldObject }: AdmissionRequest): boolean {
  return CONTAINERS.every((list) => isSame(at(object, ['spec', list]), at(oldObject, ['spec', list])));
}

function nameOf(group: string, resource: string, subResource: string): string {
  return `${group}/${resource}/${subResource}`;
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
